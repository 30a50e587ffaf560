import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from seawall.adapters.stores.opening import Layout, check_integrity, guarded, open_database
from seawall.kernel.errors import StoreError

ONE = ("CREATE TABLE t (x INTEGER NOT NULL)",)
TWO = ("ALTER TABLE t ADD COLUMN y INTEGER NOT NULL DEFAULT 7",)


def layout(*migrations: tuple[str, ...], owner: int = 77) -> Layout:
    return Layout(owner, migrations, "elsewhere", "newer", "recover {path}", "busy", private=True)


def test_each_store_has_its_own_migrations(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.db"
    first = open_database(path, layout(ONE))
    first.execute("INSERT INTO t VALUES (1)")
    first.commit()
    first.close()
    second = open_database(path, layout(ONE, TWO))
    assert second.execute("SELECT * FROM t").fetchall() == [(1, 7)]
    second.close()
    with pytest.raises(StoreError, match="newer Seawall") as caught:
        open_database(path, layout(ONE))
    assert caught.value.advice == "newer"
    with pytest.raises(StoreError, match="another program") as caught:
        open_database(path, layout(ONE, TWO, owner=78))
    assert caught.value.advice == "elsewhere"


def test_a_migration_that_fails_leaves_the_old_version(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    open_database(path, layout(ONE)).close()
    with pytest.raises(StoreError, match="cannot be used"):
        open_database(path, layout(ONE, ("CREATE TABLE u (x)", "CREATE TABLE t (x)")))
    plain = sqlite3.connect(path)
    assert plain.execute("PRAGMA user_version").fetchone() == (1,)
    assert plain.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]
    plain.close()


def test_what_other_processes_write_is_seen_however_often_it_is_open_here(tmp_path: Path) -> None:
    """A second connection in one process gives back no lock of the first: else whoever ends last elsewhere
    removes the log under both, and from then on neither sees what others write nor keeps what it writes."""
    path = tmp_path / "x.db"
    here = [open_database(path, layout(ONE)) for _ in range(2)]
    for number in range(1, 4):
        text = f"import sqlite3; c = sqlite3.connect({str(path)!r}); c.execute('INSERT INTO t VALUES (1)'); c.commit(); c.close()"
        subprocess.run([sys.executable, "-c", text], check=True, timeout=60)
        assert [item.execute("SELECT count(*) FROM t").fetchone()[0] for item in here] == [number, number]
    here[0].execute("INSERT INTO t VALUES (2)")
    here[0].commit()
    for item in here:
        item.close()
    again = open_database(path, layout(ONE))
    assert again.execute("SELECT count(*) FROM t").fetchone() == (4,)
    again.close()


def test_whoever_only_reads_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with pytest.raises(StoreError, match="cannot be"):
        open_database(path, layout(ONE), read_only=True)
    assert not path.exists()
    writer = open_database(path, layout(ONE))
    reader = open_database(path, layout(ONE), read_only=True)
    writer.execute("INSERT INTO t VALUES (1)")
    writer.commit()
    assert reader.execute("SELECT * FROM t").fetchall() == [(1,)]
    with pytest.raises(StoreError, match="readonly") as caught, guarded(path, layout(ONE)):
        reader.execute("INSERT INTO t VALUES (2)")
    assert caught.value.advice == "busy"
    with pytest.raises(StoreError, match="older Seawall"):
        open_database(path, layout(ONE, TWO), read_only=True)
    reader.close()
    writer.close()


def test_what_is_asked_of_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    full = open_database(path, layout(ONE), synchronous="FULL")
    assert full.execute("PRAGMA synchronous").fetchone() == (2,)
    assert full.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    full.execute("INSERT INTO t VALUES (1)")
    full.commit()
    for name in (path, path.with_name("x.db-wal"), path.with_name("x.db-shm")):
        assert stat.S_IMODE(name.stat().st_mode) == 0o600
    full.close()
    normal = open_database(path, layout(ONE))
    assert normal.execute("PRAGMA synchronous").fetchone() == (1,)
    normal.close()


def test_damage_is_told_with_the_way_to_recover(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    connection = open_database(path, layout(ONE))
    connection.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(5_000)])
    connection.commit()
    check_integrity(connection, path, layout(ONE))
    connection.close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 3 + 64] = b"\xa5" * 64
    path.write_bytes(data)
    connection = open_database(path, layout(ONE))
    with pytest.raises(StoreError, match="corrupt") as caught:
        check_integrity(connection, path, layout(ONE))
    assert caught.value.advice == f"recover {path}"
    connection.close()


def test_a_file_that_was_emptied_is_not_called_old(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    open_database(path, layout(ONE)).close()
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="holds nothing: it was emptied"):
        open_database(path, layout(ONE), read_only=True)
