"""What the firewall leans on breaks while it runs: nothing is let in by that, it says why, and it recovers."""

import json
import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall, index, malware
from tests.simulators.past import at, serving, status
from tests.simulators.past_npm import PastNpm
from tests.simulators.past_pypi import PastPypi

from seawall.adapters.stores.ledger import LedgerStore, open_ledger
from seawall.kernel.errors import FeedError, StoreError
from seawall.ledger_check import check

NOW = at("2026-06-01T00:00:00Z")
OLD, MIDDLE, YOUNG = NOW - timedelta(days=400), NOW - timedelta(days=30), NOW - timedelta(hours=2)
JSON = "application/vnd.pypi.simple.v1+json"
BAD = malware("PyPI", "ebb", "0.9"), malware("npm", "flow", "0.9.0", id="MAL-2026-2")
ROUNDS = 100


class Gate:
    """A firewall over two registries with a release that is let in, one that is young and one that is malware."""

    def __init__(self, place: Path, pypi: PastPypi, npm: PastNpm, real: RealFirewall) -> None:
        self.place, self.pypi, self.npm, self.real = place, pypi, npm, real
        self.good = ["/pypi/files/ebb/ebb-1.0-py3-none-any.whl", "/npm/flow/-/flow-1.0.0.tgz"]
        self.middle = ["/pypi/files/ebb/ebb-1.1-py3-none-any.whl", "/npm/flow/-/flow-1.1.0.tgz"]
        self.bad = [
            "/pypi/files/ebb/ebb-1.2-py3-none-any.whl",
            "/pypi/files/ebb/ebb-0.9-py3-none-any.whl",
            "/npm/flow/-/flow-1.2.0.tgz",
            "/npm/flow/-/flow-0.9.0.tgz",
        ]

    def ask(self, path: str, **headers: str) -> tuple[int, bytes]:
        """The answer; whatever is refused says so in JSON, and nothing that is bad is ever handed out."""
        answer = self.real.get(path, **headers)
        data = answer.data
        assert answer.status in (200, 403, 404, 502, 503), (path, answer.status, data[:300])
        if answer.status != 200:
            assert json.loads(data)["error"], data
        assert not (answer.status == 200 and path in self.bad), path
        if answer.status == 200 and path == "/npm/flow":
            assert set(json.loads(data)["versions"]) <= {"1.0.0", "1.1.0"}
        if answer.status == 200 and path == "/pypi/simple/ebb/":
            offered = [item["filename"] for item in json.loads(data)["files"] if not item["yanked"]]
            assert set(offered) <= {"ebb-1.0-py3-none-any.whl", "ebb-1.1-py3-none-any.whl"}
        return answer.status, data

    def ask_all(self) -> list[int]:
        documents = [self.ask("/npm/flow")[0], self.ask("/pypi/simple/ebb/", accept=JSON)[0]]
        return [*documents, *(self.ask(path)[0] for path in (*self.good, *self.middle, *self.bad))]

    def well(self) -> None:
        """Everything is as in the beginning; the watcher may need a moment."""
        deadline = time.monotonic() + 15
        while self.ask_all() != [200] * 6 + [403] * 4 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert self.ask_all() == [200] * 6 + [403] * 4
        assert self.ready()[0] == 200

    def ready(self) -> tuple[int, list[str]]:
        answer = self.real.get("/readyz")
        return answer.status, json.loads(answer.data)["reasons"]

    def metric(self, name: str) -> float:
        lines = self.real.get("/metrics").data.decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "seawall").mkdir(parents=True)
    place = tmp_path / "data"
    with serving(PastPypi(NOW)) as pypi, serving(PastNpm(NOW)) as npm:
        for version, when in (("0.9", OLD), ("1.0", OLD), ("1.1", MIDDLE), ("1.2", YOUNG)):
            pypi.wheel("ebb", version, when)
            npm.publish("flow", f"{version}.0", when)
        upstreams = {"npm": npm.npm_url, "pypi": pypi.index_url}
        with firewall(place, **upstreams, now=lambda: pypi.now, advisories=BAD) as real:  # type: ignore[arg-type]
            made = Gate(place, pypi, npm, real)
            made.well()
            yield made


Fault = Callable[[Gate], AbstractContextManager[object]]


@contextmanager
def overwritten(path: Path, data: bytes, whole: bool = True) -> Iterator[None]:
    """In place, so that whoever has it open sees it too."""
    before = path.read_bytes()
    with path.open("r+b") as file:
        if whole:
            file.truncate(0)
        file.write(data)
    try:
        yield
    finally:
        with path.open("r+b") as file:
            file.truncate(0)
            file.write(before)


@contextmanager
def replaced(path: Path, data: bytes | None) -> Iterator[None]:
    """By another file of that name, or none."""
    kept = path.with_name(f"{path.name}.{time.monotonic_ns()}")
    path.rename(kept)
    if data is not None:
        path.write_bytes(data)
    try:
        yield
    finally:
        kept.replace(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    connection = sqlite3.connect(path, timeout=0.05)
    try:
        with suppress(sqlite3.Error):
            connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.rollback()
        connection.close()


@contextmanager
def moved(gate: Gate, by: timedelta) -> Iterator[None]:
    gate.pypi.now += by
    try:
        yield
    finally:
        gate.pypi.now -= by


@contextmanager
def broken_policy(gate: Gate) -> Iterator[None]:
    file = Path(os.environ["XDG_CONFIG_HOME"]) / "seawall" / "seawall.toml"
    file.write_text("[policy]\ncooldown_days = 'none at all\n")
    gate.real.reloaded()
    try:
        yield
    finally:
        file.unlink()
        gate.real.reloaded()


@contextmanager
def no_registries(gate: Gate) -> Iterator[None]:
    for past in (gate.pypi, gate.npm):
        past.faults["*"] = status(500)
    try:
        yield
    finally:
        gate.pypi.faults.clear()
        gate.npm.faults.clear()


@contextmanager
def killed_workers(gate: Gate) -> Iterator[None]:
    for child in children():
        with suppress(OSError):
            os.kill(child, signal.SIGKILL)
    yield


@contextmanager
def no_cache(gate: Gate, name: str) -> Iterator[None]:
    shutil.rmtree(gate.place / name)
    yield


@contextmanager
def in_the_way(gate: Gate) -> Iterator[None]:
    """Where files arrive is no directory."""
    arriving = gate.place / "files" / "arriving"
    shutil.rmtree(gate.place / "files" / "sha256", ignore_errors=True)
    kept = arriving.with_name("kept")
    if arriving.exists():
        arriving.rename(kept)
    arriving.write_bytes(b"")
    try:
        yield
    finally:
        arriving.unlink()
        if kept.exists():
            kept.rename(arriving)


def children() -> list[int]:
    own = os.getpid()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes()
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == own and b"seawall.adapters.runners.looking" in words:
                    found.append(int(entry.name))
    return found


FAULTS: dict[str, Fault] = {
    "the index is garbage": lambda g: replaced(g.place / "advisories.db", b"garbage" * 1_000),
    "the index is gone": lambda g: replaced(g.place / "advisories.db", None),
    "the index is empty": lambda g: replaced(g.place / "advisories.db", b""),
    "the index is overwritten": lambda g: overwritten(g.place / "advisories.db", os.urandom(60_000)),
    "the index is cut short": lambda g: overwritten(g.place / "advisories.db", b""),
    "what was seen is overwritten": lambda g: overwritten(g.place / "gate.db", os.urandom(90_000)),
    "what was seen is damaged": lambda g: overwritten(g.place / "gate.db", os.urandom(4_000), whole=False),
    "what was seen is cut short": lambda g: overwritten(g.place / "gate.db", b""),
    "what was seen is locked": lambda g: locked(g.place / "gate.db"),
    "the policy is broken": broken_policy,
    "the clock went back a year": lambda g: moved(g, -timedelta(days=365)),
    "the clock went back an hour": lambda g: moved(g, -timedelta(hours=1)),
    "the registries are down": no_registries,
    "workers are killed": killed_workers,
    "the cache is gone": lambda g: no_cache(g, "files"),
    "what was heard is gone": lambda g: no_cache(g, "heard"),
    "the cache cannot be written": in_the_way,
}
SLOW = {"what was seen is locked"}


@pytest.mark.parametrize("name", FAULTS)
def test_one_thing_breaks(gate: Gate, name: str) -> None:
    with FAULTS[name](gate):
        for _ in range(1 if name in SLOW else 2):
            gate.ask_all()
            gate.real.reloaded()
    gate.real.reloaded()
    gate.well()


def test_anything_breaks_together(gate: Gate) -> None:
    dice = random.Random(20)
    usual = [name for name in FAULTS if name not in SLOW]
    for number in range(ROUNDS):
        with ExitStack() as broken:
            for name in dice.sample(usual, dice.choice((1, 2, 2, 3))):
                with suppress(FileNotFoundError):
                    broken.enter_context(FAULTS[name](gate))
            for path in dice.sample([*gate.good, *gate.middle, *gate.bad, *gate.bad, "/npm/flow"], 3):
                gate.ask(path)
            gate.ask("/pypi/simple/ebb/", accept=JSON)
        gate.real.reloaded()
        if number % 30 == 29:
            gate.well()
    gate.well()


def test_readyz_says_why(gate: Gate) -> None:
    with overwritten(gate.place / "advisories.db", os.urandom(60_000)):
        assert gate.ask(gate.good[0])[0] in (403, 503)
    gate.well()
    with moved(gate, -timedelta(days=365)):
        assert gate.ask(gate.good[0])[0] == 403
        code, reasons = gate.ready()
        assert (code, "clock" in reasons[0]) == (503, True)
    gate.well()
    with moved(gate, timedelta(days=30)):
        code, reasons = gate.ready()
        assert (code, "advisories" in reasons[0]) == (503, True)


def test_a_clock_that_was_ahead_lets_nothing_in_afterwards(gate: Gate) -> None:
    """Nobody can tell that a clock is ahead; when it is back again, ages are unknown until a person looks."""
    with moved(gate, timedelta(days=365)):
        assert gate.real.get(gate.good[0]).status == 200
        assert gate.ready()[0] == 503
    for path in (*gate.good, *gate.middle, *gate.bad):
        assert gate.ask(path)[0] == 403
    assert "clock" in gate.ready()[1][0]


def test_a_feed_that_was_rolled_back_is_not_built(gate: Gate) -> None:
    """`seawall sync` refuses it, so that what was known stays known."""
    from seawall.adapters.feeds.index import Filled, build, row_of
    from seawall.kernel.intake import FeedState
    from seawall.kernel.limits import DEFAULT_LIMITS

    held = {
        "osv": Filled(FeedState("osv", "2026-06-01T00:00:00Z", 3, ("npm", "PyPI")), "2026-01-01T00:00:00Z")
    }
    record = json.dumps(malware("PyPI", "other", "1.0")).encode()
    rows = [row_of(record, "osv", "x.json", DEFAULT_LIMITS)]
    state = FeedState("osv", "2025-01-01T00:00:00Z", 1, ("npm", "PyPI"), "simulated")
    with pytest.raises(FeedError):
        build(rows, [Filled(state, "2025-01-01T00:00:00Z")], gate.place / "advisories.db", held)  # type: ignore[arg-type]
    gate.real.reloaded()
    gate.well()


def test_without_the_ledger_nothing_goes_out(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_the_disk(monkeypatch)
    answers = [gate.real.get(path) for path in (*gate.good, *gate.middle)]
    assert [answer.status for answer in answers] == [503] * 4
    assert all("disk is full" in json.loads(answer.data)["error"] for answer in answers)
    deadline = time.monotonic() + 5
    while gate.real.get("/npm/flow").status != 503 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gate.real.get("/npm/flow").status == 503
    code, reasons = gate.ready()
    assert (code, "ledger" in reasons[0]) == (503, True)


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("ledger.db: database or disk is full", "make room")

    monkeypatch.setattr(LedgerStore, "append", full)
    monkeypatch.setattr(LedgerStore, "try_to_write", full)


def test_a_ledger_that_has_room_again_is_gone_on_with(gate: Gate) -> None:
    """Nobody starts it again, and the ledger says from when until when nothing can be excluded."""
    with pytest.MonkeyPatch.context() as patched:
        fill_the_disk(patched)
        assert [gate.real.get(path).status for path in gate.good] == [503] * len(gate.good)
        code, reasons = gate.ready()
        assert (code, "the next time in" in reasons[0]) == (503, True)
        assert gate.metric("seawall_ledger_failed") == 1
    deadline = time.monotonic() + 20
    while gate.metric("seawall_ledger_failed"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    gate.well()
    assert gate.metric("seawall_ledger_resumed") == 1
    assert gate.metric("seawall_ledger_tries") >= 1
    while "resumed" not in [item.get("subject") for item in gate.real.entries()]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    store = open_ledger(gate.place / "ledger.db")
    assert check(store).faults == []
    assert [period.stopped for period in store.periods()] == [False, False]
    store.close()


def test_a_ledger_that_is_locked_for_a_moment_is_waited_for(gate: Gate) -> None:
    with locked(gate.place / "ledger.db"):
        begun = time.monotonic()
        assert gate.real.get("/healthz").status == 200
        assert time.monotonic() - begun < 1
    gate.well()


def test_files_of_a_cache_that_were_altered_are_never_handed_out(gate: Gate) -> None:
    path = gate.good[0]
    whole = gate.ask(path)[1]
    for _ in range(3):
        for file in (gate.place / "files" / "sha256").glob("??/*"):
            file.write_bytes(b"x" * file.stat().st_size)
        code, data = gate.ask(path)
        assert code != 200 or data == whole
    gate.well()
    assert gate.ask(path)[1] == whole
    index(gate.place, gate.pypi.now, BAD)
