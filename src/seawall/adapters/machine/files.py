"""A person's settings file is read with a bound and replaced whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from seawall.kernel.errors import UsageError
from seawall.kernel.lockfile import Problem, ProblemKind

LARGEST = 1024 * 1024
"""Bytes. A settings file that is larger is not read, and so never changed."""

BACKUP = ".seawall-backup"
"""Ends the name of the copy that is kept beside a changed file."""

ABSENT = ".seawall-absent"
"""Ends the name of what is kept instead where there was no file; it holds how many directories were made."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A file as it stands: its bytes (None = there is none), and the file that a link leads to."""

    path: Path
    target: Path
    data: bytes | None

    @property
    def linked(self) -> bool:
        """The path, or a directory on the way, is a link to another place."""
        return self.path != self.target


def read(path: Path) -> bytes | Problem | None:
    """The bytes of one file, None where there is none, a Problem where it cannot be read.

    Only regular files are read: a pipe or a device under the name is never waited for.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return Problem(str(path), ProblemKind.UNREADABLE, getattr(error, "strerror", None) or str(error))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        # Asked of the descriptor: a directory under the name cannot even be wrapped into a file.
        os.close(descriptor)
        return Problem(str(path), ProblemKind.UNREADABLE, "not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        try:
            data = file.read(LARGEST + 1)
        except OSError as error:
            return Problem(str(path), ProblemKind.UNREADABLE, error.strerror or str(error))
    if len(data) > LARGEST:
        return Problem(str(path), ProblemKind.TOO_LARGE, f"more than {LARGEST} bytes")
    return data


def standing(path: Path, inside: Path | None = None) -> Standing:
    """`path` as it stands. With `inside`, a link that leaves that directory is refused.

    Raises UsageError when it cannot be read, or leads out.
    """
    target = target_of(path, inside)
    data = read(target)
    if isinstance(data, Problem):
        raise UsageError(f"{path}: {data.message}", "correct the file and run it again")
    return Standing(Path(os.path.normpath(path.absolute())), target, data)


def target_of(path: Path, inside: Path | None = None) -> Path:
    """The file that `path` leads to through all links. Raises UsageError where that is not `inside`."""
    target = Path(os.path.realpath(path))
    if inside is not None and not target.is_relative_to(os.path.realpath(inside)):
        raise UsageError(f"{path} is a link that leads out of {inside}", "replace the link by a file")
    return target


@dataclass(frozen=True, slots=True)
class First:
    """What stood in a file's place before it was first changed: its bytes, None = there was no file."""

    data: bytes | None
    directories: int = 0


def first_version(target: Path) -> First | None:
    """What was kept of `target`; None when nothing was, or it is no file any more. We never keep a link."""
    copy, absent = target.with_name(target.name + BACKUP), target.with_name(target.name + ABSENT)
    data = None if copy.is_symlink() else read(copy)
    if isinstance(data, bytes):
        return First(data)
    mark = None if absent.is_symlink() else read(absent)
    if isinstance(mark, bytes):
        return First(None, int(mark) if mark.isdigit() and len(mark) < 3 else 0)
    return None


def replace(file: Standing, data: bytes, *, private: bool = False) -> None:
    """Put `data` in the file's place, in one step, keeping its mode, and its first version beside it.

    A new file gets mode 0600 when it is `private`, else what the umask leaves, and the owner of the directory
    that it is made in. Raises UsageError when it cannot be written, or was changed since it was read.
    """
    target = file.target
    try:
        missing = [place for place in target.parents if not place.exists()]
        _make(missing)
        if read(target) != file.data:
            raise UsageError(f"{target} has just been changed by someone else", "run it again")
        if file.data is None:
            mode, like = _new_mode(private=private), target.parent
        else:
            mode, like = stat.S_IMODE(target.stat().st_mode), target
        if first_version(target) is None:
            _keep(file, mode, like, len(missing))
        _write(target, data, mode, like)
    except OSError as error:
        raise UsageError(f"{target}: {error.strerror or error}", "it was not changed") from None


def _make(missing: Sequence[Path]) -> None:
    """Make directories, the outermost last in the list, for whoever owns the one around them."""
    for place in reversed(missing):
        place.mkdir()
        _own(place, place.parent)


def _own(path: Path | int, like: Path) -> None:
    owner = like.stat()
    with suppress(OSError):
        os.chown(path, owner.st_uid, owner.st_gid)


def _keep(file: Standing, mode: int, like: Path, made: int) -> None:
    name = file.target.name
    if file.data is None:
        _write(file.target.with_name(name + ABSENT), str(made).encode(), mode, like)
    else:
        _write(file.target.with_name(name + BACKUP), file.data, mode, like)


def create(path: Path, data: bytes) -> None:
    """Write a file that must not be there yet. Raises UsageError."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise UsageError(f"{path} is there already", "edit it, or move it away first") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "nothing was written") from None


def restore(target: Path, first: First) -> None:
    """Put the kept first version back, or take the file away where there was none. Raises UsageError."""
    kept = backup_of(target)
    try:
        if first.data is not None:
            kept.replace(target)
            return
        target.unlink(missing_ok=True)
        kept.unlink()
        for place in list(target.parents)[: first.directories]:
            with suppress(OSError):  # someone else has put something into it
                place.rmdir()
    except OSError as error:
        raise UsageError(f"{target}: {error.strerror or error}", f"the first version is {kept}") from None


def backup_of(target: Path) -> Path:
    """What is kept beside a file, whether that is a copy or the mark that there was none."""
    copy = target.with_name(target.name + BACKUP)
    return copy if copy.exists() else target.with_name(target.name + ABSENT)


def _new_mode(*, private: bool) -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o600 if private else 0o666 & ~mask


def _write(path: Path, data: bytes, mode: int, like: Path) -> None:
    descriptor, temporary = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _own(file.fileno(), like)
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
