"""TOML as the objects that JSON gives, every key with its line, so that one reading serves both."""

from __future__ import annotations

import re

from seawall.kernel.limits import Limits
from seawall.readers.syntax import jsonc, toml

_HEADER = re.compile(r"[ \t]*\[\[?[ \t]*([^\]\n#]+?)[ \t]*\]")
_KEY = re.compile(
    r"[ \t]*((?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')(?:[ \t]*\.[ \t]*(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*'))*)[ \t]*="
)
_PART = re.compile(r"[\w-]+|\"([^\"\n]*)\"|'([^'\n]*)'")

Path = tuple[str, ...]


def load(text: str, limits: Limits) -> jsonc.Object:
    """The table of `text` as Object and Array. A line that is not found is 0. Raises SyntaxFault."""
    table = toml.load(text, limits)
    found = _lined(table, (), _lines(text), 0)
    return found if isinstance(found, jsonc.Object) else jsonc.Object()


def _lines(text: str) -> dict[Path, int]:
    """The first line at which each key or table is written. Strings of several lines may add more."""
    lines: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.split("\n"), 1):
        header = _HEADER.match(line)
        if header:
            table = _parts(header[1])
            for length in range(1, len(table) + 1):
                lines.setdefault(table[:length], number)
            lines[table] = lines.get(table, number)
            continue
        key = _KEY.match(line)
        if key:
            path = (*table, *_parts(key[1]))
            for length in range(len(table) + 1, len(path) + 1):
                lines.setdefault(path[:length], number)
    return lines


def _parts(text: str) -> Path:
    return tuple(next((g for g in m.groups() if g is not None), m[0]) for m in _PART.finditer(text))


def _lined(value: object, path: Path, lines: dict[Path, int], line: int) -> object:
    if isinstance(value, dict):
        found = jsonc.Object(line)
        for key, item in value.items():
            at = lines.get((*path, key), line)
            found[key] = _lined(item, (*path, key), lines, at)
            found.lines[key] = at
        return found
    if isinstance(value, list):
        array = jsonc.Array(line)
        for item in value:
            array.append(_lined(item, path, lines, line))
            array.lines.append(line)
        return array
    return value
