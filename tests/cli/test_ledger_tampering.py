"""Whatever somebody changes, `seawall ledger verify` and the one-file verifier find it, given what was witnessed."""

import importlib.util
import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from seawall.adapters.stores.ledger import open_ledger
from seawall.cli.main import main
from seawall.kernel.checkpoint import Checkpoint
from seawall.kernel.ledger_settings import LedgerSettings, WitnessAt
from seawall.kernel.note import Note
from seawall.ledger_setup import keep_settings
from simulators.growing_log import GrowingLog, witness_signer
from simulators.recorded import events, record
from simulators.tampering import CARELESS, careful, flip_bytes, forged

VERIFIER = Path(__file__).parent.parent.parent / "docs" / "verify_ledger.py"
SIZE = 300


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("verify_ledger", VERIFIER)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


outsider = _load()


@dataclass
class Kept:
    """A witnessed ledger: its file, its settings, the checkpoint as somebody outside kept it, and public keys."""

    path: Path
    settings: Path
    note: Path
    key: str
    witness: str


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    place = tmp_path_factory.mktemp("kept")
    record(place / "data", events(SIZE - 1))
    path = place / "data" / "ledger.db"
    log, witness = GrowingLog("ledger.example/t"), witness_signer()
    settings = LedgerSettings(log.origin, log.signer.key, "", (WitnessAt("http://127.0.0.1:9", witness.key),))
    keep_settings(place / "ledger.toml", settings)
    store = open_ledger(path, write=True)
    head = store.head()
    text = Checkpoint(log.origin, head.size, head.root).text
    note = Note(text).signed(log.signer.sign(text), witness.cosign(text, 1_764_000_900))
    store.keep_checkpoint(head.size, note.data)
    store.close()
    (place / "note").write_bytes(note.data)
    return Kept(path, place / "ledger.toml", place / "note", log.signer.key.text, witness.key.text)


def verify(kept: Kept, path: Path, *more: object) -> int:
    words = ["ledger", "verify", "--offline", "--ledger", path, "--settings", kept.settings, *more]
    return main([str(word) for word in words])


def test_the_honest_one_is_sound(kept: Kept) -> None:
    assert verify(kept, kept.path) == verify(kept, kept.path, "--checkpoint", kept.note) == 0


@pytest.mark.parametrize("change", CARELESS, ids=lambda change: str(change.__name__))
def test_careless_changes(
    kept: Kept, tmp_path: Path, change: Callable[[sqlite3.Connection, random.Random], str]
) -> None:
    for seed in range(4):
        path = tmp_path / f"{seed}.db"
        shutil.copy(kept.path, path)
        with sqlite3.connect(path) as db:
            what = change(db, random.Random(100 + seed))
            assert db.total_changes, what
        db.close()
        assert verify(kept, path) in (4, 5), what


def test_careful_changes_are_found_by_what_was_kept_outside(kept: Kept, tmp_path: Path) -> None:
    store = open_ledger(kept.path)
    leaves = [data for _, data in store.leaves(0, SIZE)]
    store.close()
    for seed in range(25):
        what, other = careful(leaves, random.Random(seed))
        path = tmp_path / f"{seed}.db"
        forged(path, other)
        assert verify(kept, path) == 0, f"{what}: alone it agrees with itself"
        assert verify(kept, path, "--checkpoint", kept.note) == 5, what


def test_flipped_bytes_are_never_a_defect(kept: Kept, tmp_path: Path) -> None:
    found = 0
    for seed in range(60):
        path = tmp_path / f"{seed}.db"
        shutil.copy(kept.path, path)
        what = flip_bytes(path, random.Random(seed))
        code = verify(kept, path, "--checkpoint", kept.note)
        assert code in (0, 4, 5), what
        found += code != 0
    assert found > 30


def test_a_changed_checkpoint_is_no_checkpoint(kept: Kept, tmp_path: Path) -> None:
    note = kept.note.read_bytes()
    chance = random.Random(7)
    for _ in range(60):
        changed = bytearray(note)
        changed[chance.randrange(len(note))] ^= 1 << chance.randrange(8)
        (tmp_path / "note").write_bytes(changed)
        code = verify(kept, kept.path, "--checkpoint", tmp_path / "note")
        # What stands behind the log's own signature may be of a stranger, who is passed over.
        assert code == 5 or changed.startswith(note[: note.rindex(b"\n\xe2\x80\x94 witness")]), bytes(changed)


def export(kept: Kept, path: Path, target: Path, kind: str) -> None:
    words = [
        "ledger",
        "export",
        "--ledger",
        path,
        "--settings",
        kept.settings,
        "--format",
        kind,
        "--with-leaves",
        "--to",
        target,
    ]
    assert main([str(word) for word in words]) == 0


def checked(kept: Kept, target: Path, *more: object) -> int:
    code = outsider.main(
        [str(word) for word in (target, "--key", kept.key, "--witness", kept.witness, *more)]
    )
    assert isinstance(code, int)
    return code


def _edit(lines: list[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    changed = bytearray(lines[at])
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    lines[at] = bytes(changed)


def _delete(lines: list[bytes], chance: random.Random) -> None:
    del lines[chance.randrange(len(lines))]


def _reorder(lines: list[bytes], chance: random.Random) -> None:
    one, two = chance.sample(range(len(lines)), 2)
    lines[one], lines[two] = lines[two], lines[one]


def _truncate(lines: list[bytes], chance: random.Random) -> None:
    del lines[chance.randrange(len(lines)) :]


def _double(lines: list[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    lines.insert(at, lines[at])


@pytest.mark.parametrize("change", [_edit, _delete, _reorder, _truncate, _double])
def test_an_export_that_was_changed(
    kept: Kept, tmp_path: Path, change: Callable[[list[bytes], random.Random], None]
) -> None:
    target = tmp_path / "e.jsonl"
    export(kept, kept.path, target, "jsonl")
    assert checked(kept, target) == 0
    whole = target.read_bytes()
    for seed in range(40):
        lines = whole.splitlines(keepends=True)
        change(lines, random.Random(seed))
        if b"".join(lines) == whole:
            continue
        target.write_bytes(b"".join(lines))
        assert checked(kept, target) == 5, seed


def test_tiles_that_were_changed(kept: Kept, tmp_path: Path) -> None:
    target = tmp_path / "tiles"
    export(kept, kept.path, target, "tiles")
    assert checked(kept, target) == 0
    files = sorted(path for path in target.rglob("*") if path.is_file())
    assert [str(path.relative_to(target)) for path in files] == [
        "checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44",
    ]  # fmt: skip
    for path in files:
        data = path.read_bytes()
        chance = random.Random(str(path.relative_to(target)))
        for cut in (data[:-1], data[: len(data) // 2], b"", data + data[-32:], None):
            path.unlink() if cut is None else path.write_bytes(cut)
            assert (cut is None and path.name == "checkpoint") or checked(kept, target) == 5, (path, cut)
            path.write_bytes(data)
        for _ in range(12):
            changed = bytearray(data)
            changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            path.write_bytes(changed)
            assert checked(kept, target) == 5, path
            path.write_bytes(data)
    assert checked(kept, target) == 0


def test_an_export_of_another_past(kept: Kept, tmp_path: Path) -> None:
    """Everything agrees with itself, and the key itself signs it: only who kept a checkpoint can tell."""
    store = open_ledger(kept.path)
    leaves = [data for _, data in store.leaves(0, SIZE)]
    store.close()
    for seed in range(12):
        what, other = careful(leaves, random.Random(50 + seed))
        path, target = tmp_path / f"{seed}.db", tmp_path / f"{seed}.jsonl"
        forged(path, other)
        export(kept, path, target, "jsonl")
        lines = target.read_text().splitlines()
        lines[0] = json.dumps({**json.loads(lines[0]), "checkpoint": kept.note.read_text()})
        target.write_text("\n".join(lines) + "\n")
        assert checked(kept, target) == 5, what
