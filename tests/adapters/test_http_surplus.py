"""What a server sends behind the end of an answer is not read as its next one: the connection is left."""

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seawall.adapters.http import Http

CERTIFICATES = Path(__file__).parent.parent / "data" / "http"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"


def long(size: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"


class Liar(socketserver.ThreadingTCPServer):
    """Answers the first request on the first connection with `first`, every other one with GOOD."""

    daemon_threads = True

    def __init__(self, first: bytes) -> None:
        self.first, self.connections, self.lock = first, 0, threading.Lock()
        super().__init__(("127.0.0.1", 0), Talk)


class Talk(socketserver.StreamRequestHandler):
    server: Liar

    def handle(self) -> None:
        with self.server.lock:
            self.server.connections += 1
            answers = iter([self.server.first] if self.server.connections == 1 else [])
        while self.rfile.readline():
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            self.wfile.write(next(answers, GOOD))


@contextmanager
def lying(first: bytes, *, tls: bool) -> Iterator[tuple[Liar, str]]:
    with Liar(first) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / "localhost.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server, f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(
    "first",
    [GOOD, long(8_000), long(8_180), long(100_000), CHUNKED, EMPTY],
    ids=["short", "a-buffer", "over-a-buffer", "long", "chunked", "empty"],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_surplus_is_nobodys_answer(
    first: bytes, tls: bool, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "localhost-root.pem"))
    for surplus, connections in ((b"", 1), (EVIL, 2)):
        with lying(first + surplus, tls=tls) as (server, url):
            http = Http()
            try:
                if stream:
                    http.stream(url, lambda _: None, lambda _: None, limit=1_000_000)
                else:
                    http.request("GET", url)
                assert http.request("GET", url).body == b"good"
                if not (stream and first == EMPTY):  # of any other answer than 200 nothing is read
                    assert server.connections == connections
            finally:
                http.close()
