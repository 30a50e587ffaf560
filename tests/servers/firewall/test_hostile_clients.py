"""Clients that send what nobody should, too much of it or too little, and what becomes of the others."""

import json
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall
from tests.simulators.past import at, serving
from tests.simulators.past_pypi import PastPypi

from seawall.kernel.gate_settings import GateSettings
from seawall.servers.firewall import connection, files, request

NOW = at("2026-06-01T00:00:00Z")
OLD = NOW - timedelta(days=400)
LARGE = 24 * 1024 * 1024


@pytest.fixture
def pypi() -> Iterator[PastPypi]:
    with serving(PastPypi(NOW)) as server:
        server.wheel("ebb", "1.0", OLD)
        yield server


@pytest.fixture
def gate(pypi: PastPypi, tmp_path: Path) -> Iterator[RealFirewall]:
    with firewall(tmp_path, pypi=pypi.index_url, now=lambda: pypi.now) as server:
        yield server


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever keeps us waiting does so for a fraction of a second."""
    monkeypatch.setattr(connection, "_LOOK", 0.05)
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.4)
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.8)
    monkeypatch.setattr(connection, "SEND_SECONDS", 0.6)
    monkeypatch.setattr(request, "SEND_SECONDS", 0.6)
    monkeypatch.setattr(connection, "_CLOSING_SECONDS", 0.4)
    monkeypatch.setattr(request, "_BODY_SECONDS", 0.5)


def opened(gate: RealFirewall, receive: int = 0) -> socket.socket:
    host, _, port = gate.url.removeprefix("http://").partition(":")
    made = socket.socket()
    if receive:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    made.settimeout(20)
    made.connect((host, int(port)))
    return made


def told(gate: RealFirewall, sent: bytes) -> bytes:
    """Everything that comes back until the connection ends."""
    with closing(opened(gate)) as sock:
        with suppress(OSError):
            sock.sendall(sent)
        return rest(sock)


def rest(sock: socket.socket) -> bytes:
    parts = []
    try:
        while part := sock.recv(1 << 16):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def still_serves(gate: RealFirewall) -> None:
    begun = time.monotonic()
    assert gate.get("/healthz").status == 200
    assert gate.get("/pypi/simple/ebb/").status == 200
    assert time.monotonic() - begun < 5


END = b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"GET /healthz HTTP/1.0\r\n\r\n", {200}),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + END, {200, 400}),
        (b"GET /healthz HTTP/1.1\r\nHost: \xff\xfe evil\r\n" + END, {200, 400}),
        (b"GET http://elsewhere.example/healthz HTTP/1.1\r\nHost: x\r\n" + END, {200}),
        (b"CONNECT files.example:443 HTTP/1.1\r\nHost: files.example:443\r\n\r\n", {400}),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n" + END, {400, 404, 405}),
        (b"GET healthz HTTP/1.1\r\nHost: x\r\n" + END, {400}),
        (b"GET /healthz HTTP/9.9\r\n\r\n", {400}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, {400}),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n" + END, {400, 404}),
        (b"GET /pypi/simple/%00%ff%2e%2e/ HTTP/1.1\r\nHost: x\r\n" + END, {400, 404}),
        (b"GET /pypi/files/../../../etc/passwd HTTP/1.1\r\nHost: x\r\n" + END, {400, 404}),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" + END, {200}),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", {400}),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", {400}),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x",
            {400},
        ),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {0, 400}),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", {400}),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
            {0, 400, 404},
        ),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\r\n  folded\r\n" + END, {200, 400}),
        (b"GET /healthz HTTP/1.1\nHost: x\nConnection: close\n\n", {200, 400}),
        (
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\n\r\n",
            {200},
        ),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade, close\r\n\r\n", {200}),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    ],
)
def test_what_is_odd_or_no_http_has_one_answer(gate: RealFirewall, sent: bytes, said: set[int]) -> None:
    answer = told(gate, sent)
    assert status(answer) in said, answer[:300]
    assert answer.count(b"HTTP/1.1 ") <= (2 if b"100 Continue" in answer else 1)
    still_serves(gate)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 10_000_000, {0, 431}),
        (b"GET /healthz HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)), {0, 431}),
        (b"GET /healthz HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(200)) + END, {431}),
        (b"GET /" + b"x" * 10_000_000, {0, 431}),
        (b"GET /" + b"x" * 30_000 + b" HTTP/1.1\r\nHost: x\r\n" + END, {414}),
        (b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n" + END, {0, 431}),
        (b"\r\n" * 200_000, {0, 431}),
    ],
)
def test_a_head_has_bounds(gate: RealFirewall, sent: bytes, said: set[int]) -> None:
    before = resident()
    for _ in range(4):
        assert status(told(gate, sent)) in said  # 0: our answer was lost with what was still being sent
    assert resident() - before < 30 * 1024 * 1024
    still_serves(gate)


def test_requests_behind_each_other_are_answered_in_their_order(gate: RealFirewall) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    two = b"GET /nothing-here HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + END
    answer = told(gate, one + two + one + last)
    assert [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]] == [200, 404, 200, 200]
    assert told(gate, one * 20_000).count(b"HTTP/1.1 200") < 20_000  # nobody needs so many
    still_serves(gate)


def test_a_large_body_before_a_head_is_no_large_head(gate: RealFirewall) -> None:
    body = b" " * 150_000
    post = (
        b"POST /npm/-/npm/v1/security/advisories/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 150000\r\n\r\n"
    )
    with closing(opened(gate)) as sock:
        sock.sendall(post + body + b"GET /healthz HTTP/1.1\r\nHo")
        sock.sendall(b"st: x\r\n" + END)
        assert [int(part[:3]) for part in rest(sock).split(b"HTTP/1.1 ")[1:]][-1] == 200


def test_a_body_that_nobody_wants_is_not_waited_for(gate: RealFirewall) -> None:
    with closing(opened(gate)) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nsome")
        assert status(rest(sock)) == 200
    still_serves(gate)


def test_silence_and_slowness_are_cut(gate: RealFirewall, impatient: None) -> None:
    with ExitStack() as all_of:
        silent = [all_of.enter_context(closing(opened(gate))) for _ in range(20)]
        heads = [all_of.enter_context(closing(opened(gate))) for _ in range(20)]
        idle = all_of.enter_context(closing(opened(gate)))
        blank = all_of.enter_context(closing(opened(gate)))
        slow_body = all_of.enter_context(closing(opened(gate)))
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        slow_body.sendall(
            b"POST /npm/-/npm/v1/security/audits/quick HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n"
        )
        begun = time.monotonic()
        while time.monotonic() - begun < 1.6:
            with suppress(OSError):
                for sock in heads:
                    sock.sendall(b"G" if time.monotonic() - begun < 0.1 else b"x")
            with suppress(OSError):
                blank.sendall(b"\r\n")
            with suppress(OSError):
                slow_body.sendall(b" ")
            time.sleep(0.05)
        for sock in (*silent, *heads, idle, blank, slow_body):
            sock.settimeout(3)
            rest(sock)  # it ends; else this is a timeout
    still_serves(gate)


def test_whoever_does_not_read_is_left_and_leaves_nothing_behind(
    pypi: PastPypi, gate: RealFirewall, impatient: None
) -> None:
    item = pypi.wheel("big", "1.0", OLD, files={"big/data.bin": os.urandom(LARGE)})
    path = f"/pypi/files/big/{item.filename}"
    assert gate.get(path).data == item.data
    before, count = resident(), len(gate.entries())
    with ExitStack() as all_of:
        socks = [all_of.enter_context(closing(opened(gate, 4_096))) for _ in range(30)]
        for sock in socks:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        began = time.monotonic()
        while time.monotonic() - began < 2.5:
            for sock in socks:
                with suppress(OSError):
                    sock.recv(1)
            time.sleep(0.2)
        assert resident() - before < 80 * 1024 * 1024
        assert connections(gate) <= 1
        assert all(len(rest(sock)) < LARGE for sock in socks)
    assert [item["delivery"] for item in fetched(gate, count)] == ["partial"] * 30
    still_serves(gate)


def test_whoever_leaves_in_the_middle_was_not_served(pypi: PastPypi, gate: RealFirewall) -> None:
    item = pypi.wheel("big", "1.0", OLD, files={"big/data.bin": os.urandom(LARGE)})
    path = f"/pypi/files/big/{item.filename}"
    assert gate.get(path).status == 200
    count = len(gate.entries())
    for _ in range(5):
        with closing(opened(gate, 4_096)) as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert sock.recv(1_000)
    deadline = time.monotonic() + 10
    while len(new := fetched(gate, count)) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [item["delivery"] for item in new] == ["partial"] * 5


def test_two_thousand_who_say_nothing_keep_nobody_out(gate: RealFirewall) -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = min(2_000, (soft - 300) // 2)
    before = resident()
    with ExitStack() as all_of:
        for _ in range(many):
            all_of.enter_context(closing(opened(gate)))
        still_serves(gate)
        assert resident() - before < 60 * 1024 * 1024


def test_the_longest_silent_make_room(gate: RealFirewall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_most", lambda _: 40)
    with ExitStack() as all_of:
        socks = [all_of.enter_context(closing(opened(gate))) for _ in range(200)]
        still_serves(gate)
        assert connections(gate) <= 42
        socks[0].settimeout(3)
        assert rest(socks[0]) == b""


@pytest.mark.parametrize(
    ("asked", "code", "part"),
    [
        ("bytes=0-9", 206, (0, 10)),
        ("bytes=5-", 206, (5, None)),
        ("bytes=-7", 206, (-7, None)),
        ("BYTES=0-0", 206, (0, 1)),
        ("bytes=0-99999999999999999", 206, (0, None)),
        ("bytes=99999999999-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=9-5", 200, (0, None)),
        ("bytes=0-1,4-5,0-100,50-60", 200, (0, None)),
        ("bytes=" + ",".join(f"{n}-" for n in range(3_000)), 200, (0, None)),
        ("bytes=a-b", 200, (0, None)),
        ("bytes=--5", 200, (0, None)),
        ("bytes=", 200, (0, None)),
        ("lines=0-5", 200, (0, None)),
        ("bytes=\u0661-\u0662".encode().decode("latin-1"), 200, (0, None)),
    ],
)
def test_ranges(pypi: PastPypi, gate: RealFirewall, asked: str, code: int, part: tuple | None) -> None:
    item = pypi.projects["ebb"][0]
    answer = gate.get(f"/pypi/files/ebb/{item.filename}", Range=asked)
    assert answer.status == code
    if part is not None:
        assert answer.data == item.data[slice(*part)]
    if code == 206:
        assert answer.headers["content-range"].endswith(f"/{len(item.data)}")


@pytest.mark.parametrize("form", ["{0}", "W/{0}", '"a", {0}', '"a",W/{0} , "b"', "*"])
@pytest.mark.parametrize("path", ["/pypi/simple/ebb/", "file"])
def test_what_a_client_has_is_not_sent_again(
    pypi: PastPypi, gate: RealFirewall, form: str, path: str
) -> None:
    path = path if path != "file" else f"/pypi/files/ebb/{pypi.projects['ebb'][0].filename}"
    tag = gate.get(path).headers["etag"]
    for _ in range(2):
        assert gate.get(path, If_None_Match=form.format(tag)).status == 304
        assert gate.get(path, If_None_Match='"other"').status == 200
        assert gate.get(path, If_None_Match=tag.strip('"')).status == 200


def test_what_a_client_has_is_not_sent_again_when_it_is_ready(pypi: PastPypi, tmp_path: Path) -> None:
    settings = GateSettings(fresh_seconds=60.0)
    with firewall(tmp_path, pypi=pypi.index_url, now=lambda: pypi.now, settings=settings) as gate:
        tag = gate.get("/pypi/simple/ebb/").headers["etag"]
        for form in ("{0}", "W/{0}", '"a", W/{0}, "b"', "*"):
            assert gate.get("/pypi/simple/ebb/", If_None_Match=form.format(tag)).status == 304
        assert gate.get("/pypi/simple/ebb/", If_None_Match='"a"').status == 200
        assert gate.get("/pypi/simple/ebb/", method="HEAD").data == b""
    assert len([path for path in pypi.asked if "simple" in path]) == 1


def test_a_head_request_is_no_delivery(pypi: PastPypi, gate: RealFirewall) -> None:
    filename = pypi.projects["ebb"][0].filename
    for path in ("/pypi/simple/ebb/", f"/pypi/files/ebb/{filename}", f"/pypi/files/ebb/{filename}.metadata"):
        size = len(gate.get(path).data)
        for _ in range(2):
            answer = gate.get(path, method="HEAD")
            assert (answer.status, answer.data) == (200, b"")
            if "identity" in answer.headers.get("content-encoding", "identity"):
                assert int(answer.headers["content-length"]) == size
    served = [item for item in gate.entries() if item.get("delivery") == "served"]
    assert len(served) == 2


def test_headers_that_differ_each_time_are_no_way_round_the_rate(pypi: PastPypi, tmp_path: Path) -> None:
    settings = GateSettings(requests_per_second=1.0)
    with firewall(tmp_path, pypi=pypi.index_url, now=lambda: pypi.now, settings=settings) as gate:
        answers = {gate.get("/healthz", X_Seawall_Run=f"run-{n}", Accept=f"a/{n}").status for n in range(80)}
        assert answers == {200, 429}
        refused = {gate.get("/healthz", Authorization=f"Bearer x{n}").status for n in range(80)}
        assert 401 in refused or 429 in refused


def test_what_is_remembered_of_clients_is_bounded(gate: RealFirewall) -> None:
    before = resident()
    for n in range(300):
        word = f"{n:06}" * 9_000
        assert gate.get("/pypi/simple/ebb/", Accept="text/html", X_Seawall_Run=word).status == 200
        assert gate.get("/pypi/simple/ebb/", User_Agent=word).status == 200
        assert gate.get("/pypi/simple/ebb/", Accept=f"text/html, x/{word}").status == 200
    assert resident() - before < 40 * 1024 * 1024


def fetched(gate: RealFirewall, since: int) -> list[dict]:
    return [item for item in gate.entries()[since:] if item["action"] == "fetch"]


def connections(gate: RealFirewall) -> int:
    """How many connections the server has open now."""
    port = int(gate.url.rpartition(":")[2])
    own = Path("/proc/net/tcp").read_text().splitlines()[1:]
    lines = [line.split() for line in own]
    return sum(1 for item in lines if item[1].endswith(f":{port:04X}") and item[3] == "01")


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_within_has_no_part_of_nothing() -> None:
    assert files.within("bytes=0-", 0) is None
    assert files.within("bytes=-5", 0) is None
    assert files.within("bytes=-5", 3) == (0, 3)
    assert json.dumps(files.EVERYTHING)
