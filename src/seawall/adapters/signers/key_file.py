"""A key lies where only its owner can read it, and not beside what it vouches for.

Whoever can write the store can write another one; without the key they cannot sign it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from seawall.kernel.errors import UsageError
from seawall.kernel.limits import DEFAULT_LIMITS

VARIABLE = "SEAWALL_LEDGER_KEY"
"""The key itself in the environment, for a machine whose secrets come that way."""


def from_environment(environment: Mapping[str, str] = os.environ) -> str:
    """The key's text in `SEAWALL_LEDGER_KEY`, empty when there is none."""
    return environment.get(VARIABLE, "").strip()


def read_key(path: Path) -> str:
    """The text in a key file. Raises UsageError when there is none, or when others could read or write it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"the key {path} cannot be read: {error.strerror}", _NONE) from None
    try:
        _refuse_unsafe(path, os.fstat(handle))
        return os.read(handle, DEFAULT_LIMITS.text_field).decode().strip()
    except UnicodeDecodeError:
        raise UsageError(f"the key {path} is no text", _NONE) from None
    finally:
        os.close(handle)


def _refuse_unsafe(path: Path, state: os.stat_result) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise UsageError(f"the key {path} is no file", _NONE)
    if state.st_mode & 0o077:
        raise UsageError(
            f"the key {path} can be read or written by others",
            f"make it its owner's alone: chmod 600 {path}",
        )
    if state.st_uid not in (os.geteuid(), 0):
        raise UsageError(f"the key {path} belongs to somebody else", "name a key of your own with --key")


_NONE = "name another with --key, or make one with: seawall ledger init"


def write_key(path: Path, text: str) -> None:
    """Write a new key file that only its owner can read. Raises UsageError; a file is never written over."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)  # whatever the umask
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise UsageError(f"the key {path} exists already", "use it, or name another with --key") from None
    except OSError as error:
        raise UsageError(f"the key {path} cannot be written: {error.strerror}", _NONE) from None


def refuse_beside(key: Path, ledger: Path) -> None:
    """Raises UsageError when the key lies in the ledger's directory or below it."""
    place = Path(os.path.realpath(ledger.parent))
    if Path(os.path.realpath(key.parent)).is_relative_to(place):
        raise UsageError(
            f"the key {key} would lie beside the ledger that it vouches for",
            "name another place with --key, on another volume if there is one; or --key-beside-ledger",
        )
