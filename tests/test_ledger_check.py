"""Whatever is changed in a ledger is found: by itself, or by a root that somebody else remembers."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.simulators.events import START, day
from tests.simulators.tampering import CARELESS, STATEMENTS, careful, flip_bytes, forged

from seawall.adapters.stores.ledger import open_ledger
from seawall.kernel.errors import StoreError, TamperedError
from seawall.kernel.event import Action, Event
from seawall.kernel.identity import Identity
from seawall.kernel.merkle import Head
from seawall.ledger_check import Checked, check
from seawall.record import LEDGER_FILE, open_record

SIZE = 560


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of three groups and 560 entries, in one file."""
    place = tmp_path_factory.mktemp("ledger")
    events = [Event(START, Action.SERVE, Identity("seawall"), subject="started"), *day(SIZE - 1)]
    for part in (events[:100], events[100:500], events[500:]):
        record = open_record(place)
        for item in part:
            record.note(item)
        record.close()
    path = place / LEDGER_FILE
    assert not path.with_name(path.name + "-wal").exists()
    return path


def checked(path: Path, *sizes: int) -> Checked:
    store = open_ledger(path)
    try:
        return check(store, sizes)
    finally:
        store.close()


def noticed(path: Path, witnessed: Head | None = None) -> bool:
    """Something is wrong with it, or it is not what was witnessed."""
    try:
        found = checked(path, *([witnessed.size] if witnessed else []))
    except (StoreError, TamperedError):
        return True
    return bool(found.faults) or (witnessed is not None and found.roots.get(witnessed.size) != witnessed.root)


def head_of(path: Path) -> Head:
    store = open_ledger(path)
    try:
        return store.head()
    finally:
        store.close()


def test_an_honest_ledger_has_no_fault(ledger: Path) -> None:
    head = head_of(ledger)
    assert head.size == SIZE
    found = checked(ledger, 0, 1, 500, SIZE, SIZE + 1)
    assert found.faults == []
    assert list(found.roots) == [0, 1, 500, SIZE]
    assert found.roots[SIZE] == head.root
    assert not noticed(ledger, head)
    assert not noticed(ledger, Head(500, found.roots[500]))
    assert noticed(ledger, Head(500, head.root))
    assert noticed(ledger, Head(SIZE + 1, head.root))


@pytest.mark.parametrize("change", CARELESS, ids=lambda change: str(change.__name__))
def test_every_careless_change_is_found(
    ledger: Path, tmp_path: Path, change: Callable[[sqlite3.Connection, random.Random], str]
) -> None:
    missed = []
    for seed in range(6):
        path = tmp_path / f"{seed}.db"
        shutil.copy(ledger, path)
        with sqlite3.connect(path) as db:
            what = change(db, random.Random(seed))
            changed = db.total_changes
        db.close()
        assert changed, what
        if not noticed(path):
            missed.append(what)
        path.unlink()
    assert missed == []


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_changed_head_and_what_follows_from_entries_is_found(
    ledger: Path, tmp_path: Path, statement: str
) -> None:
    path = tmp_path / "x.db"
    shutil.copy(ledger, path)
    with sqlite3.connect(path) as db:
        assert db.execute(statement).rowcount
    db.close()
    assert noticed(path)


def test_every_careful_change_is_found_by_what_was_witnessed(ledger: Path, tmp_path: Path) -> None:
    store = open_ledger(ledger)
    leaves, head = [data for _, data in store.leaves(0, SIZE)], store.head()
    store.close()
    for seed in range(20):
        what, other = careful(leaves, random.Random(seed))
        path = tmp_path / f"{seed}.db"
        forged(path, other)
        if seed < 5:
            assert not noticed(path), f"{what}: it agrees with itself, so nothing but a witness can tell"
        assert noticed(path, head), what
        path.unlink()
    forged(tmp_path / "same.db", leaves)
    assert not noticed(tmp_path / "same.db", head)


def test_every_flipped_byte_is_found_or_says_nothing(ledger: Path, tmp_path: Path) -> None:
    """A bit in an unused part of the file changes nothing that is said; every other one is found."""
    said = everything(ledger)
    found = 0
    for seed in range(80):
        path = tmp_path / f"{seed}.db"
        shutil.copy(ledger, path)
        what = flip_bytes(path, random.Random(seed))
        if noticed(path):
            found += 1
        else:
            assert everything(path) == said, what
        for file in tmp_path.iterdir():
            file.unlink()
    assert found > 40


def everything(path: Path) -> list[object]:
    db = sqlite3.connect(path)
    tables = ("leaves", "tiles", "head", "checkpoints", "coverage", "periods", "spans")
    said: list[object] = [db.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in tables]
    said.append(
        db.execute(
            "SELECT s.name, relation, t.name, since, until, entry FROM edges"
            " JOIN nodes s ON s.id = source JOIN nodes t ON t.id = target ORDER BY 1, 2, 3"
        ).fetchall()
    )
    db.close()
    return said


def test_faults_are_sentences_and_bounded(ledger: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    shutil.copy(ledger, path)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE leaves SET data = x'00' WHERE position > 300")
    db.close()
    found = checked(path)
    assert len(found.faults) == 100
    assert found.more > 150
    assert found.faults[0].startswith("entry 301: ")


def test_how_far_it_has_come_is_told(ledger: Path) -> None:
    told: list[tuple[int, int]] = []
    store = open_ledger(ledger)
    check(store, (), lambda done, total: told.append((done, total)))
    store.close()
    assert told[-1] == (SIZE, SIZE)


def test_an_empty_ledger_is_sound(tmp_path: Path) -> None:
    open_record(tmp_path).close()
    found = checked(tmp_path / LEDGER_FILE, 0)
    assert (found.head.size, found.faults) == (0, [])
    assert found.roots[0] == found.head.root
