"""The cache of files: what comes is verified, what lies there is too, and neither grows beyond its bound."""

import gzip
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from seawall.adapters.http import Patience
from seawall.adapters.origins.fetch import Fetcher
from seawall.adapters.origins.heard import HeardStore
from seawall.adapters.stores.arrival import known_digests
from seawall.adapters.stores.blobs import Blobs, MismatchError
from seawall.kernel.errors import OutsideError, StoreError
from seawall.kernel.offer import Offer
from seawall.kernel.origin import Origin
from simulators.loopback import Answer, say, serving

ORIGIN = Origin("npm", "one", "https://registry.example/")
DATA = b"some file" * 1_000
PATIENT = Patience(5, 5, 20, tries=1)


def digest(algorithm: str, data: bytes) -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def offer(
    data: bytes = DATA, *algorithms: str, url: str = "https://registry.example/f", **more: object
) -> Offer:
    digests = tuple(digest(name, data) for name in algorithms or ("sha256",))
    return Offer("1.0", "f-1.0.tgz", url, digests, **more)  # type: ignore[arg-type]


class Upstream:
    """Sends `blocks`; waits before the last one until it is let go; then raises `failure`."""

    def __init__(
        self, *blocks: bytes, size: int | None = None, failure: Exception | None = None, held: bool = False
    ) -> None:
        self.blocks = blocks
        self.size = size
        self.failure = failure
        self.asked = 0
        self.go = threading.Event()
        if not held:
            self.go.set()

    def file(
        self,
        url: str,
        origin: Origin,
        begin: Callable[[int | None], None],
        write: Callable[[bytes], object],
        limit: int,
    ) -> None:
        self.asked += 1
        begin(self.size)
        for block in self.blocks[:-1]:
            write(block)
        assert self.go.wait(10)
        for block in self.blocks[-1:]:
            write(block)
        if self.failure:
            raise self.failure


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path, 1_000_000)


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]


def test_a_file_comes_and_is_held(blobs: Blobs, tmp_path: Path) -> None:
    wanted = offer(DATA, "sha512", "sha1")
    assert blobs.held(wanted.digests) is None
    arrival = blobs.arrive(Upstream(DATA[:100], DATA[100:], size=len(DATA)), ORIGIN, wanted)
    assert arrival.wait()
    blob = arrival.blob()
    assert blob.path.read_bytes() == DATA
    assert (blob.size, blob.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    assert arrival.proved == wanted.digests
    assert (arrival.received, arrival.size, arrival.path) == (len(DATA), len(DATA), blob.path)
    assert files(tmp_path) == [blob.path]
    assert blobs.total == len(DATA)
    for again in (blobs, Blobs(tmp_path, 1_000_000)):
        for known in (wanted.digests, (digest("sha1", DATA),), (f"sha256:{blob.sha256}",)):
            assert again.held(known) == blob


def test_without_a_digest_it_comes_and_says_that_nothing_proved_it(blobs: Blobs) -> None:
    bare = Offer("1.0", "f.tgz", "https://registry.example/f")
    arrival = blobs.arrive(Upstream(DATA), ORIGIN, bare)
    assert arrival.wait()
    assert arrival.proved == ()
    assert blobs.held(()) is None
    assert blobs.held([f"sha256:{arrival.blob().sha256}"]) == arrival.blob()
    with pytest.raises(OutsideError, match="empty"):
        blobs.arrive(Upstream(b""), ORIGIN, bare).wait()


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha384", "sha1", "md5", "blake2b"])
def test_another_file_than_promised_is_not_kept(blobs: Blobs, tmp_path: Path, algorithm: str) -> None:
    wanted = offer(DATA, "sha256", algorithm)
    wrong = Offer(
        "1.0", "f.tgz", wanted.url, (*offer(b"evil", algorithm).digests, digest("sha256", DATA))[:1]
    )
    for asked in (wrong, offer(b"other", algorithm)):
        arrival = blobs.arrive(Upstream(DATA), ORIGIN, asked)
        with pytest.raises(MismatchError) as caught:
            arrival.wait()
        assert caught.value.exit_code == 5
        assert caught.value.expected == asked.digests[0]
        assert caught.value.found == digest(algorithm, DATA)
        assert asked.digests[0] in str(caught.value)
        assert caught.value.found in str(caught.value)
        with pytest.raises(MismatchError):
            arrival.blob()
    assert files(tmp_path) == []
    assert blobs.total == 0


def test_all_digests_have_to_agree(blobs: Blobs) -> None:
    good, evil = digest("sha512", DATA), digest("sha1", b"evil")
    with pytest.raises(MismatchError):
        blobs.arrive(
            Upstream(DATA), ORIGIN, Offer("1", "f", "https://registry.example/f", (good, evil))
        ).wait()
    blobs.arrive(Upstream(DATA), ORIGIN, offer(DATA, "sha512")).wait()
    assert blobs.held((good,)) is not None
    assert blobs.held((good, evil)) is None
    assert blobs.held((good,)) is not None


@pytest.mark.parametrize(
    ("said", "sent", "promised"),
    [(None, DATA + b"x", len(DATA)), (None, DATA[:-1], len(DATA)), (5, DATA, len(DATA))],
)
def test_another_size_than_promised(blobs: Blobs, said: int | None, sent: bytes, promised: int) -> None:
    wanted = Offer("1", "f", "https://registry.example/f", (), size=promised)
    with pytest.raises(MismatchError, match="size:"):
        blobs.arrive(Upstream(sent, size=said), ORIGIN, wanted).wait()
    assert blobs.total == 0


def test_whatever_goes_wrong_is_heard_and_nothing_is_left(blobs: Blobs, tmp_path: Path) -> None:
    for failure, kind in (
        (OutsideError("it broke off"), OutsideError),
        (OSError(28, "No space left on device"), StoreError),
        (ZeroDivisionError("secret"), StoreError),
    ):
        arrival = blobs.arrive(Upstream(b"x", failure=failure), ORIGIN, offer())
        with pytest.raises(kind) as caught:
            arrival.wait()
        assert "secret" not in str(caught.value)
        assert arrival.done
    assert files(tmp_path) == []
    assert blobs.total == 0


def test_a_growing_file_can_be_followed(blobs: Blobs) -> None:
    upstream = Upstream(DATA, b"the last", size=len(DATA) + 8, held=True)
    arrival = blobs.arrive(upstream, ORIGIN, offer(DATA + b"the last"))
    seen: list[int] = []
    arrival.on_progress(lambda: seen.append(arrival.received))
    arrival.on_progress(lambda: 1 // 0)  # one that fails keeps nobody else from it
    assert arrival.wait_for(len(DATA) - 1, timeout=10) == len(DATA)
    assert not arrival.wait(most=1_000)
    assert not arrival.wait(timeout=0.01)
    with pytest.raises(StoreError, match="not here yet"):
        arrival.blob()
    with arrival.open() as reader:
        assert reader.read() == DATA
        upstream.go.set()
        assert arrival.wait()
        assert reader.read() == b"the last", "a reader keeps its file when it moves"
    assert seen[-1] == len(DATA) + 8
    assert arrival.wait(most=1_000), "what is here is not waited for"
    late: list[bool] = []
    arrival.on_progress(lambda: late.append(arrival.done))
    assert late == [True]


def test_a_file_that_says_that_it_is_large_is_not_waited_for(blobs: Blobs) -> None:
    upstream = Upstream(b"x", size=500_000, held=True, failure=OutsideError("gone"))
    arrival = blobs.arrive(upstream, ORIGIN, offer())
    assert not arrival.wait(most=100_000, timeout=10)
    assert arrival.wait_for(-1) == 0 or arrival.received <= 1
    upstream.go.set()
    with pytest.raises(OutsideError):
        arrival.wait()
    with pytest.raises(OutsideError):
        arrival.open()


def test_fifty_ask_and_the_registry_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    blobs = Blobs(tmp_path / "files", 10_000_000)
    data = os.urandom(300_000)
    fetcher = Fetcher(HeardStore(tmp_path / "heard", 1_000), clock=lambda: 0.0, files=PATIENT)
    with serving() as server, closing(fetcher):
        server.answers["/f"] = say(200, data)
        wanted = offer(data, "sha256", "sha512", url=f"{server.url}/f", size=len(data))
        origin = Origin("npm", "one", f"{server.url}/")
        gate, found = threading.Barrier(50), []

        def one() -> None:
            gate.wait()
            arrival = blobs.arrive(fetcher, origin, wanted)
            arrival.wait()
            found.append(arrival.blob().path.read_bytes() == data)

        threads = [threading.Thread(target=one) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [True] * 50
        assert len(server.seen) == 1
    assert Blobs(tmp_path / "files", 10_000_000).held(wanted.digests), "a restart with the registry down"


def sized(handler: BaseHTTPRequestHandler, said: int, data: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(said))
    handler.end_headers()
    with suppress(OSError):
        handler.wfile.write(data)
        handler.wfile.flush()


def stall(handler: BaseHTTPRequestHandler) -> None:
    sized(handler, len(DATA), DATA[:100])
    time.sleep(0.4)


LIES: dict[str, tuple[Answer, type[Exception]]] = {
    "cut short": (lambda h: sized(h, len(DATA), DATA[:-5]), OutsideError),
    "shorter than promised": (say(200, DATA[:-5]), MismatchError),
    "longer than promised": (say(200, DATA + b"x"), MismatchError),
    "longer without saying so": (lambda h: unsized(h, DATA * 2), MismatchError),
    "another file": (say(200, b"X" + DATA[1:]), MismatchError),
    "compressed unasked": (say(200, gzip.compress(DATA), Content_Encoding="gzip"), MismatchError),
    "a page": (say(200, b"<html>log in</html>", Content_Type="text/html"), MismatchError),
    "a part": (say(206, DATA[:10]), OutsideError),
    "nothing": (say(204), OutsideError),
    "not there": (say(404), OutsideError),
    "no right": (say(403), OutsideError),
    "an error": (say(500), OutsideError),
    "circles": (say(302, Location="/f"), OutsideError),
    "plain http": (say(302, Location="http://files.example/f"), OutsideError),
    "a stall": (stall, OutsideError),
}


def unsized(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        handler.wfile.write(data)


@pytest.mark.parametrize(("answer", "failure"), LIES.values(), ids=LIES)
def test_a_registry_that_lies_puts_nothing_into_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, failure: type[Exception]
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    blobs = Blobs(tmp_path / "files", 1_000_000)
    quick = Patience(1, 0.2, 1, tries=1) if answer is stall else PATIENT
    heard = HeardStore(tmp_path / "heard", 1_000)
    with (
        serving() as server,
        closing(Fetcher(heard, clock=lambda: 0.0, files=quick)) as liar,
        closing(Fetcher(heard, clock=lambda: 0.0, files=PATIENT)) as fetcher,
    ):
        server.answers["/f"] = answer
        origin = Origin("npm", "one", f"{server.url}/")
        wanted = offer(DATA, "sha512", url=f"{server.url}/f", size=len(DATA))
        with pytest.raises(failure):
            blobs.arrive(liar, origin, wanted).wait()
        assert files(tmp_path) == []
        assert blobs.total == 0
        assert blobs.held(wanted.digests) is None
        server.answers["/f"] = say(200, DATA)
        assert blobs.arrive(fetcher, origin, wanted).wait(), "it comes when it is right again"


def come(blobs: Blobs, data: bytes) -> str:
    wanted = offer(data, url=f"https://registry.example/{hashlib.md5(data).hexdigest()}")
    blobs.arrive(Upstream(data, size=len(data)), ORIGIN, wanted).wait()
    return wanted.digests[0]


def test_the_bound_holds_and_the_least_used_goes(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 35_000)
    first, second, third = (come(blobs, bytes([n]) * 10_000) for n in range(3))
    assert blobs.held([first])
    pinned = blobs.held([second])
    assert pinned
    assert blobs.held([first])
    with blobs.using(pinned), blobs.using(pinned):
        come(blobs, b"x" * 20_000)
        assert not blobs.held([third])
        assert blobs.held([second]), "what is in use stays"
        assert not blobs.held([first])
        with pytest.raises(StoreError, match="no room for 30000 bytes"):
            come(blobs, b"y" * 30_000)
    come(blobs, b"y" * 30_000)
    assert [path.stat().st_size for path in files(tmp_path)] == [30_000]
    with pytest.raises(StoreError):
        come(blobs, b"z" * 40_000)
    assert blobs.total == 30_000


def test_a_file_that_does_not_say_how_large_it_is_keeps_to_the_bound_too(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 100_000)
    with pytest.raises(StoreError, match="no room"):
        blobs.arrive(Upstream(*[b"x" * 10_000] * 20), ORIGIN, offer()).wait()
    assert blobs.arrive(Upstream(DATA), ORIGIN, offer()).wait()
    assert blobs.total == len(DATA)


def test_a_smaller_bound_counts_at_the_next_start(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 100_000)
    known = [come(blobs, bytes([n]) * 10_000) for n in range(5)]
    for age, name in enumerate(reversed(known)):
        path = tmp_path / "sha256" / name[7:9] / name[7:]
        os.utime(path, (1_000 - age, 1_000 - age))
    smaller = Blobs(tmp_path, 20_000)
    assert [bool(smaller.held([name])) for name in known] == [False, False, False, True, True]


def test_a_file_that_was_altered_is_found_and_thrown_away(blobs: Blobs, tmp_path: Path) -> None:
    known = come(blobs, DATA)
    path = tmp_path / "sha256" / known[7:9] / known[7:]
    stat = path.stat()
    path.write_bytes(DATA[:-1] + b"X")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # whoever does this hides it
    assert blobs.held([known]) is None
    assert not path.exists()
    assert blobs.total == 0
    come(blobs, DATA)
    path.write_bytes(DATA[:-1] + b"X")
    assert Blobs(tmp_path, 1_000_000).held([known]) is None, "at the first use after a start too"


def test_a_digest_that_leads_to_another_file_leads_nowhere(blobs: Blobs, tmp_path: Path) -> None:
    blobs.arrive(Upstream(DATA), ORIGIN, offer(DATA, "sha512")).wait()
    evil = come(blobs, b"evil")
    (link,) = (tmp_path / "by").glob("*/??/*")
    for target in (evil[7:], "../../../../etc/passwd", "gone"):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        assert Blobs(tmp_path, 1_000_000).held(offer(DATA, "sha512").digests) is None
    assert not list((tmp_path / "by").glob("*/??/*")), "what leads to nothing is removed"


def test_a_file_is_read_through_once_only(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = come(blobs, DATA)
    read = []
    module = sys.modules["seawall.adapters.stores.blobs"]
    real = module._digests
    monkeypatch.setattr(module, "_digests", lambda *a: read.append(a) or real(*a))
    assert blobs.held([known])
    assert read == [], "it was verified when it came"
    again = Blobs(tmp_path, 1_000_000)
    assert again.held([known])
    assert again.held([known])
    assert len(read) == 1


def test_what_a_crash_left_goes_and_what_another_process_writes_stays(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 1_000_000)
    (tmp_path / "arriving" / "left").write_bytes(b"half")
    upstream = Upstream(DATA[:10], DATA[10:], held=True)
    arrival = blobs.arrive(upstream, ORIGIN, offer())
    arrival.wait_for(0, timeout=10)
    Blobs(tmp_path, 1_000_000)
    assert [path.name for path in (tmp_path / "arriving").iterdir()] == [arrival.path.name]
    upstream.go.set()
    assert arrival.wait()


def test_a_cache_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "files").write_bytes(b"in the way")
    with pytest.raises(StoreError, match="cannot be used"):
        Blobs(tmp_path / "files", 1_000)


FULL = """
import resource, sys
from pathlib import Path
from seawall.adapters.stores.blobs import Blobs
from seawall.kernel.errors import StoreError
from seawall.kernel.offer import Offer
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
class Upstream:
    def file(self, url, origin, begin, write, limit):
        begin(200_000)
        for _ in range(20):
            write(b"x" * 10_000)
blobs = Blobs(Path(sys.argv[1]), 1_000_000)
try:
    blobs.arrive(Upstream(), None, Offer("1", "f", "https://registry.example/f")).wait()
except StoreError as error:
    print(error)
print(blobs.total, [p.name for p in Path(sys.argv[1]).rglob("*") if p.is_file()])
"""


def test_a_disk_that_is_full_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, timeout=30, check=True
    )
    message, state = done.stdout.splitlines()
    assert "File too large" in message
    assert state == "0 []"


def test_digests_that_can_be_computed() -> None:
    upper = f"SHA256:{'A' * 64}"
    assert known_digests(
        [f"md5:{'0' * 32}", upper, "sha1:short", f"sha999:{'0' * 64}", f"sha1:{'g' * 40}"]
    ) == (
        upper.lower(),
        f"md5:{'0' * 32}",
    )
    assert known_digests(["", ":", "sha256", "sha256:../../etc/passwd"]) == ()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    for thread in threading.enumerate():
        if thread.name == "seawall-arrival":
            thread.join(10)
            assert not thread.is_alive()
