import gzip
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seawall.adapters.http import Http, Patience
from seawall.kernel.errors import OutsideError

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A loopback server whose answers are functions by path; it remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                outer.answers[self.path](self)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()


def say(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(patience=Patience(connect=1, read=1, total=2, tries=3))
    yield client
    client.close()


def test_an_answer(server: Server, http: Http) -> None:
    server.answers["/a"] = say(200, b"hello", ETag="x")
    got = http.request("GET", f"{server.url}/a")
    assert (got.status, got.body, got.headers["etag"]) == (200, b"hello", "x")
    assert server.seen[0][1]["user-agent"] == "seawall"


def test_it_tries_again_and_waits_as_told(server: Server, http: Http) -> None:
    turns = [say(503), say(429, Retry_After="1"), say(200, b"ok")]

    def next_turn(handler: BaseHTTPRequestHandler) -> None:
        turns.pop(0)(handler)

    server.answers["/a"] = next_turn
    start = time.monotonic()
    assert http.request("GET", f"{server.url}/a").body == b"ok"
    assert time.monotonic() - start >= 1


def test_a_storm_of_429_ends_with_the_429(server: Server, http: Http) -> None:
    server.answers["/a"] = say(429, Retry_After="900")
    assert http.request("GET", f"{server.url}/a").status == 429
    assert len(server.seen) == 1


def test_nobody_there_fails_fast(http: Http) -> None:
    start = time.monotonic()
    with pytest.raises(OutsideError, match=r"127\.0\.0\.1:9 cannot be reached"):
        http.request("GET", "http://127.0.0.1:9/")
    assert time.monotonic() - start < 3


def test_an_endless_body_is_cut(server: Server, http: Http) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            return

    server.answers["/a"] = endless
    with pytest.raises(OutsideError, match="more than 1000 bytes"):
        http.request("GET", f"{server.url}/a", limit=1000)


def test_a_gzip_bomb_is_cut(server: Server, http: Http) -> None:
    server.answers["/a"] = say(200, gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip")
    with pytest.raises(OutsideError, match="more than 1000000 bytes"):
        http.request("GET", f"{server.url}/a", limit=1_000_000)


def test_a_slow_body_is_cut(server: Server, http: Http) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.1)
        except OSError:
            return

    server.answers["/a"] = slow
    start = time.monotonic()
    with pytest.raises(OutsideError, match=r"too slow|did not answer|broke off"):
        Http(patience=Patience(connect=1, read=0.5, total=1.5, tries=1)).request("GET", f"{server.url}/a")
    assert time.monotonic() - start < 12


def test_a_redirect_carries_no_credential_to_another_host(server: Server, http: Http) -> None:
    other = Server()
    other.answers["/b"] = say(200, b"there")
    server.answers["/a"] = say(302, Location=f"{other.url}/b")
    server.answers["/same"] = say(302, Location="/c")
    server.answers["/c"] = say(200)
    headers = {"Authorization": "Bearer not-a-real-token"}
    assert http.request("GET", f"{server.url}/a", headers=headers).body == b"there"
    assert "authorization" not in other.seen[0][1]
    http.request("GET", f"{server.url}/same", headers=headers)
    assert server.seen[-1][1]["authorization"] == headers["Authorization"]
    other.http.shutdown()
    other.http.server_close()


def test_circles_end(server: Server, http: Http) -> None:
    server.answers["/a"] = say(302, Location="/a")
    with pytest.raises(OutsideError, match="in circles"):
        http.request("GET", f"{server.url}/a")


@pytest.mark.parametrize("location", ["", "file:///etc/passwd", "ftp://x/"])
def test_a_redirect_to_nowhere(server: Server, http: Http, location: str) -> None:
    server.answers["/a"] = say(302, Location=location)
    with pytest.raises(OutsideError, match="nowhere"):
        http.request("GET", f"{server.url}/a")


def test_no_credential_in_any_message(http: Http) -> None:
    for url in (
        "http://ci:not-a-real-password@127.0.0.1:9/x?token=not-a-real-password",
        "ftp://ci:not-a-real-password@h/",
    ):
        with pytest.raises(OutsideError) as caught:
            http.request("GET", url)
        assert "not-a-real" not in str(caught.value) + caught.value.advice


def test_download(server: Server, http: Http, tmp_path: Path) -> None:
    server.answers["/f"] = say(200, b"data" * 1000)
    server.answers["/gone"] = say(404)
    assert http.download(f"{server.url}/f", tmp_path / "f", 10_000) == 4000
    assert (tmp_path / "f").read_bytes() == b"data" * 1000
    with pytest.raises(OutsideError, match="answered 404"):
        http.download(f"{server.url}/gone", tmp_path / "g", 10_000)
    with pytest.raises(OutsideError, match="more than 10 bytes"):
        http.download(f"{server.url}/f", tmp_path / "h", 10)
