"""Where each value of a YAML text stands, character by character, so that one can be changed and no other.

`yaml.py` tells what a text says; this tells where. Positions are indexes into the text that was given.
Source: YAML 1.2, through libyaml's event parser, whose marks count characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind

from .fault import SyntaxFault

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)

Path = tuple[str | int, ...]
"""Keys and places from the top of the document."""


@dataclass(slots=True)
class Marked:
    """One value: `kind` is `scalar`, `mapping`, `sequence` or `alias`; `text[start:end]` is a scalar's text.

    `line` and `column` are of its first character, lines counted from 1 and columns from 0. `last` is the
    line of its last character (of a collection: where the parser saw its end). `style` of a scalar is `|`,
    `>`, a quote or empty, of a collection `flow` or `block`. `shared`: it has an anchor, or is an alias.
    `items` are (key, value) of a mapping, keys None in a sequence.
    """

    kind: str
    start: int
    end: int
    line: int
    column: int
    last: int
    style: str = ""
    value: str = ""
    shared: bool = False
    items: list[tuple[Marked | None, Marked]] = field(default_factory=list)

    @property
    def simple(self) -> bool:
        """A scalar that begins and ends on one line, or a flow collection that does."""
        if self.line != self.last:
            return False
        return self.style not in ("|", ">") if self.kind == "scalar" else self.style == "flow"

    def entry(self, key: str) -> tuple[Marked, Marked] | None:
        """(key, value) of a mapping's entry, None when it has none of that name."""
        for name, value in self.items:
            if name is not None and name.value == key:
                return name, value
        return None

    def get(self, key: str) -> Marked | None:
        """The value at a key of a mapping."""
        found = self.entry(key)
        return found[1] if found else None


def marked(text: str, limits: Limits) -> Marked:
    """The first document of `text`. Raises SyntaxFault for what is no YAML, too deep or too large."""
    top: Marked | None = None
    stack: list[Marked] = []
    keys: list[Marked | None] = []
    try:
        for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            if count > limits.values or len(stack) > limits.nesting:
                raise SyntaxFault(ProblemKind.TOO_MANY, "too many values, or too deep")
            if isinstance(event, _ENDS):
                done = stack.pop()
                keys.pop()
                done.end, done.last = _mark(event)
            elif (one := _value(event)) is not None:
                if stack:
                    _put(stack[-1], keys, one)
                if one.kind in ("mapping", "sequence"):
                    stack.append(one)
                    keys.append(None)
                    top = top or one
            if isinstance(event, yaml.DocumentEndEvent):
                break
    except (yaml.YAMLError, RecursionError, UnicodeError) as error:
        raise SyntaxFault(ProblemKind.MALFORMED, f"not YAML: {type(error).__name__}") from None
    if top is None:
        raise SyntaxFault(ProblemKind.MALFORMED, "neither a mapping nor a sequence")
    return top


def _mark(event: Any) -> tuple[int, int]:
    """(index, line) of where a collection ends."""
    return event.end_mark.index, event.end_mark.line + 1


def _put(parent: Marked, keys: list[Marked | None], one: Marked) -> None:
    if parent.kind == "sequence":
        parent.items.append((None, one))
    elif keys[-1] is None:
        keys[-1] = one
    else:
        parent.items.append((keys[-1], one))
        keys[-1] = None


def _value(event: Any) -> Marked | None:
    start, end = event.start_mark, event.end_mark
    place = (start.index, end.index, start.line + 1, start.column, end.line + 1)
    if isinstance(event, yaml.ScalarEvent):
        return Marked("scalar", *place, event.style or "", event.value, bool(event.anchor))
    if isinstance(event, yaml.AliasEvent):
        return Marked("alias", *place, shared=True)
    if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
        kind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "sequence"
        style = "flow" if event.flow_style else "block"
        return Marked(kind, *place, style, shared=bool(event.anchor))
    return None


def everything(top: Marked) -> Iterator[tuple[Path, Marked, bool]]:
    """(path, value, whether it is shared or lies in what is shared) of every value, in their order."""
    waiting: list[tuple[Path, Marked, bool]] = [((), top, top.shared)]
    while waiting:
        path, one, shared = waiting.pop()
        yield path, one, shared
        for place, (key, value) in reversed(list(enumerate(one.items))):
            name = key.value if key is not None else place
            waiting.append(((*path, name), value, shared or value.shared))
