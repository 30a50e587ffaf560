"""Registries that fail, lie or stall: what is asked of whom, and what counts when nobody answers."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from seawall.adapters.http import Pace, Patience
from seawall.adapters.origins.circuit import Circuits
from seawall.adapters.origins.fetch import Fetcher, Heard, NotThereError
from seawall.adapters.origins.heard import HeardStore
from seawall.adapters.origins.places import is_below
from seawall.kernel.errors import OutsideError, StoreError
from seawall.kernel.origin import Origin
from simulators.loopback import Answer, Server, in_turn, say, serving

CANARY = "not-a-real-token-8w2"
PATIENT = Patience(connect=5, read=5, total=10, tries=1)
QUICK = Patience(connect=0.5, read=0.2, total=0.5, tries=1)
"""Only where a failure is expected: a busy machine makes no other."""

DAY = 86_400.0


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.fixture
def other() -> Iterator[Server]:
    with serving() as made:
        yield made


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


Make = Callable[..., Fetcher]


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Iterator[Make]:
    made: list[Fetcher] = []

    def fetcher(**more: object) -> Fetcher:
        more = {"documents": PATIENT, "files": PATIENT, "stale_seconds": 7 * DAY, **more}
        found = Fetcher(HeardStore(tmp_path / "heard", 1_000_000), clock=clock, **more)  # type: ignore[arg-type]
        made.append(found)
        return found

    yield fetcher
    for item in made:
        item.close()


def origin(server: Server, name: str = "one", **more: object) -> Origin:
    return Origin("npm", name, f"{server.url}/", **more)  # type: ignore[arg-type]


def ask(fetcher: Fetcher, *origins: Origin, path: str = "a", fresh: float = 60.0) -> Heard | None:
    return fetcher.document(origins, lambda item: f"{item.url}{path}", "application/json", fresh)


def test_a_document(server: Server, make: Make, clock: Clock) -> None:
    server.answers["/a"] = say(200, b"{}", ETag='"1"', Content_Type="application/json")
    heard = ask(make(instance="us"), origin(server))
    assert heard is not None
    assert (heard.body, heard.content_type, heard.etag, heard.at) == (
        b"{}",
        "application/json",
        '"1"',
        clock.now,
    )
    assert heard.origin.name == "one"
    assert not heard.stale
    assert heard.url == f"{server.url}/a"
    assert heard.digest == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    ((_, headers),) = server.seen
    assert (headers["accept"], headers["seawall-via"]) == ("application/json", "us")


def test_what_is_fresh_is_not_asked_for_and_what_is_not_is_confirmed(
    server: Server, make: Make, clock: Clock
) -> None:
    server.answers["/a"] = in_turn(say(200, b"one", ETag='"1"'), say(304), say(200, b"two", ETag='"2"'))
    fetcher = make()
    ask(fetcher, origin(server))
    clock.now += 59
    assert ask(fetcher, origin(server)).body == b"one"  # type: ignore[union-attr]
    assert len(server.seen) == 1
    clock.now += 2
    heard = ask(fetcher, origin(server))
    assert heard is not None
    assert (heard.body, heard.at, heard.stale) == (b"one", clock.now, False)
    assert server.seen[1][1]["if-none-match"] == '"1"'
    clock.now += 30
    ask(fetcher, origin(server))
    assert len(server.seen) == 2, "a confirmation makes it fresh again"
    clock.now += 31
    assert ask(fetcher, origin(server)).body == b"two"  # type: ignore[union-attr]


def test_a_clock_that_was_set_back_makes_nothing_fresh(server: Server, make: Make, clock: Clock) -> None:
    server.answers["/a"] = say(200, b"one")
    fetcher = make()
    ask(fetcher, origin(server))
    clock.now -= 1_000_000
    ask(fetcher, origin(server))
    assert len(server.seen) == 2


def test_last_modified_serves_where_there_is_no_etag(server: Server, make: Make) -> None:
    server.answers["/a"] = say(200, b"one", Last_Modified="Mon, 02 Nov 2026 10:00:00 GMT")
    fetcher = make()
    ask(fetcher, origin(server), fresh=0)
    ask(fetcher, origin(server), fresh=0)
    assert server.seen[1][1]["if-modified-since"] == "Mon, 02 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize("status", [404, 410])
def test_the_next_is_asked_when_the_first_does_not_know(
    server: Server, other: Server, make: Make, status: int
) -> None:
    server.answers["/a"] = say(status)
    other.answers["/a"] = say(200, b"there")
    heard = ask(make(), origin(server), origin(other, "two"))
    assert heard is not None
    assert (heard.body, heard.origin.name) == (b"there", "two")


def test_nobody_knows_it(server: Server, other: Server, make: Make) -> None:
    fetcher = make()
    assert ask(fetcher, origin(server), origin(other)) is None
    assert ask(fetcher, origin(server), origin(other)) is None
    assert (len(server.seen), len(other.seen)) == (1, 1), "a no is fresh as long as a yes"


def test_a_name_that_one_registry_cannot_have_is_not_asked_of_it(
    server: Server, other: Server, make: Make
) -> None:
    other.answers["/a"] = say(200, b"there")
    addresses = {"one": "", "two": f"{other.url}/a"}
    origins = (origin(server), origin(other, "two"))
    heard = make().document(origins, lambda item: addresses[item.name], "x/y", 60)
    assert heard is not None
    assert server.seen == []


def hang(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(0.6)


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"{")


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\x01 no http at all\r\n\r\n")


def bomb(handler: BaseHTTPRequestHandler) -> None:
    say(200, gzip.compress(b"0" * 80_000_000), Content_Encoding="gzip")(handler)


FAILURES: dict[str, Answer] = {
    "500": say(500),
    "503": say(503),
    "429": say(429),
    "401": say(401),
    "403": say(403),
    "418": say(418),
    "304 that nobody asked for": say(304),
    "a stall": hang,
    "cut short": cut,
    "garbage": garbage,
    "a gzip bomb": bomb,
    "circles": say(302, Location="/a"),
    "plain http elsewhere": say(302, Location="http://registry.example/a"),
    "nowhere": say(302, Location="file:///etc/passwd"),
}


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES)
def test_a_failure_is_never_passed_over(server: Server, other: Server, make: Make, answer: Answer) -> None:
    """Whoever can make the internal registry fail would else choose who answers in its place."""
    server.answers["/a"] = answer
    other.answers["/a"] = say(200, b"the public one")
    with pytest.raises(OutsideError):
        ask(make(documents=QUICK), origin(server), origin(other, "two"))
    assert other.seen == []


def test_nobody_listening_is_a_failure_too(other: Server, make: Make) -> None:
    other.answers["/a"] = say(200, b"the public one")
    gone = Origin("npm", "gone", "http://127.0.0.1:9/")
    with pytest.raises(OutsideError):
        ask(make(), gone, origin(other, "two"))
    assert other.seen == []


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES)
def test_what_was_heard_counts_while_the_registry_is_down(
    server: Server, make: Make, clock: Clock, answer: Answer
) -> None:
    server.answers["/a"] = say(200, b"one")
    first = ask(make(), origin(server))
    fetcher = make(documents=QUICK)
    server.answers["/a"] = answer
    clock.now += DAY
    heard = ask(fetcher, origin(server))
    assert first is not None
    assert heard is not None
    assert (heard.body, heard.stale, heard.at) == (b"one", True, first.at)
    clock.now += 6 * DAY
    with pytest.raises(OutsideError):
        ask(fetcher, origin(server))


def test_a_restart_while_the_registry_is_down(server: Server, make: Make, clock: Clock) -> None:
    server.answers["/a"] = say(200, b"one", Content_Type="x/y")
    ask(make(), origin(server))
    server.close()
    clock.now += 3_600
    heard = ask(make(), origin(server))
    assert heard is not None
    assert (heard.body, heard.content_type, heard.stale) == (b"one", "x/y", True)


def test_an_outage_brings_nothing_new_in(server: Server, other: Server, make: Make, clock: Clock) -> None:
    """While the internal registry is down, a public package under an internal name is not found anew."""
    origins = (origin(server, "internal"), origin(other, "public"))
    other.answers["/known"] = say(200, b"as it was")
    fetcher = make()
    assert ask(fetcher, *origins, path="known").body == b"as it was"  # type: ignore[union-attr]
    assert ask(fetcher, *origins, path="new") is None
    server.fallback = say(500)
    other.answers["/known"] = other.answers["/new"] = say(200, b"planted")
    asked = len(other.seen)
    clock.now += 3_600
    heard = ask(fetcher, *origins, path="known")
    assert heard is not None
    assert (heard.body, heard.stale, heard.origin.name) == (b"as it was", True, "public")
    assert ask(fetcher, *origins, path="new") is None
    with pytest.raises(OutsideError):
        ask(fetcher, *origins, path="never-asked")
    assert len(other.seen) == asked


def test_what_is_refused_is_not_kept(server: Server, make: Make, clock: Clock) -> None:
    server.answers["/a"] = in_turn(say(200, b"{}"), say(200, b"<html>log in</html>"))
    fetcher = make()

    def check(body: bytes, *_: str) -> None:
        if not body.startswith(b"{"):
            raise OutsideError("no document")

    def once() -> Heard | None:
        return fetcher.document([origin(server)], lambda item: f"{item.url}a", "x/y", 60, check)

    once()
    clock.now += 100
    heard = once()
    assert heard is not None
    assert (heard.body, heard.stale) == (b"{}", True)


def test_a_credential_goes_to_its_own_registry_only(server: Server, other: Server, make: Make) -> None:
    server.answers["/a"] = say(302, Location=f"{other.url}/a")
    other.answers["/a"] = say(200, b"{}")
    other.answers["/f"] = say(200, b"data")
    server.answers["/f"] = say(302, Location=f"{other.url}/f")
    fetcher = make(authorization=lambda item: f"Bearer {CANARY}" if item.name == "one" else "")
    ask(fetcher, origin(server))
    fetcher.file(f"{server.url}/f", origin(server), lambda _: None, bytes, 100)
    fetcher.file(f"{other.url}/f", origin(server), lambda _: None, bytes, 100)
    assert [headers["authorization"] for _, headers in server.seen] == [f"Bearer {CANARY}"] * 2
    assert len(other.seen) == 3
    assert CANARY not in str(other.seen)


def test_a_redirect_takes_a_credential_along_in_its_registrys_own_directory_only(
    server: Server, make: Make
) -> None:
    for name in ("x", "f"):
        server.answers[f"/team/npm/{name}"] = say(302, Location=f"/team/npm/-/{name}")
        server.answers[f"/team/npm/-/{name}"] = say(302, Location=f"{server.url}/other/{name}")
        server.answers[f"/other/{name}"] = say(302, Location=f"/team/npm/end/{name}")
        server.answers[f"/team/npm/end/{name}"] = say(200, b"{}")
    fetcher = make(authorization=lambda _: f"Bearer {CANARY}")
    mine = replace(origin(server), url=f"{server.url}/team/npm")
    fetcher.document([mine], lambda _: f"{server.url}/team/npm/x", "application/json", 0)
    fetcher.file(f"{server.url}/team/npm/f", mine, lambda _: None, bytes, 100)
    carried = [path for path, headers in server.seen if CANARY in str(headers)]
    assert carried == ["/team/npm/x", "/team/npm/-/x", "/team/npm/f", "/team/npm/-/f"]
    assert len(server.seen) == 8


@pytest.mark.parametrize(
    ("url", "below"),
    [
        ("https://h.example/a/simple/x/", True),
        ("https://h.example/a/packages/x.whl", True),
        ("https://h.example:443/a/@s%2fx", True),
        ("https://h.example/a", False),
        ("https://h.example/ab/x", False),
        ("https://h.example/a/../b", False),
        ("https://h.example/a/%2e%2e/b", False),
        ("https://h.example/a/..%2fb", False),
        ("https://h.example/a/..\\b", False),
        ("https://h.example:444/a/x", False),
        ("http://h.example/a/x", False),
        ("https://g.example/a/x", False),
    ],
)
def test_the_directory_of_a_registry(url: str, below: bool) -> None:
    for root in ("https://h.example/a", "https://h.example/a/", "https://h.example/a/simple/"):
        assert is_below(url, root) is below
    assert is_below("https://h.example/x", "https://h.example/")


def test_a_credential_is_in_no_message_and_no_file(server: Server, make: Make, tmp_path: Path) -> None:
    server.answers["/a"] = server.answers["/f"] = say(401, f"no {CANARY}".encode())
    server.answers["/b"] = say(200, b"{}")
    fetcher = make(authorization=lambda _: f"Bearer {CANARY}")
    said = []
    for attempt in (
        lambda: ask(fetcher, origin(server)),
        lambda: fetcher.file(f"{server.url}/f", origin(server), lambda _: None, bytes, 100),
    ):
        with pytest.raises(OutsideError, match="401") as caught:
            attempt()
        said += [str(caught.value), caught.value.advice, repr(caught.value)]
    ask(fetcher, origin(server), path="b")
    assert CANARY not in "".join(said)
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and CANARY.encode() in p.read_bytes()]


def fetched(fetcher: Fetcher, url: str, origin: Origin, limit: int = 1_000) -> tuple[list[int | None], bytes]:
    sizes: list[int | None] = []
    data = bytearray()
    fetcher.file(url, origin, sizes.append, data.extend, limit)
    return sizes, bytes(data)


def test_a_file_and_one_that_is_not_there(server: Server, make: Make) -> None:
    server.answers["/f"] = say(200, b"data")
    fetcher = make()
    assert fetched(fetcher, f"{server.url}/f", origin(server)) == ([4], b"data")
    with pytest.raises(NotThereError):
        fetched(fetcher, f"{server.url}/none", origin(server))
    server.answers["/f"] = say(206, b"da")
    with pytest.raises(OutsideError, match="206"):
        fetched(fetcher, f"{server.url}/f", origin(server))


def test_a_file_that_is_too_large(server: Server, make: Make) -> None:
    server.answers["/f"] = say(200, b"x" * 2_000)
    with pytest.raises(OutsideError, match="more than 1000 bytes"):
        fetched(make(), f"{server.url}/f", origin(server))


@pytest.mark.parametrize(
    "url",
    ["http://registry.example/f", "https://127.0.0.1/f", "file:///etc/passwd", "https://", "https://x:y/"],
)
def test_a_file_is_not_fetched_from_just_anywhere(make: Make, url: str) -> None:
    """A registry cannot make us ask this machine, or anybody without TLS."""
    remote = Origin("npm", "npm", "https://registry.example/")
    with pytest.raises(OutsideError, match="not fetched"):
        fetched(make(), url, remote)


def test_only_the_hosts_that_are_named(server: Server, other: Server, make: Make) -> None:
    other.answers["/f"] = say(200, b"data")
    host = other.url.removeprefix("http://")
    fetcher = make()
    with pytest.raises(OutsideError, match="not fetched") as caught:
        fetched(fetcher, f"{other.url}/f", origin(server, files=("files.example",)))
    assert "`files`" in caught.value.advice
    server.answers["/f"] = say(302, Location=f"{other.url}/f")
    with pytest.raises(OutsideError, match="may not be asked"):
        fetched(fetcher, f"{server.url}/f", origin(server, files=("files.example",)))
    assert other.seen == []
    assert fetched(fetcher, f"{server.url}/f", origin(server, files=(host,)))[1] == b"data"


def test_a_file_that_drips(server: Server, make: Make) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(300):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.01)
        except OSError:
            return

    server.answers["/f"] = drip
    with pytest.raises(OutsideError, match="too slow"):
        fetched(make(pace=Pace(slowest=1_000, grace=0.1)), f"{server.url}/f", origin(server))


def test_a_registry_that_is_down_is_left_alone(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = [100.0]
    monkeypatch.setattr("seawall.adapters.origins.circuit.time.monotonic", lambda: ticks[0])
    circuits = Circuits()
    with pytest.raises(StoreError), circuits.turn("h", "file"):
        raise StoreError("our own fault")
    for _ in range(3):
        with pytest.raises(OutsideError, match="broke"), circuits.turn("h", "document"):
            raise OutsideError("it broke")
    with pytest.raises(OutsideError, match="left alone"), circuits.turn("h", "file"):
        raise AssertionError("it was asked")
    assert circuits.down() == {"h": "it broke"}
    with circuits.turn("another", "file"):
        pass
    ticks[0] += 2.1
    with pytest.raises(OutsideError, match="again"), circuits.turn("h", "document"):
        raise OutsideError("it broke again")
    ticks[0] += 2.1  # twice as long now
    with pytest.raises(OutsideError, match="left alone"), circuits.turn("h", "document"):
        raise AssertionError("it was asked")
    ticks[0] += 2.0
    with circuits.turn("h", "document"):  # while one tries, the others are told at once
        assert circuits.down() == {"h": "it broke again"}
        with pytest.raises(OutsideError, match="left alone"), circuits.turn("h", "document"):
            raise AssertionError("it was asked")
    assert circuits.down() == {}


def test_no_host_is_asked_too_much_at_once() -> None:
    circuits = Circuits(connections=1, patience=0.01)
    with circuits.turn("h", "document"):
        with pytest.raises(OutsideError, match="too many"), circuits.turn("h", "document"):
            raise AssertionError("it was asked")
        with circuits.turn("h", "file"):
            pass  # files and documents do not wait for each other


def test_many_ask_the_same_and_the_registry_is_asked_once(server: Server, make: Make) -> None:
    server.answers["/a"] = say(200, b"{}")
    fetcher = make()
    gate = threading.Barrier(30)
    found: list[bytes] = []

    def one() -> None:
        gate.wait()
        heard = ask(fetcher, origin(server))
        found.append(heard.body if heard else b"")

    threads = [threading.Thread(target=one) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"{}"] * 30
    assert len(server.seen) == 1


# --- Slow, and something is at hand


class Held:
    """Answers when it is told to."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.go = threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        self.go.wait(20)
        self._answer(handler)


def slow(make: Make, clock: Clock, **more: object) -> Fetcher:
    """A fetcher that heard something five minutes ago and does not wait long for a newer one."""
    return make(soon=0.1, **more)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_registry_that_is_slow_is_not_waited_for_where_something_is_at_hand(
    server: Server, make: Make, clock: Clock
) -> None:
    held = Held(say(200, b"new"))
    server.answers["/a"] = in_turn(say(200, b"old"), held)
    fetcher = slow(make, clock)
    ask(fetcher, origin(server))
    clock.now += 300
    begun = time.monotonic()
    heard = [ask(fetcher, origin(server)) for _ in range(5)]
    assert time.monotonic() - begun < 2
    assert {(item.body, item.stale, item.coming) for item in heard if item} == {(b"old", True, True)}
    until(lambda: len(server.seen) == 2)
    assert len(server.seen) == 2, "whoever asks meanwhile asks nobody anew"
    held.go.set()
    until(lambda: ask(fetcher, origin(server)).body == b"new")  # type: ignore[union-attr]
    last = ask(fetcher, origin(server))
    assert last is not None
    assert (last.stale, last.coming, last.at) == (False, False, clock.now)
    assert len(server.seen) == 2


def test_many_threads_do_not_wait_behind_each_other(server: Server, make: Make, clock: Clock) -> None:
    held = Held(say(200, b"new"))
    server.answers["/a"] = in_turn(say(200, b"old"), held)
    fetcher = slow(make, clock)
    ask(fetcher, origin(server))
    clock.now += 300
    bodies: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: bodies.append(ask(fetcher, origin(server)).body))  # type: ignore[union-attr]
        for _ in range(16)
    ]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert bodies == [b"old"] * 16
    assert time.monotonic() - begun < 5
    held.go.set()


def test_what_comes_too_late_and_is_refused_changes_nothing(server: Server, make: Make, clock: Clock) -> None:
    held = Held(say(500))
    server.answers["/a"] = in_turn(say(200, b"old"), held, say(200, b"new"))
    fetcher = slow(make, clock)
    ask(fetcher, origin(server))
    clock.now += 300
    assert ask(fetcher, origin(server)).coming  # type: ignore[union-attr]
    held.go.set()
    until(lambda: ask(fetcher, origin(server)).body == b"new")  # type: ignore[union-attr]


@pytest.mark.parametrize("age", [DAY + 1, 8 * DAY])
def test_what_is_older_than_a_day_is_waited_for(server: Server, make: Make, clock: Clock, age: float) -> None:
    """A registry that is slow is not down: it could have taken something back since."""
    held = Held(say(200, b"new"))
    server.answers["/a"] = in_turn(say(200, b"old"), held)
    fetcher = slow(make, clock)
    ask(fetcher, origin(server))
    clock.now += age
    threading.Timer(0.4, held.go.set).start()
    heard = ask(fetcher, origin(server))
    assert heard is not None
    assert (heard.body, heard.stale) == (b"new", False)


def test_that_nobody_knows_a_name_is_not_said_because_somebody_is_slow(
    server: Server, make: Make, clock: Clock
) -> None:
    held = Held(say(200, b"published since"))
    server.answers["/a"] = in_turn(say(404), held)
    fetcher = slow(make, clock)
    assert ask(fetcher, origin(server)) is None
    clock.now += 300
    threading.Timer(0.4, held.go.set).start()
    heard = ask(fetcher, origin(server))
    assert heard is not None
    assert heard.body == b"published since"


def test_a_slow_registry_is_not_passed_over(server: Server, other: Server, make: Make, clock: Clock) -> None:
    """It said that it does not know the name; until it says so again nobody else is asked anything new."""
    held = Held(say(200, b"internal"))
    server.answers["/a"] = in_turn(say(404), held)
    server.answers["/b"] = in_turn(say(404), say(404), say(404))
    other.answers["/a"] = in_turn(say(200, b"public"), say(200, b"public, changed"))
    fetcher = slow(make, clock)
    both = origin(server), origin(other, "two")
    ask(fetcher, *both)
    clock.now += 300
    heard = ask(fetcher, *both)
    assert heard is not None
    assert (heard.body, heard.coming) == (b"public", True)
    assert len(other.seen) == 1
    held.go.set()
    until(lambda: ask(fetcher, *both).body == b"internal")  # type: ignore[union-attr]
    assert len(other.seen) == 1


def test_where_nothing_is_at_hand_of_the_next_the_slow_one_is_waited_for(
    server: Server, other: Server, make: Make, clock: Clock
) -> None:
    held = Held(say(404))
    server.answers["/a"] = in_turn(say(404), held)
    other.answers["/a"] = in_turn(say(500), say(200, b"public"))
    fetcher = slow(make, clock)
    both = origin(server), origin(other, "two")
    with pytest.raises(OutsideError, match="500"):
        ask(fetcher, *both)
    clock.now += 300
    threading.Timer(0.4, held.go.set).start()
    heard = ask(fetcher, *both)
    assert heard is not None
    assert (heard.body, heard.stale) == (b"public", False)
