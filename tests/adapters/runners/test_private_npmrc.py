"""The npmrc of a run is its owner's alone while it runs; afterwards, and after runs that were cut off, it is gone."""

import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from seawall.adapters.runners import private_npmrc as private
from seawall.adapters.runners.private_npmrc import private_npmrc
from seawall.kernel.errors import OutsideError


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_there_while_the_run_goes_on(place: Path) -> None:
    with private_npmrc("key=\udcff\n") as path:
        assert Path(path).read_bytes() == b"key=\xff\n"
        for part, mode in ((Path(path), 0o600), (Path(path).parent, 0o700)):
            assert stat.S_IMODE(part.stat().st_mode) == mode
    assert list(place.iterdir()) == []


def test_what_a_run_that_was_cut_off_left_is_taken_away_and_nothing_else(place: Path) -> None:
    left = place / "seawall-run-left"
    left.mkdir()
    (left / "npmrc").write_text("dead")
    other = place / "seawall-run-other"
    other.mkdir()
    (other / "something").write_text("is no npmrc")
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / "npmrc").write_text("not ours")
    (place / "seawall-run-link").symlink_to(place / "elsewhere")
    with private_npmrc("one") as first, private_npmrc("two") as second:
        assert not left.exists()
        assert (Path(first).read_text(), Path(second).read_text()) == ("one", "two")
        assert (other / "something").exists()
        assert (place / "elsewhere" / "npmrc").exists()


def test_one_that_cannot_be_written_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place / "none"))
    with pytest.raises(OutsideError, match="no temporary file") as caught, private_npmrc("x"):
        pass
    assert "TMPDIR" in caught.value.advice


def test_one_that_was_swept_away_too_early_is_made_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run looked between the making and the lock."""
    seen: list[int] = []
    lock = private.fcntl.flock

    def swept_first(descriptor: int, how: int) -> None:
        if not seen:
            shutil.rmtree(next(place.glob("seawall-run-*")))
        seen.append(descriptor)
        lock(descriptor, how)

    monkeypatch.setattr(private.fcntl, "flock", swept_first)
    with private_npmrc("it") as path:
        assert Path(path).read_text() == "it"
    assert len(seen) == 2
    assert list(place.iterdir()) == []
