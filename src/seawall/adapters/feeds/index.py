"""An index of advisories on disk answers many questions quickly, and is replaced whole or not at all.

One SQLite file, made beside the old one and renamed over it. A question reads only the records of the names
it asks about. A file that cannot be read is a StoreError with the way to make it again.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from seawall.kernel.advisory import Advisory, Match
from seawall.kernel.asset import package_name
from seawall.kernel.errors import FeedError, StoreError
from seawall.kernel.intake import FeedState, Key
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.lockfile import Problem
from seawall.kernel.matching import match
from seawall.readers.advisories.osv import Outline, read_outline, read_record

LAYOUT = 1
"""Version of the file's layout; a file with another one is made again by `seawall sync`."""

_TABLES = """
CREATE TABLE records (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    feed TEXT NOT NULL,
    modified TEXT NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE aliases (alias TEXT NOT NULL, number INTEGER NOT NULL);
CREATE TABLE affected (
    ecosystem TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    malicious INTEGER NOT NULL
);
CREATE TABLE feeds (
    name TEXT PRIMARY KEY,
    as_of TEXT NOT NULL,
    records INTEGER NOT NULL,
    covers TEXT NOT NULL,
    origin TEXT NOT NULL
);
"""
_INDEXES = """
CREATE UNIQUE INDEX records_id ON records (id);
CREATE INDEX aliases_alias ON aliases (alias);
CREATE INDEX affected_name ON affected (ecosystem, name, number);
CREATE INDEX affected_malicious ON affected (number) WHERE malicious = 1;
"""
_ABOUT = "SELECT r.id, r.feed, r.data FROM affected a JOIN records r ON r.number = a.number"
_AT_ONCE = 400
_BATCH = 5_000
_SHRINK = 0.02


class Row(NamedTuple):
    """One record as it lies in the index: its outline, and its bytes as they came, deflated.

    It is parsed again when somebody asks about it: thousands are kept for one that is asked for.
    """

    outline: Outline
    feed: str
    data: bytes


def row_of(data: bytes, feed: str, path: str, limits: Limits) -> Row | Problem:
    """The record in `data` as a row, or why it is refused."""
    outline = read_outline(data, path, limits)
    if isinstance(outline, Problem):
        return outline
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return Row(outline, feed, packer.compress(data) + packer.flush())


@dataclass(frozen=True, slots=True)
class Built:
    """What a build put into the index."""

    path: Path
    records: int
    states: tuple[FeedState, ...]


class Index:
    """An open index. Close it when done."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def states(self) -> tuple[FeedState, ...]:
        """The feeds in the index: how many records, as of when, from where."""
        rows = self._ask("SELECT name, as_of, records, covers, origin FROM feeds ORDER BY name")
        return tuple(
            FeedState(name, as_of, count, tuple(covers.split("\n")) if covers else (), origin)
            for name, as_of, count, covers, origin in rows
        )

    def matches(self, keys: Sequence[Key]) -> dict[Key, tuple[Match, ...]]:
        """What the advisories say about package versions, as `kernel.matching.match` does."""
        names = {(ecosystem, package_name(ecosystem, name)) for ecosystem, name, _ in keys}
        return match(keys, self.about(names))

    def about(self, names: Iterable[tuple[str, str]]) -> Iterator[Advisory]:
        """Every record about one of these (ecosystem, name), each once."""
        wanted: dict[str, list[str]] = {}
        for ecosystem, name in names:
            wanted.setdefault(ecosystem, []).append(name)
        seen: set[str] = set()
        for ecosystem, mine in wanted.items():
            for start in range(0, len(mine), _AT_ONCE):
                part = mine[start : start + _AT_ONCE]
                question = f"{_ABOUT} WHERE a.ecosystem = ? AND a.name IN ({','.join('?' * len(part))})"
                yield from self._records(question, (ecosystem, *part), seen)

    def advisory(self, name: str) -> Advisory | None:
        """The record of that id, else one that has it as an alias."""
        seen: set[str] = set()
        by_alias = "SELECT r.id, r.feed, r.data FROM aliases a JOIN records r ON r.number = a.number"
        for question in (
            "SELECT id, feed, data FROM records WHERE id = ?",
            f"{by_alias} WHERE a.alias = ? ORDER BY r.id LIMIT 1",
        ):
            for record in self._records(question, (name,), seen):
                return record
        return None

    def malicious(self) -> Iterator[Advisory]:
        """Every record that calls something malicious, for the walk through a history."""
        yield from self._records(f"{_ABOUT} WHERE a.malicious = 1", (), set())

    def rows(self, feeds: Iterable[str]) -> Iterator[Row]:
        """The rows of these feeds, to build the next index from."""
        for feed in feeds:
            for name, data in self._ask("SELECT id, data FROM records WHERE feed = ?", (feed,)):
                outline = read_outline(_inflated(name, data), name, DEFAULT_LIMITS)
                if isinstance(outline, Problem):
                    raise _damaged(name, outline.message)
                yield Row(outline, feed, data)

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def _records(self, question: str, values: Sequence[str], seen: set[str]) -> Iterator[Advisory]:
        for name, feed, data in self._ask(question, values):
            if name in seen:
                continue
            seen.add(name)
            record = read_record(_inflated(name, data), name, DEFAULT_LIMITS, feed)
            if isinstance(record, Problem):
                raise _damaged(name, record.message)
            yield record

    def _ask(self, question: str, values: Sequence[str] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(question, values)
        except sqlite3.DatabaseError as error:
            raise _unusable(self.path, str(error)) from None


def open_index(path: Path) -> Index | None:
    """The index at `path`, None when there is no such file. Raises StoreError when it cannot be used."""
    if not path.exists():
        return None
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        layout = int(connection.execute("PRAGMA user_version").fetchone()[0])
        connection.execute("SELECT count(*) FROM feeds").fetchone()
    except sqlite3.DatabaseError as error:
        raise _unusable(path, str(error)) from None
    if layout != LAYOUT:
        connection.close()
        raise _unusable(path, f"it was made by another version (layout {layout}, not {LAYOUT})")
    return Index(connection, path)


def _unusable(path: Path, why: str) -> StoreError:
    way_out = f"delete it and run `seawall sync` (rm {path})"
    return StoreError(f"the advisory index {path} cannot be used: {why}", way_out)


def _damaged(name: str, why: str) -> StoreError:
    return StoreError(f"record {name} of the advisory index is damaged: {why}", "run `seawall sync`")


def _inflated(name: str, data: bytes) -> bytes:
    try:
        return zlib.decompressobj(-15).decompress(data, DEFAULT_LIMITS.record_bytes)
    except zlib.error as error:
        raise _damaged(name, str(error)) from None


def build(
    rows: Iterable[Row],
    states: Iterable[FeedState],
    path: Path,
    previous: Sequence[FeedState] = (),
    accept_smaller: Iterable[str] = (),
) -> Built:
    """Write the index at `path` anew. The old one stays until the new one is complete.

    `states` is asked when all rows have gone by. Raises FeedError when a feed has lost more than 2 % of the
    records that `previous` counts for it, or is older than it was: rolled back or cut short.
    `accept_smaller` names feeds that may.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new-{os.getpid()}")
    new.unlink(missing_ok=True)
    try:
        connection = sqlite3.connect(new)
        try:
            count = _fill(connection, rows)
            final = tuple(states)
            _refuse_rollback(final, previous, frozenset(accept_smaller))
            connection.executemany(
                "INSERT INTO feeds VALUES (?, ?, ?, ?, ?)",
                [(s.name, s.as_of, s.records, "\n".join(s.covers), s.origin) for s in final],
            )
            connection.execute(f"PRAGMA user_version = {LAYOUT}")
            connection.commit()
        finally:
            connection.close()
        new.replace(path)
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"the index {new} cannot be written: {error}", "check the path and free space"
        ) from None
    finally:
        new.unlink(missing_ok=True)
    return Built(path, count, final)


def _fill(connection: sqlite3.Connection, source: Iterable[Row]) -> int:
    # A half-written file is thrown away, so nothing has to survive a crash while it is made.
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
    connection.executescript(_TABLES)
    batch: list[Row] = []
    seen: set[str] = set()
    for row in source:
        if row.outline.id not in seen:
            seen.add(row.outline.id)
            batch.append(row)
            if len(batch) >= _BATCH:
                _insert(connection, batch, len(seen) - len(batch))
                batch.clear()
    _insert(connection, batch, len(seen) - len(batch))
    connection.executescript(_INDEXES)
    return len(seen)


def _insert(connection: sqlite3.Connection, batch: Sequence[Row], before: int) -> None:
    numbered = list(enumerate(batch, before + 1))
    connection.executemany(
        "INSERT INTO records VALUES (?, ?, ?, ?, ?)",
        [(n, row.outline.id, row.feed, row.outline.modified, row.data) for n, row in numbered],
    )
    connection.executemany(
        "INSERT INTO aliases VALUES (?, ?)",
        [(alias, n) for n, row in numbered for alias in row.outline.aliases],
    )
    connection.executemany(
        "INSERT INTO affected VALUES (?, ?, ?, ?)",
        [
            (ecosystem, package_name(ecosystem, name), n, row.outline.malicious)
            for n, row in numbered
            for ecosystem, name in row.outline.about
        ],
    )


def _refuse_rollback(
    states: Sequence[FeedState], previous: Sequence[FeedState], accepted: frozenset[str]
) -> None:
    now = {state.name: state for state in states}
    for old in previous:
        new = now.get(old.name)
        if new is None or old.name in accepted:
            continue
        way_out = f"look at where it comes from; to take it anyway: seawall sync --accept-smaller {old.name}"
        if new.records < old.records * (1 - _SHRINK):
            raise FeedError(f"{old.name} fell from {old.records} to {new.records} records", way_out)
        if new.as_of < old.as_of:
            raise FeedError(f"{old.name} went back in time, from {old.as_of} to {new.as_of}", way_out)
