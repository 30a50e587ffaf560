"""A long answer is handed on block by block, and a server that stalls, drips or lies holds nobody up."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from seawall.adapters.http import Http, Pace, Patience, Response
from seawall.kernel.errors import OutsideError
from simulators.loopback import Answer, Server, in_turn, say, serving

CANARY = "not-a-real-token-5t9"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as made:
        yield made


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(patience=Patience(connect=5, read=5, total=10, tries=2))
    yield client
    client.close()


@pytest.fixture
def hasty() -> Iterator[Http]:
    """Only where a failure is expected: a busy machine makes no other."""
    client = Http(patience=Patience(connect=1, read=0.2, total=0.5, tries=2))
    yield client
    client.close()


class Sink:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.heads: list[Response] = []
        self.data = bytearray()

    def stream(self, http: Http, url: str, **more: object) -> Response:
        more.setdefault("limit", 1_000_000)
        return http.stream(url, self.heads.append, self.data.extend, **more)  # type: ignore[arg-type]


def partly(said: int | None, blocks: Callable[[BaseHTTPRequestHandler], None]) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        if said is not None:
            handler.send_header("Content-Length", str(said))
        handler.end_headers()
        try:
            blocks(handler)
        except OSError:
            return

    return answer


def test_the_body_comes_as_it_is_stored(server: Server, http: Http) -> None:
    stored = gzip.compress(b"a" * 10_000)
    server.answers["/f"] = say(200, stored, Content_Encoding="gzip", ETag="x")
    sink = Sink()
    answer = sink.stream(http, f"{server.url}/f")
    assert bytes(sink.data) == stored
    assert [head.headers["etag"] for head in sink.heads] == ["x"]
    assert (answer.status, answer.body) == (200, b"")
    assert server.seen[0][1]["accept-encoding"] == "identity"


def test_another_status_has_no_body_and_no_beginning(server: Server, http: Http) -> None:
    server.answers["/f"] = say(404, b"x" * 100_000)
    sink = Sink()
    assert sink.stream(http, f"{server.url}/f").status == 404
    assert (sink.heads, bytes(sink.data)) == ([], b"")


def test_an_error_before_the_first_block_is_tried_again(server: Server, http: Http) -> None:
    server.answers["/f"] = in_turn(say(500), say(200, b"ok"))
    sink = Sink()
    sink.stream(http, f"{server.url}/f")
    assert bytes(sink.data) == b"ok"


def test_nothing_is_tried_again_once_a_block_was_written(server: Server, http: Http) -> None:
    server.answers["/f"] = partly(100, lambda h: h.wfile.write(b"x" * 40))
    sink = Sink()
    with pytest.raises(OutsideError, match="broke off"):
        sink.stream(http, f"{server.url}/f")
    assert len(server.seen) == 1
    assert len(sink.data) == 40


def test_a_stall_ends_it(server: Server, hasty: Http) -> None:
    gone = threading.Event()

    def stall(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        gone.wait(5)

    server.answers["/f"] = partly(100, stall)
    begun = time.monotonic()
    with pytest.raises(OutsideError):
        Sink().stream(hasty, f"{server.url}/f")
    gone.set()
    assert time.monotonic() - begun < 2


def drip(handler: BaseHTTPRequestHandler) -> None:
    for _ in range(500):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.01)


def test_a_drip_ends_it(server: Server, hasty: Http) -> None:
    server.answers["/f"] = partly(500, drip)
    with pytest.raises(OutsideError, match="too slow"):
        Sink().stream(hasty, f"{server.url}/f", pace=Pace(slowest=1_000, grace=0.1))
    assert len(server.seen) == 1


def test_a_dripping_chunk_header_ends_it(server: Server, hasty: Http) -> None:
    """No byte of the body comes, and no single wait is long: only the whole time can end it."""

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            handler.wfile.write(b"5;")
            drip(handler)
        except OSError:
            return

    server.answers["/f"] = endless
    begun = time.monotonic()
    with pytest.raises(OutsideError):
        Sink().stream(hasty, f"{server.url}/f", limit=100, pace=Pace(slowest=1_000, grace=0.1))
    assert time.monotonic() - begun < 2


def test_a_slow_head_ends_at_its_own_deadline(server: Server, hasty: Http) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            drip(handler)
        except OSError:
            return

    server.answers["/f"] = slow
    begun = time.monotonic()
    with pytest.raises(OutsideError):
        Sink().stream(hasty, f"{server.url}/f")
    assert time.monotonic() - begun < 2


def test_a_body_may_take_longer_than_its_head(server: Server) -> None:
    def steady(handler: BaseHTTPRequestHandler) -> None:
        for _ in range(8):
            handler.wfile.write(b"x" * 10)
            handler.wfile.flush()
            time.sleep(0.06)

    server.answers["/f"] = partly(80, steady)
    http = Http(patience=Patience(connect=1, read=2, total=0.35, tries=1))
    sink = Sink()
    sink.stream(http, f"{server.url}/f")
    http.close()
    assert len(sink.data) == 80


@pytest.mark.parametrize("said", [2_000, None])
def test_more_than_the_bound_ends_it(server: Server, http: Http, said: int | None) -> None:
    server.answers["/f"] = partly(said, lambda h: h.wfile.write(b"x" * 2_000))
    with pytest.raises(OutsideError, match="more than 1000 bytes"):
        Sink().stream(http, f"{server.url}/f", limit=1_000)


def test_what_comes_with_an_answer_beyond_its_length_is_dropped(server: Server, http: Http) -> None:
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

    def kept_open(handler: BaseHTTPRequestHandler) -> None:
        handler.protocol_version, handler.close_connection = "HTTP/1.1", False
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood" + forged)

    server.answers["/f"] = kept_open
    server.answers["/next"] = say(200, b"next")
    sink = Sink()
    sink.stream(http, f"{server.url}/f")
    assert bytes(sink.data) == b"good"
    assert http.request("GET", f"{server.url}/next").body == b"next"


def test_every_address_on_the_way_is_asked_about(server: Server, http: Http) -> None:
    with serving() as other:
        other.answers["/f"] = say(200, b"data")
        server.answers["/f"] = say(302, Location=f"{other.url}/f")
        with pytest.raises(OutsideError, match="leads to"):
            Sink().stream(http, f"{server.url}/f", allowed=lambda url: url.startswith(server.url))
        assert other.seen == []
        sink = Sink()
        sink.stream(
            http, f"{server.url}/f", headers={"authorization": f"Bearer {CANARY}", "seawall-via": "a"}
        )
        assert bytes(sink.data) == b"data"
        assert CANARY not in str(other.seen)
        assert other.seen[0][1]["seawall-via"] == "a", "a loop is seen after a redirect too"
        assert sink.heads[0].url == f"{other.url}/f"


def test_many_deadlines_take_one_thread(server: Server) -> None:
    gone = threading.Event()
    server.answers["/f"] = lambda _: gone.wait(5)  # type: ignore[assignment,return-value]
    http = Http(patience=Patience(connect=1, read=5, total=0.3, tries=1))
    failures: list[str] = []

    def one() -> None:
        try:
            http.request("GET", f"{server.url}/f")
        except OutsideError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    assert sum(thread.name == "seawall-deadlines" for thread in threading.enumerate()) == 1
    for thread in threads:
        thread.join(3)
        assert not thread.is_alive()
    gone.set()
    http.close()
    assert len(failures) == 20


def test_whoever_writes_may_end_it(server: Server, http: Http) -> None:
    server.answers["/f"] = say(200, b"data")

    def full(_: bytes) -> None:
        raise OverflowError("no room")

    with pytest.raises(OverflowError):
        http.stream(f"{server.url}/f", lambda _: None, full, limit=100)
    assert len(server.seen) == 1
