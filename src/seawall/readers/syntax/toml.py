"""TOML through the standard library, with the lines of its tables counted beside it."""

from __future__ import annotations

import re
import tomllib

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind

from .fault import SyntaxFault

_LINE = re.compile(r"line (\d+)")
# Every run starts at the start of a word and gives nothing back, so that a hostile line costs one pass.
_DEEP = re.compile(r"(?:\[\s*+|\{\s*+[\w\"'-]++\s*+=\s*+){200}|(?<![\w-])(?:[\w-]++\s*+\.\s*+){200}")


def load(text: str, limits: Limits) -> dict[str, object]:
    """The table of `text`. Raises SyntaxFault."""
    if _DEEP.search(text):
        raise SyntaxFault(ProblemKind.TOO_DEEP, f"nested deeper than {limits.nesting} levels")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        cut = "end of document" in str(error)
        kind = ProblemKind.TRUNCATED if cut else ProblemKind.MALFORMED
        line = int(found[1]) if found else text.count("\n") + 1
        raise SyntaxFault(kind, f"not TOML: {error}", line) from None
    except (RecursionError, ValueError) as error:
        raise SyntaxFault(ProblemKind.MALFORMED, f"not TOML: {type(error).__name__}") from None


def array_lines(text: str, header: str) -> list[int]:
    """The lines of every `[[header]]`, in order: item i of the array starts at line i of the list."""
    wanted = re.compile(rf"^\s*\[\[\s*{re.escape(header)}\s*\]\]", re.MULTILINE)
    lines, counted, line = [], 0, 1
    for match in wanted.finditer(text):
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        line += text.count("\n", counted, start)
        counted = start
        lines.append(line)
    return lines
