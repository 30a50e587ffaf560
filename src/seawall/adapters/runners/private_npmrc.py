"""One run's npmrc lies where only this user can read it, and is gone with the run.

Whoever made it has a lock on it; so what a run that was cut off left is known, and the next takes it away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from seawall.kernel.errors import OutsideError

_BEGINS = "seawall-run-"


@contextmanager
def private_npmrc(text: str) -> Iterator[str]:
    """The path of a file with `text` while the block runs. Raises OutsideError where none can be written."""
    _sweep()
    try:
        path, held = _written(text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise OutsideError(
            f"no temporary file can be written: {error.strerror or error}",
            "set TMPDIR to a directory that can be written; nothing was started",
        ) from None
    try:
        yield str(path)
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)
        os.close(held)


def _written(data: bytes) -> tuple[Path, int]:
    """A new file with `data` in a directory of its own, and the descriptor that has the lock on it."""
    while True:
        path = Path(mkdtemp(prefix=_BEGINS)) / "npmrc"
        held = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            with os.fdopen(held, "wb", closefd=False) as file:
                file.write(data)
        except BaseException:
            os.close(held)
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
        if path.exists():
            return path, held
        os.close(held)  # another run swept it away before it had its lock


def _sweep() -> None:
    """Take away what runs of this user left that no longer hold their lock."""
    with suppress(OSError):
        for directory in Path(gettempdir()).glob(f"{_BEGINS}*"):
            with suppress(OSError):
                if not directory.is_symlink() and directory.lstat().st_uid == os.geteuid():
                    _swept(directory)


def _swept(directory: Path) -> None:
    left = os.open(directory / "npmrc", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(directory, ignore_errors=True)
    finally:
        os.close(left)
