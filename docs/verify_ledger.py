#!/usr/bin/env python3
"""Check what somebody says about their ledger, without any of their software.

    python3 verify_ledger.py EXPORT --key VKEY [--witness VKEY]... [--checkpoint FILE]...

EXPORT is what `seawall ledger export` wrote (a .jsonl file or a directory of tiles) or one proof that
`seawall ledger prove --format json` wrote. VKEY are public keys that you had from their owners, not from the
export. FILE is a checkpoint that you kept from earlier: nothing that it covered may have changed since.
Exit 0: all of it holds. 5: it does not. 2: it cannot be read.

This one file needs Python 3.9 or newer and nothing else, so that you can read all of it: hashes (RFC 6962),
Ed25519 (RFC 8032), signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature), tiles (tlog-tiles).
"""

import argparse
import base64
import hashlib
import json
import re
import sys
import time
from pathlib import Path


class Wrong(Exception):
    """Something does not hold."""


def main(words=None):
    """Read the command line, check, and say what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export", type=Path)
    parser.add_argument("--key", required=True, help="the ledger's public key")
    parser.add_argument(
        "--witness", action="append", default=[], help="a witness's public key; all must have signed"
    )
    parser.add_argument(
        "--checkpoint", action="append", default=[], type=Path, help="a checkpoint from elsewhere"
    )
    given = parser.parse_args(words)
    try:
        key, witnesses = read_key(given.key, 1), [read_key(text, 4) for text in given.witness]
        notes = [path.read_bytes().decode() for path in given.checkpoint]
        for line in check(given.export, notes, key, witnesses):
            print(line)
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    except Exception as error:
        print(f"WRONG: {error}" if isinstance(error, Wrong) else f"WRONG: it is malformed: {error!r}")
        return 5
    print("All of it holds.")
    return 0


def check(export, notes, key, witnesses):
    """Yield a sentence for each thing that holds. Raises Wrong for the first that does not."""
    first = {} if export.is_dir() else first_line(export)
    own = (export / "checkpoint").read_bytes().decode() if export.is_dir() else first["checkpoint"]
    heads = [read_checkpoint(note, key, witnesses) for note in [own, *notes] if note]
    if not heads:
        raise Wrong("nothing in it is signed, and no --checkpoint was given")
    if any(head[0] != heads[0][0] for head in heads):
        raise Wrong("the checkpoints are of more than one ledger")
    if first.get("schema") == "seawall/ledger-proof/1":
        yield check_proof(first, heads)
    else:
        yield check_entries(tile_leaves(export) if export.is_dir() else line_leaves(export), heads)
    for origin, size, _, _ in heads:
        yield f"{origin}: {size} entries, signed by its key"
    yield from check_witnesses(heads, witnesses)


def check_entries(leaves, heads):
    """Every checkpoint is over the first entries of these, so they are consistent with each other too."""
    count, roots = roots_at(leaves, {size for _, size, _, _ in heads})
    for _, size, root, _ in heads:
        if size not in roots:
            raise Wrong(f"a checkpoint counts {size} entries, and there are only {count}: some were cut off")
        if roots[size] != root:
            raise Wrong(f"the first {size} entries are not those that were signed")
    signed = max(size for _, size, _, _ in heads)
    tail = f"; nobody signed the last {count - signed}" if count > signed else ""
    return f"{count} entries; every checkpoint holds for those that it covers{tail}"


def check_proof(proof, heads):
    """One entry is in the ledger of the first checkpoint; further ones must be of the same size."""
    index, (_, size, root, _) = proof["index"], heads[0]
    if not isinstance(index, int) or not included(
        leaf_of(proof), index, size, [read_hash(text) for text in proof["proof"]], root
    ):
        raise Wrong(f"entry {index!r} is not in the ledger of {size} entries")
    if any(head[1:3] != (size, root) for head in heads):
        raise Wrong(f"another checkpoint is not of the same {size} entries: verify an export with it")
    return f"entry {index} is in the ledger of {size} entries"


def check_witnesses(heads, witnesses):
    """Every witness that was asked for signed one of the checkpoints."""
    for name, _, _ in witnesses:
        signed = [(size, at) for _, size, _, by in heads for witness, at in by if witness == name]
        if not signed:
            raise Wrong(f"the witness {name} signed none of it")
        size, seconds = max(signed)
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
        yield f"the first {size} entries were witnessed at {when} by {name}"
    if not witnesses:
        yield "no witness was asked for: this is its owner's word only"


# Exports: where the hashes of the entries come from.


def first_line(path):
    """What a file is: the first line of a .jsonl export, or a whole proof."""
    with path.open("rb") as file:
        first = json.loads(file.readline())
    if first["schema"] not in ("seawall/ledger-export/1", "seawall/ledger-proof/1"):
        raise Wrong("it is no export of a ledger")
    return first


def leaf_of(row):
    """The hash of one entry. Where the entry itself is there, it must have that hash."""
    leaf = read_hash(row["hash"])
    if row.get("leaf") is not None and hash_leaf(row["leaf"].encode()) != leaf:
        raise Wrong(f"entry {row['index']!r} does not have the hash that is written beside it")
    return leaf


def line_leaves(path):
    """The hashes in a .jsonl export, in order, without gaps, and as many as its first line says."""
    with path.open("rb") as file:
        count = json.loads(file.readline())["entries"]
        for index, line in enumerate(file):
            row = json.loads(line)
            if row["index"] != index or row.keys() - {"index", "hash", "leaf"}:
                raise Wrong(f"line {index + 2} does not hold entry {index}")
            yield leaf_of(row)
            count -= 1
    if count:
        raise Wrong("there are more or fewer entries than its first line says")


def tile_leaves(top):
    """The hashes in a directory of tiles. All other tiles and the entries must agree."""
    level, hashes = 0, list(read_tiles(top, "0", 32))
    leaves = hashes
    entries = list(read_bundles(top)) if (top / "tile" / "entries").is_dir() else None
    if entries is not None and [hash_leaf(entry) for entry in entries] != leaves:
        raise Wrong("the entries are not those of the tree")
    while len(hashes) >= 256:
        level += 1
        full = len(hashes) - len(hashes) % 256
        hashes = [root_of(hashes[at : at + 256]) for at in range(0, full, 256)]
        if list(read_tiles(top, str(level), 32)) != hashes:
            raise Wrong(f"the tiles of level {level} are not what those below make")
    return iter(leaves)


def tile_files(top, level):
    """The bytes of the tiles of one level, in order; for each whether it is a full one."""
    for number in range(1 << 62):
        digits = f"{number:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        path = top.joinpath("tile", level, *(f"x{part}" for part in parts[:-1]), parts[-1])
        if path.is_file():
            yield path.read_bytes(), 256
            continue
        partial = sorted(path.with_name(path.name + ".p").glob("*"), key=lambda found: int(found.name))
        if partial:
            yield partial[-1].read_bytes(), int(partial[-1].name)
        return


def read_tiles(top, level, size):
    """The hashes of one level."""
    for data, width in tile_files(top, level):
        if len(data) != width * size:
            raise Wrong(f"a tile of level {level} is not as wide as its name says")
        yield from (data[at : at + size] for at in range(0, len(data), size))


def read_bundles(top):
    """The entries themselves: each with its length before it, in two bytes."""
    for data, width in tile_files(top, "entries"):
        at = count = 0
        while at < len(data):
            size = int.from_bytes(data[at : at + 2], "big")
            yield data[at + 2 : at + 2 + size]
            at, count = at + 2 + size, count + 1
        if at != len(data) or count != width:
            raise Wrong("a bundle of entries is cut short")


# The tree (RFC 6962): one root stands for all entries and their order.


def hash_leaf(entry):
    """The hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_node(left, right):
    """The hash of two hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes):
    """The root over a list of leaf hashes: split at the largest power of two that is smaller."""
    if len(hashes) <= 1:
        return hashes[0] if hashes else hashlib.sha256(b"").digest()
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return hash_node(root_of(hashes[:split]), root_of(hashes[split:]))


def roots_at(leaves, sizes):
    """How many leaves there are, and the root at each of these sizes, in one pass."""
    roots, stack, count = {0: root_of([])}, [], 0
    for leaf in leaves:
        # Equal neighbours are joined: the stack holds one hash for each 1 in the binary count.
        at = count
        while at & 1:
            leaf, at = hash_node(stack.pop(), leaf), at >> 1  # noqa: PLW2901
        stack.append(leaf)
        count += 1
        if count in sizes:
            root = stack[-1]
            for left in reversed(stack[:-1]):
                root = hash_node(left, root)
            roots[count] = root
    return count, roots


def included(leaf, index, size, proof, root):
    """The proof leads from a leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    last, found = size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            found = hash_node(other, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = hash_node(found, other)
        index, last = index >> 1, last >> 1
    return last == 0 and found == root


# Signed notes.


def read_key(text, kind):
    """(name, id, public key) of `NAME+ID+BASE64`; kind 1 signs as a ledger, 4 as a witness."""
    name, identity, material = text.split("+", 2)
    data = unbase64(material)
    if len(data) != 33 or data[0] != kind or key_id(name, data) != bytes.fromhex(identity):
        raise Wrong(f"{text} is not the public key of a {'ledger' if kind == 1 else 'witness'}")
    return name, bytes.fromhex(identity), data[1:]


def key_id(name, data):
    """Four bytes that belong to a name, a kind and a key."""
    return hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]


def read_checkpoint(note, key, witnesses):
    """(origin, size, root, [(witness, seconds)...]) of a note whose signatures hold."""
    text, found, lines = note.rpartition("\n\n")
    text += "\n"
    body = re.fullmatch(r"([^\n]+)\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*", text)
    if not found or not body or not lines.endswith("\n"):
        raise Wrong("it holds no checkpoint")
    signed, by_log = [], False
    for line in lines[:-1].split("\n"):
        dash, name, data = line.split(" ")
        identity, value = unbase64(data)[:4], unbase64(data)[4:]
        if dash != "\u2014":
            raise Wrong("it holds no checkpoint")
        if (name, identity) == key[:2]:
            by_log = verified(key, value, text.encode())
        for witness in witnesses:
            if (name, identity) == witness[:2]:
                seconds = int.from_bytes(value[:8], "big")
                verified(witness, value[8:], f"cosignature/v1\ntime {seconds}\n{text}".encode())
                signed.append((name, seconds))
    if not by_log:
        raise Wrong(f"the checkpoint of {body[1]} is not signed by {key[0]}")
    return body[1], int(body[2]), unbase64(body[3]), signed


def verified(key, signature, message):
    """True. Raises Wrong when the signature is not that key's."""
    if not ed25519(key[2], signature, message):
        raise Wrong(f"a signature that says it is of {key[0]} is not")
    return True


def unbase64(text):
    """The bytes of base64 in its one right spelling."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise Wrong("base64 in more than one spelling")
    return data


def read_hash(text):
    """A hash, and nothing shorter or longer: two halves of other lengths could make the same whole."""
    data = unbase64(text)
    if len(data) != 32:
        raise Wrong("a hash is not 32 bytes long")
    return data


# Ed25519 (RFC 8032, 5.1), slow and plain. A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    """The sum of two points (5.1.4)."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    x, y, z, t = f - e, f + e, h + g, h - g
    return x * t % P, z * y % P, t * z % P, x * y % P


def times(number, point):
    """The point added to itself so many times."""
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def point_of(data):
    """The point in 32 bytes (5.1.3), None when there is none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519(public, signature, message):
    """The signature of `message` is that of the public key (5.1.7): [S]B = R + [k]A."""
    key, r = point_of(public), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(public) != 32 or len(signature) != 64 or key is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(k, key))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


if __name__ == "__main__":
    sys.exit(main())
