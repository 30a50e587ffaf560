"""The tree against one that is written straight from the RFC, and against vectors of others."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.merkle import (
    EMPTY_ROOT,
    Head,
    RightEdge,
    consistency_proof,
    consistent,
    included,
    inclusion_proof,
    leaf_hash,
    perfect_root,
    root_of,
)
from seawall.kernel.tiles import TILE_WIDTH, TileEdge, hashes_from_tiles, split_hashes, tile_widths

# --- RFC 6962, section 2.1, as it is written there; nothing is shared with what is tested.


def mth(d: list[bytes]) -> bytes:
    if not d:
        return sha256().digest()
    if len(d) == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = largest_power_below(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, d: list[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = largest_power_below(len(d))
    if m < k:
        return [*path(m, d[:k]), mth(d[k:])]
    return [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], known: bool) -> list[bytes]:
    if m == len(d):
        return [] if known else [mth(d)]
    k = largest_power_below(len(d))
    if m <= k:
        return [*subproof(m, d[:k], known), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


# --- The tree under test, with hashes straight from the leaves.

ENTRIES = [sha256(str(n).encode()).digest()[: n % 33] for n in range(700)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def hash_of(level: int, index: int) -> bytes:
    part = LEAVES[index << level : (index + 1) << level]
    assert len(part) == 1 << level, "asked for a subtree that is not full"
    return perfect_root(part)


SIZES = st.integers(1, len(ENTRIES))


def head(size: int) -> Head:
    return Head(size, mth(ENTRIES[:size]))


# The entries and roots that implementations of Certificate Transparency test each other with.
VECTORS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_vectors_of_others() -> None:
    edge = RightEdge()
    roots = [edge.root()]
    for text in VECTORS:
        edge.append(leaf_hash(bytes.fromhex(text)))
        roots.append(edge.root())
    assert [root.hex() for root in roots] == ROOTS
    assert [mth([bytes.fromhex(v) for v in VECTORS[:n]]).hex() for n in range(9)] == ROOTS


def test_roots_are_those_of_the_rfc() -> None:
    edge = RightEdge()
    for size, leaf in enumerate(LEAVES):
        if size % 7 == 0 or size & (size - 1) == 0:
            assert edge.head() == Head(size, mth(ENTRIES[:size]))
            assert root_of(size, hash_of) == edge.root()
        edge.append(leaf)


def test_appending_tells_which_subtrees_are_complete() -> None:
    edge = RightEdge()
    for index, leaf in enumerate(LEAVES[:300]):
        for level, value in enumerate(edge.append(leaf)):
            assert value == hash_of(level, index >> level)


def test_an_edge_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="perfect subtrees"):
        RightEdge(3, [LEAVES[0]])


@given(SIZES, st.data())
def test_inclusion(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, hash_of)
    assert list(proof) == path(index, ENTRIES[:size])
    assert included(LEAVES[index], index, head(size), proof)


@given(SIZES, st.data())
def test_consistency(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(old, size, hash_of)
    assert list(proof) == subproof(old, ENTRIES[:size], True)
    assert consistent(head(old), head(size), proof)


def test_every_proof_of_small_trees() -> None:
    for size in range(1, 20):
        for index in range(size):
            proof = inclusion_proof(index, size, hash_of)
            good = [
                (at, of)
                for of in range(1, 20)
                for at in range(of)
                if included(LEAVES[index], at, Head(of, head(size).root), proof)
            ]
            # With another index or size the same hashes prove nothing, where the way to the root differs.
            assert (index, size) in good
            assert all(len(inclusion_proof(at, of, hash_of)) == len(proof) for at, of in good)
        for old in range(size + 1):
            assert consistent(head(old), head(size), consistency_proof(old, size, hash_of))


HASH = st.one_of(st.sampled_from(LEAVES), st.binary(min_size=32, max_size=32))


@given(SIZES, st.data())
def test_a_changed_proof_proves_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = list(inclusion_proof(index, size, hash_of))
    changed = changed_proof(proof, data)
    if changed != proof:
        assert not included(LEAVES[index], index, head(size), changed)
    other = data.draw(HASH)
    if other != LEAVES[index]:
        assert not included(other, index, head(size), proof)
    if other != head(size).root:
        assert not included(LEAVES[index], index, Head(size, other), proof)


@given(SIZES, st.data())
def test_a_changed_history_is_not_consistent(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    proof = list(consistency_proof(old, size, hash_of))
    changed = changed_proof(proof, data)
    if changed != proof:
        assert not consistent(head(old), head(size), changed)
    other = data.draw(HASH)
    if other != head(old).root:
        assert not consistent(Head(old, other), head(size), proof)
    if other != head(size).root:
        assert not consistent(head(old), Head(size, other), proof)


def changed_proof(proof: list[bytes], data: st.DataObject) -> list[bytes]:
    changed = list(proof)
    at = data.draw(st.integers(0, len(proof)))
    match data.draw(st.sampled_from(["put", "drop", "replace", "swap"])):
        case "put":
            changed.insert(at, data.draw(HASH))
        case "drop":
            del changed[at : at + 1]
        case "replace":
            changed[at : at + 1] = [data.draw(HASH)] * len(changed[at : at + 1])
        case _:
            changed[at : at + 2] = reversed(changed[at : at + 2])
    return changed


@given(
    st.integers(-5, 1 << 70),
    st.integers(-5, 1 << 70),
    st.integers(-5, 1 << 70),
    st.lists(st.one_of(HASH, st.binary(max_size=40)), max_size=80),
    HASH,
)
def test_verification_is_total(a: int, b: int, c: int, proof: list[bytes], root: bytes) -> None:
    for answer in (
        included(root, a, Head(b, root), proof),
        consistent(Head(a, root), Head(b, root), proof),
        consistent(Head(c, EMPTY_ROOT), Head(b, root), proof),
    ):
        assert answer in (True, False)


def test_the_empty_tree_is_the_beginning_of_every_tree() -> None:
    assert consistent(Head(0, EMPTY_ROOT), head(5), ())
    assert consistent(Head(0, EMPTY_ROOT), Head(0, EMPTY_ROOT), ())
    assert not consistent(Head(0, LEAVES[0]), head(5), ())
    assert not consistent(Head(0, EMPTY_ROOT), Head(0, LEAVES[0]), ())
    assert not consistent(Head(0, EMPTY_ROOT), head(5), [LEAVES[0]])
    assert not consistent(head(5), Head(0, EMPTY_ROOT), ())


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    with pytest.raises(ValueError, match="no entry 3"):
        inclusion_proof(3, 3, hash_of)
    with pytest.raises(ValueError, match="no entry -1"):
        inclusion_proof(-1, 3, hash_of)
    with pytest.raises(ValueError, match="does not begin"):
        consistency_proof(4, 3, hash_of)


# --- Tiles


def test_tiles_give_the_same_hashes_however_they_grew() -> None:
    many = [sha256(n.to_bytes(4, "big")).digest() for n in range(TILE_WIDTH**2 + 3 * TILE_WIDTH + 5)]
    tiles: dict[tuple[int, int], bytes] = {}
    tree, plain, at = TileEdge(), RightEdge(), 0
    for leaf in many:
        plain.append(leaf)
    for step in (1, 254, 1, 1, 600, 60_000, 5_451, 1):
        tree.extend(many[at : at + step])
        at += step
        tiles.update(tree.changed())
    assert at == len(many)
    assert tree.edge.head() == plain.head()

    def read(level: int, index: int, width: int) -> bytes:
        whole = tiles.get((level, index)) or b"".join(many[index * TILE_WIDTH :][:TILE_WIDTH])
        assert len(whole) >= width * 32
        return whole[: width * 32]

    from_tiles = hashes_from_tiles(read)
    assert root_of(at, from_tiles) == plain.root()
    for index in (0, 255, 256, 65_535, 65_536, at - 1):
        assert included(many[index], index, plain.head(), inclusion_proof(index, at, from_tiles))
    again = TileEdge(at, {level: read(level, full, width) for level, full, width in tile_widths(at)})
    assert again.edge.head() == plain.head()
    assert [again.partial(level) for level in range(3)] == [tree.partial(level) for level in range(3)]
    assert len(again.partial(0)) == 5
    with pytest.raises(ValueError, match="last tile of level 0"):
        TileEdge(at, {})


def test_the_widths_of_a_tree() -> None:
    assert list(tile_widths(0)) == []
    assert list(tile_widths(256)) == [(0, 1, 0), (1, 0, 1)]
    assert list(tile_widths(70_000)) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert split_hashes(b"a" * 32 + b"b" * 32) == [b"a" * 32, b"b" * 32]
