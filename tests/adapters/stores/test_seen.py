"""What was first seen stays, what was found comes back as it was, and a store that is not sound says so."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seawall.adapters.stores.seen import SeenStore, open_seen
from seawall.kernel.advisory import Severity
from seawall.kernel.errors import StoreError
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.offer import Offer
from seawall.kernel.release_diff import Row
from seawall.kernel.sighting import Examined, NameSeen, Sighting, agrees

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SeenStore]:
    opened = open_seen(tmp_path / "gate.db")
    yield opened
    opened.close()


def seen(filename: str, *digests: str, at: datetime | None = NOW) -> Sighting:
    return Sighting(filename, "1.0.0", digests, at, NOW, "main")


def test_the_first_sighting_of_a_file_is_never_written_over(store: SeenStore) -> None:
    assert store.of_name("npm", "a") == NameSeen()
    store.keep("npm", "a", [seen("a-1.tgz", "sha512:aa"), seen("a-2.tgz", at=None)], "sha256:d1", NOW)
    later = NOW + timedelta(days=1)
    store.keep("npm", "a", [seen("a-1.tgz", "sha512:bb")], "sha256:d2", later)
    found = store.of_name("npm", "a")
    assert found.files == {"a-1.tgz": seen("a-1.tgz", "sha512:aa"), "a-2.tgz": seen("a-2.tgz", at=None)}
    assert (found.document, found.changed) == ("sha256:d2", later)
    assert store.of_name("PyPI", "a") == NameSeen()


def test_digests_of_further_algorithms_are_added_and_no_other(store: SeenStore) -> None:
    store.keep("npm", "a", [seen("a-1.tgz", "sha1:aa")], "", NOW)
    store.add_digests("npm", "a", "a-1.tgz", ["sha1:bb", "sha256:cc"])
    store.add_digests("npm", "a", "a-9.tgz", ["sha256:cc"])
    assert store.of_name("npm", "a").files["a-1.tgz"].digests == ("sha1:aa", "sha256:cc")


@pytest.mark.parametrize(
    ("known", "offered", "same"),
    [
        (("sha512:aa", "sha1:bb"), ("sha512:aa",), True),
        (("sha512:aa",), ("sha512:bb",), False),
        (("sha512:aa", "sha1:bb"), ("sha1:cc", "sha512:aa"), False),
        (("sha512:aa",), ("sha1:bb",), False),  # nothing shows that it is the same
        ((), ("sha1:bb",), True),
        (("sha1:bb",), (), True),
    ],
)
def test_a_file_is_the_same_as_long_as_its_digests_say_so(
    known: tuple[str, ...], offered: tuple[str, ...], same: bool
) -> None:
    assert (agrees(seen("a", *known), Offer("1", "a", "", offered)) == "") is same


def test_what_was_found_comes_back_as_it_was(store: SeenStore) -> None:
    finding = Finding(
        "packages/x", Severity.HIGH, "pkg:npm/a@1", "m", "a", "a.js", 3, "f" * 32, True, ("GHSA-1",), "2", "",
        {"lines": ["x"], "count": 2},
    )  # fmt: skip
    verdict = Examined(
        "a-1.tgz",
        "1",
        "sha256:aa",
        "e1",
        (finding,),
        (Skipped("c", "r", "a", required=True),),
        NOW,
        (Row("hooks", "none", "one", ("postinstall: node x",)),),
    )
    store.keep_verdict("npm", "a", verdict, NOW)
    assert store.verdict("npm", "a", "a-1.tgz", "sha256:aa", "e1") == verdict
    assert store.examined("npm", "a", "e1") == (verdict,) == store.examined("npm", "a")
    # The same bytes under another name or file name, or another engine, were not looked at.
    assert store.verdict("npm", "b", "a-1.tgz", "sha256:aa", "e1") is None
    assert store.verdict("npm", "a", "a-2.tgz", "sha256:aa", "e1") is None
    assert store.verdict("npm", "a", "a-1.tgz", "sha256:aa", "e2") is None
    assert store.examined("npm", "a", "e2") == ()


def test_the_newest_time_never_goes_back(store: SeenStore) -> None:
    assert store.newest() is None
    store.keep_newest(NOW)
    store.keep_newest(NOW - timedelta(days=1))
    assert store.newest() == NOW
    store.nothing_after(NOW)
    assert store.newest() == NOW
    store.nothing_after(NOW - timedelta(days=1))
    assert store.newest() is None


def test_what_was_written_by_a_clock_that_was_ahead_is_of_now(store: SeenStore) -> None:
    ahead = NOW + timedelta(days=1_000)
    store.keep("npm", "a", [replace(seen("a-1.tgz"), published=ahead, first=ahead)], "sha256:1", ahead)
    store.keep("npm", "b", [replace(seen("b-1.tgz"), published=None)], "sha256:1", NOW)
    store.nothing_after(NOW + timedelta(days=1))
    found = store.of_name("npm", "a")
    assert found.changed == found.files["a-1.tgz"].first == found.files["a-1.tgz"].published
    assert found.changed == NOW + timedelta(days=1)
    assert store.of_name("npm", "b") == NameSeen(
        {"b-1.tgz": replace(seen("b-1.tgz"), published=None)}, "sha256:1", NOW
    )


def test_three_hundred_files_are_remembered_at_once(store: SeenStore) -> None:
    files = [seen(f"a-{n}.tgz", f"sha512:{n:0128x}") for n in range(300)]
    begun = time.process_time()
    store.keep("npm", "a", files, "sha256:d", NOW)
    assert time.process_time() - begun < 0.5
    assert len(store.of_name("npm", "a").files) == 300


def test_threads_share_a_store(store: SeenStore) -> None:
    def work(part: int) -> None:
        for n in range(20):
            store.keep("npm", f"n{part}", [seen(f"{n}.tgz")], f"{n}", NOW)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(store.of_name("npm", f"n{part}").files) for part in range(6)] == [20] * 6


def test_what_cannot_be_read_is_said(store: SeenStore, tmp_path: Path) -> None:
    store.keep_verdict("npm", "a", Examined("f", "1", "d", "e"), NOW)
    other = sqlite3.connect(tmp_path / "gate.db")
    with other:
        other.execute('UPDATE examined SET said = \'{"findings": [{}], "skipped": []}\'')
    with pytest.raises(StoreError, match="cannot be read"):
        store.examined("npm", "a")
    with other:
        other.execute("DROP TABLE seen_file")
    other.close()
    with pytest.raises(StoreError):
        store.of_name("npm", "a")


def test_a_closed_store_answers_nothing(tmp_path: Path) -> None:
    opened = open_seen(tmp_path / "gate.db")
    opened.close()
    with pytest.raises(StoreError):
        opened.newest()
