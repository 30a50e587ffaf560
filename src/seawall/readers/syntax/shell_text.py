"""Before a grammar reads a script, what no grammar of the shell knows is taken out at its place.

GitHub expressions become plain letters of the same length, and here-documents are cut out by the shell's own
rules: a grammar that guesses at them loses the commands behind. Offsets and lines stay those of the script.
Source: POSIX.1-2024, Shell Command Language 2.3 and 2.7.4; GitHub's expression syntax.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

_STEP = 8 * 1024
"""Bytes that are parsed at one go: on errors the grammar's time grows with their square."""

_NORMAL = re.compile(rb"\\[\s\S]|\$'|\$\(\(|\$\(|\$\{|\(\(|[\"'`()#}\n]|<<<|<<-?")
_QUOTED = re.compile(rb"\\[\s\S]|\$\(\(|\$\(|\$\{|[\"`\n]")
_ANSI = re.compile(rb"(?:[^'\\]|\\[\s\S])*'")
_DELIMITER = re.compile(rb"[ \t]*((?:'[^'\n]*'|\"[^\"\n]*\"|\\[^\n]|[^\s'\"\\;&|<>()`])+)")
_CONTINUES = re.compile(rb"[ \t]|(?:fi|done|esac|else|elif|then|do|in)\b|[})&|;]|\Z")
_BEFORE_COMMENT = b" \t\n;&|("


@dataclass(frozen=True, slots=True)
class HereDocument:
    """`text` as the program reads it; `line` is its first line; `expands`: variables in it are replaced."""

    text: str
    line: int
    expands: bool
    closed: bool


@dataclass(slots=True)
class Prepared:
    """A script ready for a grammar: `plain` and `source` have the same length, in UTF-8.

    `source` is what was written; `plain` has letters for expressions, `<hhh` for the beginnings of
    here-documents (keyed by offset in `documents`) and blanks for their bodies. `ends` are offsets behind
    newlines at which no quote, bracket or here-document is open. `first` is the line on which it begins.
    """

    source: bytes
    plain: bytes
    first: int = 1
    last: int = 0
    starts: list[int] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    documents: dict[int, HereDocument] = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)
    holds_nul: bool = False

    def line(self, offset: int) -> int:
        """The line of a byte, never behind the last one of the text around it."""
        line = self.first + bisect_right(self.starts, offset) - 1
        return min(line, self.last) if self.last else line

    def text(self, start: int, end: int) -> str:
        """What was written there."""
        return self.source[start:end].decode("utf-8", "replace")

    def expressions(self, start: int, end: int) -> tuple[tuple[int, int], ...]:
        """The spans of GitHub expressions that begin in this part."""
        at = bisect_left(self.spans, (start, 0))
        found = []
        while at < len(self.spans) and self.spans[at][0] < end:
            found.append(self.spans[at])
            at += 1
        return tuple(found)

    def steps(self) -> Iterator[Prepared]:
        """Parts of at most twice 8 KiB that begin where a new command does, as far as can be told."""
        start, size = 0, len(self.plain)
        if size <= _STEP:
            yield self
            return
        offsets = sorted(self.documents)
        while size - start > _STEP:
            stop = self._cut(start)
            yield self._part(start, stop, offsets)
            start = stop
        yield self._part(start, size, offsets)

    def _part(self, start: int, stop: int, offsets: list[int]) -> Prepared:
        documents = offsets[bisect_left(offsets, start) : bisect_left(offsets, stop)]
        source = self.source[start:stop]
        return Prepared(
            source,
            self.plain[start:stop],
            self.line(start),
            self.last,
            _line_starts(source),
            [(a - start, b - start) for a, b in self.expressions(start, stop)],
            {at - start: self.documents[at] for at in documents},
        )

    def _cut(self, start: int) -> int:
        low, high = bisect_right(self.ends, start + _STEP // 2), bisect_right(self.ends, start + 2 * _STEP)
        for at in self.ends[low:high]:
            if not _CONTINUES.match(self.plain, at):
                return at
        if high > low:
            return self.ends[high - 1]
        newline = self.plain.rfind(b"\n", start, start + 2 * _STEP)
        return newline + 1 if newline > start else min(start + 2 * _STEP, len(self.plain))


def expressions_in(text: bytes) -> list[tuple[int, int]]:
    """Where GitHub expressions stand. A `}}` inside a quoted string of one does not end it."""
    found, at = [], 0
    while (start := text.find(b"${{", at)) >= 0:
        end = _expression_end(text, start + 3)
        if end < 0:
            break
        found.append((start, end))
        at = end
    return found


def _expression_end(text: bytes, at: int) -> int:
    plain = text.find(b"}}", at)
    if plain < 0:
        return -1
    while (quote := text.find(b"'", at, plain)) >= 0:
        closing = text.find(b"'", quote + 1, quote + 4096)
        if closing < 0:
            break
        at = closing + 1
        if at > plain:
            plain = text.find(b"}}", at)
            if plain < 0:
                return -1
    return plain + 2


_ASCII = bytes(range(128)) + b"X" * 128
"""The grammar is shown one-byte letters only: tree-sitter-bash 0.25 asks `isdigit`, which is undefined above
255, of what follows `{`, so that `{` before a letter of a far plane ends the process. Words are read from the
source."""


def prepare(text: str, first: int = 1, last: int = 0) -> Prepared:
    """Linear in the text; never raises."""
    source = text.encode("utf-8", "replace")
    nul = b"\0" in source
    if nul:
        source = source.replace(b"\0", b"_")
    plain = bytearray(source.replace(b"\r\n", b" \n").translate(_ASCII))
    spans = expressions_in(source)
    for start, end in spans:
        plain[start:end] = b"X" * (end - start)
    ready = Prepared(source, b"", first, last, _line_starts(source), spans, holds_nul=nul)
    _Scan(ready, plain).run()
    ready.plain = bytes(plain)
    return ready


def _line_starts(source: bytes) -> list[int]:
    starts = [0]
    starts.extend(found.end() for found in re.finditer(rb"\n", source))
    return starts


class _Scan:
    """One pass over the text that knows quotes, brackets and comments, and cuts here-documents out."""

    def __init__(self, ready: Prepared, plain: bytearray) -> None:
        self.ready = ready
        self.plain = plain
        self.open = [b""]
        self.pending: list[tuple[int, bytes, bool, bool]] = []

    def run(self) -> None:
        at = 0
        while True:
            inside = self.open[-1]
            found = (_QUOTED if inside == b'"' else _NORMAL).search(self.plain, at)
            if not found:
                break
            at = self._token(bytes(found[0]), found.start(), found.end())
        for start, _, _, expands in self.pending:
            self.ready.documents[start] = HereDocument("", self.ready.line(start), expands, closed=False)

    def _token(self, token: bytes, start: int, end: int) -> int:
        if token == b"\n":
            return self._newline(end)
        if token in (b'"', b"`"):
            self._toggle(token)
        elif token in (b"'", b"$'") and self.open[-1] != b'"':
            return self._single(token, end)
        elif token in (b"$(", b"${", b"$((", b"(", b"(("):
            self.open.append(token)
        elif token in (b")", b"}"):
            return self._close(token, start, end)
        elif token == b"#" and self._is_comment(start):
            newline = self.plain.find(b"\n", start)
            return newline if newline >= 0 else len(self.plain)
        elif token in (b"<<", b"<<-") and self.open[-1] not in (b"((", b"$((", b"${"):
            return self._here(start, end, token == b"<<-")
        return end

    def _toggle(self, token: bytes) -> None:
        if self.open[-1] == token:
            self.open.pop()
        else:
            self.open.append(token)

    def _single(self, token: bytes, end: int) -> int:
        if token == b"$'":
            found = _ANSI.match(self.plain, end)
            return found.end() if found else len(self.plain)
        closing = self.plain.find(b"'", end)
        return closing + 1 if closing >= 0 else len(self.plain)

    def _close(self, token: bytes, start: int, end: int) -> int:
        top = self.open[-1]
        if token == b"}":
            if top == b"${":
                self.open.pop()
        elif top in (b"((", b"$(("):
            self.open.pop()
            if self.plain[start : start + 2] == b"))":
                return end + 1
        elif top in (b"(", b"$("):
            self.open.pop()
        return end

    def _is_comment(self, start: int) -> bool:
        return self.open[-1] != b"${" and (start == 0 or self.plain[start - 1] in _BEFORE_COMMENT)

    def _here(self, start: int, end: int, dashed: bool) -> int:
        found = _DELIMITER.match(self.plain, end)
        if not found:
            return end
        word = bytes(found[1])
        quoted = any(mark in word for mark in b"'\"\\")
        delimiter = re.sub(rb"['\"\\]", b"", word) if quoted else word
        self.pending.append((start, delimiter, dashed, not quoted))
        self.plain[start : found.end()] = b"<" + b"h" * (found.end() - start - 1)
        return found.end()

    def _newline(self, at: int) -> int:
        for start, delimiter, dashed, expands in self.pending:
            at = self._body(start, at, delimiter, dashed, expands)
        self.pending.clear()
        if len(self.open) == 1:
            self.ready.ends.append(at)
        return at

    def _body(self, start: int, at: int, delimiter: bytes, dashed: bool, expands: bool) -> int:
        source, begin, closed = self.ready.source, at, False
        end = after = len(source)
        while at < len(source):
            newline = source.find(b"\n", at)
            stop = newline if newline >= 0 else len(source)
            line = bytes(self.plain[at:stop]).rstrip(b"\r ")
            if (line.lstrip(b"\t") if dashed else line) == delimiter:
                end, after, closed = at, min(stop + 1, len(source)), True
                break
            at = stop + 1
        text = source[begin:end]
        if dashed:
            text = re.sub(rb"(?m)^\t+", b"", text)
        self.ready.documents[start] = HereDocument(
            text.decode("utf-8", "replace"), self.ready.line(begin), expands, closed
        )
        blank_from = min(begin, len(source))
        self.plain[blank_from:after] = re.sub(rb"[^\n]", b" ", bytes(self.plain[blank_from:after]))
        return after
