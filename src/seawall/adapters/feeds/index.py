"""An index of advisories on disk answers many questions quickly, and is replaced whole or not at all.

One SQLite file, made beside the old one and renamed over it. A question reads only the records of the names
it asks about. Of records with one id in several feeds the newest counts. A file that cannot be read is a
StoreError with the way to make it again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from seawall.kernel.advisory import Advisory, Affected, Match
from seawall.kernel.asset import package_name
from seawall.kernel.errors import FeedError, StoreError
from seawall.kernel.intake import FeedState, Key
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.lockfile import Problem
from seawall.kernel.matching import Comparison, compare, is_affected
from seawall.kernel.unburdened import unburdened
from seawall.readers.advisories.osv import Outline, affected_from, read_outline, read_record
from seawall.readers.syntax.text import decode
from seawall.readers.syntax.yaml import load as load_yaml

LAYOUT = 4
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
    malicious INTEGER NOT NULL,
    said TEXT NOT NULL
);
CREATE TABLE feeds (
    name TEXT PRIMARY KEY,
    as_of TEXT NOT NULL,
    newest TEXT NOT NULL,
    records INTEGER NOT NULL,
    covers TEXT NOT NULL,
    origin TEXT NOT NULL,
    digest TEXT NOT NULL
);
CREATE TEMP TABLE superseded (number INTEGER PRIMARY KEY);
"""
_INDEXES = """
CREATE INDEX records_id ON records (id, modified);
INSERT OR IGNORE INTO superseded
    SELECT older.number FROM records older JOIN records newer ON newer.id = older.id
    WHERE newer.modified > older.modified
        OR (newer.modified = older.modified AND newer.number < older.number);
DELETE FROM affected WHERE number IN (SELECT number FROM superseded);
DELETE FROM aliases WHERE number IN (SELECT number FROM superseded);
CREATE INDEX records_feed ON records (feed, id);
CREATE INDEX aliases_alias ON aliases (alias);
CREATE INDEX affected_name ON affected (ecosystem, name);
CREATE INDEX affected_malicious ON affected (number) WHERE malicious = 1;
"""
_RECORDS = "SELECT id, feed, data FROM records"
_SAID = "SELECT name, number, said FROM affected"
_MALICIOUS = """
SELECT a.number, r.id, r.modified, r.feed, a.ecosystem, a.name, a.said
FROM affected a JOIN records r ON r.number = a.number WHERE a.malicious = 1 ORDER BY a.number, a.rowid
"""
_MALICIOUS_ALIASES = """
SELECT number, alias FROM aliases WHERE number IN (SELECT number FROM affected WHERE malicious = 1)
ORDER BY number, rowid
"""
_AT_ONCE = 400
_BATCH = 1_000
_SHRINK = 0.02


class Row(NamedTuple):
    """One record as it lies in the index: its outline, its bytes as they came, deflated, and their SHA-256.

    It is parsed again when somebody asks about it: thousands are kept for one that is asked for.
    """

    outline: Outline
    feed: str
    data: bytes
    digest: bytes


def row_of(data: bytes, feed: str, path: str, limits: Limits, packed: bytes = b"") -> Row | Problem:
    """The record in `data` as a row, or why it is refused. `packed` is `data` deflated, if at hand."""
    outline = read_outline(data, path, limits)
    if isinstance(outline, Problem):
        return outline
    if path.endswith((".yaml", ".yml")):
        data, packed = json.dumps(load_yaml(decode(data, limits), limits)).encode(), b""
    if not packed:
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        packed = packer.compress(data) + packer.flush()
    return Row(outline, feed, packed, sha256(data).digest())


@dataclass(frozen=True, slots=True)
class Filled:
    """A feed's state, and when its newest record was last changed (RFC 3339 in UTC, to the second)."""

    state: FeedState
    newest: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build put into the index."""

    path: Path
    records: int
    states: tuple[FeedState, ...]


class Index:
    """An open index. Close it when done.

    What each record says about the versions of one package lies beside the package's name, so that records
    are read whole only where they hit.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def states(self) -> tuple[FeedState, ...]:
        """The feeds in the index: how many records, as of when, from where."""
        rows = self._ask("SELECT name, as_of, records, covers, origin FROM feeds ORDER BY name")
        return tuple(self._state(row) for row in rows)

    def _state(self, row: Sequence[object]) -> FeedState:
        name, as_of, count, covers, origin = row
        if not isinstance(count, int):
            raise self._damaged(str(name), "how many records it has is no number")
        return FeedState(
            str(name), str(as_of), count, tuple(filter(None, str(covers).split("\n"))), str(origin)
        )

    def newest(self) -> dict[str, str]:
        """For each feed, when its newest record was last changed."""
        return {str(name): str(newest) for name, newest in self._ask("SELECT name, newest FROM feeds")}

    def digests(self) -> dict[str, str]:
        """For each feed, `sha256:<hex>` over the digests of all of its records, sorted."""
        return {str(name): str(digest) for name, digest in self._ask("SELECT name, digest FROM feeds")}

    def compare(self, keys: Sequence[Key]) -> Comparison:
        """What the advisories say about package versions, and where that cannot be known."""
        versions: dict[tuple[str, str], set[str]] = {}
        for ecosystem, name, version in keys:
            versions.setdefault((ecosystem, package_name(ecosystem, name)), set()).add(version)
        wanted: set[int] = set()
        for ecosystem, name, number, said in self._said(versions):
            affected = self._affected(ecosystem, name, said)
            asked = versions.get((ecosystem, name))
            if asked is None:
                raise self._damaged(f"about {name}", "nobody asked for it")
            # True or None: it hits, or nobody can tell.
            if any(is_affected(affected, version) is not False for version in asked):
                wanted.add(number)
        return compare(keys, self._numbered(wanted))

    def matches(self, keys: Sequence[Key]) -> dict[Key, tuple[Match, ...]]:
        """What the advisories say about package versions, as `kernel.matching.match` does."""
        return self.compare(keys).matches

    def about(self, names: Iterable[tuple[str, str]]) -> Iterator[Advisory]:
        """Every record about one of these (ecosystem, name) that is not withdrawn, each once."""
        yield from self._numbered({number for _, _, number, _ in self._said(names)})

    def _said(self, names: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, int, str]]:
        wanted: dict[str, list[str]] = {}
        for ecosystem, name in names:
            wanted.setdefault(ecosystem, []).append(name)
        for ecosystem, mine in wanted.items():
            for part in _parts(mine):
                question = f"{_SAID} WHERE ecosystem = ? AND name IN ({','.join('?' * len(part))})"
                for name, number, said in self._ask(question, (ecosystem, *part)):
                    yield ecosystem, str(name), number, str(said)

    def _numbered(self, numbers: Iterable[int]) -> Iterator[Advisory]:
        seen: set[str] = set()
        for part in _parts(sorted(numbers)):
            marks = ",".join("?" * len(part))
            yield from self._records(f"{_RECORDS} WHERE number IN ({marks})", part, seen)

    def _affected(self, ecosystem: str, name: str, said: str) -> Affected:
        try:
            return affected_from(ecosystem, name, said)
        except (ValueError, TypeError):
            raise self._damaged(f"about {name}", "it cannot be read") from None

    def advisory(self, name: str) -> Advisory | None:
        """The record of that id, else one that has it as an alias."""
        seen: set[str] = set()
        by_alias = "SELECT r.id, r.feed, r.data FROM aliases a JOIN records r ON r.number = a.number"
        for question in (
            f"{_RECORDS} WHERE id = ? ORDER BY modified DESC LIMIT 1",
            f"{by_alias} WHERE a.alias = ? ORDER BY r.id LIMIT 1",
        ):
            for record in self._records(question, (name,), seen):
                return record
        return None

    def malicious(self) -> Iterator[Advisory]:
        """Every record that calls something malicious, for the walk through a history.

        With what it says about versions, its aliases and no texts: feeds hold hundreds of thousands, and to
        read each whole takes longer than the walk.
        """
        aliases: dict[int, tuple[str, ...]] = {}
        for number, alias in self._ask(_MALICIOUS_ALIASES):
            aliases[number] = (*aliases.get(number, ()), str(alias))
        for number, rows in groupby(self._ask(_MALICIOUS), key=itemgetter(0)):
            parts = list(rows)
            _, name, modified, feed, *_ = parts[0]
            about = tuple(self._affected(str(row[4]), str(row[5]), str(row[6])) for row in parts)
            yield Advisory(
                str(name),
                about,
                aliases.get(number, ()),
                malicious=True,
                modified=str(modified),
                feed=str(feed),
            )

    def modified(self, feed: str) -> dict[str, str]:
        """When each record of a feed was last changed, by id."""
        rows = self._ask("SELECT id, modified FROM records WHERE feed = ?", (feed,))
        return {str(name): str(when) for name, when in rows}

    def rows(self, feed: str) -> Iterator[Row]:
        """The rows of a feed, to build the next index from."""
        for name, data in self._ask("SELECT id, data FROM records WHERE feed = ?", (feed,)):
            whole = self._inflated(name, data)
            outline = read_outline(whole, name, DEFAULT_LIMITS)
            if isinstance(outline, Problem):
                raise self._damaged(name, outline.message)
            yield Row(outline, feed, data, sha256(whole).digest())

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def _records(self, question: str, values: Sequence[str | int], seen: set[str]) -> Iterator[Advisory]:
        for name, feed, data in self._ask(question, values):
            if name in seen:
                continue
            seen.add(name)
            record = read_record(self._inflated(name, data), name, DEFAULT_LIMITS, feed)
            if isinstance(record, Problem):
                raise self._damaged(name, record.message)
            yield record

    def _inflated(self, name: str, data: object) -> bytes:
        try:
            if isinstance(data, bytes):
                return zlib.decompressobj(-15).decompress(data, DEFAULT_LIMITS.record_bytes)
        except zlib.error as error:
            raise self._damaged(name, str(error)) from None
        raise self._damaged(name, "it is no data")

    def _damaged(self, name: str, why: str) -> StoreError:
        return _unusable(self.path, f"its record {name} is damaged: {why}")

    def _ask(self, question: str, values: Sequence[str | int] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(question, values)
        except (sqlite3.Error, ValueError) as error:
            raise _unusable(self.path, str(error)) from None


T = TypeVar("T")


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at once as one question may name."""
    yield from (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def open_index(path: Path, *, any_thread: bool = False) -> Index | None:
    """The index at `path`, None when there is no such file. Raises StoreError when it cannot be used.

    `any_thread`: the caller takes care that one thread at a time uses it.
    """
    if not path.exists():
        return None
    connection = None
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=not any_thread
        )
        layout, pages, size = (
            int(connection.execute(f"PRAGMA {word}").fetchone()[0])
            for word in ("user_version", "page_count", "page_size")
        )
        why = ""
        if layout != LAYOUT:
            why = f"it was made by another version (layout {layout}, not {LAYOUT})"
        elif path.stat().st_size != pages * size:
            why = "it is cut short"
        else:
            connection.execute("SELECT count(*) FROM feeds").fetchone()
    except (sqlite3.Error, OSError, ValueError) as error:
        why = str(error)
    if why or connection is None:
        if connection:
            connection.close()
        raise _unusable(path, why)
    return Index(connection, path)


def _unusable(path: Path, why: str) -> StoreError:
    return StoreError(
        f"the advisory index {path} cannot be used: {why}",
        f"delete it and make it again: rm {path}; seawall sync",
    )


def build(
    rows: Iterable[Row],
    feeds: Iterable[Filled],
    path: Path,
    previous: Mapping[str, Filled] | None = None,
    accept_smaller: Iterable[str] = (),
) -> Built:
    """Write the index at `path` anew. The old one stays until the new one is complete.

    `feeds` is asked when all rows have gone by. Raises FeedError when one has lost more than 2 % of the
    records that `previous` counts for it, or its newest record is older than it was: rolled back or cut
    short. `accept_smaller` names feeds that may. Raises StoreError when it cannot be written, or another
    process is writing it.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(path), unburdened():
            new.unlink(missing_ok=True)
            try:
                count, final = _written(new, rows, feeds, previous or {}, frozenset(accept_smaller))
                new.replace(path)
            finally:
                new.unlink(missing_ok=True)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"the index {path} cannot be written: {error}", "check the path and free space"
        ) from None
    return Built(path, count, tuple(filled.state for filled in final))


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Only one process at a time makes this index."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"another process is making the index {path}", "wait until it is done") from None
        yield


def _written(
    new: Path,
    rows: Iterable[Row],
    feeds: Iterable[Filled],
    previous: Mapping[str, Filled],
    accepted: frozenset[str],
) -> tuple[int, tuple[Filled, ...]]:
    connection = sqlite3.connect(new)
    try:
        count, digests = _fill(connection, rows)
        final = tuple(feeds)
        _refuse_rollback(final, previous, accepted)
        connection.executemany(
            "INSERT INTO feeds VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(s.name, s.as_of, filled.newest, s.records, "\n".join(s.covers), s.origin),
                    _over(digests.get(s.name, ())),
                )
                for filled in final
                for s in (filled.state,)
            ],
        )
        connection.execute(f"PRAGMA user_version = {LAYOUT}")
        connection.commit()
    finally:
        connection.close()
    with new.open("rb") as file:
        os.fsync(file.fileno())
    return count, final


def _fill(connection: sqlite3.Connection, source: Iterable[Row]) -> tuple[int, Mapping[str, list[bytes]]]:
    """How many records with different ids there are, and the digests of each feed's records."""
    # A half-written file is thrown away, so nothing has to survive a crash while it is made.
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
    connection.executescript(_TABLES)
    batch: list[tuple[int, Row]] = []
    digests: defaultdict[str, list[bytes]] = defaultdict(list)
    for numbered in enumerate(source, 1):
        batch.append(numbered)
        if len(batch) >= _BATCH:
            _insert(connection, batch, digests)
            batch.clear()
    _insert(connection, batch, digests)
    connection.executescript(_INDEXES)
    count = int(connection.execute("SELECT count(DISTINCT id) FROM records").fetchone()[0])
    return count, digests


def _over(digests: Iterable[bytes]) -> str:
    """In whatever order the records came."""
    return "sha256:" + sha256(b"".join(sorted(digests))).hexdigest()


def _insert(
    connection: sqlite3.Connection, batch: Sequence[tuple[int, Row]], digests: defaultdict[str, list[bytes]]
) -> None:
    for feed, numbered in groupby(batch, key=lambda item: item[1].feed):
        digests[feed].extend(row.digest for _, row in numbered)
    connection.executemany(
        "INSERT INTO records VALUES (?, ?, ?, ?, ?)",
        [(n, row.outline.id, row.feed, row.outline.modified, row.data) for n, row in batch],
    )
    connection.executemany(
        "INSERT INTO aliases VALUES (?, ?)",
        [(alias, n) for n, row in batch for alias in row.outline.aliases],
    )
    connection.executemany(
        "INSERT INTO affected VALUES (?, ?, ?, ?, ?)",
        [
            (ecosystem, package_name(ecosystem, name), n, row.outline.malicious, said)
            for n, row in batch
            for ecosystem, name, said in row.outline.about
        ],
    )


def _refuse_rollback(
    feeds: Iterable[Filled], previous: Mapping[str, Filled], accepted: frozenset[str]
) -> None:
    for new in feeds:
        name = new.state.name
        old = previous.get(name)
        if old is None or name in accepted:
            continue
        way_out = f"look at where it comes from; to take it anyway: seawall sync --accept-smaller {name}"
        if new.state.records < old.state.records * (1 - _SHRINK):
            raise FeedError(f"{name} fell from {old.state.records} to {new.state.records} records", way_out)
        if new.newest < old.newest:
            raise FeedError(
                f"{name} went back in time, from {old.newest} to {new.newest or 'nothing'}", way_out
            )
