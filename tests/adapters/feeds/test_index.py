import fcntl
import hashlib
import json
import zlib
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.adapters.feeds.index import Filled, Index, Row, build, open_index, row_of
from seawall.kernel.advisory import Advisory
from seawall.kernel.errors import FeedError, StoreError
from seawall.kernel.intake import FeedState
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.matching import match
from seawall.readers.advisories.osv import read_record
from simulators.osv import record

LEFT = ("npm", "left", "1.0.0")
EVERY = {"type": "SEMVER", "events": [{"introduced": "0"}]}


def row(document: dict[str, Any], feed: str = "osv:npm") -> Row:
    made = row_of(json.dumps(document).encode(), feed, "x.json", DEFAULT_LIMITS)
    assert isinstance(made, Row)
    return made


def filled(name: str, records: int, newest: str = "2026-01-01T00:00:00Z") -> Filled:
    return Filled(FeedState(name, newest, records, ("npm",), "here"), newest)


def built(path: Path, rows: Iterable[Row], feeds: Iterable[Filled] = (), **more: Any) -> Index:
    build(rows, feeds, path, **more)
    index = open_index(path)
    assert index is not None
    return index


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "advisories.db"


def test_what_it_holds(path: Path) -> None:
    flaw = record("GHSA-1", "npm", "left", ("1.0.0",), aliases=["CVE-1"])
    malware = record("MAL-1", "PyPI", "Some.Thing", ("1.0",))
    index = built(path, [row(flaw), row(malware)], [filled("osv:npm", 2)])
    assert index.states() == (FeedState("osv:npm", "2026-01-01T00:00:00Z", 2, ("npm",), "here"),)
    keys = [LEFT, ("PyPI", "some_thing", "1.0.0"), ("npm", "Left", "1.0.0")]
    assert {k: m[0].ids[0] for k, m in index.matches(keys).items()} == {keys[0]: "GHSA-1", keys[1]: "MAL-1"}
    by_alias, by_id = index.advisory("CVE-1"), index.advisory("GHSA-1")
    assert by_alias == by_id
    assert by_id is not None
    assert by_id.summary == "A flaw in left"
    assert index.advisory("CVE-%") is None
    assert [a.id for a in index.malicious()] == ["MAL-1"]
    assert path.parent.stat().st_mode & 0o777 == 0o700
    index.close()


def test_what_is_malicious_comes_with_all_that_decides_about_versions(path: Path) -> None:
    one = record("MAL-1", "PyPI", "Some.Thing", ("1.0", "1.1"), aliases=["GHSA-9", "CVE-9"])
    one["affected"] += record("", "npm", "Some.Thing", ranges=[EVERY])["affected"]
    newer = {**record("MAL-2", "npm", "b", ("2.0.0",)), "modified": "2026-02-01T00:00:00Z"}
    rows = [
        row(one),
        row(record("GHSA-1", "npm", "left", ("1.0.0",))),
        row(record("MAL-2", "npm", "b", ("1.0.0",))),
    ]
    index = built(path, [*rows, row(newer, "other")])
    found = list(index.malicious())
    assert [(a.id, a.aliases, a.modified, a.feed) for a in found] == [
        ("MAL-1", ("GHSA-9", "CVE-9"), "2026-01-02T03:04:05Z", "osv:npm"),
        ("MAL-2", (), "2026-02-01T00:00:00Z", "other"),
    ]
    assert all(a.malicious for a in found)
    keys = [
        ("PyPI", "some-thing", "1.1"),
        ("npm", "Some.Thing", "3.0.0"),
        ("npm", "b", "1.0.0"),
        ("npm", "b", "2.0.0"),
    ]
    matches = match(keys, found)
    whole = index.matches(keys)
    assert {k: m[0].ids for k, m in matches.items()} == {k: m[0].ids for k, m in whole.items()}
    assert set(matches) == {*keys[:2], keys[3]}
    index.close()


def test_no_file_is_no_index(path: Path) -> None:
    assert open_index(path) is None


def test_what_cannot_be_known_is_told(path: Path) -> None:
    ranged = record("GHSA-1", "npm", "left", ranges=[{"type": "SEMVER", "events": [{"introduced": "1"}]}])
    index = built(path, [row(ranged)])
    odd = ("npm", "left", "not-a-version")
    assert index.compare([odd]).unknown == {odd: ("GHSA-1",)}
    index.close()


def test_the_newest_of_several_feeds_counts(path: Path) -> None:
    old = record("GHSA-1", "npm", "left", ("1.0.0",), aliases=["CVE-1"])
    new = {**old, "modified": "2026-06-01T00:00:00Z", "withdrawn": "2026-06-01T00:00:00Z"}
    for first, second in ((old, new), (new, old)):
        index = built(path, [row(first, "local:a"), row(second, "local:b")])
        assert index.matches([LEFT]) == {}
        found = index.advisory("CVE-1")
        assert found is not None
        assert found.withdrawn
        assert len(list(index.rows("local:a"))) == len(list(index.rows("local:b"))) == 1
        index.close()


def test_yaml_is_kept_as_json(path: Path) -> None:
    text = b"id: X-1\naffected: [{package: {ecosystem: npm, name: left}, versions: [1.0.0]}]"
    made = row_of(text, "f", "x.yaml", DEFAULT_LIMITS)
    assert isinstance(made, Row)
    index = built(path, [made])
    assert index.matches([LEFT])[LEFT][0].ids == ("X-1",)
    index.close()


@pytest.mark.parametrize("data", [b"", b"SQLite format 3\0" + b"\0" * 100, b"nonsense" * 1000])
def test_no_index_is_a_store_error_with_the_way_out(path: Path, data: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(StoreError, match=str(path)) as caught:
        open_index(path)
    assert caught.value.exit_code == 4
    assert "seawall sync" in caught.value.advice


def test_a_cut_index(path: Path) -> None:
    built(path, [row(record(f"GHSA-{n}", "npm", f"p{n}", ("1",))) for n in range(500)]).close()
    whole = path.read_bytes()
    for size in (100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(StoreError):
            open_index(path)


@given(st.integers(0, 10**9), st.binary(min_size=1, max_size=8))
@example(269694, b",")
def test_a_damaged_index_answers_or_says_so(
    tmp_path_factory: pytest.TempPathFactory, at: int, patch: bytes
) -> None:
    path = tmp_path_factory.mktemp("i") / "a.db"
    build(
        [row(record(f"GHSA-{n}", "npm", f"p{n}", ("1",))) for n in range(20)], [filled("osv:npm", 20)], path
    )
    data = path.read_bytes()
    at %= len(data)
    path.write_bytes(data[:at] + patch + data[at + len(patch) :][: max(0, len(data) - at - len(patch))])
    try:
        index = open_index(path)
        assert index is not None
        index.states()
        index.newest()
        index.matches([("npm", f"p{n}", "1") for n in range(20)])
        index.advisory("GHSA-3")
        list(index.malicious())
        list(index.rows("osv:npm"))
        index.close()
    except StoreError:
        pass


def test_a_count_that_is_no_number_is_said(path: Path) -> None:
    import sqlite3

    built(path, [], [filled("osv:npm", 0)]).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE feeds SET records = 'npm'")
    connection.commit()
    connection.close()
    index = open_index(path)
    assert index is not None
    with closing(index), pytest.raises(StoreError, match="no number"):
        index.states()


def test_another_layout(path: Path) -> None:
    import sqlite3

    built(path, []).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="another version"):
        open_index(path)


def test_the_old_index_stays_until_the_new_one_is_whole(path: Path) -> None:
    built(path, [row(record("GHSA-1", "npm", "left", ("1.0.0",)))]).close()
    before = path.read_bytes()

    def broken() -> Iterable[Row]:
        yield row(record("GHSA-2", "npm", "left", ("1.0.0",)))
        raise FeedError("it broke")

    with pytest.raises(FeedError, match="it broke"):
        build(broken(), [], path)
    assert path.read_bytes() == before
    assert {p.name for p in path.parent.iterdir()} <= {"advisories.db", "advisories.db.lock"}


def test_a_rolled_back_feed_is_refused_unless_it_is_named(path: Path) -> None:
    previous = {"osv:npm": filled("osv:npm", 100)}
    for new, why in (
        (filled("osv:npm", 97), "fell from 100 to 97"),
        (filled("osv:npm", 100, "2025-12-31T23:59:59Z"), "went back in time"),
        (filled("osv:npm", 100, ""), "went back in time"),
    ):
        with pytest.raises(FeedError, match=why) as caught:
            build([], [new], path, previous)
        assert "--accept-smaller osv:npm" in caught.value.advice
        assert not path.exists()
        build([], [new], path, previous, ["osv:npm"])
        path.unlink()
    build([], [filled("osv:npm", 98)], path, previous)


def test_two_at_once(path: Path) -> None:
    path.parent.mkdir()
    with path.with_name("advisories.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="another process"):
            build([], [], path)


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        build([], [], tmp_path / "file" / "advisories.db")


RECORDS = st.lists(
    st.builds(
        lambda n, p, v, bound: record(
            f"GHSA-{n}",
            "npm",
            p,
            tuple(v),
            ranges=[{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": bound}]}] if bound else [],
        ),
        st.integers(0, 1000),
        st.sampled_from(["a", "b", "c"]),
        st.lists(st.sampled_from(["1.0.0", "2.0.0"]), max_size=2),
        st.sampled_from(["", "1.5.0", "3.0.0"]),
    ),
    max_size=8,
    unique_by=lambda r: r["id"],
)
KEYS = st.lists(
    st.tuples(st.just("npm"), st.sampled_from("abcd"), st.sampled_from(["1.0.0", "2.0.0", "3.0.0"])),
    max_size=5,
)


@given(RECORDS, KEYS)
def test_it_answers_as_matching_all_records_would(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], keys: list[Any]
) -> None:
    index = built(tmp_path_factory.mktemp("i") / "a.db", [row(r, "osv") for r in records])
    read = [read_record(json.dumps(r).encode(), "x", DEFAULT_LIMITS) for r in records]
    assert index.matches(keys) == match(keys, [r for r in read if isinstance(r, Advisory)])
    index.close()


# --- The digest over a feed's records


def digest_of(path: Path, rows: Iterable[Row], name: str = "osv:npm") -> str:
    rows = list(rows)
    index = built(path, rows, [filled(name, len(rows))])
    found = index.digests()
    index.close()
    return found[name]


def three() -> list[dict[str, Any]]:
    return [record(f"GHSA-{n}", "npm", "left", (f"{n}.0.0",)) for n in range(3)]


def test_a_record_that_was_swapped_changes_the_digest_of_its_feed(path: Path) -> None:
    """The same ids, as many, changed at the same times: only what one of them says is another thing."""
    honest = digest_of(path, map(row, three()))
    swapped = three()
    swapped[1]["affected"][0]["versions"] = ["9.9.9"]
    assert [row(item).outline.id for item in swapped] == [row(item).outline.id for item in three()]
    assert digest_of(path, map(row, swapped)) != honest
    assert digest_of(path, map(row, three())) == honest
    assert digest_of(path, map(row, three()[:2])) != honest
    assert digest_of(path, [*map(row, three()), row(three()[0])]) != honest


def test_the_digest_is_that_of_the_records_and_not_of_how_they_came(path: Path) -> None:
    honest = digest_of(path, map(row, three()))
    assert digest_of(path, reversed([row(item) for item in three()])) == honest
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = json.dumps(three()[0]).encode()
    other = row_of(data, "osv:npm", "x.json", DEFAULT_LIMITS, packer.compress(data) + packer.flush())
    assert isinstance(other, Row)
    assert digest_of(path, [other, *map(row, three()[1:])]) == honest
    index = open_index(path)
    assert index is not None
    assert digest_of(path.with_name("next.db"), index.rows("osv:npm")) == honest, "taken over as they are"
    index.close()


def test_every_feed_has_a_digest_of_its_own(path: Path) -> None:
    rows = [row(three()[0]), row(three()[1], "other"), row(three()[2])]
    index = built(path, rows, [filled("osv:npm", 2), filled("other", 1), filled("empty", 0)])
    digests = index.digests()
    index.close()
    assert digests["osv:npm"] == digest_of(path, [row(three()[0]), row(three()[2])])
    assert digests["other"] == digest_of(path, [row(three()[1], "other")], "other")
    assert digests["empty"] == f"sha256:{hashlib.sha256().hexdigest()}"
    leaf = hashlib.sha256(json.dumps(three()[1]).encode()).digest()
    assert digests["other"] == f"sha256:{hashlib.sha256(leaf).hexdigest()}"
