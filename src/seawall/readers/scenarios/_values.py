"""Values of a scenario are taken out of TOML one by one; what is not understood is refused with its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from seawall.kernel.lockfile import Problem

from .outline import LIKE, MOST_BYTES, made

Table = Mapping[str, object]
Beside = Callable[[str], bytes | Problem]
"""path → the bytes of a file that lies beside the scenario."""
_MOST_FILES = 2_000
_MOST_TOGETHER = 64 * 1024 * 1024


class Refused(Exception):
    """A value that cannot be used; `line` is 0 where it is not known."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def refuse_unknown(item: Table, known: frozenset[str], what: str) -> None:
    """Every key of the table is one that means something."""
    unknown = sorted(set(item) - known)
    if unknown:
        raise Refused(f"{unknown[0][:80]!r} means nothing in {what}; known are {', '.join(sorted(known))}")


def array(item: Table, key: str) -> list[Table]:
    """The tables that are written as [[key]]."""
    value = item.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Refused(f"{key} must be written as [[{key}]]")
    return value


def table(item: Table, key: str) -> Table:
    """A table, empty where there is none."""
    value = item.get(key, {})
    if not isinstance(value, dict):
        raise Refused(f"{key} must be a table")
    return value


def word(item: Table, key: str, default: str | None = None) -> str:
    """A text. Refused where there is none and no default."""
    value = item.get(key, default)
    if value is None:
        raise Refused(f"{key} is missing")
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise Refused(f"{key} must be a text")
    return value


def texts(item: Table, key: str) -> list[str]:
    """A list of texts."""
    value = item.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Refused(f"{key} must be a list of texts")
    return list(value)


def flag(item: Table, key: str, default: bool = False) -> bool:
    """True or false."""
    value = item.get(key, default)
    if not isinstance(value, bool):
        raise Refused(f"{key} must be true or false")
    return value


def words(item: Table, key: str) -> Mapping[str, str]:
    """A table of texts."""
    found = table(item, key)
    if not all(isinstance(value, str) for value in found.values()):
        raise Refused(f"{key} must be a table of texts")
    return MappingProxyType({name: str(value) for name, value in found.items()})


def time(item: Table, key: str) -> datetime:
    """A moment with its offset, as in 2026-03-31T00:21:58Z."""
    found = maybe_time(item, key)
    if found is None:
        raise Refused(f"{key} is missing: a moment as in 2026-03-31T00:21:58Z")
    return found


def maybe_time(item: Table, key: str) -> datetime | None:
    """The same, None where it is not said."""
    value = item.get(key)
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Refused(f"{key} must be a moment with its offset, as in 2026-03-31T00:21:58Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise Refused(f"{key} is out of every calendar") from None


def pairs(item: Table, key: str, beside: Beside) -> Mapping[str, bytes]:
    """Files by path: a text, or an outline (`text`, `like`, `bytes`, or `file` for one that lies beside)."""
    found = table(item, key)
    if len(found) > _MOST_FILES:
        raise Refused(f"{key} has more than {_MOST_FILES} files")
    files = {path: _file(path, value, beside) for path, value in found.items()}
    if sum(map(len, files.values())) > _MOST_TOGETHER:
        raise Refused(f"{key} has more than {_MOST_TOGETHER} bytes")
    return MappingProxyType(files)


def _file(path: str, value: object, beside: Beside) -> bytes:
    if not is_path(path):
        raise Refused(f"{path[:80]!r} is no path inside a directory")
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, dict):
        raise Refused(f"{path}: a file is a text, or a table with text, like, bytes or file")
    refuse_unknown(value, frozenset({"text", "like", "bytes", "file"}), f"the file {path}")
    if "file" in value:
        return _lying_beside(path, value, beside)
    like, size = word(value, "like", ""), value.get("bytes", 0)
    if like and like not in LIKE:
        raise Refused(f"{path}: nothing is known that looks like {like[:60]!r}; known are {', '.join(LIKE)}")
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= MOST_BYTES:
        raise Refused(f"{path}: bytes must be a number up to {MOST_BYTES}")
    return made(word(value, "text", ""), like, size)


def _lying_beside(path: str, value: Table, beside: Beside) -> bytes:
    name = word(value, "file")
    if len(value) > 1:
        raise Refused(f"{path}: beside file nothing else is said")
    if not is_path(name):
        raise Refused(f"{path}: {name[:80]!r} does not lie beside the scenario")
    found = beside(name)
    if isinstance(found, Problem):
        raise Refused(f"{path}: {name}: {found.message}")
    return found


def is_path(path: str) -> bool:
    """Relative, with `/`, without `..`, and printable."""
    parts = path.split("/")
    return (
        0 < len(path) <= 500 and path.isprintable() and "\\" not in path and not {"", ".", ".."} & set(parts)
    )
