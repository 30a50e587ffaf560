import json
from pathlib import Path

import pytest

from seawall.cli.main import main
from simulators.osv import record, zipped


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    place = tmp_path / "osv" / "npm"
    place.mkdir(parents=True)
    (place / "all.zip").write_bytes(zipped([record("GHSA-1", "npm", "left", ("1.0.0",))]))
    return place.parent


def test_what_it_tells_a_person(feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sync", "--from", str(feed)]) == 0
    out = capsys.readouterr().out
    assert "osv:npm: 1 advisory, as of 2026-01-02T03:04:05Z" in out
    assert f"1 brought in: {tmp_path / 'data' / 'advisories.db'}" in out


def test_what_it_tells_a_program(feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = tmp_path / "other.db"
    (feed / "npm" / "extra.json").write_text("{}")
    assert main(["sync", "--from", str(feed), "--index", str(index), "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == "seawall/sync/1"
    assert answer["index"] == str(index)
    assert answer["feeds"] == [
        {
            "name": "osv:npm",
            "as_of": "2026-01-02T03:04:05Z",
            "records": 1,
            "covers": ["npm"],
            "origin": str(feed / "npm" / "all.zip"),
            "new": True,
        }
    ]
    assert answer["refused"] == []


def test_a_feed_that_shrank(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = feed / "npm" / "all.zip"
    path.write_bytes(zipped([record(f"GHSA-{n}", "npm", "left") for n in range(10)]))
    assert main(["sync", "--from", str(feed)]) == 0
    path.write_bytes(zipped([record("GHSA-1", "npm", "left")]))
    assert main(["sync", "--from", str(feed)]) == 3
    err = capsys.readouterr().err
    assert "osv:npm fell from 10 to 1 records" in err
    assert "--accept-smaller osv:npm" in err
    assert main(["sync", "--from", str(feed), "--accept-smaller", "osv:npm"]) == 0


def test_what_is_wrong_with_the_question(feed: Path, tmp_path: Path) -> None:
    assert main(["sync", "--from", str(tmp_path / "nothing")]) == 2
    assert main(["sync", "--from", "http://mirror.example"]) == 2
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "advisories.db").write_bytes(b"nonsense" * 100)
    assert main(["sync", "--from", str(feed)]) == 4


def test_what_a_file_says_cannot_steer_the_terminal(
    feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "records"
    place.mkdir()
    for n in range(60):
        (place / f"{n}.json").write_text(json.dumps(record(f"X-{n}", "npm", "left")))
    (place / "a\x1b]0;owned\x07.json").write_text("{")
    assert main(["sync", "--from", str(place)]) == 0
    out = capsys.readouterr().out
    assert "left out, because they cannot be read: 1" in out
    assert "\x1b" not in out
