"""The ledger on disk: what a group says is durable when `append` returns, and only one process appends.

One SQLite file with write-ahead logging and `synchronous = FULL`. Entries, tiles (full ones, and the partial
ones above level 0) and the head are the tree; nodes, edges, coverage and periods follow from the entries and
are kept so that questions are answered in milliseconds. No name is in it: those are in names.py. A store
object is used by one thread at a time; any number of processes may read. Errors: StoreError, and
TamperedError where the tree has a hole.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from seawall.kernel.errors import StoreError, TamperedError, UsageError
from seawall.kernel.graph import Edge, Relation
from seawall.kernel.known import Known
from seawall.kernel.leaf import read_leaf
from seawall.kernel.ledger import SPAN, Coverage, Gap, Group, Link, Period, Seen, gaps_between
from seawall.kernel.merkle import EMPTY_ROOT, HASH_BYTES, Head, leaf_hash
from seawall.kernel.tiles import TILE_WIDTH, TileEdge, hashes_from_tiles, tile_widths

from .ledger_known import KnownTables
from .opening import Layout, check_integrity, corrupt, guarded, open_database

APPLICATION_ID = 0x5EA3A12
"""Marks the file as a ledger of Seawall (SQLite `application_id`)."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE leaves (position INTEGER PRIMARY KEY, data BLOB NOT NULL)",
        """
        CREATE TABLE tiles (
            level INTEGER NOT NULL, position INTEGER NOT NULL, hashes BLOB NOT NULL,
            PRIMARY KEY (level, position)
        )
        """,
        """
        CREATE TABLE head (
            one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root BLOB NOT NULL
        )
        """,
        "CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note BLOB NOT NULL)",
        "CREATE TABLE nodes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        """
        CREATE TABLE edges (
            source INTEGER NOT NULL, relation TEXT NOT NULL, target INTEGER NOT NULL,
            since INTEGER NOT NULL, until INTEGER NOT NULL, entry INTEGER NOT NULL,
            PRIMARY KEY (source, relation, target)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX edges_target ON edges (target, relation)",
        """
        CREATE TABLE coverage (
            client TEXT NOT NULL, place TEXT NOT NULL, who TEXT NOT NULL,
            first INTEGER NOT NULL, last INTEGER NOT NULL, entry INTEGER NOT NULL, count INTEGER NOT NULL,
            PRIMARY KEY (client, place, who)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE periods (
            entry INTEGER PRIMARY KEY,
            since INTEGER NOT NULL, until INTEGER NOT NULL, stopped INTEGER NOT NULL
        )
        """,
        "CREATE TABLE known (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL)",
        "CREATE TABLE spans (position INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL)",
    ),
)
"""Migration n brings the file from version n to n + 1. Never edited, only added to."""

LAYOUT = Layout(
    application_id=APPLICATION_ID,
    migrations=MIGRATIONS,
    elsewhere="make the place writable, or name another data directory with SEAWALL_DATA",
    newer="update Seawall, or name another data directory with SEAWALL_DATA",
    recover="keep the file, it is evidence (mv {path} {path}.corrupt), and put a backup in its place;"
    " a witnessed checkpoint says up to which entry the backup is complete",
    busy="free the disk or the file; until then nothing is recorded, and nothing is handed out",
    private=True,
)

_LEAVES_AT_ONCE = 1_000


class LedgerStore:
    """One ledger, to be read; and to be appended to, once `claim` has made this process its only writer."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._known = KnownTables(connection)
        self._lock = -1
        self.path = path

    def head(self) -> Head:
        """How many entries there are, and the root over them. Raises TamperedError when there is none."""
        with self._guard():
            row = self._connection.execute("SELECT size, root FROM head").fetchone()
            if row is None:
                if self._connection.execute("SELECT 1 FROM leaves").fetchone():
                    raise TamperedError(
                        f"{self.path} has entries and no head", LAYOUT.recover.format(path=self.path)
                    )
                return Head(0, EMPTY_ROOT)
            size, root = row
            if not (
                isinstance(size, int) and size >= 0 and isinstance(root, bytes) and len(root) == HASH_BYTES
            ):
                raise ValueError("its head is not one")
        return Head(size, root)

    def length(self) -> int:
        """One more than the number of the last entry, whatever the head says."""
        with self._guard():
            return int(
                self._connection.execute("SELECT coalesce(max(position) + 1, 0) FROM leaves").fetchone()[0]
            )

    def leaves(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """(number, bytes) of the entries from `start` up to and without `end`, as far as there are any."""
        if end - start > _LEAVES_AT_ONCE:
            end = min(end, self.length())  # a head that was tampered with may say anything
        while start < end:
            until = min(end, start + _LEAVES_AT_ONCE)
            with self._guard():
                rows = self._connection.execute(
                    "SELECT position, data FROM leaves WHERE position >= ? AND position < ? ORDER BY 1",
                    (start, until),
                ).fetchall()
            yield from rows
            start = until

    def leaves_of(self, action: str) -> list[tuple[int, bytes]]:
        """(number, bytes) of all entries of one action, in order; for those that are few."""
        begin = f'{{"action":"{action}"'.encode()
        with self._guard():
            return self._connection.execute(
                "SELECT position, data FROM leaves WHERE substr(data, 1, ?) = ? ORDER BY 1",
                (len(begin), begin),
            ).fetchall()

    def leaf(self, index: int) -> bytes:
        """The bytes of one entry. Raises UsageError when there is no such entry."""
        for _, data in self.leaves(index, index + 1):
            return data
        raise UsageError(f"the ledger has no entry {index}", f"entries are 0 to {self.head().size - 1}")

    def tile(self, level: int, index: int, width: int = TILE_WIDTH) -> bytes:
        """The first `width` hashes of a tile. Raises TamperedError when they are not there."""
        with self._guard():
            row = self._connection.execute(
                "SELECT hashes FROM tiles WHERE level = ? AND position = ?", (level, index)
            ).fetchone()
        hashes = b"" if row is None else bytes(row[0])
        if not hashes and level == 0:
            start = index * TILE_WIDTH
            hashes = b"".join(leaf_hash(data) for _, data in self.leaves(start, start + width))
        if len(hashes) < width * HASH_BYTES:
            raise TamperedError(
                f"{self.path} lacks hashes of tile {level}/{index}", LAYOUT.recover.format(path=self.path)
            )
        return hashes[: width * HASH_BYTES]

    def strays(self, size: int) -> list[str]:
        """What is there and does not belong to a tree of `size` entries, a sentence each."""
        last = {level: full + (level > 0 and width > 0) for level, full, width in tile_widths(size)}
        with self._guard():
            entries = self._connection.execute(
                "SELECT position FROM leaves WHERE position < 0 OR position >= ? LIMIT 100", (size,)
            ).fetchall()
            tiles = self._connection.execute("SELECT level, position FROM tiles").fetchall()
            edges = self._connection.execute(
                "SELECT source, target FROM edges WHERE source NOT IN (SELECT id FROM nodes)"
                " OR target NOT IN (SELECT id FROM nodes) LIMIT 100"
            ).fetchall()
        return [
            *(f"entry {position} is not one of the {size} of the head" for (position,) in entries),
            *(f"tile {a}/{b} is not of this tree" for a, b in tiles if not 0 <= b < last.get(a, 0)),
            *(f"the edge from {a} to {b} has an end that is not there" for a, b in edges),
        ]

    def hash_of(self, level: int, index: int) -> bytes:
        """The hash of a perfect subtree, for proofs (kernel/merkle.py)."""
        return hashes_from_tiles(self.tile)(level, index)

    def edge(self) -> TileEdge:
        """What appending needs. Raises TamperedError when the tiles are not those of the head."""
        head = self.head()
        tiles = TileEdge(
            head.size,
            {level: self.tile(level, full, width) for level, full, width in tile_widths(head.size) if width},
        )
        if tiles.edge.head() != head:
            raise TamperedError(
                f"{self.path}: the last tiles are not those of the head of {head.size} entries",
                LAYOUT.recover.format(path=self.path),
            )
        return tiles

    def tail(self) -> Known:
        """What the newest entries say that is not in the tables yet. Raises TamperedError for a bad one.

        `periods` begins with the newest one of the tables, `spans` is the newest span.
        """
        with self._guard():
            start, end = self._known.upto(), self.head().size
            known = Known(self._known.periods()[-1:])
        for position, data in self.leaves(start, end):
            try:
                known.add_leaf(position, read_leaf(data))
            except ValueError as error:
                raise TamperedError(
                    f"entry {position} of {self.path}: {error}", "run seawall ledger verify"
                ) from None
        known.spans = self.spans(end // SPAN)
        return known

    def edges(self, source: str = "", relation: Relation | None = None, target: str = "") -> Iterator[Edge]:
        """The edges from, of and to these; empty = any."""
        with self._moment(), self._guard():
            found = self._known.edges(self.tail(), source, str(relation or ""), target)
        return iter(found)

    def each_edge(self) -> Iterator[tuple[Link, Seen]]:
        """All edges in no order, held one at a time: for whoever compares all of them."""
        with self._moment(), self._guard():
            yield from self._known.each_edge(self.tail())

    def coverage(self) -> list[Coverage]:
        """Which clients report from where, and since when."""
        with self._moment(), self._guard():
            return self._known.coverage(self.tail())

    def periods(self) -> list[Period]:
        """When the firewall ran, in order."""
        with self._moment(), self._guard():
            return self._known.periods(self.tail().periods)

    def spans(self, first: int = 0) -> dict[int, tuple[int, int]]:
        """From when to when (Unix milliseconds) the entries of each span are, from span `first` on."""
        with self._guard():
            rows = self._connection.execute(
                "SELECT position, first, last FROM spans WHERE position >= ? ORDER BY 1", (first,)
            )
            return {number: (since, until) for number, since, until in rows}

    def gaps(self) -> list[Gap]:
        """When the firewall did not run: of these times nothing can be excluded."""
        return gaps_between(self.periods())

    def checkpoints(self, last: int = -1) -> list[tuple[int, bytes]]:
        """(size, signed note) of what was signed, in order; only the `last` ones, -1 = all."""
        with self._guard():
            query = "SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT ?"
            return self._connection.execute(query, (last,)).fetchall()[::-1]

    def keep_checkpoint(self, size: int, note: bytes) -> None:
        """Hold a signed note, in place of one of the same size. Any process may."""
        with self._guard(), self._connection:
            self._connection.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?)", (size, note))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside is of one moment."""
        with self._guard():
            self._connection.execute("BEGIN")
            # The moment is that of the first read.
            self._connection.execute("SELECT size FROM head").fetchone()
        try:
            yield
        finally:
            self._connection.rollback()

    def claim(self) -> None:
        """Become the only process that appends. Raises StoreError when another one is."""
        if self._lock >= 0:
            return
        name = self.path.with_name(self.path.name + ".lock")
        try:
            lock = os.open(name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{name} cannot be opened: {error.strerror}", LAYOUT.elsewhere) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise StoreError(
                f"{self.path} is written by another process",
                "stop the other firewall, or give this one its own data directory with SEAWALL_DATA",
            ) from None
        self._lock = lock

    def append(self, group: Group) -> None:
        """Write a group; it is on the disk when this returns, or nothing of it is there.

        Raises StoreError when this process has not claimed the ledger, when the ledger is not what the group
        was made for, and when it cannot be written.
        """
        if self._lock < 0:
            raise StoreError(f"{self.path} was not claimed", "call claim() first")
        with self._guard():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                if self.head() != group.before:
                    raise StoreError(f"{self.path} was appended to by somebody else", "start again")
                self._write_tree(group)
                if group.knows:
                    self._known.write(group)
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise

    def try_to_write(self) -> None:
        """Show that something can be made durable, without changing anything. Raises StoreError."""
        with self._guard():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                # The same number as before is a page in the log all the same.
                self._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise

    def check(self) -> None:
        """SQLite reads all of the file. Raises StoreError when it is not sound."""
        check_integrity(self._connection, self.path, LAYOUT)

    def backup(self, target: Path) -> None:
        """A sound copy at `target`, which must not exist, made while others go on writing."""
        if target.exists() or target.is_symlink():
            raise UsageError(f"{target} exists already", "name a file that does not exist yet")
        try:
            copy = sqlite3.connect(target)
            try:
                self._connection.backup(copy)
            finally:
                copy.close()
        except sqlite3.Error as error:
            raise StoreError(
                f"no backup written to {target}: {error}", "check the path and free space"
            ) from None

    def close(self) -> None:
        """Give the file back, and let another process write."""
        self._connection.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _moment(self) -> AbstractContextManager[None]:
        """A snapshot, if we are not in one already: tables and tail are of the same moment."""
        return nullcontext() if self._connection.in_transaction else self.snapshot()

    def _write_tree(self, group: Group) -> None:
        first = group.before.size
        self._connection.executemany("INSERT INTO leaves VALUES (?, ?)", enumerate(group.leaves, first))
        self._connection.executemany(
            "INSERT OR REPLACE INTO tiles VALUES (?, ?, ?)",
            [(level, index, hashes) for (level, index), hashes in group.tiles.items()],
        )
        self._connection.execute(
            "INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (group.after.size, group.after.root)
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO spans VALUES (?, ?, ?)",
            [(number, *times) for number, times in group.spans.items()],
        )

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            with guarded(self.path, LAYOUT):
                yield
        except (TypeError, ValueError, OverflowError) as error:
            # A column that holds another kind of value than was written.
            raise corrupt(self.path, LAYOUT, str(error)) from None


def open_ledger(path: Path, *, write: bool = False, existing: bool = False) -> LedgerStore:
    """The ledger at `path`; with `write` it is made if there is none, and brought up to date if it is older.

    With `existing` it is not made. Raises StoreError when there is none to read, when it is corrupt, another
    program's or of a newer Seawall.
    """
    if (existing or not write) and not path.exists():
        raise StoreError(f"there is no ledger at {path}", "a firewall makes one: seawall firewall")
    connection = open_database(
        path, LAYOUT, synchronous="FULL", read_only=not write, any_thread=True, existing=existing
    )
    connection.execute("PRAGMA cache_size = -8000")  # KiB: edges of a group lie all over their tree
    return LedgerStore(connection, path)
