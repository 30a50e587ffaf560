"""A home directory is read without leaving it, waiting for it, or believing what lies there."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seawall.adapters.machine.home import Home, Kept
from seawall.kernel.errors import TargetError
from seawall.kernel.lockfile import Problem, ProblemKind

ROOT = os.geteuid() == 0


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def home(place: Path) -> Iterator[Home]:
    with Home(place) as opened:
        yield opened


def write(path: Path, text: str = "text", mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def kept(home: Home, path: str, most: int = 100) -> Kept:
    found = home.read(path, most)
    assert isinstance(found, Kept), found
    return found


def problem(home: Home, path: str) -> Problem:
    found = home.read(path, 100)
    assert isinstance(found, Problem), found
    return found


def test_a_file_is_read_with_its_mode(home: Home, place: Path) -> None:
    write(place / "a/b/c", "hello")
    found = kept(home, "a/b/c")
    assert found.data == b"hello"
    assert (found.seen.mode, found.seen.owner_only, found.seen.readable) == ("0600", True, True)
    assert "hello" not in repr(found)


@pytest.mark.parametrize(
    "path", ["none", "a/none", "a/b/c/d", "", "../x", "a/../a", "/etc/passwd", "a//b", "a\0b"]
)
def test_what_is_not_there_is_nothing(home: Home, place: Path, path: str) -> None:
    write(place / "a/b/c")
    assert home.read(path, 100) is None


def test_a_file_is_bounded(home: Home, place: Path) -> None:
    write(place / "big", "x" * 101)
    assert problem(home, "big").kind is ProblemKind.TOO_LARGE
    assert len(kept(home, "big", 101).data) == 101


def test_links_inside_are_followed(home: Home, place: Path) -> None:
    write(place / "dotfiles/aws/credentials", "one")
    (place / ".aws").symlink_to("dotfiles/aws")
    (place / "absolute").symlink_to(place / "dotfiles/aws/credentials")
    (place / "dotfiles/back").symlink_to("../.aws/credentials")
    assert kept(home, ".aws/credentials").data == b"one"
    assert kept(home, "absolute").data == b"one"
    assert kept(home, "dotfiles/back").data == b"one"


@pytest.mark.parametrize("target", ["/etc/shadow", "../outside", "a/../../outside", "/", ".."])
def test_links_do_not_lead_out(home: Home, place: Path, target: str) -> None:
    write(place.parent / "outside", "secret")
    (place / "a").mkdir()
    (place / "link").symlink_to(target)
    (place / "folder").symlink_to(place.parent)
    assert problem(home, "link").kind is ProblemKind.OUTSIDE
    assert problem(home, "folder/outside").kind is ProblemKind.OUTSIDE
    assert home.seen("link") is None
    assert home.names("folder")[1] is not None


def test_links_in_a_circle_end(home: Home, place: Path) -> None:
    (place / "a").symlink_to("b")
    (place / "b").symlink_to("a")
    assert problem(home, "a").kind is ProblemKind.OUTSIDE
    (place / "lost").symlink_to("nowhere")
    assert home.read("lost", 100) is None


def test_what_is_no_file_is_not_opened(home: Home, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(place / "pipe")
    (place / "folder").mkdir()
    (place / "device").symlink_to("/dev/zero")
    monkeypatch.chdir(place)  # the name of a socket may not be long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    assert problem(home, "pipe").message == "not a regular file"
    assert problem(home, "socket").message == "not a regular file"
    assert "directory" in problem(home, "folder").message
    assert problem(home, "device").kind is ProblemKind.OUTSIDE


@pytest.mark.parametrize(
    ("folder", "file", "alone"),
    [(0o755, 0o644, False), (0o700, 0o644, True), (0o755, 0o640, False), (0o755, 0o600, True), (0o750, 0o604, True),
     (0o710, 0o640, False), (0o755, 0o611, True)],
)  # fmt: skip
def test_directories_count_for_who_can_read(
    home: Home, place: Path, folder: int, file: int, alone: bool
) -> None:
    write(place / "d/f", mode=file)
    (place / "d").chmod(folder)
    place.chmod(0o755)
    assert kept(home, "d/f").seen.owner_only is alone


def test_a_home_that_is_closed_closes_what_is_in_it(home: Home, place: Path) -> None:
    write(place / "f", mode=0o644)
    assert kept(home, "f").seen.owner_only
    place.chmod(0o755)
    assert not kept(home, "f").seen.owner_only


@contextmanager
def as_somebody() -> Iterator[None]:
    """Without root's right to read everything; what is open stays open."""
    if not ROOT:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_may_not_be_read_is_told(home: Home, place: Path) -> None:
    place.chmod(0o755)
    write(place / "shut", mode=0)
    write(place / "dir/file")
    (place / "dir").chmod(0)
    try:
        with as_somebody():
            assert problem(home, "shut") == Problem("shut", ProblemKind.UNREADABLE, "Permission denied")
            assert problem(home, "dir/file").kind is ProblemKind.UNREADABLE
            assert home.names("dir")[1] is not None
            assert home.seen("dir/file") is None
    finally:
        (place / "dir").chmod(0o700)


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_files_of_others_are_not_the_owners(place: Path) -> None:
    os.chown(place, 65534, 65534)
    write(place / "theirs")
    write(place / "open", mode=0o644)
    write(place / "own")
    os.chown(place / "own", 65534, 65534)
    with Home(place) as home:
        assert home.owner == 65534
        assert not kept(home, "theirs").seen.readable
        assert kept(home, "open").seen.readable
        assert kept(home, "own").seen.readable


def test_names_are_sorted_and_bounded(home: Home, place: Path) -> None:
    for name in "cab":
        write(place / "d" / name)
    assert home.names("d") == (["a", "b", "c"], None)
    names, told = home.names("d", 2)
    assert len(names) == 2
    assert told is not None
    assert told.kind is ProblemKind.TOO_MANY
    assert home.names("none") == ([], None)
    assert home.names("d/a") == ([], None)


def test_a_star_is_one_name(home: Home, place: Path) -> None:
    for path in ("x/one/f.json", "x/two/f.json", "x/.hidden/f.json", "x/two/deep/f.json"):
        write(place / path)
    problems: list[Problem] = []
    assert list(home.matching("x/*/f.json", problems)) == ["x/one/f.json", "x/two/f.json"]
    assert list(home.matching("x/two/*.json", problems)) == ["x/two/f.json"]
    assert list(home.matching("plain", problems)) == ["plain"]
    assert problems == []


def test_there_has_to_be_a_directory(tmp_path: Path) -> None:
    write(tmp_path / "file")
    for path in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(TargetError):
            Home(path)


def descriptors() -> int:
    place = Path("/proc/self/fd")
    return len(list(place.iterdir())) if place.is_dir() else 0


def test_no_descriptor_is_left_open(place: Path) -> None:
    write(place / "a/b")
    (place / "loop").symlink_to("loop")
    os.mkfifo(place / "pipe")
    before = descriptors()
    with Home(place) as home:
        for path in ("a/b", "a", "loop", "pipe", "none", "a/b/c"):
            home.read(path, 10)
            home.seen(path)
            home.names(path)
    assert descriptors() == before
