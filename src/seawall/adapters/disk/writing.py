"""What a person asks to be written is written where they said, and nowhere that a scanned tree says."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

from seawall.kernel.errors import PolicyError, UsageError


def write_new(path: Path, text: str, tree: Path) -> None:
    """Write `text` to `path`, in place of what was there. Raises UsageError when that cannot be done.

    A link on the way that lies in `tree` or in the directory one stands in is refused: whoever made the tree
    could have made it lead to any file that this person may write.
    """
    leads = _redirected(path, (tree if tree.is_dir() else tree.parent, Path()))
    if leads:
        raise UsageError(f"{path} is not written: {leads} is a link in the tree", "name another file")
    try:
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"{path} cannot be written: {why}", "name a file in a directory that exists"
        ) from None


def _redirected(path: Path, trees: tuple[Path, ...]) -> Path | None:
    """The first link between one of these directories and the file."""
    place = Path(os.path.abspath(path))  # noqa: PTH100  links are not followed
    tops = {os.path.realpath(tree) for tree in trees}
    below = [place]
    for above in place.parents:
        if os.path.realpath(above) in tops:
            return next((part for part in reversed(below) if part.is_symlink()), None)
        below.append(above)
    return None


def write_once(path: Path, data: bytes) -> bytes:
    """Write a file that only its owner may read, unless it is there already; what it holds then.

    It is there whole or not at all, and of several who write at once one wins. Raises PolicyError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        return path.read_bytes()
    except OSError as error:
        raise PolicyError(
            f"{path} cannot be written: {error.strerror or error}", "name another place in SEAWALL_DATA"
        ) from None


def replace_in_tree(root: Path, relative: str, before: bytes, after: bytes) -> None:
    """Put `after` in the place of a file that still holds `before`, whole or not at all, keeping its mode.

    No link is followed on the way or at its end. Raises UsageError when that cannot be done, and the file is
    as it was.
    """
    *folders, name = relative.split("/")
    if any(part in ("", ".", "..") for part in (*folders, name)):
        raise UsageError(f"{relative} is no file of the tree", "nothing was changed")
    try:
        place = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for folder in folders:
                place, above = os.open(folder, _STRICT | os.O_DIRECTORY, dir_fd=place), place
                os.close(above)
            _exchange(place, name, relative, before, after)
        finally:
            os.close(place)
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"{relative} is not written: {why}", "links are not followed") from None


_STRICT = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def _exchange(place: int, name: str, relative: str, before: bytes, after: bytes) -> None:
    """The same inside of an open directory."""
    descriptor = os.open(name, _STRICT, dir_fd=place)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        same = stat.S_ISREG(status.st_mode) and file.read(len(before) + 1) == before
    if not same:
        raise UsageError(f"{relative} was changed since it was read", "run it again")
    temporary = f".{name}.{os.getpid()}.{threading.get_ident()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    fresh = os.open(temporary, flags, 0o600, dir_fd=place)
    try:
        with os.fdopen(fresh, "wb") as file:
            os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
            with suppress(OSError):
                os.fchown(file.fileno(), status.st_uid, status.st_gid)
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, name, src_dir_fd=place, dst_dir_fd=place)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=place)
        raise
