"""A store that failed is tried again: what was accepted is there once, and another ledger is never taken."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest
from tests.simulators.events import IDENTITIES, START, day, event

from seawall.adapters.stores.ledger import LedgerStore, open_ledger
from seawall.adapters.stores.names import open_names
from seawall.kernel.errors import StoreError
from seawall.kernel.event import Action, Event
from seawall.kernel.identity import Identity
from seawall.kernel.ledger import Gap, Group
from seawall.ledger_check import check
from seawall.record import LEDGER_FILE, NAMES_FILE, Record, entries, open_record
from seawall.writing import Writer, open_writer


class Ill:
    """A ledger that cannot be written while `why` says so; `after` fails when all is written already."""

    why = ""
    after = False

    def __init__(self, store: LedgerStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def append(self, group: Group) -> None:
        if type(self).after:
            self._store.append(group)
        if type(self).why:
            raise StoreError(type(self).why, "free it")
        self._store.append(group)

    def try_to_write(self) -> None:
        if type(self).why:
            raise StoreError(type(self).why, "free it")
        self._store.try_to_write()


@pytest.fixture
def sick(monkeypatch: pytest.MonkeyPatch) -> type[Ill]:
    """The class whose members the test changes."""
    made = type("Sick", (Ill,), {})
    real = open_ledger
    monkeypatch.setattr("seawall.writing.open_ledger", lambda *a, **k: made(real(*a, **k)))
    monkeypatch.setattr("seawall.record.FIRST_PAUSE", 0.02)
    return made


def awaited(true: Callable[[], object], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def times(place: Path) -> list[object]:
    """When the entries are, in their order; the ledger is sound."""
    store = open_ledger(place / LEDGER_FILE)
    try:
        assert check(store).faults == []
        return [entry.found["time"] for entry in entries(store)]
    finally:
        store.close()


def fail_with(record: Record, why: str, sick: type[Ill]) -> None:
    """The store fails; what was only noted before it was known waits."""
    sick.why = why
    with pytest.raises(StoreError, match=why):
        record.keep(event(0, 900, IDENTITIES[0])).result(10)


def test_it_goes_on_by_itself_and_what_was_noted_is_there_once_in_its_order(
    sick: type[Ill], tmp_path: Path
) -> None:
    record = open_record(tmp_path)
    assert record.keep(event(0, 0, IDENTITIES[0])).result(10) == 0
    sick.why = "full"
    for item in day(30, 1):
        record.note(item)
    awaited(lambda: record.failed)
    awaited(lambda: record.tries >= 3)
    trouble = record.failed
    assert trouble is not None
    assert trouble.pause > 0
    assert "full; tried again" in str(trouble)
    for take in (record.note, record.keep):
        with pytest.raises(StoreError, match="full"):
            take(event(2, 2, IDENTITIES[0]))
    sick.why = ""
    awaited(lambda: not record.failed)
    assert record.keep(event(3, 3, IDENTITIES[0])).result(10) == 31
    assert record.resumed == 1
    assert record.backlog == 0
    record.close()
    expected = [e.time for e in (event(0, 0, IDENTITIES[0]), *day(30, 1), event(3, 3, IDENTITIES[0]))]
    assert times(tmp_path) == expected


def test_who_was_told_that_it_failed_is_not_written_down(sick: type[Ill], tmp_path: Path) -> None:
    """Its file was not handed out, so no entry may say that it was."""
    record = open_record(tmp_path)
    sick.why = "full"
    kept = [record.keep(event(n, n, IDENTITIES[0])) for n in range(5)]
    for one in kept:
        with pytest.raises(StoreError, match="full"):
            one.result(10)
    sick.why = ""
    awaited(lambda: not record.failed)
    record.close()
    assert times(tmp_path) == []


def test_a_group_that_was_written_although_it_failed_is_not_written_again(
    sick: type[Ill], tmp_path: Path
) -> None:
    record = open_record(tmp_path)
    sick.after, sick.why = True, "the answer was lost"
    noted = list(day(40, 2))
    for item in noted:
        record.note(item)
    awaited(lambda: record.failed)
    sick.after, sick.why = False, ""
    awaited(lambda: not record.failed)
    record.keep(event(1, 1, IDENTITIES[0])).result(10)
    record.close()
    assert times(tmp_path) == [e.time for e in (*noted, event(1, 1, IDENTITIES[0]))]


def test_it_is_tried_less_and_less_often_and_not_for_ever(
    sick: type[Ill], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seawall.record.LONGEST_PAUSE", 0.05)
    record = open_record(tmp_path, tries_for=0.3)
    fail_with(record, "full", sick)
    pauses = set()

    def over() -> bool:
        assert record.failed is not None
        pauses.add(record.failed.pause)
        return record.failed.pause == 0

    awaited(over)
    assert pauses <= {0.02, 0.04, 0.05, 0}
    assert {0.05, 0} <= pauses
    assert "start again" in str(record.failed)
    sick.why = ""
    with pytest.raises(StoreError, match="full"):
        record.note(event(1, 1, IDENTITIES[0]))
    record.close()


def test_the_names_may_fail_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.record.FIRST_PAUSE", 0.02)
    record = open_record(tmp_path)
    record._writer.names._connection.execute("PRAGMA query_only = ON")
    record.note(event(0, 0, IDENTITIES[0]))
    awaited(lambda: record.resumed)
    assert record.keep(event(1, 1, IDENTITIES[1])).result(10) == 1
    record.close()
    assert len(times(tmp_path)) == 2


def test_closing_tries_once_more(sick: type[Ill], tmp_path: Path) -> None:
    for why, left in (("", 0), ("full", 1)):
        place = tmp_path / (why or "room")
        record = open_record(place)
        sick.why = "full"
        record.note(event(0, 0, IDENTITIES[0]))
        awaited(lambda record=record: record.failed)
        sick.why = why
        record.close()
        assert record.backlog == left
        sick.why = ""
        assert len(times(place)) == 1 - left


# --- What lies there meanwhile


def emptied(place: Path) -> None:
    (place / LEDGER_FILE).write_bytes(b"")


def removed(place: Path) -> None:
    for name in (LEDGER_FILE, f"{LEDGER_FILE}-wal", f"{LEDGER_FILE}-shm"):
        (place / name).unlink(missing_ok=True)


def put(name: str) -> Callable[[Path], None]:
    def swap(place: Path) -> None:
        removed(place)
        shutil.copy(place / name, place / LEDGER_FILE)

    return swap


def changed(statement: str) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        connection = sqlite3.connect(place / LEDGER_FILE)
        with connection:
            connection.execute(statement)
        connection.close()

    return change


def names_emptied(place: Path) -> None:
    connection = sqlite3.connect(place / NAMES_FILE)
    with connection:
        connection.execute("DELETE FROM names")
        connection.execute("DELETE FROM principals")
    connection.close()


SWAPS: dict[str, tuple[Callable[[Path], None], bool, str]] = {
    "emptied": (emptied, True, "holds nothing"),
    "removed": (removed, True, "no ledger"),
    "another, with no entries": (put("empty"), False, "0 entries"),
    "another with as many": (put("other"), False, "300 entries"),
    "an older copy of it": (put("backup"), False, "200 entries"),
    "its last entries cut": (changed("DELETE FROM leaves WHERE position >= 290"), False, "or others"),
    "one entry more": (changed("INSERT INTO leaves VALUES (300, x'00')"), False, "not the ledger"),
    "its head changed": (changed("UPDATE head SET size = 299"), False, "299 entries"),
    "its names emptied": (names_emptied, False, "knows nobody"),
}


def make_others(place: Path) -> None:
    for name, count in (("empty", 0), ("other", 300)):
        record = open_record(place / "elsewhere" / name)
        for item in day(count, 9):
            record.note(item)
        record.close()
        shutil.copy(place / "elsewhere" / name / LEDGER_FILE, place / name)


@pytest.mark.parametrize("swap", SWAPS)
def test_another_ledger_is_not_taken_for_the_one_that_failed(
    sick: type[Ill], tmp_path: Path, swap: str
) -> None:
    """What is merely not there is waited for; what is there and is another one ends it."""
    do, waits, why = SWAPS[swap]
    make_others(tmp_path)
    record = open_record(tmp_path)
    for item in day(200):
        record.note(item)
    awaited(lambda: not record.backlog)
    record._writer.store.backup(tmp_path / "backup")
    for item in list(day(300))[200:]:
        record.note(item)
    awaited(lambda: not record.backlog)
    fail_with(record, "full", sick)
    awaited(lambda: record.failed and record.failed.tries)
    do(tmp_path)
    lying = (tmp_path / LEDGER_FILE).read_bytes() if (tmp_path / LEDGER_FILE).exists() else None
    sick.why = ""
    awaited(lambda: record.failed and why in str(record.failed))
    assert record.failed is not None
    assert bool(record.failed.pause) is waits
    with pytest.raises(StoreError, match=why):
        record.note(event(1, 1, IDENTITIES[0]))
    assert record.resumed == 0
    record.close()
    if waits:
        now = (tmp_path / LEDGER_FILE).read_bytes() if (tmp_path / LEDGER_FILE).exists() else None
        assert now == lying, "nothing is made where nothing was"


def test_one_that_comes_back_is_gone_on_with(sick: type[Ill], tmp_path: Path) -> None:
    """A volume that was away for a moment."""
    data, away = tmp_path / "data", tmp_path / "away"
    record = open_record(data)
    assert record.keep(event(0, 0, IDENTITIES[0])).result(10) == 0
    fail_with(record, "full", sick)
    awaited(lambda: record.failed and record.failed.tries)
    data.rename(away)
    sick.why = ""
    awaited(lambda: "no ledger" in str(record.failed))
    away.rename(data)
    awaited(lambda: not record.failed)
    assert record.keep(event(1, 1, IDENTITIES[0])).result(10) == 1
    record.close()
    assert len(times(data)) == 2


def test_a_corrupt_file_is_not_tried_again(tmp_path: Path) -> None:
    record = open_record(tmp_path)
    record.keep(event(0, 0, IDENTITIES[0])).result(10)

    def corrupt(group: Group) -> None:
        from seawall.adapters.stores.ledger import LAYOUT
        from seawall.adapters.stores.opening import corrupt

        raise corrupt(tmp_path / LEDGER_FILE, LAYOUT, "malformed")

    record._writer.store.append = corrupt  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="corrupt"):
        record.keep(event(1, 1, IDENTITIES[0])).result(10)
    assert record.failed is not None
    assert record.failed.pause == 0
    assert record.tries == 0
    record.close()


def test_another_process_that_took_over_keeps_it(sick: type[Ill], tmp_path: Path) -> None:
    record = open_record(tmp_path)
    record.keep(event(0, 0, IDENTITIES[0])).result(10)
    fail_with(record, "full", sick)
    awaited(lambda: record.failed and record.failed.tries)
    other = until_open(tmp_path)
    sick.why = ""
    awaited(lambda: "another process" in str(record.failed))
    other.write([event(5, 5, IDENTITIES[1])])
    other.close()
    awaited(lambda: record.failed and not record.failed.pause)
    assert "2 entries" in str(record.failed)
    record.close()
    assert len(times(tmp_path)) == 2


def until_open(place: Path) -> Writer:
    """The lock is ours between two tries."""
    until = time.monotonic() + 20
    while True:
        try:
            return open_writer(place / LEDGER_FILE, place / NAMES_FILE)
        except StoreError:
            assert time.monotonic() < until
            time.sleep(0.001)


# --- A disk that is full, and has room again

FULL = """
import resource, signal, sys, time
from pathlib import Path
from tests.simulators.events import IDENTITIES, day, event
from seawall.kernel.errors import StoreError
from seawall.record import open_record

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
place = Path(sys.argv[1])
record = open_record(place)
acknowledged = [record.keep(item).result(10) for item in day(50)]
size = (place / "ledger.db-wal").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, resource.RLIM_INFINITY))
refused = 0
for item in day(400, 3):
    try:
        acknowledged.append(record.keep(item).result(10))
    except StoreError as error:
        refused += 1
        assert record.failed or record.resumed, error
        time.sleep(0.002)
print("refused", refused > 0, record.failed is not None or record.tries > 0)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
until = time.monotonic() + 40
while record.failed:
    assert time.monotonic() < until, record.failed
    time.sleep(0.01)
acknowledged += [record.keep(item).result(10) for item in day(50, 4)]
record.close()
print("acknowledged", len(acknowledged), acknowledged == sorted(set(acknowledged)), acknowledged[-1] + 1)
"""


def test_a_full_disk_that_has_room_again(tmp_path: Path) -> None:
    """No file may grow (RLIMIT_FSIZE), as on a full disk; then it may again, and nobody starts anything."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "refused True True"
    _, count, in_order, size = second.split()
    assert in_order == "True"
    assert int(size) == len(times(tmp_path)) >= int(count)
    assert int(size) - int(count) <= 1, "a commit that failed after its last page may be there once"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_gap_is_told_when_it_goes_on(tmp_path: Path) -> None:
    """The firewall says `resumed`: from when it last said something until then, nothing can be excluded."""
    record = open_record(tmp_path)
    kept: Future[int] = Future()
    for at, subject in ((0, "started"), (10, "alive"), (500, "resumed"), (600, "alive")):
        kept = record.keep(Event(START + at, Action.SERVE, Identity("seawall"), subject=subject))
    kept.result(10)
    store = open_ledger(tmp_path / LEDGER_FILE)
    assert store.gaps() == [Gap(START + 10, START + 500, False)]
    store.close()
    record.close()
    names = open_names(tmp_path / NAMES_FILE)
    assert names.knows_any()
    names.close()
