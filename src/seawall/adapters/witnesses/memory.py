"""What a witness has signed is on the disk before anyone has the signature.

One directory, one file for each log, named by the SHA-256 of its origin: the last checkpoint with the
signatures of the log and of this witness. One process at a time may use it.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from seawall.kernel.checkpoint import Checkpoint
from seawall.kernel.checkpoint import parse as parse_checkpoint
from seawall.kernel.errors import StoreError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.note import NotANote, Note, parse

_RECOVER = "bring it back from a backup; a witness that forgot what it signed must not go on under its key"


class Memory:
    """The directory of one witness, locked until `close`."""

    def __init__(self, directory: Path) -> None:
        """Raises StoreError when it cannot be made, or another process is using it."""
        self.directory = directory
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"{directory} cannot be used: {error.strerror}", "name another --state"
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise StoreError(
                f"another witness is using {directory}", "stop it, or name another --state"
            ) from None

    def last(self, origin: str) -> tuple[Note, Checkpoint] | None:
        """The last checkpoint of that log that was signed. Raises StoreError when the file is not sound."""
        path = self._path(origin)
        try:
            with path.open("rb") as file:
                note = parse(file.read(DEFAULT_LIMITS.note_bytes + 1))
            found = parse_checkpoint(note.text)
        except FileNotFoundError:
            return None
        except (NotANote, OSError) as error:
            raise StoreError(f"{path} is corrupt: {error}", _RECOVER) from None
        if found.origin != origin:
            raise StoreError(f"{path} is of another log: {found.origin}", _RECOVER)
        return note, found

    def read(self, name: str) -> bytes | None:
        """The file of that name (64 hexadecimal digits), None where there is none."""
        with suppress(FileNotFoundError):
            return (self.directory / name).read_bytes()
        return None

    def keep(self, origin: str, note: Note) -> None:
        """Have it on the disk, whole, in place of the one before. Raises StoreError."""
        path = self._path(origin)
        draft = path.with_suffix(".new")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(note.data)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
            place = os.open(self.directory, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(place)
            finally:
                os.close(place)
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written: {error.strerror}", "make room, or look at the disk"
            ) from None

    def close(self) -> None:
        """Let another process use the directory."""
        os.close(self._lock)

    def _path(self, origin: str) -> Path:
        return self.directory / sha256(origin.encode()).hexdigest()
