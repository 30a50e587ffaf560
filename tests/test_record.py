"""What was said to be durable is; when that cannot be, everybody is told."""

import multiprocessing
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulators.events import IDENTITIES, START, day, event

from seawall.adapters.stores.ledger import MIGRATIONS, LedgerStore, open_ledger
from seawall.adapters.stores.names import NameStore, open_names
from seawall.kernel.errors import StoreError, TamperedError, UsageError
from seawall.kernel.event import Action, Delivery, Event
from seawall.kernel.graph import Relation
from seawall.kernel.identity import Identity
from seawall.kernel.ledger import Gap, Group
from seawall.kernel.merkle import Head, consistency_proof, consistent, included, inclusion_proof, leaf_hash
from seawall.ledger_check import check
from seawall.record import LEDGER_FILE, NAMES_FILE, Record, entries, open_record
from seawall.writing import Writer


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    made = open_record(tmp_path)
    yield made
    made.close()


def ledger(place: Path) -> LedgerStore:
    return open_ledger(place / LEDGER_FILE)


def faults(place: Path) -> list[str]:
    store = ledger(place)
    try:
        return check(store).faults
    finally:
        store.close()


def test_events_are_numbered_in_the_order_in_which_they_came(record: Record, tmp_path: Path) -> None:
    kept = [record.keep(item) for item in day(20)]
    assert [one.result(10) for one in kept] == list(range(20))
    store = ledger(tmp_path)
    assert [entry.found["time"] for entry in entries(store)] == [START + n for n in range(20)]
    assert store.head().size == 20
    store.close()


def test_what_is_durable_is_seen_by_others_at_once(record: Record, tmp_path: Path) -> None:
    store_of_others = None
    for item in day(5):
        number = record.keep(item).result(10)
        store_of_others = store_of_others or ledger(tmp_path)
        assert store_of_others.head().size > number
    assert store_of_others is not None
    store_of_others.close()


def test_noted_events_become_durable_by_themselves(record: Record, tmp_path: Path) -> None:
    for item in day(7):
        record.note(item)
    store = ledger(tmp_path)
    until = time.monotonic() + 10
    while store.head().size < 7:
        assert time.monotonic() < until
        time.sleep(0.005)
    store.close()
    assert record.backlog == 0


def test_closing_writes_what_waits(tmp_path: Path) -> None:
    record = open_record(tmp_path)
    for item in day(5_000):
        record.note(item)
    record.close()
    assert faults(tmp_path) == []
    store = ledger(tmp_path)
    assert store.head().size == 5_000
    store.close()
    with pytest.raises(StoreError, match="closed"):
        record.note(event(0, 0, IDENTITIES[0]))
    with pytest.raises(StoreError, match="closed"):
        record.keep(event(0, 0, IDENTITIES[0]))


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    heads = []
    everything = list(day(1_400))
    for start, end in ((0, 1), (1, 2), (2, 257), (257, 513), (513, 1_400)):
        record = open_record(tmp_path)
        for item in everything[start:end]:
            record.note(item)
        record.close()
        store = ledger(tmp_path)
        heads.append(store.head())
        store.close()
    assert faults(tmp_path) == []
    store = ledger(tmp_path)
    for old in heads:
        proof = consistency_proof(old.size, heads[-1].size, store.hash_of)
        assert consistent(old, heads[-1], proof)
    for index in (0, 255, 256, 511, 512, 1_399):
        proof = inclusion_proof(index, 1_400, store.hash_of)
        assert included(leaf_hash(store.leaf(index)), index, heads[-1], proof)
    with pytest.raises(UsageError, match="no entry 1400"):
        store.leaf(1_400)
    store.close()


def test_many_threads_write_at_once(record: Record, tmp_path: Path) -> None:
    numbers: list[int] = []

    def write(seed: int) -> None:
        numbers.extend(record.keep(item).result(30) for item in day(40, seed))

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(320))
    assert faults(tmp_path) == []


def test_who_gave_up_waiting_stops_nobody(record: Record) -> None:
    kept = [record.keep(item) for item in day(50)]
    given_up = [one.cancel() for one in kept[::2]]
    assert record.keep(event(1, 1, IDENTITIES[0])).result(10) == 50, "what was taken is written all the same"
    assert not all(given_up) or all(one.result(10) >= 0 for one in kept[1::2])
    assert record.failed is None


# --- One process writes


def test_a_second_writer_is_refused(record: Record, tmp_path: Path) -> None:
    record.keep(event(0, 0, IDENTITIES[0])).result(10)
    with pytest.raises(StoreError, match="written by another process") as caught:
        open_record(tmp_path)
    assert "SEAWALL_DATA" in caught.value.advice
    code = "import sys; from pathlib import Path; from seawall.record import open_record; open_record(Path(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)
    assert "written by another process" in done.stderr
    assert record.keep(event(1, 1, IDENTITIES[0])).result(10) == 1


def test_the_next_one_may_write_when_the_first_is_gone(tmp_path: Path) -> None:
    open_record(tmp_path).close()
    open_record(tmp_path).close()


def test_who_did_not_claim_does_not_append(tmp_path: Path) -> None:
    store = open_ledger(tmp_path / LEDGER_FILE, write=True)
    with pytest.raises(StoreError, match="not claimed"):
        store.append(Group(store.head(), store.head(), ()))
    store.close()


def test_an_append_for_another_state_is_refused(record: Record, tmp_path: Path) -> None:
    """Somebody went round the lock (another machine, a copied file): nothing is overwritten."""
    record.keep(event(0, 0, IDENTITIES[0])).result(10)
    with sqlite3.connect(tmp_path / LEDGER_FILE) as other:
        other.execute("UPDATE head SET size = 5")
    other.close()
    with pytest.raises(StoreError, match="somebody else"):
        record.keep(event(1, 1, IDENTITIES[0])).result(10)
    assert record.failed


# --- When the store fails


class Failing:
    """A ledger whose disk is full from some moment on."""

    def __init__(self, store: LedgerStore) -> None:
        self._store = store
        self.full = False
        self.slow = threading.Event()
        self.slow.set()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def append(self, group: Group) -> None:
        self.slow.wait(30)
        if self.full:
            raise StoreError("database or disk is full", "free it")
        self._store.append(group)


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[tuple[Record, Failing]]:
    store = Failing(open_ledger(tmp_path / LEDGER_FILE, write=True))
    names = open_names(tmp_path / NAMES_FILE, write=True)
    record = Record(Writer(store, names), within=0.2, backlog=50)  # type: ignore[arg-type]
    yield record, store
    store.slow.set()
    record.close()


def test_nothing_is_acknowledged_after_the_store_failed(
    failing: tuple[Record, Failing], tmp_path: Path
) -> None:
    record, store = failing
    assert record.keep(event(0, 0, IDENTITIES[0])).result(10) == 0
    store.full = True
    with pytest.raises(StoreError, match="full"):
        record.keep(event(1, 1, IDENTITIES[0])).result(10)
    store.full = False
    for take in (record.note, record.keep):
        with pytest.raises(StoreError, match="full"):
            take(event(2, 2, IDENTITIES[0]))
    assert record.failed is not None
    reader = ledger(tmp_path)
    assert reader.head().size == 1
    reader.close()


def test_who_waits_when_the_store_fails_is_told(failing: tuple[Record, Failing]) -> None:
    record, store = failing
    store.slow.clear()
    kept = [record.keep(item) for item in day(20)]
    store.full = True
    store.slow.set()
    for one in kept:
        with pytest.raises(StoreError, match="full"):
            one.result(10)
    assert record.backlog == 0


def test_a_disk_that_stands_still_is_told_within_the_bound(failing: tuple[Record, Failing]) -> None:
    record, store = failing
    store.slow.clear()
    record.note(event(0, 0, IDENTITIES[0]))
    begun = time.monotonic()
    with pytest.raises(StoreError, match="behind"):
        note_until_refused(record, begun + 10)
    assert 0.1 < time.monotonic() - begun < 5
    store.slow.set()
    while record.backlog:
        time.sleep(0.005)
    assert record.failed is None, "a slow disk is not a broken one"
    assert record.keep(event(2, 2, IDENTITIES[0])).result(10) > 0


def test_no_more_wait_than_the_bound(failing: tuple[Record, Failing]) -> None:
    record, store = failing
    store.slow.clear()
    with pytest.raises(StoreError, match="behind"):
        note_until_refused(record, time.monotonic() + 10, pause=0)
    assert record.backlog <= 50


def note_until_refused(record: Record, until: float, pause: float = 0.01) -> None:
    while time.monotonic() < until:
        record.note(event(1, 1, IDENTITIES[0]))
        time.sleep(pause)


def test_a_full_disk(tmp_path: Path) -> None:
    record = open_record(tmp_path)
    store: LedgerStore = record._writer.store
    assert record.keep(event(0, 0, IDENTITIES[0])).result(10) == 0
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    acknowledged = [0]
    with pytest.raises(StoreError, match="full"):
        acknowledged.extend(record.keep(item).result(10) for item in day(1_000))
    record.close()
    reader = ledger(tmp_path)
    assert reader.head().size == len(acknowledged)
    reader.close()
    assert faults(tmp_path) == []
    open_record(tmp_path).close()


def test_a_file_that_may_not_be_written(tmp_path: Path) -> None:
    record = open_record(tmp_path)
    record._writer.store._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="readonly"):
        record.keep(event(0, 0, IDENTITIES[0])).result(10)
    record.close()


@pytest.mark.parametrize("name", [LEDGER_FILE, NAMES_FILE])
def test_a_file_that_is_no_database(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not a database at all" * 200)
    with pytest.raises(StoreError, match="corrupt") as caught:
        open_record(tmp_path)
    assert "backup" in caught.value.advice


def test_a_ledger_of_a_newer_version(tmp_path: Path) -> None:
    open_record(tmp_path).close()
    with sqlite3.connect(tmp_path / LEDGER_FILE) as newer:
        newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    for write in (True, False):
        with pytest.raises(StoreError, match="newer Seawall"):
            open_ledger(tmp_path / LEDGER_FILE, write=write)


def test_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no ledger"):
        ledger(tmp_path)


def test_tiles_that_are_not_those_of_the_head_stop_the_start(tmp_path: Path) -> None:
    record = open_record(tmp_path)
    for item in day(300):
        record.note(item)
    record.close()
    for change in (
        "DELETE FROM leaves WHERE position = 299",
        "UPDATE tiles SET hashes = zeroblob(32) WHERE level = 1",
    ):
        copy = tmp_path / f"copy {change[:6]}"
        copy.mkdir()
        for name in (LEDGER_FILE, NAMES_FILE):
            shutil.copy(tmp_path / name, copy / name)
        with sqlite3.connect(copy / LEDGER_FILE) as other:
            other.execute(change)
        other.close()
        with pytest.raises(TamperedError):
            open_record(copy)


# --- What is in it


def test_edges_coverage_periods_and_spans_are_kept(tmp_path: Path) -> None:
    names = {}
    for start in (0, 700):
        record = open_record(tmp_path)
        record.note(Event(START + start, Action.SERVE, Identity("seawall"), subject="started"))
        for item in list(day(1_400))[start : start + 700]:
            record.note(item)
        end = START + start + 700
        record.note(Event(end - 10, Action.SERVE, Identity("seawall"), subject="stopped"))
        record.close()
    assert faults(tmp_path) == []
    store = ledger(tmp_path)
    assert store.gaps() == [Gap(START + 690, START + 700, True)]
    names = {item.pseudonym: item for item in all_names(tmp_path)}
    asset = next(str(e.found["asset"]) for e in entries(store) if e.found.get("delivery") == "served")
    took = list(store.edges(relation=Relation.TOOK, target=asset))
    takers = {names[edge.source.partition(":")[2]].name for edge in took if edge.source.startswith("who:")}
    expected = {e.identity.id for e in day(1_400) if e.asset == asset and e.delivery is Delivery.SERVED}
    assert takers == expected
    for edge in took:
        found = next(iter(e for e in entries(store) if e.index == edge.evidence)).found
        assert found["asset"] == asset
        assert edge.since <= edge.until
    lines = store.coverage()
    assert sum(line.count for line in lines) == 1_400
    assert {names[line.place].name for line in lines} == {who.place for who in IDENTITIES}
    assert lines[0].edge.relation is Relation.REPORTS
    assert lines[0].edge.target == f"who:{lines[0].who}"
    store.close()


def all_names(place: Path) -> list[object]:
    names: NameStore = open_names(place / NAMES_FILE)
    found = names.all()
    names.close()
    return found  # type: ignore[return-value]


def test_answers_hold_what_is_not_in_the_tables_yet(record: Record, tmp_path: Path) -> None:
    """Edges and coverage are written once for many entries; whoever asks sees those of every entry."""
    started = Event(START, Action.SERVE, Identity("seawall"), subject="started")
    record.keep(started).result(10)
    store = ledger(tmp_path)
    for number, item in enumerate(day(60), 1):
        record.keep(item).result(10)
        assert sum(line.count for line in store.coverage()) == number
        if item.delivery is Delivery.SERVED:
            (took, *_) = store.edges(relation=Relation.TOOK, target=item.asset)
            assert took.until >= took.since
            needed = {edge.target for edge in store.edges(item.asset, Relation.DEPENDS_ON)}
            assert needed == set(item.needs)
    assert [item.entry for item in store.periods()] == [0]
    assert check(store).faults == []
    late = (list(store.edges()), store.coverage(), store.periods())
    rows = sqlite3.connect(tmp_path / LEDGER_FILE)
    record.close()
    assert rows.execute("SELECT size FROM known").fetchone() == (61,)
    rows.close()
    assert (list(store.edges()), store.coverage(), store.periods()) == late
    store.close()


def test_entries_of_a_time_are_found_when_clocks_went_back(tmp_path: Path) -> None:
    record = open_record(tmp_path)
    times = [*range(1_000, 1_900), *range(200, 900), *range(1_500, 2_000)]
    for at in times:
        record.note(replace(event(0, 0, IDENTITIES[0]), time=at))
    record.close()
    store = ledger(tmp_path)
    for since, until in ((0, 5_000), (300, 350), (1_600, 1_700), (899, 1_000), (2_500, 9_000)):
        found = [entry.index for entry in entries(store, since, until)]
        assert found == [index for index, at in enumerate(times) if since <= at <= until]
    store.close()
    with sqlite3.connect(tmp_path / LEDGER_FILE) as other:
        other.execute("UPDATE leaves SET data = x'00' WHERE position = 3")
    other.close()
    store = ledger(tmp_path)
    with pytest.raises(TamperedError, match="entry 3"):
        list(entries(store))
    store.close()


CANARIES = {
    "id": "person:canary-id",
    "place": "canary-place.internal.example",
    "run": "canary-run-1",
    "commit": "canary-commit",
    "teams": ("canary-team",),
    "asset": "pkg:npm/x@1?repository_url=canary-host.example/home/canary",
    "file": "/home/canary/x.tgz",
    "client": "npm (canary client)",
    "origin": "canary origin",
    "subject": "canary subject",
    "outcome": "canary outcome",
    "policies": ("canary policy",),
    "against": ("canary against",),
    "advisories": "canary advisories",
    "digest": "canary",
    "policy": "canary",
    "facts": "canary",
    "needs": ("canary needs",),
    "kind": "canary",
}


def test_no_name_is_in_the_ledger(tmp_path: Path) -> None:
    of_identity = {field.name for field in fields(Identity)} - {"proof", "fork"}
    who = replace(Identity(""), **{name: CANARIES[name] for name in of_identity})
    of_event = {f.name for f in fields(Event)} - {"time", "action", "identity", "size", "delivery", "mode"}
    assert of_identity | of_event == set(CANARIES), "every field that may hold a name has its canary"
    record = open_record(tmp_path)
    fill = {name: CANARIES[name] for name in of_event}
    for action in Action:
        for delivery in Delivery:
            record.note(Event(START, action, who, delivery=delivery, **fill))  # type: ignore[arg-type]
            record.note(Event(START, action, who, asset="pkg:npm/x@1", delivery=delivery))
    record.keep(event(0, 0, who)).result(10)
    whole = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert not [name for name, data in whole.items() if b"canary" in data and not name.startswith("names")]
    assert any(b"canary-place" in data for name, data in whole.items() if name.startswith("names"))
    record.close()
    names = open_names(tmp_path / NAMES_FILE, write=True)
    names.erase("person:canary-id")
    names.close()
    assert not [file for file in tmp_path.iterdir() if b"canary" in file.read_bytes()]
    assert faults(tmp_path) == [], "the ledger is as sound as it was"


def test_an_erased_principal_comes_back_as_somebody_else(record: Record, tmp_path: Path) -> None:
    who = Identity("person:somebody", place="host")
    first = record.keep(event(0, 0, who)).result(10)
    process = multiprocessing.get_context("spawn").Process(target=erase, args=(tmp_path, who.id))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    second = record.keep(event(0, 0, who)).result(10)
    store = ledger(tmp_path)
    found = {entry.index: entry.found for entry in entries(store)}
    assert found[first]["who"] != found[second]["who"]
    assert found[first]["place"] != found[second]["place"]
    store.close()


def erase(place: Path, who: str) -> None:
    names = open_names(place / NAMES_FILE, write=True)
    names.erase(who)
    names.close()


def test_equal_events_have_different_leaves(record: Record, tmp_path: Path) -> None:
    kept: list[Future[int]] = [record.keep(event(0, 0, IDENTITIES[0])) for _ in range(20)]
    assert len({one.result(10) for one in kept}) == 20
    store = ledger(tmp_path)
    assert len({data for _, data in store.leaves(0, 20)}) == 20
    store.close()


@settings(max_examples=15)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6), st.integers(0, 5))
def test_the_ledger_is_the_same_however_events_are_grouped(sizes: list[int], seed: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        record = open_record(Path(place))
        events = day(sum(sizes), seed)
        for size in sizes:
            for _ in range(size - 1):
                record.note(next(events))
            record.keep(next(events)).result(10)
        record.close()
        assert faults(Path(place)) == []


def test_checkpoints_are_kept_and_replaced(record: Record, tmp_path: Path) -> None:
    record.keep(event(0, 0, IDENTITIES[0])).result(10)
    store = open_ledger(tmp_path / LEDGER_FILE, write=True)
    store.keep_checkpoint(1, b"one")
    store.keep_checkpoint(1, b"one, with more signatures")
    assert store.checkpoints() == [(1, b"one, with more signatures")]
    store.close()
    assert record.keep(event(1, 1, IDENTITIES[0])).result(10) == 1


def test_a_backup_is_a_sound_ledger(record: Record, tmp_path: Path) -> None:
    record.keep(event(0, 0, IDENTITIES[0])).result(10)
    store = ledger(tmp_path)
    (tmp_path / "b").mkdir()
    store.backup(tmp_path / "b" / LEDGER_FILE)
    with pytest.raises(UsageError, match="exists already"):
        store.backup(tmp_path / "b" / LEDGER_FILE)
    store.close()
    assert faults(tmp_path / "b") == []


def test_reading_goes_on_while_it_is_written(record: Record, tmp_path: Path) -> None:
    record.keep(event(0, 0, IDENTITIES[0])).result(10)
    store = ledger(tmp_path)
    with store.snapshot():
        before = store.head()
        for item in day(300):
            record.keep(item)
        record.keep(event(0, 0, IDENTITIES[0])).result(10)
        assert store.head() == before
    assert store.head() == Head(302, store.head().root)
    assert check(store, {1, 302}).roots == {1: before.root, 302: store.head().root}
    store.close()
