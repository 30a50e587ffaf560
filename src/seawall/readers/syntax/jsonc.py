"""JSON with comments is JSON, `//` and `/* */`, and commas before a closing bracket: nothing else is let by.

Every key and item knows its line. A key that stands twice keeps its last value, as the tools' own parsers do,
and is told, because other parsers keep the first.
Source: the JSONC specification (jsonc.org) and RFC 8259.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind

from .fault import SyntaxFault
from .json import refuse_many

# A comment or string that is not closed is a token of its own, so that a hostile file costs one pass.
_TOKEN = re.compile(
    r"(?P<blank>[ \t\r\n]++)|(?P<comment>//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)"
    r'|(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*+")'
    r"|(?P<number>-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?(?![\w.]))"
    r"|(?P<word>true|false|null)(?!\w)|(?P<mark>[{}\[\]:,])|(?P<cut>/\*.*+|\"[^\n]*+)",
    re.DOTALL,
)
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None}
_LONGEST_NUMBER = 400


class Object(dict[str, object]):
    """A JSON object; `lines[key]` is the line of the key, counted from 1, and `line` its own."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Array(list[object]):
    """A JSON array; `lines[i]` is the line of item i."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


@dataclass(slots=True)
class _Parser:
    text: str
    limits: Limits
    at: int = 0
    line: int = 1
    kind: str = ""
    word: str = ""
    word_line: int = 1
    twice: list[tuple[str, int]] = field(default_factory=list)

    def advance(self) -> None:
        """Step to the next token that is neither blank nor comment; `kind` is empty at the end."""
        while self.at < len(self.text):
            found = _TOKEN.match(self.text, self.at)
            if found is None:
                raise self.fault(f"{self.text[self.at]!r} does not belong here")
            self.at = found.end()
            self.kind, self.word, self.word_line = found.lastgroup or "", found[0], self.line
            if self.kind in ("blank", "comment"):
                self.line += self.word.count("\n")
            elif self.kind == "cut":
                raise SyntaxFault(ProblemKind.TRUNCATED, "a comment or string is not closed", self.word_line)
            else:
                return
        self.kind, self.word, self.word_line = "", "", self.line

    def fault(self, message: str) -> SyntaxFault:
        kind = ProblemKind.MALFORMED if self.at < len(self.text) or self.kind else ProblemKind.TRUNCATED
        return SyntaxFault(kind, f"not JSON with comments: {message}", self.line)

    def value(self, depth: int) -> object:
        """The value that begins at the present token; the token after it is then the present one."""
        if depth > self.limits.nesting:
            raise SyntaxFault(
                ProblemKind.TOO_DEEP, f"nested deeper than {self.limits.nesting} levels", self.line
            )
        if self.word == "{":
            return self._object(depth)
        if self.word == "[":
            return self._array(depth)
        found = self._plain()
        self.advance()
        return found

    def _plain(self) -> object:
        if self.kind == "string":
            return self._string()
        if self.kind == "word":
            return _WORDS[self.word]
        if self.kind == "number" and len(self.word) <= _LONGEST_NUMBER:
            return json.loads(self.word)
        raise self.fault("a value is missing" if self.word else "it ends too early")

    def _string(self) -> str:
        try:
            found: str = json.loads(self.word)
            found.encode()
        except UnicodeEncodeError:
            raise SyntaxFault(
                ProblemKind.ENCODING, "holds half of a character that takes two escapes", self.word_line
            ) from None
        except ValueError:
            raise self.fault("an escape that is none") from None
        return found

    def _object(self, depth: int) -> Object:
        found = Object(self.word_line)
        self.advance()
        while self.word != "}":
            if self.kind != "string":
                raise self.fault("a key is missing" if self.word else "it ends too early")
            key, line = self._string(), self.word_line
            self.advance()
            if self.word != ":":
                raise self.fault(f"a colon is missing after the key {key[:60]!r}")
            self.advance()
            if key in found.lines:
                self.twice.append((key, line))
            found[key] = self.value(depth + 1)
            found.lines[key] = line
            self._comma("}")
        self.advance()
        return found

    def _array(self, depth: int) -> Array:
        found = Array(self.word_line)
        self.advance()
        while self.word != "]":
            found.lines.append(self.word_line)
            found.append(self.value(depth + 1))
            self._comma("]")
        self.advance()
        return found

    def _comma(self, closes: str) -> None:
        if self.word == ",":
            self.advance()
        elif self.word != closes:
            raise self.fault(f"a comma or {closes} is missing" if self.word else "it ends too early")


@dataclass(frozen=True, slots=True)
class Parsed:
    """The value, and every key that stands a second time in its object, with its line."""

    value: object
    twice: tuple[tuple[str, int], ...] = ()


def parse(text: str, limits: Limits) -> Parsed:
    """The value of `text` as nested Object, Array, str, int, float, bool and None. Raises SyntaxFault."""
    refuse_many(text, ",[{", limits)
    parser = _Parser(text, limits)
    parser.advance()
    if not parser.kind:
        raise SyntaxFault(ProblemKind.TRUNCATED, "the file is empty", 1)
    try:
        value = parser.value(0)
    except RecursionError:
        raise SyntaxFault(ProblemKind.TOO_DEEP, "nested too deep to be read") from None
    if parser.kind:
        raise parser.fault("something stands after the end")
    return Parsed(value, tuple(parser.twice))


def load(text: str, limits: Limits) -> object:
    """The value of `text`. Raises SyntaxFault."""
    return parse(text, limits).value
