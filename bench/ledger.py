"""The ledger: durable events per second, what they cost, and what waiting for the disk adds."""

import asyncio
import os
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.simulators.events import day

from seawall.adapters.stores.ledger import open_ledger
from seawall.kernel.event import Event
from seawall.ledger_check import check
from seawall.record import LEDGER_FILE, Record, open_record

from .measure import Line, seconds

EVENTS = 40_000
GROUP = 2_000
WRITERS = 8
EACH = 250
TIMES = 3


@dataclass(frozen=True)
class Took:
    """Seconds of wall time and of CPU of this process, for all events."""

    wall: float
    cpu: float


def lines(place: Path) -> Iterator[Line]:
    """Ours and the peers take turns; the best of three runs counts."""
    events = list(day(EVENTS))
    ours, plain, first = [], [], place / "ledger 0"
    for number in range(TIMES):
        ours.append(_recorded(place / f"ledger {number}", events))
        plain.append(_inserted(place / "plain.db", _leaves(first)))
    wall, cpu = min(x.wall for x in ours), min(x.cpu for x in ours)
    plain_wall, plain_cpu = min(x.wall for x in plain), min(x.cpu for x in plain)
    rate = EVENTS / wall
    yield Line(
        f"durable events per second, {EVENTS:,} in groups of up to {GROUP:,}, fsync included",
        f"{rate:,.0f}/s",
        f"{EVENTS / plain_wall:,.0f}/s (SQLite alone: the same bytes, the same groups, one table)",
        f"{wall / plain_wall:.2f}",
        "≥ 20,000/s",
        rate >= 20_000,
    )
    yield Line(
        "CPU per durable event: pseudonyms, leaf, tree, edges, coverage, SQLite",
        f"{cpu / EVENTS * 1e6:.1f} µs",
        f"{plain_cpu / EVENTS * 1e6:.1f} µs (SQLite alone)",
        f"{cpu / plain_cpu:.2f}",
        "≤ 35 µs",
        cpu / EVENTS <= 35e-6,
    )
    yield from _taking(place / "taking", events)
    yield from _waiting(place)
    yield _checking(first)


def _taking(place: Path, events: Sequence[Event]) -> Iterator[Line]:
    record = open_record(place, within=1_000, backlog=10 * EVENTS)
    found = []
    for _ in range(TIMES):
        some = events[:1_000]
        start = time.thread_time()
        for event in some:
            record.note(event)
        found.append((time.thread_time() - start) / len(some))
        record.keep(events[0]).result()
    record.close()
    yield Line(
        "CPU of whoever hands an event over, without waiting", f"{min(found) * 1e6:.2f} µs",
        bar="≤ 3 µs", met=min(found) <= 3e-6,
    )  # fmt: skip


def _waiting(place: Path) -> Iterator[Line]:
    """Writers wait for each of their events, as a gate does that hands nothing out before."""
    ours: list[float] = []
    disk: list[float] = []
    for number in range(TIMES):
        record = open_record(place / f"waiting {number}")
        ours += asyncio.run(_waited(record))
        record.close()
        disk += _fsyncs(place / "fsync", 800 * WRITERS)
    for what, of, bar in (("median", 0.5, 0.005), ("99 of 100", 0.99, 0.0)):
        yield Line(
            f"added to an answer while {WRITERS} wait for the ledger at once, {what}",
            f"{_quantile(ours, of) * 1e3:.2f} ms",
            f"{_quantile(disk, of) * 1e3:.2f} ms (write and fsync alone of as many bytes)",
            f"{_quantile(ours, of) / _quantile(disk, of):.1f}",
            "≤ 5 ms" if bar else "",
            not bar or _quantile(ours, of) <= bar,
        )


async def _waited(record: Record) -> list[float]:
    took: list[float] = []

    async def writer(seed: int) -> None:
        for event in day(EACH, seed):
            start = time.perf_counter()
            await asyncio.wrap_future(record.keep(event))
            took.append(time.perf_counter() - start)

    await asyncio.gather(*(writer(seed) for seed in range(WRITERS)))
    return took


def _fsyncs(path: Path, size: int) -> list[float]:
    took = []
    with path.open("wb") as file:
        for _ in range(EACH):
            start = time.perf_counter()
            file.write(b"x" * size)
            file.flush()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - start)
    return took


def _checking(place: Path) -> Line:
    def work() -> None:
        store = open_ledger(place / LEDGER_FILE)
        if check(store).faults:
            raise SystemExit("the ledger that was measured is not sound")
        store.close()

    took = seconds(work, 1)
    return Line(
        f"entries checked per second of CPU, of {EVENTS:,}: read, hashed, compared", f"{EVENTS / took:,.0f}/s"
    )


def _recorded(place: Path, events: Sequence[Event]) -> Took:
    record = open_record(place, within=1_000, backlog=10 * EVENTS)

    def work() -> None:
        for event in events[:-1]:
            record.note(event)
        record.keep(events[-1]).result()

    took = _took(work)
    record.close()
    return took


def _inserted(path: Path, leaves: Sequence[bytes]) -> Took:
    """The same bytes into one table, in one transaction for each group, as durable."""
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    plain = sqlite3.connect(path)
    plain.execute("PRAGMA journal_mode = WAL")
    plain.execute("PRAGMA synchronous = FULL")
    plain.execute("CREATE TABLE leaves (position INTEGER PRIMARY KEY, data BLOB NOT NULL)")

    def work() -> None:
        for start in range(0, len(leaves), GROUP):
            with plain:
                rows = enumerate(leaves[start : start + GROUP], start)
                plain.executemany("INSERT INTO leaves VALUES (?, ?)", rows)

    took = _took(work)
    plain.close()
    return took


def _leaves(place: Path) -> list[bytes]:
    store = open_ledger(place / LEDGER_FILE)
    found = [data for _, data in store.leaves(0, EVENTS)]
    store.close()
    return found


def _took(work: Callable[[], object]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def _quantile(values: Sequence[float], of: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(of * 100) - 1]
