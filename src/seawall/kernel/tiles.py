"""A tile is 256 hashes that stand side by side, so that a tree is kept and handed out in few, fixed pieces.

Tile (level, index) holds the hashes of the perfect subtrees of 256^level entries from number index·256 on. A
full one never changes; the last of each level is *partial*. Source: C2SP tlog-tiles (height 8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from .merkle import HASH_BYTES, HashOf, RightEdge, perfect_root

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
TILE_BYTES = TILE_WIDTH * HASH_BYTES

ReadTile = Callable[[int, int, int], bytes]
"""`read_tile(level, index, width)`: the first `width` hashes of that tile, one after the other."""


def tile_widths(size: int) -> Iterator[tuple[int, int, int]]:
    """(level, number of full tiles, width of the partial one or 0) for each level of a tree of `size`."""
    level = 0
    while size:
        yield level, size >> TILE_HEIGHT, size & (TILE_WIDTH - 1)
        size >>= TILE_HEIGHT
        level += 1


def hashes_from_tiles(read_tile: ReadTile) -> HashOf:
    """`hash_of` for proofs (merkle.py), made from tiles."""

    def hash_of(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = index << height
        tile, offset = first >> TILE_HEIGHT, first & (TILE_WIDTH - 1)
        end = offset + (1 << height)
        return perfect_root(split_hashes(read_tile(tile_level, tile, end))[offset:end])

    return hash_of


def split_hashes(tile: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


class TileEdge:
    """Appends to a tree that is kept in tiles: it knows the right edge and every partial tile.

    After appending, `changed()` are the tiles to be written.
    """

    __slots__ = ("_changed", "_partial", "edge")

    def __init__(self, size: int = 0, partial: Mapping[int, bytes] | None = None) -> None:
        """`partial` holds the partial tile of each level that has one. ValueError: they do not fit."""
        self._partial: dict[int, bytearray] = {}
        self._changed: dict[tuple[int, int], bytes] = {}
        hashes: list[bytes] = []
        for level, _, width in tile_widths(size):
            tile = bytearray((partial or {}).get(level, b""))
            if len(tile) != width * HASH_BYTES:
                raise ValueError(
                    f"a tree of {size} entries has {width} hashes in its last tile of level {level}"
                )
            self._partial[level] = tile
            hashes[:0] = _subtrees(split_hashes(bytes(tile)))
        self.edge = RightEdge(size, hashes)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes."""
        append = self.edge.append
        lowest = self._partial.setdefault(0, bytearray())
        for leaf in leaves:
            completed = append(leaf)
            lowest += leaf
            if len(completed) > TILE_HEIGHT:
                self._fill(0, lowest)
                for level in range(TILE_HEIGHT, len(completed), TILE_HEIGHT):
                    above = self._partial.setdefault(level // TILE_HEIGHT, bytearray())
                    above += completed[level]
                    if len(above) == TILE_BYTES:
                        self._fill(level // TILE_HEIGHT, above)
                    else:
                        index = (self.edge.size >> level) >> TILE_HEIGHT
                        self._changed[level // TILE_HEIGHT, index] = bytes(above)

    def changed(self) -> dict[tuple[int, int], bytes]:
        """(level, index) → bytes of the tiles that are new since the last call.

        Partial tiles of level 0 are not among them: they are the leaf hashes of the last entries.
        """
        changed, self._changed = self._changed, {}
        return changed

    def partial(self, level: int) -> list[bytes]:
        """The hashes of the last tile of a level, as long as it is not full."""
        return split_hashes(bytes(self._partial.get(level, b"")))

    def _fill(self, level: int, tile: bytearray) -> None:
        index = (self.edge.size >> (TILE_HEIGHT * (level + 1))) - 1
        self._changed[level, index] = bytes(tile)
        tile.clear()


def _subtrees(hashes: list[bytes]) -> list[bytes]:
    """The roots of the perfect subtrees that a row of hashes is made of, the largest first."""
    roots, start = [], 0
    for bit in reversed(range(TILE_HEIGHT)):
        if len(hashes) >> bit & 1:
            roots.append(perfect_root(hashes[start : start + (1 << bit)]))
            start += 1 << bit
    return roots
