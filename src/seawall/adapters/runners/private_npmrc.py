"""One run's npmrc lies where only this user can read it, and is gone with the run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from seawall.kernel.errors import OutsideError


@contextmanager
def private_npmrc(text: str) -> Iterator[str]:
    """The path of a file with `text` while the block runs. Raises OutsideError where none can be written."""
    directory = ""
    try:
        directory = mkdtemp(prefix="seawall-run-")
        path = Path(directory) / "npmrc"
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
    except OSError as error:
        if directory:
            shutil.rmtree(directory, ignore_errors=True)
        raise OutsideError(
            f"no temporary file can be written: {error.strerror or error}",
            "set TMPDIR to a directory that can be written; nothing was started",
        ) from None
    try:
        yield str(path)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
