"""A person's file of settings is replaced whole or not at all, and its first version can be put back."""

import os
import stat
from pathlib import Path

import pytest

from seawall.adapters.machine import files
from seawall.kernel.errors import UsageError


def change(path: Path, data: bytes, **more: bool) -> None:
    files.replace(files.standing(path), data, **more)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444])
def test_mode_owner_and_first_version_are_kept(tmp_path: Path, mode: int) -> None:
    path = tmp_path / ".npmrc"
    path.write_bytes(b"first")
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    before = path.stat()
    change(path, b"second")
    change(path, b"third")
    after = path.stat()
    assert path.read_bytes() == b"third"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    backup = tmp_path / ".npmrc.seawall-backup"
    assert backup.read_bytes() == b"first"
    assert (backup.stat().st_mode, backup.stat().st_uid) == (before.st_mode, before.st_uid)
    assert names(tmp_path) == [".npmrc", ".npmrc.seawall-backup"]


def test_a_new_file_is_private_when_it_may_come_to_hold_a_secret(tmp_path: Path) -> None:
    change(tmp_path / ".npmrc", b"x", private=True)
    change(tmp_path / "uv.toml", b"x")
    assert stat.S_IMODE((tmp_path / ".npmrc").stat().st_mode) == 0o600
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "uv.toml").stat().st_mode) == 0o666 & ~mask


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can own a file for someone else")
def test_what_root_makes_in_a_persons_home_is_theirs(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 4321)
    change(tmp_path / ".config" / "uv" / "uv.toml", b"x")
    for path in (tmp_path / ".config", tmp_path / ".config" / "uv", tmp_path / ".config" / "uv" / "uv.toml"):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


@pytest.mark.parametrize("first", [b"first\r\n", b"", None])
def test_restoring_leaves_no_trace(tmp_path: Path, first: bytes | None) -> None:
    path = tmp_path / "a" / "b" / "uv.toml"
    if first is not None:
        path.parent.mkdir(parents=True)
        path.write_bytes(first)
        path.chmod(0o640)
    change(path, b"second")
    kept = files.first_version(path)
    assert kept is not None
    assert kept.data == first
    files.restore(path, kept)
    if first is None:
        assert names(tmp_path) == [], "the directories were not there either"
    else:
        assert path.read_bytes() == first
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert names(path.parent) == ["uv.toml"]
    assert files.first_version(path) is None


def test_a_directory_that_someone_else_uses_now_stays(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "uv.toml"
    change(path, b"second")
    (tmp_path / "a" / "other").write_text("theirs")
    kept = files.first_version(path)
    assert kept is not None
    files.restore(path, kept)
    assert names(tmp_path / "a") == ["other"]


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    path = tmp_path / ".npmrc"
    path.write_bytes(b"first")
    seen = files.standing(path)
    path.write_bytes(b"theirs")
    with pytest.raises(UsageError, match="just been changed"):
        files.replace(seen, b"ours")
    assert path.read_bytes() == b"theirs"
    fresh = files.standing(tmp_path / "new")
    (tmp_path / "new").write_bytes(b"theirs")
    with pytest.raises(UsageError, match="just been changed"):
        files.replace(fresh, b"ours")


@pytest.mark.parametrize("step", ["fsync", "fchmod", "replace"])
def test_a_failure_on_the_way_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / ".npmrc"
    path.write_bytes(b"first")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        if step == "replace":
            patch.setattr(Path, "replace", fail)
        else:
            patch.setattr(os, step, fail)
        with pytest.raises(UsageError, match="No space left"):
            change(path, b"second")
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == [".npmrc"]


def test_a_link_keeps_being_one(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "dotfiles" / "npmrc").write_bytes(b"first")
    path = tmp_path / ".npmrc"
    path.symlink_to("dotfiles/npmrc")
    seen = files.standing(path)
    assert seen.linked
    files.replace(seen, b"second")
    assert path.is_symlink()
    assert (tmp_path / "dotfiles" / "npmrc").read_bytes() == b"second"
    assert names(tmp_path) == [".npmrc", "dotfiles"]


def test_dots_in_a_path_are_no_link(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "file").write_bytes(b"")
    assert not files.standing(tmp_path / "a" / ".." / "file").linked


@pytest.mark.parametrize("made", ["link", "directory link", "dangling", "absolute"])
def test_no_link_leads_out_of_a_tree(tmp_path: Path, made: str) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (outside / "file").write_bytes(b"theirs")
    path = tree / ".npmrc"
    if made == "link":
        path.symlink_to("../outside/file")
    elif made == "absolute":
        path.symlink_to(outside / "file")
    elif made == "dangling":
        path.symlink_to("../outside/new")
    else:
        (tree / "sub").symlink_to(outside)
        path = tree / "sub" / "file"
    with pytest.raises(UsageError, match="leads out of"):
        files.standing(path, tree)
    assert names(outside) == ["file"]


def test_a_tree_under_a_link_is_a_tree(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "tree").symlink_to("real")
    (tmp_path / "real" / "a").write_bytes(b"x")
    (tmp_path / "real" / "b").symlink_to("a")
    assert files.standing(tmp_path / "tree" / "b", tmp_path / "tree").data == b"x"


@pytest.mark.parametrize("kind", ["pipe", "directory", "device", "huge", "loop"])
def test_what_is_no_file_of_settings_is_never_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ".npmrc"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "device":
        path = Path(os.devnull)
    elif kind == "loop":
        path.symlink_to(".npmrc")
    else:
        path.write_bytes(b"#" * (files.LARGEST + 1))
    with pytest.raises(UsageError):
        files.standing(path)


@pytest.mark.parametrize("mark", [b"", b"-1", b"x", b"999", b"1\n", b"\xd9\xa1"])
def test_a_mark_that_someone_else_wrote(tmp_path: Path, mark: bytes) -> None:
    (tmp_path / "f.seawall-absent").write_bytes(mark)
    assert files.first_version(tmp_path / "f") == files.First(None, 0)


@pytest.mark.parametrize("kind", ["pipe", "directory"])
def test_a_kept_version_that_is_no_file_is_none(tmp_path: Path, kind: str) -> None:
    kept = tmp_path / "f.seawall-backup"
    os.mkfifo(kept) if kind == "pipe" else kept.mkdir()
    assert files.first_version(tmp_path / "f") is None


def test_create_never_overwrites(tmp_path: Path) -> None:
    files.create(tmp_path / "seawall.toml", b"one")
    with pytest.raises(UsageError, match="there already"):
        files.create(tmp_path / "seawall.toml", b"two")
    assert (tmp_path / "seawall.toml").read_bytes() == b"one"
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(UsageError, match="there already"):
        files.create(tmp_path / "link", b"two")
    with pytest.raises(UsageError):
        files.create(tmp_path / "none" / "seawall.toml", b"two")
