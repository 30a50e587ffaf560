"""Nothing that is stored about the ledger is believed: all of it is made again from the entries and compared.

From the bytes of the entries follow the leaf hashes, every tile and the head; from what they say follow
edges, coverage, periods and spans. Whoever changes, removes, adds or moves an entry changes the root; whoever
also replaces the head and the tiles is found by a root that is known from elsewhere (`sizes`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from seawall.adapters.stores.ledger import LedgerStore
from seawall.kernel.errors import StoreError, TamperedError
from seawall.kernel.known import Known
from seawall.kernel.leaf import read_leaf
from seawall.kernel.ledger import Coverage, rfc3339
from seawall.kernel.merkle import EMPTY_ROOT, HASH_BYTES, Head, leaf_hash
from seawall.kernel.tiles import TILE_BYTES, TILE_WIDTH, TileEdge, tile_widths

Advance = Callable[[int, int], None]
"""Told now and then how many entries of how many were read."""

_MOST_FAULTS = 100
_AT_ONCE = 16 * TILE_WIDTH


@dataclass(slots=True)
class Checked:
    """`head` is the stored one, `roots` those of the sizes that were asked for, as the entries make them.

    `faults` are sentences, each about something that is not as it must be; beyond a hundred they are only
    counted, in `more`.
    """

    head: Head
    roots: dict[int, bytes] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    more: int = 0

    def fault(self, sentence: str) -> None:
        """One more."""
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(sentence)
        else:
            self.more += 1


def check(
    store: LedgerStore, sizes: Collection[int] = (), advance: Advance = lambda _done, _total: None
) -> Checked:
    """Everything that is wrong with a ledger, as far as it can be seen from itself.

    `sizes` are those of checkpoints; a size that is not in `roots` afterwards is larger than the ledger.
    What goes on being written meanwhile is not looked at. Raises StoreError when the file cannot be read or
    is not sound as a file, TamperedError when it has entries and no head.
    """
    store.check()
    with store.snapshot():
        found = Checked(store.head())
        known = Known()
        edge = _entries(store, found, known, sizes, advance)
        if edge.edge.head() != found.head:
            found.fault(f"the head of {found.head.size} entries is not that of the entries")
        elif found.head.size:
            _partial_tiles(store, edge, found)
        for sentence in store.strays(found.head.size):
            found.fault(sentence)
        _edges(store, known, found)
        _same("line of coverage", lambda: map(_line, store.coverage()), _coverage_of(known), found)
        _same("period", lambda: map(repr, store.periods()), set(map(repr, known.periods)), found)
        _same("span", lambda: map(repr, store.spans().items()), set(map(repr, known.spans.items())), found)
    return found


def _entries(
    store: LedgerStore, found: Checked, known: Known, sizes: Collection[int], advance: Advance
) -> TileEdge:
    """Read all entries; the tree that they make."""
    tree, total = TileEdge(), min(found.head.size, store.length())
    roots = found.roots
    if 0 in sizes:
        roots[0] = EMPTY_ROOT
    expected = 0
    for start in range(0, total, _AT_ONCE):
        for position, data in store.leaves(start, min(start + _AT_ONCE, total)):
            if position != expected:
                found.fault(f"entry {expected} is not there")
            expected = position + 1
            _entry(position, data, known, found)
            tree.extend((leaf_hash(data if isinstance(data, bytes) else b""),))
            if position + 1 in sizes:
                roots[position + 1] = tree.edge.root()
        for (level, index), hashes in tree.changed().items():
            if len(hashes) == TILE_BYTES:
                _tile(store, level, index, hashes, found)
        advance(min(start + _AT_ONCE, total), total)
    if expected < found.head.size:
        found.fault(f"entry {expected} is not there")
    return tree


def _entry(position: int, data: object, known: Known, found: Checked) -> None:
    try:
        if not isinstance(data, bytes):
            raise ValueError("a leaf that is not bytes")
        known.add_leaf(position, read_leaf(data))
    except ValueError as error:
        found.fault(f"entry {position}: {error}")


def _tile(store: LedgerStore, level: int, index: int, hashes: bytes, found: Checked) -> None:
    try:
        stored = store.tile(level, index, len(hashes) // HASH_BYTES)
    except (TamperedError, StoreError):
        stored = b""
    if stored != hashes:
        found.fault(f"tile {level}/{index} is not what the entries make")


def _partial_tiles(store: LedgerStore, tree: TileEdge, found: Checked) -> None:
    for level, full, width in tile_widths(found.head.size):
        if level and width:
            _tile(store, level, full, b"".join(tree.partial(level)), found)


def _same(what: str, stored: Callable[[], Iterable[str]], made: set[str], found: Checked) -> None:
    try:
        there = set(stored())
    except (StoreError, TamperedError) as error:
        return found.fault(f"a {what} that is not one: {error}")
    for one in sorted(there - made):
        found.fault(f"no entry says this {what}: {one}")
    for one in sorted(made - there):
        found.fault(f"a {what} is not there: {one}")
    return None


def _edges(store: LedgerStore, known: Known, found: Checked) -> None:
    """There may be millions, so the stored ones are held one at a time, and crossed out."""
    made = known.edges
    try:
        for link, seen in store.each_edge():
            right = made.pop(link, None)
            if right is None:
                found.fault(f"no entry says this edge: {' '.join(map(str, link))}")
            elif (seen.first, seen.last, seen.entry) != (right.first, right.last, right.entry):
                found.fault(f"an edge is not as the entries say: {' '.join(link)}")
    except (StoreError, TamperedError) as error:
        return found.fault(f"an edge that is not one: {error}")
    for link in sorted(made):
        found.fault(f"an edge is not there: {' '.join(link)}")
    return None


def _line(line: Coverage) -> str:
    return f"{line.client} {line.place} {line.who} {line.first} {line.last} {line.count} {line.entry}"


def _coverage_of(known: Known) -> set[str]:
    return {
        f"{client} {place} {who} {rfc3339(seen.first)} {rfc3339(seen.last)} {seen.count} {seen.entry}"
        for (client, place, who), seen in known.coverage.items()
    }
