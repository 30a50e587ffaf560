"""JSON is parsed strictly, and the line of a key is found afterwards by walking forward through the text.

Source: RFC 8259. `NaN` and `Infinity`, which Python would take, are refused.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind

from .fault import SyntaxFault

# A string that is not closed is still taken as one, or each quote in it would start a new search for its end.
_TRAILING_COMMA = re.compile(r'("(?:[^"\\\n]|\\.)*+"?+)|,(\s*+[}\]])')
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_MOST_MISSES = 100
_HOLDERS = (dict, list)


def _constant(name: str) -> NoReturn:
    raise SyntaxFault(ProblemKind.MALFORMED, f"{name} is not JSON")


def load(text: str, limits: Limits, *, trailing_commas: bool = False) -> object:
    """The value of `text`: dict, list, str, int, float, bool or None.

    `trailing_commas` accepts `,]` and `,}` as bun.lock writes them. Raises SyntaxFault.
    """
    if not text.strip():
        raise SyntaxFault(ProblemKind.TRUNCATED, "the file is empty", 1)
    refuse_many(text, ",[{", limits)
    if trailing_commas:
        text = _TRAILING_COMMA.sub(lambda m: m[1] or m[2], text)
    try:
        value: object = json.loads(text, parse_constant=_constant)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        kind = ProblemKind.TRUNCATED if cut else ProblemKind.MALFORMED
        raise SyntaxFault(kind, f"not JSON: {error.msg}", error.lineno) from None
    except RecursionError:
        raise SyntaxFault(ProblemKind.TOO_DEEP, "nested too deep to be read") from None
    except ValueError as error:  # an integer of more than 4,300 digits
        raise SyntaxFault(ProblemKind.MALFORMED, f"not JSON: {error}") from None
    if deeper_than(value, limits.nesting):
        raise SyntaxFault(ProblemKind.TOO_DEEP, f"nested deeper than {limits.nesting} levels")
    if _SURROGATE.search(text) and not _is_text(value):
        raise SyntaxFault(ProblemKind.ENCODING, "holds half of a character that takes two escapes")
    return value


def refuse_many(text: str, marks: str, limits: Limits) -> None:
    """Raises SyntaxFault when `text` can hold too many values: each comes with one of `marks`."""
    if len(text) > limits.values and sum(map(text.count, marks)) > limits.values:
        raise SyntaxFault(ProblemKind.TOO_MANY, f"more than {limits.values} values")


def _is_text(value: object) -> bool:
    """Whether every string in `value` can be written in UTF-8; a lone surrogate cannot."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def deeper_than(value: object, limit: int) -> bool:
    """Whether containers in `value` are nested deeper than `limit`, without recursion of our own."""
    level = [value]
    for _ in range(limit):
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below += [v for v in item.values() if isinstance(v, _HOLDERS)]
            elif isinstance(item, list):
                below += [v for v in item if isinstance(v, _HOLDERS)]
        if not below:
            return False
        level = below
    return True


class KeyLines:
    """Finds the lines of object keys when asked in the order in which they stand in the text.

    One forward pass over the whole file, however many keys are asked for. A key that is not found ahead
    leaves the place unchanged and answers the line last found; after 100 such (keys written with escapes)
    the search is over and the answer 0, so that time stays linear.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._offset = 0
        self._counted = 0
        self._line = 1
        self._misses = 0

    def line_of(self, key: str, opens: str = "") -> int:
        """The line of the next `"key":` at or after the place of the last one found.

        `opens` is how its value begins (`{`, `[`), where that tells the key from others of the same name.
        """
        return self._next(json.dumps(key, ensure_ascii=False), ":", opens)

    def line_of_pair(self, key: str, value: str) -> int:
        """The line of the next `"key": "value"`, likewise."""
        return self._next(json.dumps(key, ensure_ascii=False), ":", json.dumps(value, ensure_ascii=False))

    def _next(self, quoted: str, separator: str, opens: str) -> int:
        if self._misses >= _MOST_MISSES:
            return 0
        at = self._offset
        while (at := self._text.find(quoted, at)) >= 0:
            end = at + len(quoted)
            if self._follows(end, separator, opens):
                self._line += self._text.count("\n", self._counted, at)
                self._counted = at
                self._offset = end
                return self._line
            at = end
        self._misses += 1
        return self._line

    def _follows(self, at: int, *tokens: str) -> bool:
        """Whether the tokens stand at `at`, with at most 16 blanks before each."""
        for token in tokens:
            window = self._text[at : at + 16 + len(token)]
            blanks = len(window) - len(window.lstrip())
            if not window.startswith(token, blanks):
                return False
            at += blanks + len(token)
        return True
