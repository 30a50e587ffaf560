import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from seawall.adapters.stores.names import APPLICATION_ID, MIGRATIONS, Named, open_names
from seawall.kernel.errors import StoreError
from seawall.kernel.leaf import Pseudonyms


def test_a_pseudonym_is_the_same_until_it_is_erased(tmp_path: Path) -> None:
    names = open_names(tmp_path / "n.db", write=True)
    (one,) = names.pseudonyms([("token:ci", "runner-7", "991", "")])
    assert one == names.pseudonyms([("token:ci", "runner-7", "991", "")])[0]
    assert (len(one.who), len(one.place), len(one.run), one.commit) == (32, 32, 32, "")
    (other,) = names.pseudonyms([("token:other", "runner-7", "", "")])
    assert other.place != one.place, "each principal has a key of its own"
    assert names.named(one.place) == Named(one.place, "token:ci", "place", "runner-7")
    assert {item.pseudonym for item in names.find("runner-7")} == {one.place, other.place}
    assert names.find("runner-7", "run") == []
    assert names.erase("token:ci") == 3
    assert names.named(one.place) is names.named(one.who) is None
    assert names.named("not hex") is None
    assert names.pseudonyms([("token:ci", "runner-7", "991", "")])[0] != one
    assert names.erase("nobody") == 0
    names.close()


def test_empty_and_odd_names_have_pseudonyms(tmp_path: Path) -> None:
    names = open_names(tmp_path / "n.db", write=True)
    found = names.pseudonyms([("", "", "", ""), ("\ud800", "\x00", "é", "x" * 10_000)])
    assert found[0].who
    assert found[0] == Pseudonyms(found[0].who)
    assert all(len(getattr(found[1], kind)) == 32 for kind in ("who", "place", "run", "commit"))
    assert names.faults() == []
    names.close()


def test_nothing_of_the_erased_is_left_in_the_files(tmp_path: Path) -> None:
    """Names come and go in an order that splits and merges pages; then every byte is looked through."""
    path = tmp_path / "n.db"
    names = open_names(path, write=True)
    for number in range(400):
        who = f"canary-{number * 7919 % 400:03d}" if number % 2 else f"other-{number * 7919 % 400:03d}"
        names.pseudonyms([(who, f"{who}-host-{n}", f"{who}-run", f"{who}-commit") for n in range(5)])
    plain = sqlite3.connect(path)
    keys = [row[0] for row in plain.execute("SELECT key FROM principals WHERE name LIKE 'canary%'")]
    plain.close()
    whole = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert whole.count(b"canary") > 1_000
    assert len(keys) == 200
    for item in {item.principal for item in names.all() if item.principal.startswith("canary")}:
        assert names.erase(item) == 8
    whole = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"canary" not in whole
    assert not [key for key in keys if key in whole]
    assert len(names.all()) == 200 * 8
    assert names.faults() == []
    names.close()


def test_a_reader_of_the_old_state_is_told(tmp_path: Path) -> None:
    path = tmp_path / "n.db"
    names = open_names(path, write=True)
    names.pseudonyms([("who", "host", "", "")])
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM names").fetchall()
    names._connection.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(StoreError) as caught:
        names.erase("who")
    assert caught.value.advice
    reader.close()
    names.erase("who")
    assert not [file for file in tmp_path.iterdir() if b"host" in file.read_bytes()]
    names.close()


def test_what_another_process_erases_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "n.db"
    names = open_names(path, write=True)
    names.pseudonyms([("who", "", "", "")])
    seen = names.changed_elsewhere()
    names.pseudonyms([("other", "", "", "")])
    assert names.changed_elsewhere() == seen, "our own writing is no change"
    process = multiprocessing.get_context("spawn").Process(target=erase, args=(path, "who"))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert names.changed_elsewhere() != seen
    names.close()


def erase(path: Path, who: str) -> None:
    names = open_names(path, write=True)
    names.erase(who)
    names.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE names SET name = 'somebody else' WHERE kind = 'place'",
        "UPDATE names SET kind = 'run' WHERE kind = 'place'",
        "UPDATE principals SET key = zeroblob(32)",
        "DELETE FROM principals",
    ],
)
def test_a_name_that_was_put_under_a_pseudonym_is_found(tmp_path: Path, change: str) -> None:
    path = tmp_path / "n.db"
    names = open_names(path, write=True)
    names.pseudonyms([("who", "host", "", "")])
    assert names.faults() == []
    with sqlite3.connect(path) as other:
        other.execute(change)
    other.close()
    assert names.faults()
    names.close()


def test_readers_need_a_file_and_newer_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.db"
    with pytest.raises(StoreError, match="no names"):
        open_names(path)
    names = open_names(path, write=True)
    names.pseudonyms([("who", "host", "", "")])
    reader = open_names(path)
    assert len(reader.all()) == 2
    with pytest.raises(StoreError, match="readonly"):
        reader.pseudonyms([("new", "", "", "")])
    reader.close()
    names.close()
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        assert newer.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    newer.close()
    with pytest.raises(StoreError, match="newer Seawall"):
        open_names(path, write=True)
