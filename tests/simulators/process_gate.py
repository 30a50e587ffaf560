"""The firewall as a process that is killed, ended, restarted and started again on the same data and port.

    gate = ProcessGate(place, {"PyPI": past.index_url}, more="…")
    gate.start(); gate.process.kill(); gate.start(); gate.end()

`Load` asks it for files from several threads, over connections that are kept, and counts what came whole.
"""

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .command_line import index
from .running_gate import settings


class ProcessGate:
    def __init__(self, place: Path, upstreams: Mapping[str, str], more: str = "") -> None:
        self.data = place / "data"
        self.data.mkdir(parents=True)
        self.config = place / "firewall.toml"
        self.config.write_text(settings(upstreams, more))
        self.log = place / "log.txt"
        index(self.data / "advisories.db", ecosystems=("PyPI", "npm"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(place),
            "SEAWALL_DATA": str(self.data),
            "XDG_CONFIG_HOME": str(place / "config"),
            "PYTHONUNBUFFERED": "1",
        }
        self.process: subprocess.Popen[bytes]

    def start(self, timeout: float = 60.0) -> None:
        """It answers when this returns."""
        words = [sys.executable, "-m", "seawall", "firewall", "--listen", f"127.0.0.1:{self.port}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*words, "--config", str(self.config)], env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + timeout
        while not self.answers():
            assert self.process.poll() is None, self.log.read_text()[-3_000:]
            assert time.monotonic() < deadline, self.log.read_text()[-3_000:]
            time.sleep(0.05)

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self, timeout: float = 60.0) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "seawall", *words],
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )


class Load:
    """`whole` counts by path what came with status 200 to its last byte; `errors` are broken connections."""

    def __init__(
        self, port: int, files: Mapping[str, bytes], workers: int = 6, calm: Sequence[str] = ()
    ) -> None:
        self.port, self.files, self.calm = port, dict(files), list(calm)
        self.whole: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.errors: list[str] = []
        self.wrong: list[str] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(workers)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        dice = random.Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        paths = [*self.files, *self.calm]
        while not self._stop.is_set():
            path = dice.choice(paths)
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                with self._lock:
                    self.errors.append(f"{path}: {error!r}")
                self._stop.wait(0.02)
                continue
            with self._lock:
                self.statuses[answer.status] += 1
                if answer.status == 200 and path in self.files:
                    self.whole[path] += 1
                    if body != self.files[path]:
                        self.wrong.append(path)
        with suppress(OSError):
            connection.close()
