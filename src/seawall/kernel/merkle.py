"""Two people who agree on one 32-byte root agree on every entry below it.

The hash tree of RFC 6962 and RFC 9162 section 2.1, over SHA-256. A *leaf hash* is that of one entry. A
subtree is *perfect* when it has 2^level leaves and begins at a multiple of that; perfect subtrees never
change, so `hash_of(level, index)` (the hash over the entries from index·2^level on, 2^level of them) is all
that a proof is made of. Verification is total: whatever bytes it is given, the answer is True or False.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

HASH_BYTES = 32

EMPTY_ROOT = sha256(b"").digest()
"""The root of the tree without entries (RFC 9162, 2.1.1)."""

MOST_ENTRIES = 1 << 63
"""Sizes beyond this are refused; it is what a signed 64-bit number can count."""

HashOf = Callable[[int, int], bytes]
"""`hash_of(level, index)` of a perfect subtree that is in the tree."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a tree is at one moment: how many entries, and the root over them."""

    size: int
    root: bytes


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry: the byte 0 keeps it from ever being taken for a node."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class RightEdge:
    """All that appending needs of a tree: the roots of the perfect subtrees that it is made of.

    A tree of 2^a + 2^b + … entries (a > b > …) is a perfect subtree of 2^a entries, then one of 2^b, and
    so on; `hashes` are their roots in that order. Also known as a compact range.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)
        if len(self.hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} entries has {size.bit_count()} perfect subtrees")

    def append(self, leaf: bytes) -> list[bytes]:
        """Add one leaf hash. The answer is the hash of every perfect subtree that it completes, by level."""
        completed = [leaf]
        size = self.size
        while size & 1:
            leaf = sha256(b"\x01" + self.hashes.pop() + leaf).digest()
            completed.append(leaf)
            size >>= 1
        self.hashes.append(leaf)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root over all that was appended."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def head(self) -> Head:
        """Size and root."""
        return Head(self.size, self.root())


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root of a perfect subtree, from the 2^n hashes of one level of it."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def root_of(size: int, hash_of: HashOf) -> bytes:
    """The root of the tree of the first `size` entries."""
    return _range_hash(0, size, hash_of) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, hash_of: HashOf) -> tuple[bytes, ...]:
    """That entry `index` is in the tree of `size` entries: PATH(index, D[size]) of RFC 9162, 2.1.3.1."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} entries has no entry {index}")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, hash_of))
            end = middle
        else:
            path.append(_range_hash(start, middle, hash_of))
            start = middle
    return tuple(reversed(path))


def consistency_proof(old: int, new: int, hash_of: HashOf) -> tuple[bytes, ...]:
    """That the tree of `new` entries begins with that of `old`: PROOF(old, D[new]) of RFC 9162, 2.1.4.1.

    Empty for equal sizes and for the empty tree.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} entries does not begin with one of {old}")
    if old in (0, new):
        return ()
    path = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_hash(middle, end, hash_of))
            end = middle
        else:
            path.append(_range_hash(start, middle, hash_of))
            start = middle
    if start:
        # The old tree is not itself a subtree of the new one, so its last part has to be told.
        path.append(_range_hash(start, end, hash_of))
    return tuple(reversed(path))


def included(leaf: bytes, index: int, head: Head, proof: Sequence[bytes]) -> bool:
    """The proof shows that entry `index` of the tree `head` has this leaf hash (RFC 9162, 2.1.3.2)."""
    if not (0 <= index < head.size <= MOST_ENTRIES and _are_hashes((leaf, head.root, *proof))):
        return False
    node, last = index, head.size - 1
    root = leaf
    for other in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            root = node_hash(other, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, other)
        node, last = node >> 1, last >> 1
    return last == 0 and root == head.root


def consistent(old: Head, new: Head, proof: Sequence[bytes]) -> bool:
    """The proof shows that the tree `new` begins with all entries of `old` (RFC 9162, 2.1.4.2)."""
    if not (0 <= old.size <= new.size <= MOST_ENTRIES and _are_hashes((old.root, new.root, *proof))):
        return False
    if old.size == 0:
        return not proof and old.root == EMPTY_ROOT and (new.size > 0 or new.root == EMPTY_ROOT)
    if old.size == new.size:
        return not proof and old.root == new.root
    path = list(proof)
    if old.size & (old.size - 1) == 0:
        path.insert(0, old.root)
    if not path:
        return False
    node, last = old.size - 1, new.size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = node_hash(other, first), node_hash(other, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, other)
        node, last = node >> 1, last >> 1
    return last == 0 and first == old.root and second == new.root


def _split(count: int) -> int:
    """The largest power of two that is smaller than `count` (which is at least 2)."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_hash(start: int, end: int, hash_of: HashOf) -> bytes:
    """MTH(D[start:end]); `start` is a multiple of the power of two that `end - start` does not exceed."""
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return hash_of(level, start >> level)
    middle = start + _split(count)
    return node_hash(_range_hash(start, middle, hash_of), _range_hash(middle, end, hash_of))


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
