"""Words of a script are what the program would get, where that is certain, and else what was written.

A variable is replaced by the constant that the same script gave it earlier, unless a loop, a branch or a
function could have changed it; an unquoted one is split at blanks, as the shell does.
Source: POSIX.1-2024, Shell Command Language 2.2 and 2.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seawall.kernel.shell import Word

from .shell_text import Prepared

if TYPE_CHECKING:
    from tree_sitter import Node

_NAME = re.compile(r"\$\{?[#!]?([A-Za-z_][A-Za-z0-9_]*)")
_PLAIN_EXPANSION = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(\[[@*]\])?(?::?-[^}]*)?\}")
_ASSIGNED = re.compile(r"(?:^|[\s;&|({])([A-Za-z_][A-Za-z0-9_]*)(?:\[[^\]\n]{0,80}\])?\+?=")
_SET_BY = re.compile(r"\b(?:read|for|select|mapfile|readarray|getopts|unset|printf)\b([^\n;]{0,200})")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPE = re.compile(r"\\([\s\S])")
_QUOTED_ESCAPE = re.compile(r"\\([$`\"\\\n])")
_ANSI_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|[\s\S])")
_ANSI = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}
_SPECIAL = re.compile(r"[\\*?{]")
_SUBSTITUTIONS = ("command_substitution", "process_substitution")
_MOST_VALUE = 4_096
_MOST_WRITTEN = 1_000
"""Of a substitution: substitutions in substitutions would be copied once for each level."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a variable surely holds: one text, or the elements of an array."""

    parts: tuple[str, ...]
    array: bool = False

    @property
    def size(self) -> int:
        """Characters, and one for each element."""
        return sum(map(len, self.parts)) + len(self.parts)


@dataclass(slots=True)
class Variables:
    """What is known of variables at one point of the script, and how to forget it again.

    `counts` tells how often the script sets a name at all: what a loop or a function may set anew is never
    certain. `budget` bounds, in characters, all that replacing may add.
    """

    counts: dict[str, int] = field(default_factory=dict)
    known: dict[str, Value] = field(default_factory=dict)
    tainted: set[str] = field(default_factory=set)
    journal: list[tuple[str, Value | None]] = field(default_factory=list)
    budget: int = 0

    def set(self, name: str, value: Value | None, *, repeated: bool) -> None:
        """The script sets a name; `repeated`: in a loop or function."""
        if repeated and self.counts.get(name, 0) > 1:
            self.tainted.add(name)
        if value and (name in self.tainted or value.size > _MOST_VALUE):
            value = None
        self.journal.append((name, self.known.get(name)))
        if value is None:
            self.known.pop(name, None)
        else:
            self.known[name] = value

    def leave(self, mark: int, *, restores: bool) -> None:
        """Out of a branch (what it set is no longer certain) or of a subshell (what was before is again)."""
        for name, before in reversed(self.journal[mark:]):
            if restores and before is not None and name not in self.tainted:
                self.known[name] = before
            else:
                self.known.pop(name, None)
        if restores:
            del self.journal[mark:]

    def get(self, name: str, *, repeated: bool) -> Value | None:
        """What the name surely holds here. `repeated`: a later round may find it changed."""
        value = self.known.get(name)
        if value is None or name in self.tainted or (repeated and self.counts.get(name, 0) > 1):
            return None
        if value.size > self.budget:
            return None
        self.budget -= value.size
        return value


def counts_in(text: str) -> dict[str, int]:
    """How often each name is set in the text, rather too often than too rarely."""
    counts: dict[str, int] = {}
    for found in _ASSIGNED.finditer(text):
        counts[found[1]] = counts.get(found[1], 0) + 1
    for found in _SET_BY.finditer(text):
        for name in _IDENTIFIER.findall(found[1]):
            counts[name] = counts.get(name, 0) + 1
    return counts


def names_in(text: str) -> tuple[str, ...]:
    """The variables that a text expands, each once."""
    return tuple(dict.fromkeys(_NAME.findall(text)))


@dataclass(slots=True)
class _Piece:
    """A part of a word: `parts` are joined to what stands around; more than one make more words."""

    parts: tuple[str, ...]
    opens: bool = False
    closes: bool = False


@dataclass(slots=True)
class WordReader:
    """Reads words of one script. Substitutions found on the way are left in `substitutions`.

    `repeated`: what is read stands in a loop or a function.
    """

    ready: Prepared
    variables: Variables
    repeated: bool = False
    substitutions: list[Node] = field(default_factory=list)

    def words(self, node: Node) -> tuple[Word, ...]:
        """The words that one node of an argument becomes; more or less than one where a variable splits."""
        if node.type == "word" and not node.child_count:
            text = self.ready.text(node.start_byte, node.end_byte)
            if not _SPECIAL.search(text) and not self.ready.expressions(node.start_byte, node.end_byte):
                return (Word(text),)
        reading = _Reading(self)
        reading.read(node)
        return reading.words(node)

    def word(self, node: Node) -> Word:
        """As one word, not split: the value of an assignment, the target of a redirect."""
        words = self.words(node)
        if len(words) == 1:
            return words[0]
        text = " ".join(word.text for word in words)
        names = tuple(dict.fromkeys(name for word in words for name in word.variables))
        return Word(text, all(word.literal for word in words), (), names)

    def look(self, node: Node) -> None:
        """Keep the substitutions in a node that is no word (arithmetic, a test)."""
        self.substitutions.extend(_within(node))


def _within(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if current.type in _SUBSTITUTIONS:
            yield current
        elif current.child_count:
            waiting.extend(reversed(current.children))


class _Reading:
    """One word while it is read."""

    def __init__(self, reader: WordReader) -> None:
        self.reader = reader
        self.pieces: list[_Piece] = []
        self.names: list[str] = []
        self.literal = True

    def read(self, node: Node) -> None:
        waiting: list[tuple[Node | tuple[int, int], bool]] = [(node, False)]
        while waiting:
            current, quoted = waiting.pop()
            if isinstance(current, tuple):
                self._gap(*current, quoted=quoted)
                continue
            kind = current.type
            if kind == "concatenation":
                waiting.extend(reversed([*_with_gaps(current, current.children, quoted=False)]))
            elif kind in ("string", "translated_string") and current.child_count:
                waiting.extend(reversed([*_with_gaps(current, current.children, quoted=True)]))
            else:
                self._leaf(current, kind, quoted)

    def _gap(self, start: int, end: int, *, quoted: bool) -> None:
        self._add(self._unescaped(self.reader.ready.text(start, end), quoted=quoted))

    def _unescaped(self, text: str, *, quoted: bool) -> str:
        if "\\" not in text:
            return text
        pattern = _QUOTED_ESCAPE if quoted else _ESCAPE
        return pattern.sub(lambda found: "" if found[1] == "\n" else found[1], text)

    def _add(self, text: str) -> None:
        if text:
            self.pieces.append(_Piece((text,)))

    def _leaf(self, node: Node, kind: str, quoted: bool) -> None:
        text = self.reader.ready.text(node.start_byte, node.end_byte)
        if kind in ("word", "number", "variable_name", "extglob_pattern", "test_operator", "file_descriptor"):
            if kind == "word" and ("*" in text or "?" in text or text == "{"):
                self.literal = False
            self._add(self._unescaped(text, quoted=False))
            if kind == "number" and node.child_count:
                self.reader.look(node)
        elif kind == "string_content":
            self._add(self._unescaped(text, quoted=True))
        elif kind == '"' or (kind in ("$", '$"') and quoted):
            if kind == "$":
                self._add(text)
        elif kind == "raw_string":
            self.pieces.append(_Piece((text[1:-1],)))
        elif kind == "ansi_c_string":
            self.pieces.append(_Piece((_ANSI_ESCAPE.sub(_ansi, text[2:-1]),)))
        elif kind in ("simple_expansion", "expansion"):
            self._expansion(node, text, quoted)
        else:
            self._as_written(node, text)

    def _as_written(self, node: Node, text: str) -> None:
        text = text[:_MOST_WRITTEN]
        if node.is_named:
            self.literal = False
            self.names.extend(_NAME.findall(text))
            if node.child_count:
                self.reader.look(node)
        self._add(text)

    def _expansion(self, node: Node, text: str, quoted: bool) -> None:
        plain = _PLAIN_EXPANSION.fullmatch(text)
        name = plain[1] if plain else text[1:] if text[1:2] != "{" else ""
        value = self.reader.variables.get(name, repeated=self.reader.repeated) if name else None
        if value is None or (value.array and (not plain or not plain[2])):
            self._as_written(node, text)
            return
        self.names.append(name)
        if quoted or value.array:
            self.pieces.append(_Piece(value.parts))
            return
        held = value.parts[0]
        self.pieces.append(_Piece(tuple(held.split()), held[:1].isspace(), held[-1:].isspace()))

    def words(self, node: Node) -> tuple[Word, ...]:
        ready = self.reader.ready
        spans = ready.expressions(node.start_byte, node.end_byte)
        inner = tuple(ready.text(start + 3, end - 2).strip() for start, end in spans)
        names = tuple(dict.fromkeys(self.names))
        literal = self.literal and not inner
        if not self.pieces:
            return (Word("", literal, inner, names),)
        return tuple(Word(text, literal, inner, names) for text in _joined(self.pieces))


def _with_gaps(
    node: Node, children: list[Node], *, quoted: bool
) -> Iterator[tuple[Node | tuple[int, int], bool]]:
    """The children with what the tree leaves out between them (blanks in a string)."""
    at = node.start_byte
    for child in children:
        if child.start_byte > at:
            yield (at, child.start_byte), quoted
        yield child, quoted
        at = max(at, child.end_byte)
    if at < node.end_byte:
        yield (at, node.end_byte), quoted


def _joined(pieces: list[_Piece]) -> list[str]:
    words: list[str] = []
    current: list[str] = []
    for piece in pieces:
        if piece.opens and current:
            words.append("".join(current))
            current = []
        for number, part in enumerate(piece.parts):
            if number:
                words.append("".join(current))
                current = []
            current.append(part)
        if piece.closes and current:
            words.append("".join(current))
            current = []
    if current:
        words.append("".join(current))
    return words


def _ansi(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8) & 0xFF)
    return _ANSI.get(code, code)
