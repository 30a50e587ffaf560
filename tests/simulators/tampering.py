"""Somebody who may write the ledger's file and wants the past to be another one.

Careless ones change rows and leave the rest as it is; careful ones make everything that is stored again, so
that the ledger agrees with itself.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from seawall.adapters.stores.ledger import open_ledger
from seawall.kernel.known import Known
from seawall.kernel.leaf import read_leaf
from seawall.kernel.ledger import Group
from seawall.kernel.merkle import leaf_hash
from seawall.kernel.tiles import TileEdge

SCRATCH = -1_000_000


def edit_leaf(db: sqlite3.Connection, chance: random.Random) -> str:
    """One byte of an entry is another one."""
    at = _position(db, chance)
    data = bytearray(db.execute("SELECT data FROM leaves WHERE position = ?", (at,)).fetchone()[0])
    byte = chance.randrange(len(data))
    data[byte] ^= 1 << chance.randrange(8)
    db.execute("UPDATE leaves SET data = ? WHERE position = ?", (bytes(data), at))
    return f"byte {byte} of entry {at}"


def rewrite_leaf(db: sqlite3.Connection, chance: random.Random) -> str:
    """An entry says something else and is as good a leaf as before."""
    at = _position(db, chance)
    data = db.execute("SELECT data FROM leaves WHERE position = ?", (at,)).fetchone()[0]
    time = str(read_leaf(data)["time"]).encode()
    other = str(int(time) + chance.choice((-1, 1, 86_400_000))).encode()
    db.execute("UPDATE leaves SET data = ? WHERE position = ?", (data.replace(time, other), at))
    return f"the time of entry {at}"


def delete_leaf(db: sqlite3.Connection, chance: random.Random) -> str:
    """An entry is not there any more."""
    at = _position(db, chance)
    db.execute("DELETE FROM leaves WHERE position = ?", (at,))
    return f"entry {at} deleted"


def close_ranks(db: sqlite3.Connection, chance: random.Random) -> str:
    """An entry is not there any more, and those behind it have moved up."""
    at = _position(db, chance)
    size = db.execute("SELECT count(*) FROM leaves").fetchone()[0]
    db.execute("DELETE FROM leaves WHERE position = ?", (at,))
    for position in range(at + 1, size):
        db.execute("UPDATE leaves SET position = ? WHERE position = ?", (position - 1, position))
    return f"entry {at} deleted, the others moved up"


def swap_leaves(db: sqlite3.Connection, chance: random.Random) -> str:
    """Two entries have changed places."""
    one, two = _position(db, chance), _position(db, chance)
    if one == two:
        two = one + 1 if one == 0 else one - 1
    for old, new in ((one, SCRATCH), (two, one), (SCRATCH, two)):
        db.execute("UPDATE leaves SET position = ? WHERE position = ?", (new, old))
    return f"entries {one} and {two} swapped"


def add_leaf(db: sqlite3.Connection, chance: random.Random) -> str:
    """There is one entry more."""
    at = chance.choice((-1, 0))
    data = db.execute("SELECT data FROM leaves WHERE position = ?", (_position(db, chance),)).fetchone()[0]
    position = at if at < 0 else db.execute("SELECT max(position) + 1 FROM leaves").fetchone()[0]
    db.execute("INSERT INTO leaves VALUES (?, ?)", (position, data))
    return f"entry {position} added"


def leaf_as_text(db: sqlite3.Connection, chance: random.Random) -> str:
    """An entry has the same characters and is another kind of value."""
    at = _position(db, chance)
    db.execute("UPDATE leaves SET data = CAST(data AS TEXT) WHERE position = ?", (at,))
    return f"entry {at} as text"


def truncate(db: sqlite3.Connection, chance: random.Random) -> str:
    """The last entries are gone."""
    at = _position(db, chance)
    db.execute("DELETE FROM leaves WHERE position >= ?", (at,))
    return f"entries from {at} deleted"


def truncate_with_head(db: sqlite3.Connection, chance: random.Random) -> str:
    """The last entries are gone, and the head says so; its root is a guess."""
    at = _position(db, chance)
    db.execute("DELETE FROM leaves WHERE position >= ?", (at,))
    db.execute("UPDATE head SET size = ?", (at,))
    return f"entries from {at} deleted, head too"


def edit_tile(db: sqlite3.Connection, chance: random.Random) -> str:
    """One byte of a tile is another one."""
    level, at, hashes = chance.choice(db.execute("SELECT * FROM tiles ORDER BY 1, 2").fetchall())
    changed = bytearray(hashes)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    db.execute("UPDATE tiles SET hashes = ? WHERE level = ? AND position = ?", (bytes(changed), level, at))
    return f"tile {level}/{at}"


def shift_tile(db: sqlite3.Connection, chance: random.Random) -> str:
    """A tile is at another place."""
    level, at = chance.choice(db.execute("SELECT level, position FROM tiles ORDER BY 1, 2").fetchall())
    db.execute("UPDATE tiles SET position = position + 77 WHERE level = ? AND position = ?", (level, at))
    return f"tile {level}/{at} moved"


def delete_upper_tile(db: sqlite3.Connection, chance: random.Random) -> str:
    """A tile above the entries is gone (one of level 0 is made again from the entries)."""
    level, at = chance.choice(db.execute("SELECT level, position FROM tiles WHERE level > 0").fetchall())
    db.execute("DELETE FROM tiles WHERE level = ? AND position = ?", (level, at))
    return f"tile {level}/{at} deleted"


STATEMENTS = (
    "UPDATE head SET root = randomblob(32)",
    "UPDATE head SET size = size - 1",
    "UPDATE head SET size = size + 1",
    "UPDATE head SET size = 'many'",
    "UPDATE head SET size = -size",
    "UPDATE head SET size = size + (1 << 61)",
    "UPDATE head SET root = 'root'",
    "DELETE FROM head",
    "DELETE FROM edges WHERE (source, target) IN (SELECT source, target FROM edges ORDER BY since LIMIT 1)",
    "UPDATE edges SET until = until + 1 WHERE source = (SELECT source FROM edges ORDER BY since LIMIT 1)",
    "UPDATE edges SET entry = entry + 1 WHERE source = (SELECT source FROM edges ORDER BY since LIMIT 1)",
    "UPDATE edges SET relation = 'knows' WHERE source = (SELECT min(source) FROM edges)",
    "INSERT INTO edges SELECT target, relation, source, since, until, entry FROM edges LIMIT 1",
    "INSERT INTO edges VALUES (-5, 'took', -6, 1, 2, 3)",
    "UPDATE nodes SET name = name || 'x' WHERE id = (SELECT min(source) FROM edges)",
    "DELETE FROM nodes WHERE id = (SELECT max(target) FROM edges)",
    "UPDATE coverage SET count = count - 1",
    "DELETE FROM coverage WHERE client = (SELECT min(client) FROM coverage)",
    "UPDATE periods SET until = until + 1",
    "DELETE FROM periods",
    "UPDATE spans SET last = last - 1 WHERE position = 0",
    "DELETE FROM spans WHERE position = 1",
    "UPDATE known SET size = size - 30",
    "UPDATE known SET size = 'all'",
    "DELETE FROM known",
)
"""The head, or what follows from the entries, says something else or is gone."""

CARELESS = (
    edit_leaf, rewrite_leaf, delete_leaf, close_ranks, swap_leaves, add_leaf, leaf_as_text, truncate,
    truncate_with_head, edit_tile, shift_tile, delete_upper_tile,
)  # fmt: skip


def flip_bytes(path: Path, chance: random.Random) -> str:
    """Some bits of the file are other ones, wherever they are."""
    data = bytearray(path.read_bytes())
    places = sorted(chance.randrange(len(data)) for _ in range(chance.choice((1, 1, 2, 16))))
    for at in places:
        data[at] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    return f"bytes {places}"


def forged(path: Path, leaves: Sequence[bytes]) -> None:
    """A ledger that agrees with itself in everything, of these entries."""
    store = open_ledger(path, write=True)
    store.claim()
    known, tree = Known(), TileEdge()
    for entry, data in enumerate(leaves):
        known.add_leaf(entry, read_leaf(data))
    before = tree.edge.head()
    tree.extend(map(leaf_hash, leaves))
    store.append(
        Group(
            before, tree.edge.head(), leaves, tree.changed(),
            known.spans, True, known.edges, known.coverage, known.periods,
        )
    )  # fmt: skip
    store.close()


def careful(leaves: Sequence[bytes], chance: random.Random) -> tuple[str, list[bytes]]:
    """Another past: entries were dropped, swapped, said something else, or were cut off at the end."""
    other = list(leaves)
    at = chance.randrange(len(other) - 1)
    how = chance.choice(("drop", "swap", "fork", "cut", "insert"))
    if how == "drop":
        del other[at]
    elif how == "swap":
        other[at], other[at + 1] = other[at + 1], other[at]
    elif how == "cut":
        del other[at:]
    elif how == "insert":
        other.insert(at, other[-1])
    else:
        time = str(read_leaf(other[at])["time"]).encode()
        other[at] = other[at].replace(time, str(int(time) + 1).encode())
    return f"{how} at {at}", other


def _position(db: sqlite3.Connection, chance: random.Random) -> int:
    size = db.execute("SELECT count(*) FROM leaves").fetchone()[0]
    return chance.randrange(int(size))
