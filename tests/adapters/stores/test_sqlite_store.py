import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seawall.adapters.stores.sqlite import APPLICATION_ID, MIGRATIONS, open_store, path_of
from seawall.kernel.errors import StoreError, UsageError

NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=1)


def test_remembers_until_its_time(tmp_path: Path) -> None:
    store = open_store(tmp_path / "deep" / "s.db")
    store.remember("osv", {"a": b"1", "b": b"2"}, LATER)
    store.remember("osv", {"a": b"3"}, LATER)
    assert store.cached("osv", ["a", "b", "c"], NOW) == {"a": b"3", "b": b"2"}
    assert store.cached("osv", ["a"], LATER + timedelta(seconds=1)) == {}
    assert store.cached("other", ["a"], NOW) == {}
    store.close()
    assert open_store(store.path).cached("osv", ["b"], NOW) == {"b": b"2"}


def test_drops_what_is_past_its_time(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s.db")
    store.remember("osv", {"old": b"1"}, NOW - timedelta(days=1))
    store.remember("osv", {"new": b"2"}, LATER)
    store.prune(NOW)
    assert store.check()["cached"] == {"osv": 1}


def test_asks_for_many_keys(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s.db")
    store.remember("k", {str(i): b"x" for i in range(3_000)}, LATER)
    assert len(store.cached("k", [str(i) for i in range(3_000)], NOW)) == 3_000


def test_backup_is_a_sound_store(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s.db")
    store.remember("k", {"a": b"1"}, LATER)
    store.backup(tmp_path / "b.db")
    assert open_store(tmp_path / "b.db").cached("k", ["a"], NOW) == {"a": b"1"}
    with pytest.raises(UsageError, match="exists already"):
        store.backup(tmp_path / "b.db")


@pytest.mark.parametrize("junk", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_corrupt_file_is_exit_4_and_left_alone(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(junk)
    with pytest.raises(StoreError, match="corrupt") as caught:
        open_store(path)
    assert caught.value.exit_code == 4
    assert "move it away" in caught.value.advice
    assert path.read_bytes() == junk


def test_damage_in_the_middle_is_found_by_check(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = open_store(path)
    store.remember("k", {str(i): b"x" * 400 for i in range(500)}, LATER)
    store.close()
    sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
    data = bytearray(path.read_bytes())
    for page in range(3, 12):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(data)
    with pytest.raises(StoreError, match="corrupt"):
        open_store(path).check()


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        open_store(path)


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    open_store(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    with pytest.raises(StoreError, match="newer Seawall"):
        open_store(path)


def test_an_older_store_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with sqlite3.connect(path) as old:
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    old.close()
    assert open_store(path).check()["version"] == len(MIGRATIONS)


def test_many_processes_open_a_new_store_at_once(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from seawall.adapters.stores.sqlite import open_store;"
    code += "open_store(Path(sys.argv[1])).check()"
    path = str(tmp_path / "s.db")
    running = [subprocess.Popen([sys.executable, "-c", code, path]) for _ in range(6)]
    assert [process.wait(30) for process in running] == [0] * 6


def test_a_path_that_cannot_be_written_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path / "file" / "s.db")
    assert "--store" in caught.value.advice


def test_store_urls() -> None:
    assert path_of("sqlite:////var/lib/s.db") == Path("/var/lib/s.db")
    assert path_of("sqlite:///s.db") == Path("s.db")
    for url in ("postgres://x", "sqlite:///", "s.db"):
        with pytest.raises(UsageError):
            path_of(url)
