"""A person's settings file is read with a bound and replaced whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from seawall.kernel.errors import UsageError
from seawall.kernel.lockfile import Problem, ProblemKind

LARGEST = 1024 * 1024
"""Bytes. A settings file that is larger is not read, and so never changed."""

BACKUP = ".seawall-backup"
"""Ends the name of the copy that is kept beside a changed file; empty when there was no file before."""


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
    target = Path(os.path.realpath(path))
    if inside is not None and not target.is_relative_to(os.path.realpath(inside)):
        raise UsageError(f"{path} is a link that leads out of {inside}", "replace the link by a file")
    data = read(target)
    if isinstance(data, Problem):
        raise UsageError(f"{path}: {data.message}", "correct the file and run it again")
    return Standing(path.absolute(), target, data)


def replace(file: Standing, data: bytes, *, private: bool = False) -> None:
    """Put `data` in the file's place, in one step, keeping its mode, and its first version beside it.

    A new file gets mode 0600 when it is `private`, else what the umask leaves. Raises UsageError when it
    cannot be written, or was changed since it was read.
    """
    target = file.target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if read(target) != file.data:
            raise UsageError(f"{target} has just been changed by someone else", "run it again")
        mode = stat.S_IMODE(target.stat().st_mode) if file.data is not None else _new_mode(private=private)
        backup = backup_of(target)
        if not backup.exists():
            _write(backup, file.data or b"", mode, target if file.data is not None else None)
        _write(target, data, mode, target if file.data is not None else None)
    except OSError as error:
        raise UsageError(f"{target}: {error.strerror or error}", "it was not changed") from None


def create(path: Path, data: bytes) -> None:
    """Write a file that must not be there yet. Raises UsageError."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise UsageError(f"{path} is there already", "edit it, or move it away first") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "nothing was written") from None


def restore(target: Path) -> None:
    """Put the kept first version back, or take the file away where there was none. Raises UsageError."""
    backup = backup_of(target)
    try:
        if backup.stat().st_size:
            backup.replace(target)
        else:
            target.unlink(missing_ok=True)
            backup.unlink()
    except OSError as error:
        raise UsageError(f"{target}: {error.strerror or error}", f"the first version is {backup}") from None


def backup_of(target: Path) -> Path:
    """The name of the copy beside a file."""
    return target.with_name(target.name + BACKUP)


def _new_mode(*, private: bool) -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o600 if private else 0o666 & ~mask


def _write(path: Path, data: bytes, mode: int, like: Path | None) -> None:
    descriptor, temporary = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            if like is not None:
                owner = like.stat()
                with suppress(OSError):
                    os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
