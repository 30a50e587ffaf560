"""What is handed to an outsider is enough to check, and names nobody: hashes, proofs and what was signed.

The hash of an entry is salted by the entry itself (kernel/leaf.py), so it betrays nothing that could be
guessed. The entries are handed out only when that is asked for; the names never are.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.kernel.checkpoint import Checkpoint
from seawall.kernel.errors import UsageError
from seawall.kernel.ledger_settings import LedgerSettings
from seawall.kernel.merkle import inclusion_proof, leaf_hash
from seawall.kernel.note import Note
from seawall.kernel.tiles import TILE_WIDTH, tile_widths
from seawall.vouching import kept_notes, signed_by_all

if TYPE_CHECKING:
    from seawall.adapters.stores.ledger import LedgerStore

PROOF = "seawall/ledger-proof/1"
EXPORT = "seawall/ledger-export/1"
Advance = Callable[[int, int], None]
_SIGN = "sign one with: seawall ledger checkpoint"


def newest_checkpoint(
    store: LedgerStore, settings: LedgerSettings, above: int = -1
) -> tuple[Checkpoint, Note]:
    """The newest checkpoint that covers entry `above`, a witnessed one before others. Raises UsageError."""
    kept = [pair for pair in kept_notes(store, settings) if pair[0].size > above]
    if not kept:
        raise UsageError("there is no checkpoint that covers it", _SIGN)
    keys = [witness.key for witness in settings.witnesses]
    witnessed = [pair for pair in kept if signed_by_all(pair[1], keys)]
    return (witnessed or kept)[-1]


def prove(store: LedgerStore, settings: LedgerSettings, index: int, *, with_leaf: bool) -> dict[str, object]:
    """That entry `index` is in the ledger, as `docs/verify_ledger.py` reads it. Raises UsageError."""
    with store.snapshot():
        data = store.leaf(index)
        checkpoint, note = newest_checkpoint(store, settings, index)
        proof = inclusion_proof(index, checkpoint.size, store.hash_of)
    return {
        "schema": PROOF,
        "index": index,
        "hash": _base64(leaf_hash(data)),
        **({"leaf": data.decode()} if with_leaf else {}),
        "proof": [_base64(item) for item in proof],
        "checkpoint": note.data.decode(),
    }


def tlog_proof(bundle: dict[str, object]) -> str:
    """The same as a C2SP tlog-proof; its `extra` is the hash of the entry, which is not signed by itself."""
    lines = ["c2sp.org/tlog-proof@v1", f"extra {bundle['hash']}", f"index {bundle['index']}"]
    proof = bundle["proof"]
    lines += [str(item) for item in proof] if isinstance(proof, list) else []
    return "\n".join([*lines, "", str(bundle["checkpoint"])])


def export_lines(
    store: LedgerStore,
    settings: LedgerSettings | None,
    *,
    with_leaves: bool,
    advance: Advance = lambda _done, _total: None,
) -> Iterator[str]:
    """JSON lines: what it is with the newest checkpoint, then each entry's index and hash, in order."""
    with store.snapshot():
        size = store.head().size
        kept = kept_notes(store, settings) if settings else []
        note = kept[-1][1].data.decode() if kept else None
        yield json.dumps({"schema": EXPORT, "entries": size, "checkpoint": note})
        for index, data in store.leaves(0, size):
            row: dict[str, object] = {"index": index, "hash": _base64(leaf_hash(data))}
            if with_leaves:
                row["leaf"] = data.decode()
            yield json.dumps(row)
            if not index % 16_384:
                advance(index, size)


def export_tiles(
    store: LedgerStore,
    settings: LedgerSettings,
    target: Path,
    *,
    with_leaves: bool,
    advance: Advance = lambda _done, _total: None,
) -> int:
    """A directory as C2SP tlog-tiles serves it, at the newest checkpoint; the number of entries it covers.

    Raises UsageError when there is no checkpoint, or the directory holds something already.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} exists already", "name a directory that does not exist yet")
    with store.snapshot():
        checkpoint, note = newest_checkpoint(store, settings)
        size = checkpoint.size
        for level, full, width in tile_widths(size):
            for index, wide in [*((n, TILE_WIDTH) for n in range(full)), *([(full, width)] if width else [])]:
                _write(target, str(level), index, wide, store.tile(level, index, wide))
                if level == 0:
                    advance(index * TILE_WIDTH, size)
                if level == 0 and with_leaves:
                    start = index * TILE_WIDTH
                    bundle = [_prefixed(data) for _, data in store.leaves(start, start + wide)]
                    _write(target, "entries", index, wide, b"".join(bundle))
        target.mkdir(parents=True, exist_ok=True)
        (target / "checkpoint").write_bytes(note.data)
    return size


def tile_path(level: str, index: int, width: int) -> str:
    """`tile/0/x001/x234/067`, with `.p/WIDTH` for a partial one."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"tile/{level}/{name}" + ("" if width == TILE_WIDTH else f".p/{width}")


def _write(target: Path, level: str, index: int, width: int, data: bytes) -> None:
    path = target / tile_path(level, index, width)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _prefixed(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
