"""An INI file with the line of every value's lines, read as tox reads it: nothing is evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ._notes import Notes

_SECTION = re.compile(r"\[([^\]]*)\]")
_KEY = re.compile(r"([^\s=:#;\[][^=:]*?)\s*[=:]\s*(.*)")
_COMMENT = re.compile(r"(?:\s|^)(?<!\\)#.*")

Lines = list[tuple[int, str]]
"""(line of the file, text) of each line of a value; empty ones are left out."""

Sections = Mapping[str, Mapping[str, Lines]]


def sections(text: str, notes: Notes) -> tuple[dict[str, dict[str, Lines]], dict[str, int]]:
    """(values by section and key, line of each section). A key that stands twice counts once, the last."""
    found: dict[str, dict[str, Lines]] = {}
    starts: dict[str, int] = {}
    section: dict[str, Lines] | None = None
    value: Lines | None = None
    for number, line in enumerate(_joined(text.split("\n")), 1):
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        header = _SECTION.match(line)
        if header:
            section = found.setdefault(header[1].strip(), {})
            starts.setdefault(header[1].strip(), number)
            value = None
        elif line[0] in " \t" and value is not None:
            value.append((number, _COMMENT.sub("", bare)))
        elif section is not None and (key := _KEY.match(bare)):
            value = [(number, _COMMENT.sub("", key[2]))] if key[2] else []
            section[key[1].strip().lower().replace("-", "_")] = value
        else:
            notes.malformed("a line that is no section and no setting", number)
    return found, starts


def _joined(lines: list[str]) -> list[str]:
    """The lines, one that ends with a backslash together with those it goes on in; these stay empty."""
    found = [line.rstrip("\r") for line in lines]
    at = 0
    while at < len(found):
        start = at
        parts = [found[at]]
        while parts[-1].endswith("\\") and at + 1 < len(found):
            at += 1
            parts[-1] = parts[-1][:-1]
            parts.append(found[at].strip())
            found[at] = ""
        found[start] = " ".join(parts)
        at += 1
    return found
