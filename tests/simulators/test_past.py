"""The registry that lies must lie as told, or the tests that lean on it prove nothing."""

import http.client
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.simulators.past import (
    Past,
    Reply,
    Request,
    at,
    cut,
    drip,
    endless,
    gzip,
    honest,
    in_turn,
    longer,
    redirect,
    reset,
    serving,
    stall,
    status,
    wrong,
)


class Clock(Past):
    def answer(self, request: Request) -> Reply:
        return Reply(body=self.now.isoformat().encode() * 4)


@pytest.fixture
def past() -> Iterator[Clock]:
    before = threading.active_count()
    with serving(Clock(at("2026-03-31T00:25:00Z"))) as server:
        yield server
    assert threading.active_count() <= before


def get(past: Past, method: str = "GET", path: str = "/x?y=1", **headers: str) -> tuple[int, bytes, dict]:
    connection = http.client.HTTPConnection(past.host, timeout=5)
    try:
        connection.request(method, path, headers={n.replace("_", "-"): v for n, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


def test_it_tells_its_time_and_remembers_who_asked(past: Clock) -> None:
    first = get(past, User_Agent="someone/1")[1]
    past.now += timedelta(minutes=1)
    assert get(past)[1] != first == b"2026-03-31T00:25:00+00:00" * 4
    assert past.asked == ["/x", "/x"]
    assert past.seen[0].query == "y=1"
    assert past.seen[0].headers["user-agent"] == "someone/1"


def test_one_connection_serves_many_requests_and_304(past: Clock) -> None:
    connection = http.client.HTTPConnection(past.host, timeout=5)
    connection.request("GET", "/a")
    answer = connection.getresponse()
    tag = answer.headers["ETag"]
    answer.read()
    connection.request("GET", "/a", headers={"If-None-Match": tag})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (304, b"")
    connection.request("HEAD", "/a")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, "100", b"")
    connection.close()
    assert past.most == 1


def test_faults_by_path(past: Clock) -> None:
    past.faults["/a*"] = status(429, Retry_After="7")
    past.faults["/ab"] = redirect("http://127.0.0.1:1/elsewhere")
    assert get(past, path="/a")[2]["Retry-After"] == "7"
    assert get(past, path="/ab")[0] == 302
    assert get(past, path="/b")[0] == 200
    past.choose = lambda request: wrong(b"lie") if request.method == "GET" else None
    assert get(past, path="/a")[1] == b"lie"
    assert get(past, "POST", path="/a")[0] == 429


def test_lies_about_length(past: Clock) -> None:
    past.faults["/cut"] = cut(10)
    past.faults["/longer"] = longer(b"extra")
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(past, path="/cut")
    assert len(caught.value.partial) == 10
    assert len(get(past, path="/longer")[1]) == 100


def test_broken_connections(past: Clock) -> None:
    past.faults["/x"] = in_turn(reset(), reset(after=5), honest)
    with pytest.raises(ConnectionResetError):
        get(past)
    with pytest.raises((ConnectionResetError, http.client.BadStatusLine)):
        get(past)
    assert get(past)[0] == 200


def test_slow_answers_arrive_and_stalled_ones_end_with_the_server(past: Clock) -> None:
    past.faults["/drip"] = drip(25, 0.001)
    past.faults["/stall"] = stall(after=40)
    past.faults["/endless"] = endless()
    assert len(get(past, path="/drip")[1]) == 100
    for path in ("/stall", "/endless"):
        connection = http.client.HTTPConnection(past.host, timeout=0.2)
        connection.request("GET", path)
        if path == "/stall":
            with pytest.raises(TimeoutError):
                connection.getresponse()
        else:
            assert len(connection.getresponse().read(1_000_000)) == 1_000_000
        connection.close()


def test_compressed_unasked(past: Clock) -> None:
    past.faults["/x"] = gzip
    _, body, headers = get(past)
    assert headers["Content-Encoding"] == "gzip"
    assert body[:2] == b"\x1f\x8b"


def test_a_simulator_that_breaks_is_not_silent() -> None:
    class Broken(Past):
        def answer(self, request: Request) -> Reply:
            raise RuntimeError("mine")

    server = Broken()
    with pytest.raises(ConnectionError), serving(server):
        get(server)
    assert str(server.broken[0]) == "mine"
