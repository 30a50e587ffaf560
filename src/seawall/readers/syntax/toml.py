"""TOML through the standard library, with the lines of its tables counted beside it."""

from __future__ import annotations

import re
import tomllib
from collections import deque
from collections.abc import Iterator

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind

from .fault import SyntaxFault
from .json import deeper_than, refuse_many

_LINE = re.compile(r"line (\d+)")
_MANY_DOTS = re.compile(r"^(?:[^.\n]*+\.){50}", re.MULTILINE)
# Every alternative takes all it can and gives nothing back, also a string that is not closed, so that a
# hostile file costs one pass.
_STRING = (
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"{3,5}+|\\?\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'{3,5}+|\Z)"
    r'|"(?:[^"\\\n]|\\.)*+"?+'
    r"|'[^'\n]*+'?+"
)
_TOKEN = re.compile(
    rf"(?P<string>{_STRING})|#[^\n]*+|(?P<word>[\w-]++)|(?P<dot>\.)|[^\w\"'#.-]++|.", re.DOTALL
)
_HEADER = r"^[ \t]*+\[\[[ \t]*+{}[ \t]*+\]\]"


def load(text: str, limits: Limits) -> dict[str, object]:
    """The table of `text`. Raises SyntaxFault."""
    # A dot may begin a table of its own.
    refuse_many(text, "=,[.", limits)
    too_deep = SyntaxFault(ProblemKind.TOO_DEEP, f"nested deeper than {limits.nesting} levels")
    if _MANY_DOTS.search(text) and _longest_key(text) > limits.nesting:
        raise too_deep
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        cut = "end of document" in str(error)
        kind = ProblemKind.TRUNCATED if cut else ProblemKind.MALFORMED
        line = int(found[1]) if found else text.count("\n") + 1
        raise SyntaxFault(kind, f"not TOML: {error}", line) from None
    except RecursionError:
        raise too_deep from None
    except ValueError as error:  # a date that is none, an integer of more than 4,300 digits
        raise SyntaxFault(ProblemKind.MALFORMED, f"not TOML: {type(error).__name__}") from None
    if deeper_than(value, limits.nesting):
        raise too_deep
    return value


def _longest_key(text: str) -> int:
    """The most parts of a dotted key, or more: the parser takes the square of that in time."""
    longest = parts = 0
    before = ""
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup or ""
        if kind == "dot":
            parts += before in ("string", "word")
            longest = max(longest, parts)
        elif not kind and token[0].isspace() and "\n" not in token[0]:
            continue
        elif not (kind and before == "dot"):
            parts = 0
        before = kind
    return longest + 1


def array_lines(text: str, header: str) -> list[int]:
    """The lines of every `[[header]]`, in order: item i of the array starts at line i of the list."""
    wanted = re.compile(_HEADER.format(re.escape(header)), re.MULTILINE)
    inside = deque(_long_strings(text) if '"""' in text or "'''" in text else ())
    lines, counted, line = [], 0, 1
    for match in wanted.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        while inside and inside[0][1] <= match.start():
            inside.popleft()
        if not (inside and inside[0][0] < match.start()):
            lines.append(line)
    return lines


def _long_strings(text: str) -> Iterator[tuple[int, int]]:
    """Where the strings of several lines begin and end."""
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "string" and token[0].startswith(('"""', "'''")):
            yield token.span()
