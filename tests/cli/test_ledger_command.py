"""Is what Seawall keeps sound, and how to keep a copy of it."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from seawall.adapters.stores.sqlite import MIGRATIONS, open_store
from simulators.command_line import Done, run

LATER = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("SEAWALL_STORE", raising=False)
    path = tmp_path / "data" / "seawall.db"
    opened = open_store(path)
    opened.remember("osv-record", {"GHSA-1": b"x" * 5000, "GHSA-2": b"y"}, LATER)
    opened.close()
    return path


@pytest.fixture
def ledger(capsys: pytest.CaptureFixture[str]) -> Any:
    def ask(*words: object, code: int = 0) -> Done:
        return run("ledger", *words, code=code, capsys=capsys)

    return ask


def test_a_sound_store(ledger: Any, store: Path) -> None:
    assert ledger("check").out == f"sound: {store}, version {len(MIGRATIONS)}, {store.stat().st_size} bytes\n"
    answer = ledger("check", "--format", "json").answer
    assert answer["schema"] == "seawall/ledger/1"
    assert answer["cached"] == {"osv-record": 2}


def test_a_backup_is_a_store(ledger: Any, store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert ledger("backup", copy).out == f"copied {store} to {copy}\n"
    opened = open_store(copy)
    assert opened.cached("osv-record", ["GHSA-2"], datetime.now(UTC)) == {"GHSA-2": b"y"}
    opened.close()
    assert ledger("check", "--store", f"sqlite:///{copy}").out.startswith("sound")
    other = ledger("backup", tmp_path / "two.db", "--format", "json").answer
    assert other["bytes"] == (tmp_path / "two.db").stat().st_size


def test_a_backup_is_made_while_others_write(ledger: Any, store: Path, tmp_path: Path) -> None:
    writer = open_store(store)
    writer.remember("x", {"a": b"b"}, LATER)
    ledger("backup", tmp_path / "copy.db")
    writer.close()
    assert (
        ledger("check", "--store", f"sqlite:///{tmp_path}/copy.db", "--format", "json").answer["cached"]["x"]
        == 1
    )


def test_a_backup_never_writes_over_anything(ledger: Any, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    done = ledger("backup", tmp_path / "precious", code=2)
    assert "exists already" in done.err
    assert (tmp_path / "precious").read_text() == "x"
    (tmp_path / "dangling").symlink_to(tmp_path / "made")
    assert "exists already" in ledger("backup", tmp_path / "dangling", code=2).err
    assert not (tmp_path / "made").exists()


def test_a_backup_needs_a_place(ledger: Any, tmp_path: Path) -> None:
    assert "required: FILE" in ledger("backup", code=2).err
    done = ledger("backup", tmp_path / "no" / "such", code=4)
    assert "no backup written" in done.err


def test_check_takes_no_file(ledger: Any, tmp_path: Path) -> None:
    assert "unrecognized" in ledger("check", tmp_path / "x", code=2).err


def test_no_store_is_not_made_by_looking(ledger: Any, tmp_path: Path) -> None:
    done = ledger("check", "--store", f"sqlite:///{tmp_path}/none.db", code=4)
    assert "there is no store at" in done.err
    assert not (tmp_path / "none.db").exists()


def test_a_corrupt_store_and_the_way_to_recover(ledger: Any, store: Path, tmp_path: Path) -> None:
    ledger("backup", tmp_path / "copy.db")
    data = bytearray(store.read_bytes())
    data[4096:8192] = b"\xa5" * 4096
    store.write_bytes(data)
    for extra in store.parent.glob("seawall.db-*"):
        extra.unlink()
    for words in (("check",), ("backup", tmp_path / "another.db")):
        done = ledger(*words, code=4)
        assert f"mv {store} {store}.corrupt" in done.err
    store.rename(store.with_name("seawall.db.corrupt"))
    (tmp_path / "copy.db").rename(store)
    ledger("check")


def test_a_database_of_another_program(ledger: Any, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    done = ledger("check", "--store", f"sqlite:///{tmp_path}/other.db", code=4)
    assert "another program's database" in done.err


def test_the_store_from_the_environment(ledger: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger("backup", tmp_path / "copy.db")
    monkeypatch.setenv("SEAWALL_STORE", f"sqlite:///{tmp_path}/copy.db")
    assert f"sound: {tmp_path}/copy.db" in ledger("check").out
