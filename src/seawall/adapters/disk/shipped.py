"""What ships inside the package is read through one door, and so is a policy file that a user names."""

from __future__ import annotations

import functools
from importlib.resources import files
from pathlib import Path

from seawall.kernel.errors import PolicyError, UsageError
from seawall.kernel.settings import POLICY_STRICTNESS

MAX_POLICY_BYTES = 1024 * 1024


@functools.cache
def policy_text(name: str) -> str:
    """The text of the shipped policy `name` (`observe`, `default`, `strict`). UsageError for another name."""
    if name not in POLICY_STRICTNESS:
        raise UsageError(f"no policy {name!r} is shipped", f"shipped are: {', '.join(POLICY_STRICTNESS)}")
    return _text("kernel/policy", f"{name}.cedar")


@functools.cache
def schema_text() -> str:
    """What a policy may ask about: the schema of the whole domain."""
    return _text("kernel/policy", "seawall.cedarschema")


def data_bytes(name: str) -> bytes:
    """The content of one file of `seawall/data`, by its bare name."""
    if "/" in name or "\\" in name or name.startswith("."):
        raise UsageError(f"{name!r} is not the name of a shipped file", "name it without a path")
    return (files("seawall") / "data" / name).read_bytes()


def client_policy(name: str) -> bytes:
    """What a client decides by itself, written as a policy: a file of `seawall/data/clients`."""
    return (files("seawall") / "data" / "clients" / f"{name}.cedar").read_bytes()


def given_policy_text(path: Path) -> str:
    """The text of a user's own policy file. PolicyError when it cannot be read, is too big or is no text."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_POLICY_BYTES + 1)
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror or error}", _ADVICE) from None
    return as_policy_text(data, path)


_ADVICE = f"name a file, or one of {', '.join(POLICY_STRICTNESS)}"


def as_policy_text(data: bytes, path: Path) -> str:
    """The text in the bytes of a policy file. PolicyError when it is too big or is no text."""
    if len(data) > MAX_POLICY_BYTES:
        raise PolicyError(f"{path}: more than {MAX_POLICY_BYTES} bytes", _ADVICE)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PolicyError(f"{path}:{line}: not valid UTF-8", "save it as UTF-8") from None


def _text(folder: str, name: str) -> str:
    return (files("seawall") / folder / name).read_text(encoding="utf-8")
