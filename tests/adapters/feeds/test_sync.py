import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from seawall.adapters.feeds import slices
from seawall.adapters.feeds.index import open_index
from seawall.adapters.feeds.sync import BUCKET, Synced, sync
from seawall.adapters.http import Http, Patience
from seawall.kernel.errors import FeedError, OutsideError, StoreError, UsageError
from seawall.kernel.intake import Key
from seawall.kernel.limits import DEFAULT_LIMITS
from simulators.loopback import say
from simulators.osv import Osv, record, zipped

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LEFT, RIGHT = ("npm", "left", "1.0.0"), ("PyPI", "right", "1.0.0")
NPM = [record(f"GHSA-{n}", "npm", "left" if n == 0 else f"p{n}", ("1.0.0",)) for n in range(60)]
PYPI = [record("PYSEC-1", "PyPI", "right", ("1.0.0",))]


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "data" / "advisories.db"


@pytest.fixture
def osv(monkeypatch: pytest.MonkeyPatch) -> Iterator[Osv]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Osv([*NPM, *PYPI])
    yield made
    made.close()


def synced(source: str | Path, index: Path, *ecosystems: str, **more: Any) -> Synced:
    quick = Http(patience=Patience(connect=1, read=1, total=3, tries=2))
    return sync(str(source), index, ecosystems, now=NOW, http=quick, **more)


def known(index: Path, *keys: Key) -> list[str]:
    opened = open_index(index)
    assert opened is not None
    try:
        return [opened.matches([key])[key][0].ids[0] for key in keys if opened.matches([key])]
    finally:
        opened.close()


def laid_out(place: Path, **feeds: list[dict[str, Any]]) -> Path:
    for name, records in feeds.items():
        (place / name).mkdir(parents=True, exist_ok=True)
        (place / name / "all.zip").write_bytes(zipped(records))
    return place


def test_a_directory_in_the_buckets_layout(tmp_path: Path, index: Path) -> None:
    done = synced(laid_out(tmp_path / "osv", npm=NPM, PyPI=PYPI), index)
    assert [(s.name, s.records, s.covers, s.as_of) for s in done.states] == [
        ("osv:PyPI", 1, ("PyPI",), "2026-01-02T03:04:05Z"),
        ("osv:npm", 60, ("npm",), "2026-01-02T03:04:05Z"),
    ]
    assert known(index, LEFT, RIGHT) == ["GHSA-0", "PYSEC-1"]


def test_feeds_that_are_not_synced_are_kept(tmp_path: Path, index: Path) -> None:
    place = laid_out(tmp_path / "osv", npm=NPM, PyPI=PYPI)
    synced(place, index, "npm")
    done = synced(place, index, "PyPI")
    assert [s.name for s in done.states] == ["osv:PyPI"]
    assert {s.name for s in done.built.states} == {"osv:PyPI", "osv:npm"}
    assert done.fetched == 1
    assert known(index, LEFT, RIGHT) == ["GHSA-0", "PYSEC-1"]
    with pytest.raises(UsageError, match=r"Go/all\.zip"):
        synced(place, index, "Go")


def test_one_zip(tmp_path: Path, index: Path) -> None:
    place = laid_out(tmp_path, npm=NPM) / "npm" / "all.zip"
    assert synced(place, index).states[0].name == "osv:npm"
    mixed = tmp_path / "mixed.zip"
    mixed.write_bytes(zipped([*NPM, *PYPI]))
    (state,) = synced(mixed, index).states
    assert (state.name, state.covers, state.records) == ("local:mixed.zip", ("PyPI", "npm"), 61)
    assert synced(mixed, index, "PyPI", accept_smaller=["local:mixed.zip"]).states[0].records == 1


def test_a_checkout(tmp_path: Path, index: Path) -> None:
    place = tmp_path / "advisory-database"
    for hidden in (".git", ".github"):
        (place / hidden).mkdir(parents=True)
        (place / hidden / "x.json").write_text("{")
    deep = place / "advisories" / "2026" / "01"
    deep.mkdir(parents=True)
    (deep / "GHSA-0.json").write_text(json.dumps(NPM[0]))
    (deep / "PYSEC-1.yaml").write_text(json.dumps(PYPI[0]))
    (place / "package.json").write_text('{"name": "tool"}')
    (place / "link.json").symlink_to("/etc/passwd")
    done = synced(place, index)
    assert [(s.name, s.records) for s in done.states] == [("local:advisory-database", 2)]
    assert [p.path for p in done.refused] == ["package.json"]
    assert known(index, LEFT, RIGHT) == ["GHSA-0", "PYSEC-1"]


def test_a_few_bad_records_are_told_of_and_many_are_refused(tmp_path: Path, index: Path) -> None:
    def with_bad(count: int) -> Path:
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for n in range(200):
                archive.writestr(f"{n}.json", "{" if n < count else json.dumps(record(f"X-{n}", "npm", "a")))
        return path

    done = synced(with_bad(4), index)
    assert [p.path for p in done.refused] == ["0.json", "1.json", "2.json", "3.json"]
    with pytest.raises(FeedError, match=r"5 of 200 records .* first 0\.json"):
        synced(with_bad(5), index, accept_smaller=["local:a.zip"])
    with pytest.raises(FeedError, match="holds no advisory"):
        synced(with_bad(200), index)


def test_a_feed_that_shrinks_or_goes_back_is_refused(tmp_path: Path, index: Path) -> None:
    place = laid_out(tmp_path / "osv", npm=NPM)
    synced(place, index)
    laid_out(place, npm=NPM[:55])
    with pytest.raises(FeedError, match="fell from 60 to 55"):
        synced(place, index)
    assert known(index, LEFT) == ["GHSA-0"]
    laid_out(place, npm=[{**r, "modified": "2025-01-01T00:00:00Z"} for r in NPM])
    with pytest.raises(FeedError, match="went back in time"):
        synced(place, index)
    assert synced(place, index, accept_smaller=["osv:npm"]).states[0].as_of == "2025-01-01T00:00:00Z"


def test_a_record_from_the_future_does_not_make_the_feed_young(tmp_path: Path, index: Path) -> None:
    place = laid_out(tmp_path / "osv", npm=[{**NPM[0], "modified": "2999-01-01T00:00:00Z"}, *NPM[1:]])
    assert synced(place, index).states[0].as_of == "2026-03-01T00:00:00Z"
    laid_out(place, npm=NPM)
    with pytest.raises(FeedError, match="went back in time"):
        synced(place, index)


@pytest.mark.parametrize(
    "spoil", [lambda d: d[: len(d) // 2], lambda d: d[:-1], lambda d: b"", lambda d: b"PK"]
)
def test_a_cut_zip_changes_nothing(tmp_path: Path, index: Path, spoil: Any) -> None:
    place = laid_out(tmp_path / "osv", npm=NPM)
    synced(place, index)
    path = place / "npm" / "all.zip"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(FeedError):
        synced(place, index)
    assert known(index, LEFT) == ["GHSA-0"]


def test_what_is_nowhere(tmp_path: Path, index: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        synced(tmp_path / "nothing", index)
    with pytest.raises(UsageError, match="no ecosystem"):
        synced(tmp_path, index, "../npm")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FeedError, match="holds no advisory"):
        synced(tmp_path / "empty", index)


@pytest.mark.parametrize("source", ["http://mirror.example/osv", "ftp://mirror.example/", "file:///etc"])
def test_advisories_do_not_come_over_plain_http(index: Path, source: str) -> None:
    with pytest.raises(UsageError, match="cannot be trusted"):
        synced(source, index)


def test_a_mirror_first_whole_then_only_what_changed(osv: Osv, index: Path) -> None:
    done = synced(osv.bucket, index, "npm", "PyPI")
    assert {s.name: s.records for s in done.states} == {"osv:npm": 60, "osv:PyPI": 1}
    assert done.states[0].as_of == "2026-01-02T03:04:05Z"
    assert done.states[0].origin == f"{osv.bucket}/npm"
    osv.seen.clear()
    osv.records["GHSA-0"] = {**NPM[0], "modified": "2026-02-01T00:00:00Z", "summary": "worse"}
    osv.records["GHSA-new"] = record("GHSA-new", "npm", "fresh", ("1.0.0",))
    done = synced(osv.bucket, index, "npm")
    assert (done.fetched, done.states[0].records) == (2, 61)
    assert osv.asked("all.zip") == 0
    assert known(index, LEFT, ("npm", "fresh", "1.0.0"), RIGHT) == ["GHSA-0", "GHSA-new", "PYSEC-1"]
    osv.seen.clear()
    assert synced(osv.bucket, index, "npm").fetched == 0
    assert len(osv.seen) == 1


def test_the_public_bucket_vouches_for_now(osv: Osv, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert BUCKET.startswith("https://storage.googleapis.com/")
    monkeypatch.setattr("seawall.adapters.feeds.sync.BUCKET", osv.bucket)
    assert synced("", index, "npm").states[0].as_of == "2026-03-01T00:00:00Z"


@pytest.mark.parametrize("csv", [b"<html>", b"2026-01-01T00:00:00Z,../../x\n", b"yesterday,GHSA-1\n", b""])
def test_a_list_of_changes_that_cannot_be_read_is_done_without(osv: Osv, index: Path, csv: bytes) -> None:
    synced(osv.bucket, index, "npm")
    osv.answers["/bucket/npm/modified_id.csv"] = say(200, csv)
    assert synced(osv.bucket, index, "npm").fetched == 60
    assert osv.asked("all.zip") == 2


def test_a_list_of_changes_that_lost_records_is_refused(osv: Osv, index: Path) -> None:
    synced(osv.bucket, index, "npm")
    osv.answers["/bucket/npm/modified_id.csv"] = say(200, b"2026-01-02T03:04:05Z,GHSA-0\n")
    with pytest.raises(FeedError, match="fell from 60 to 1"):
        synced(osv.bucket, index, "npm")


@pytest.mark.parametrize(
    "answer", [say(500), say(404), say(200, b"{"), say(200, json.dumps(NPM[5]).encode())]
)
def test_a_changed_record_that_does_not_come_spoils_the_sync(osv: Osv, index: Path, answer: Any) -> None:
    synced(osv.bucket, index, "npm")
    osv.records["GHSA-0"] = {**NPM[0], "modified": "2026-02-01T00:00:00Z"}
    osv.answers["/bucket/npm/GHSA-0.json"] = answer
    with pytest.raises(FeedError, match=r"GHSA-0|osv:npm"):
        synced(osv.bucket, index, "npm")
    assert known(index, LEFT) == ["GHSA-0"]


@pytest.mark.parametrize("answer", [say(404), say(200, b"<html>"), say(200, b"")])
def test_a_mirror_without_the_zip(osv: Osv, index: Path, answer: Any) -> None:
    osv.answers["/bucket/npm/all.zip"] = answer
    with pytest.raises(FeedError):
        synced(osv.bucket, index, "npm")
    assert not index.exists()


def test_nobody_there(index: Path) -> None:
    with pytest.raises(OutsideError, match=r"osv:npm could not be fetched: 127\.0\.0\.1:9 cannot be reached"):
        synced("http://127.0.0.1:9/osv", index, "npm")


def test_a_credential_of_a_mirror_is_told_to_nobody(osv: Osv, index: Path) -> None:
    address = osv.bucket.replace("http://", "http://me:not-a-real-password@")
    done = synced(address, index, "npm")
    assert "not-a-real" not in repr(done)
    assert osv.seen[0][1]["authorization"].startswith("Basic ")


def test_a_corrupt_index_is_not_built_upon(tmp_path: Path, index: Path) -> None:
    index.parent.mkdir()
    index.write_bytes(b"nonsense" * 100)
    with pytest.raises(StoreError):
        synced(laid_out(tmp_path / "osv", npm=NPM), index)


def test_workers_read_what_one_process_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = laid_out(tmp_path, npm=NPM) / "npm" / "all.zip"
    alone = [row for rows, _ in slices.read_zip(path, "f", DEFAULT_LIMITS) for row in rows]
    monkeypatch.setattr(slices, "_SLICE", 7)
    monkeypatch.setattr(slices, "_WORTH_IT", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert [row for rows, _ in slices.read_zip(path, "f", DEFAULT_LIMITS) for row in rows] == alone

    def dies(*_: object) -> object:
        raise slices.BrokenProcessPool

    monkeypatch.setattr(slices, "_WORKERS", 1)
    monkeypatch.setattr(slices.ProcessPoolExecutor, "submit", dies)
    assert [row for rows, _ in slices.read_zip(path, "f", DEFAULT_LIMITS) for row in rows] == alone


def test_too_many_files_in_a_directory(tmp_path: Path, index: Path) -> None:
    for n in range(5):
        (tmp_path / f"{n}.json").write_text(json.dumps(record(f"X-{n}", "npm", "a")))
    with pytest.raises(FeedError, match="more than 4 files"):
        synced(tmp_path, index, limits=replace(DEFAULT_LIMITS, zip_members=4))
