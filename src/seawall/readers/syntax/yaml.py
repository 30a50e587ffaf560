"""YAML is read as text and structure only: no tags, no types but null and booleans, no code.

Every key knows its line. Versions stay as written (`1.10` is not a float).
Source: YAML 1.2, through libyaml's event parser, which is iterative, so depth is ours to bound.
Aliases share one value, and what they would be if written out is counted and bounded, long texts by their
length; an alias to a value that is still open is refused, and so is a key that stands twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind

from .fault import SyntaxFault

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: dict[str, object] = {"": None, "~": None, "null": None, "true": True, "false": False}
_MAX_ALIASED = 1_000_000
_WEIGHS_ONE = 100


class Mapping(dict[str, object]):
    """A YAML mapping; `lines[key]` is the line of the key, counted from 1, and `line` its own."""

    __slots__ = ("begun", "line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}
        self.begun: dict[str, int] | None = None

    def begins(self, key: str) -> int:
        """The line of the file on which the first line of the text at `key` stands.

        Lines of a literal block (`|`) follow it one by one. A folded block (`>`) has no such line, so it is
        the key's, and so it is for what is no text.
        """
        return (self.begun or {}).get(key) or self.lines[key]


class Sequence(list[object]):
    """A YAML sequence; `lines[i]` is the line of item i."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


@dataclass(slots=True)
class _Builder:
    limits: Limits
    documents: list[object] = field(default_factory=list)
    stack: list[Mapping | Sequence] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    anchors: dict[str, tuple[object, int, int]] = field(default_factory=dict)
    open_anchors: list[tuple[str | None, int]] = field(default_factory=list)
    weight: int = 0
    aliased: int = 0
    key_line: int = 0

    def put(self, value: object, line: int, begins: int = 0) -> None:
        if not self.stack:
            self.documents.append(value)
            return
        top = self.stack[-1]
        if isinstance(top, Sequence):
            top.append(value)
            top.lines.append(line)
            return
        key = self.keys[-1]
        if key is None:
            if isinstance(value, Mapping | Sequence):
                raise SyntaxFault(ProblemKind.MALFORMED, "a mapping key must be a scalar", line)
            text = value if isinstance(value, str) else "" if value is None else str(value).lower()
            if text in top.lines:
                raise SyntaxFault(ProblemKind.MALFORMED, f"the key {text[:60]!r} stands twice", line)
            self.keys[-1] = text
            top.lines[text] = self.key_line = line
            return
        if begins and begins != self.key_line:
            top.begun = top.begun or {}
            top.begun[key] = begins
        top[key] = value
        self.keys[-1] = None

    def open(self, value: Mapping | Sequence, anchor: str | None) -> None:
        if len(self.stack) >= self.limits.nesting:
            raise SyntaxFault(
                ProblemKind.TOO_DEEP, f"nested deeper than {self.limits.nesting} levels", value.line
            )
        self.put(value, value.line)
        self.stack.append(value)
        self.keys.append(None)
        self.open_anchors.append((anchor, self.weight))
        self.weight += 1

    def close(self) -> None:
        value = self.stack.pop()
        self.keys.pop()
        anchor, before = self.open_anchors.pop()
        if anchor:
            self.anchors[anchor] = (value, self.weight - before, 0)

    def alias(self, anchor: str, line: int) -> None:
        if anchor not in self.anchors:
            raise SyntaxFault(ProblemKind.MALFORMED, f"alias *{anchor[:60]} stands before its anchor", line)
        value, size, begins = self.anchors[anchor]
        self.weight += size
        self.aliased += size
        if self.aliased > _MAX_ALIASED:
            raise SyntaxFault(ProblemKind.TOO_MANY, f"aliases for more than {_MAX_ALIASED} values", line)
        self.put(value, line, begins)


def load_all(text: str, limits: Limits) -> list[object]:
    """Every document of `text` as nested Mapping, Sequence, str, bool and None. Raises SyntaxFault."""
    builder = _Builder(limits)
    try:
        _parse(text, builder, limits)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise SyntaxFault(ProblemKind.MALFORMED, f"not YAML: {error.problem}", line) from None
    except yaml.YAMLError as error:
        raise SyntaxFault(ProblemKind.MALFORMED, f"not YAML: {str(error).splitlines()[0]}") from None
    except (RecursionError, UnicodeError) as error:
        raise SyntaxFault(ProblemKind.MALFORMED, f"not YAML: {type(error).__name__}") from None
    return builder.documents


def _parse(text: str, builder: _Builder, limits: Limits) -> None:
    """`yaml.parse`, without asking before each event whether there is one."""
    loader = _LOADER(text)
    try:
        count = 0
        while type(event := loader.get_event()) is not yaml.StreamEndEvent:
            count += 1
            if count > limits.values:
                raise SyntaxFault(ProblemKind.TOO_MANY, f"more than {limits.values} values")
            _take(builder, event)
    finally:
        loader.dispose()


def load(text: str, limits: Limits) -> object:
    """The first document of `text`. Raises SyntaxFault, also when there is none."""
    documents = load_all(text, limits)
    if not documents:
        raise SyntaxFault(ProblemKind.TRUNCATED, "the file is empty", 1)
    return documents[0]


def _take(builder: _Builder, event: Any) -> None:
    kind = type(event)
    if kind is yaml.ScalarEvent:
        line = event.start_mark.line + 1
        plain = event.implicit[0]
        value = _WORDS.get(event.value, event.value) if plain else event.value
        begins = line + 1 if event.style == "|" else 0 if event.style == ">" else line
        weight = 1 + len(event.value) // _WEIGHS_ONE
        builder.weight += weight
        builder.put(value, line, begins)
        if event.anchor:
            builder.anchors[event.anchor] = (value, weight, begins)
    elif kind is yaml.MappingStartEvent:
        builder.open(Mapping(event.start_mark.line + 1), event.anchor)
    elif kind is yaml.SequenceStartEvent:
        builder.open(Sequence(event.start_mark.line + 1), event.anchor)
    elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
        builder.close()
    elif kind is yaml.AliasEvent:
        builder.alias(event.anchor, event.start_mark.line + 1)
