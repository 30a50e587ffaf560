"""What follows from the entries is kept beside them, a little late, and answered as if it were not.

Edges, coverage and periods are written once for some thousand entries; the row in `known` says up to which
entry. What the entries after that say (`tail`) is read from them and added to every answer, so nothing is
missing in one, whatever was killed when.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from seawall.kernel.graph import Edge, Relation
from seawall.kernel.known import Known
from seawall.kernel.ledger import Coverage, Group, Link, Period, Place, Seen, rfc3339

_NODES_HELD = 100_000


class KnownTables:
    """The tables of one ledger that follow from its entries. SQLite's errors are the caller's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._nodes: dict[str, int] = {}

    def upto(self) -> int:
        """The entries before this one are in the tables."""
        row = self._connection.execute("SELECT size FROM known").fetchone()
        return 0 if row is None else int(row[0])

    def write(self, group: Group) -> None:
        """Add what a group brings, and say up to which entry that is."""
        self._write_edges(group)
        self._connection.executemany(
            "INSERT INTO coverage VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " first = min(first, excluded.first), last = max(last, excluded.last),"
            " count = count + excluded.count",
            [(*key, seen.first, seen.last, seen.entry, seen.count) for key, seen in group.coverage.items()],
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO periods VALUES (?, ?, ?, ?)",
            [(item.entry, item.since, item.until, item.stopped) for item in group.periods],
        )
        self._connection.execute("INSERT OR REPLACE INTO known VALUES (1, ?)", (group.after.size,))

    def edges(self, tail: Known, source: str, relation: str, target: str) -> list[Edge]:
        """The edges from, of and to these; empty = any."""
        wanted = (source, relation, target)
        terms = [
            (f"{column} = ?", value)
            for column, value in zip(("s.name", "relation", "t.name"), wanted, strict=True)
            if value
        ]
        query = (
            "SELECT s.name, relation, t.name, since, until, entry FROM edges"  # noqa: S608
            " JOIN nodes s ON s.id = source JOIN nodes t ON t.id = target"
            f" WHERE {' AND '.join(term for term, _ in terms) or '1'}"
        )
        rows = self._connection.execute(query, [value for _, value in terms])
        found = {(a, b, c): Seen(since, until, entry) for a, b, c, since, until, entry in rows}
        for link, seen in tail.edges.items():
            if all(value in ("", part) for value, part in zip(wanted, link, strict=True)):
                found[link] = _both(found.get(link), seen)
        return [
            Edge(a, Relation(b), c, rfc3339(seen.first), rfc3339(seen.last), seen.entry)
            for (a, b, c), seen in sorted(found.items(), key=_by_time)
        ]

    def each_edge(self, tail: Known) -> Iterator[tuple[Link, Seen]]:
        """All of them in no order, held one at a time; `count` means nothing."""
        rest = dict(tail.edges)
        rows = self._connection.execute(
            "SELECT s.name, relation, t.name, since, until, entry FROM edges"
            " JOIN nodes s ON s.id = source JOIN nodes t ON t.id = target"
        )
        for a, b, c, since, until, entry in rows:
            old, new = Seen(since, until, entry), rest.pop((a, b, c), None)
            yield (a, b, c), old if new is None else _both(old, new)
        yield from rest.items()

    def coverage(self, tail: Known) -> list[Coverage]:
        """Which clients report from where, and since when."""
        rows = self._connection.execute(
            "SELECT client, place, who, first, last, entry, count FROM coverage"
        ).fetchall()
        found: dict[Place, Seen] = {(a, b, c): Seen(*seen) for a, b, c, *seen in rows}
        for place, seen in tail.coverage.items():
            found[place] = _both(found.get(place), seen)
        return [
            Coverage(*place, rfc3339(seen.first), rfc3339(seen.last), seen.count, seen.entry)
            for place, seen in sorted(found.items())
        ]

    def periods(self, tail: Iterable[Period] = ()) -> list[Period]:
        """When the firewall ran, in order."""
        rows = self._connection.execute("SELECT entry, since, until, stopped FROM periods").fetchall()
        found = {entry: Period(entry, since, until, bool(stopped)) for entry, since, until, stopped in rows}
        found.update((item.entry, item) for item in tail)
        return [found[entry] for entry in sorted(found)]

    def _write_edges(self, group: Group) -> None:
        nodes = self._nodes
        self._learn({name for source, _, target in group.edges for name in (source, target)})
        self._connection.executemany(
            "INSERT INTO edges VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET since = min(since, excluded.since), until = max(until, excluded.until)",
            [
                (nodes[source], relation, nodes[target], seen.first, seen.last, seen.entry)
                for (source, relation, target), seen in group.edges.items()
            ],
        )

    def _learn(self, names: Iterable[str]) -> None:
        """Every name has a number, and it is at hand."""
        if len(self._nodes) > _NODES_HELD:
            self._nodes.clear()
        new = [name for name in names if name not in self._nodes]
        self._connection.executemany(
            "INSERT INTO nodes (name) VALUES (?) ON CONFLICT DO NOTHING", [(name,) for name in new]
        )
        for name in new:
            row = self._connection.execute("SELECT id FROM nodes WHERE name = ?", (name,)).fetchone()
            self._nodes[name] = row[0]


def _both(old: Seen | None, new: Seen) -> Seen:
    """What the tables and the tail say together; the tables are about earlier entries."""
    if old is None:
        return new
    return Seen(min(old.first, new.first), max(old.last, new.last), old.entry, old.count + new.count)


def _by_time(item: tuple[Link, Seen]) -> tuple[int, Link]:
    return item[1].first, item[0]
