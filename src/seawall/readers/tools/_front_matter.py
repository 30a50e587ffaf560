"""The head of a Markdown file between two lines of `---`, which tools read as YAML, and not all of it well.

What is no YAML (`globs: *.ts`, which Cursor writes itself) is read line by line.
"""

from __future__ import annotations

import re

from seawall.kernel.limits import Limits
from seawall.readers.syntax import jsonc, yaml
from seawall.readers.syntax.fault import SyntaxFault

_HEAD = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*?)[ \t]*\r?\Z")
_LONGEST = 64 * 1024


def front_matter(text: str, limits: Limits) -> jsonc.Object:
    """The head as an object with lines; empty when there is none."""
    found = _HEAD.match(text)
    if not found or len(found[1]) > _LONGEST:
        return jsonc.Object(1)
    try:
        value = yaml.load(found[1], limits)
    except SyntaxFault:
        return _by_line(found[1])
    lined = _lined(value, 1)
    return lined if isinstance(lined, jsonc.Object) else jsonc.Object(1)


def _by_line(head: str) -> jsonc.Object:
    found = jsonc.Object(1)
    for number, line in enumerate(head.split("\n"), 2):
        pair = _LINE.match(line)
        if pair:
            found[pair[1]] = pair[2].strip("\"'")
            found.lines[pair[1]] = number
    return found


def _lined(value: object, before: int) -> object:
    """YAML's shapes as those of JSON; the head begins `before` lines below the top of the file."""
    if isinstance(value, yaml.Mapping):
        found = jsonc.Object(value.line + before)
        for key, item in value.items():
            found[key] = _lined(item, before)
            found.lines[key] = value.lines.get(key, 0) + before
        return found
    if isinstance(value, yaml.Sequence):
        array = jsonc.Array(value.line + before)
        for item, line in zip(value, value.lines, strict=True):
            array.append(_lined(item, before))
            array.lines.append(line + before)
        return array
    return value
