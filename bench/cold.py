"""Cached metadata over eight connections, while packuments that nobody asked for yet are made beside it.

    python -m bench.cold [COLD_CONNECTIONS SECONDS]

The packuments have 240 releases and about 1.4 MB each; reading, judging and writing one is work in a worker
thread, and the event loop of the same process needs the interpreter in between.
"""

import json
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .firewall import CONNECTIONS, SIMPLE, firewall
from .measure import MEGABYTE
from .registries import Running, loaded
from .upstream import PROJECT, packument, project


class _Cold(BaseHTTPRequestHandler):
    """Any name has a packument, and every project a page."""

    protocol_version = "HTTP/1.1"
    body = b""
    page = b""

    def do_GET(self) -> None:
        name = self.path.rpartition("/npm/")[2]
        kind, body = "application/json", self.body.replace(b'"axion"', b'"%s"' % name.encode())
        if "/simple/" in self.path:
            kind, body = "application/vnd.pypi.simple.v1+json", self.page
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Asking:
    """Asks for one new packument after another over a few connections."""

    def __init__(self, it: Running, connections: int) -> None:
        self.times: list[float] = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(it.port, number)) for number in range(connections)
        ]
        for thread in self._threads:
            thread.start()

    def _ask(self, port: int, number: int) -> None:
        count = 0
        while not self._stop.is_set():
            count += 1
            begun = time.perf_counter()
            url = f"http://127.0.0.1:{port}/npm/cold-{time.monotonic_ns()}-{number}-{count}"
            with urllib.request.urlopen(url, timeout=60) as answer:
                answer.read()
            self.times.append(time.perf_counter() - begun)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def main(cold: int, seconds: float) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Cold)
    behind = int(server.server_address[1])
    base = f"http://127.0.0.1:{behind}"
    _Cold.body, _Cold.page = json.dumps(packument(base)).encode(), json.dumps(project(base)).encode()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with tempfile.TemporaryDirectory() as place, firewall(behind, Path(place)) as it:
            asked = f"/pypi/simple/{PROJECT}/"
            loaded(it, asked, 1, 0.3, SIMPLE)
            _say("alone", loaded(it, asked, CONNECTIONS, seconds, SIMPLE))
            beside = _Asking(it, cold)
            _say(
                f"beside {cold} that ask for new packuments", loaded(it, asked, CONNECTIONS, seconds, SIMPLE)
            )
            beside.stop()
            times = sorted(beside.times)
            print(f"{len(times)} packuments made, median {times[len(times) // 2] * 1000:.0f} ms")
            print(f"most memory {it.peak() // MEGABYTE} MB")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _say(when: str, measured: Mapping[str, object]) -> None:
    told = {key: measured[key] for key in ("requests", "p50", "p99", "cpu", "statuses")}
    print(f"{when}: {told}")


if __name__ == "__main__":
    given = sys.argv[1:] or ["4", "4"]
    main(int(given[0]), float(given[1]))
