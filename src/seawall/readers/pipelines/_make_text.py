"""References in a Makefile are replaced where their value is constant; the rest becomes a shell variable.

An undefined make variable is the environment's, so `${NAME}` says the same to a shell. `$(shell …)` becomes a
command substitution: what would run stays a command that can be seen. Nothing is run.
Source: GNU make's manual, "How to Use Variables" and "Functions for Transforming Text".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ._notes import Notes

_NAME = re.compile(r"[A-Za-z_]\w*\Z")
_CALL = re.compile(r"([a-z][a-z-]*)[ \t]+")
_MARKS = re.compile(r"\$(?:[({]|.)|[(){}]", re.DOTALL)
_MOST_CHARACTERS = 8 * 1024 * 1024
_MOST_OF_ONE = 64 * 1024
_DEPTH = 16
_AUTOMATIC = "@<^+?*%|"
_AUTOMATIC_NAMES = {
    "@": "target", "<": "first", "^": "prerequisites", "+": "prerequisites", "?": "newer", "*": "stem",
    "%": "member", "|": "order_only",
}  # fmt: skip
BUILT_IN = {"MAKE": "make", "CURDIR": ".", "PWD": ".", "RM": "rm -f", "MAKEFILE_LIST": "Makefile", "CC": "cc"}


@dataclass(slots=True)
class Reference:
    """`$(…)` with what stands in it, itself texts and references."""

    inner: list[str | Reference] = field(default_factory=list)


Node = str | Reference


def parse(text: str, deepest: int) -> list[Node]:
    """Text and references in one pass; a reference that is not closed is text."""
    stack: list[tuple[Reference, str]] = [(Reference(), "")]
    start = 0
    for found in _MARKS.finditer(text):
        mark = found[0]
        top, closing = stack[-1]
        if mark in ("$(", "${") and len(stack) <= deepest:
            _text(top, text[start : found.start()])
            stack.append((Reference(), ")" if mark == "$(" else "}"))
        elif mark[0] == "$" and len(mark) == 2 and mark not in ("$(", "${"):
            _text(top, text[start : found.start()])
            top.inner.append("$" if mark == "$$" else Reference([mark[1]]))
        elif closing and mark == _OPENS.get(closing):
            _text(top, text[start : found.end()])
            stack.append((top, closing + closing))  # a plain bracket inside: its end is not the reference's
        elif closing and mark == closing[0]:
            stack.pop()
            if len(closing) == 2:
                _text(top, text[start : found.end()])
            else:
                _text(top, text[start : found.start()])
                stack[-1][0].inner.append(top)
        else:
            continue
        start = found.end()
    _text(stack[-1][0], text[start:])
    while len(stack) > 1:  # not closed: what was in it is text of the one around it
        inner, closing = stack.pop()
        if len(closing) == 1:
            outer = stack[-1][0]
            outer.inner.append("$" + _OPENS[closing])
            outer.inner += inner.inner
    return stack[0][0].inner


_OPENS = {")": "(", "}": "{"}


def _text(reference: Reference, text: str) -> None:
    if text:
        reference.inner.append(text)


class Variables:
    """What is assigned in one Makefile; a variable that a condition gives another value is not constant."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._values: dict[str, str] = dict(BUILT_IN)
        self._unsure: set[str] = set()
        self._parsed: dict[str, list[Node]] = {}
        self._spent = 0
        self._functions: Mapping[str, Callable[[Sequence[list[Node]], Mapping[str, str], int], str]] = {
            "shell": self._shell,
            "call": self._call,
            "foreach": self._foreach,
            "if": self._if,
            "strip": lambda a, local, d: " ".join(self._expand(a[0], local, d).split()),
            "abspath": lambda a, local, d: self._expand(a[0], local, d),
            "realpath": lambda a, local, d: self._expand(a[0], local, d),
            "lastword": lambda a, local, d: " ".join(self._expand(a[0], local, d).split()[-1:]),
            "firstword": lambda a, local, d: " ".join(self._expand(a[0], local, d).split()[:1]),
            "dir": lambda a, local, d: " ".join(map(_directory, self._expand(a[0], local, d).split())),
            "notdir": lambda a, local, d: " ".join(
                one.rpartition("/")[2] for one in self._expand(a[0], local, d).split()
            ),
            "addprefix": lambda a, local, d: self._added(a, local, d, before=True),
            "addsuffix": lambda a, local, d: self._added(a, local, d, before=False),
            "info": _nothing,
            "warning": _nothing,
            "error": _nothing,
        }

    def assign(self, name: str, operator: str, value: str, *, conditional: bool, line: int) -> None:
        """One assignment; `:=` is expanded now, `=` when it is used."""
        known = self._values.get(name) if name not in BUILT_IN or name in self._unsure else None
        if name in BUILT_IN and known is None and operator != "+=":
            known = self._values[name] if conditional else None
        if operator == "!=":
            value = f"$(shell {value})"
        if operator == "?=" and known is not None:
            return
        if operator in (":=", "::=", ":::="):
            value = self.expand(value).replace("$", "$$") if "$" in value else value
        if operator == "+=":
            known = self._values.get(name, "")
            if len(known) + len(value) > _MOST_OF_ONE:
                self._notes.unsupported(f"the variable {name[:60]} is too long to be followed", line)
                self._unsure.add(name)
                return
            value = f"{known} {value}" if known else value
        elif conditional and known is not None and known != value:
            self._unsure.add(name)
        elif not conditional:
            self._unsure.discard(name)
        self._values[name] = value

    def value(self, name: str) -> str:
        """The value of a variable, expanded; empty when it has none."""
        return self.expand(self._values.get(name, "")) if name not in self._unsure else ""

    def expand(self, text: str, local: Mapping[str, str] | None = None) -> str:
        """`text` with its references replaced. `local` holds automatic and target-specific variables."""
        if "$" not in text:
            return text
        return self._expand(self._nodes(text), local or {}, 0)

    def _nodes(self, text: str) -> list[Node]:
        found = self._parsed.get(text)
        if found is None:
            found = parse(text, self._notes.limits.nesting)
            if len(text) < _MOST_OF_ONE:
                self._parsed[text] = found
        return found

    def _expand(self, nodes: Sequence[Node], local: Mapping[str, str], depth: int) -> str:
        parts = [node if isinstance(node, str) else self._replaced(node, local, depth) for node in nodes]
        text = "".join(parts)
        self._spent += len(text)
        return text

    def _replaced(self, node: Reference, local: Mapping[str, str], depth: int) -> str:
        first = node.inner[0] if node.inner else ""
        called = _CALL.match(first) if isinstance(first, str) else None
        if depth >= _DEPTH or self._spent > _MOST_CHARACTERS:
            self._notes.unsupported("variables that refer to each other too deeply or too often")
            return "${too_deep}"
        if called:
            function = self._functions.get(called[1])
            if function:
                return function(_arguments(node.inner, called.end()), local, depth + 1)
            if called[1] == "eval":
                self._notes.unsupported("`$(eval …)` may make rules that are not seen")
            return "${make_" + called[1].replace("-", "_") + "}"
        name = self._expand(node.inner, local, depth + 1)
        if name in local:
            return local[name]
        if name in self._values and name not in self._unsure:
            return self._expand(self._nodes(self._values[name]), local, depth + 1)
        return as_shell(name)

    def _shell(self, arguments: Sequence[list[Node]], local: Mapping[str, str], depth: int) -> str:
        text = ",".join(self._expand(one, local, depth) for one in arguments)
        return "." if text.strip() == "pwd" else f"$({text})"

    def _call(self, arguments: Sequence[list[Node]], local: Mapping[str, str], depth: int) -> str:
        values = [self._expand(one, local, depth).strip() for one in arguments]
        name = values[0] if values else ""
        if name not in self._values or name in self._unsure:
            return as_shell(name)
        given = {str(number): value for number, value in enumerate(values)}
        return self._expand(self._nodes(self._values[name]), {**local, **given}, depth)

    def _foreach(self, arguments: Sequence[list[Node]], local: Mapping[str, str], depth: int) -> str:
        if len(arguments) < 3:
            return ""
        name = self._expand(arguments[0], local, depth).strip()
        listed = self._expand(arguments[1], local, depth).split()
        body = arguments[2]
        found: list[str] = []
        for one in listed[:1000]:
            if self._spent > _MOST_CHARACTERS:
                break
            found.append(self._expand(body, {**local, name: one}, depth))
        return " ".join(found)

    def _if(self, arguments: Sequence[list[Node]], local: Mapping[str, str], depth: int) -> str:
        """The branch that a constant chooses; of what is not constant the first that says anything."""
        test = self._expand(arguments[0], local, depth).strip() if arguments else ""
        branches = [self._expand(one, local, depth) for one in arguments[1:3]]
        if not test:
            return branches[1] if len(branches) > 1 else ""
        return next((one for one in branches if one.strip()), "") if "$" in test else branches[0]

    def _added(
        self, arguments: Sequence[list[Node]], local: Mapping[str, str], depth: int, *, before: bool
    ) -> str:
        if len(arguments) < 2:
            return ""
        added = self._expand(arguments[0], local, depth)
        words = self._expand(arguments[1], local, depth).split()
        if len(added) * len(words) > _MOST_OF_ONE:
            return "${too_long}"
        return " ".join(added + one if before else one + added for one in words)


def _nothing(arguments: Sequence[list[Node]], local: Mapping[str, str], depth: int) -> str:  # noqa: ARG001
    """What only speaks to the person who runs make."""
    return ""


def _directory(word: str) -> str:
    return word[: word.rfind("/") + 1] or "./"


def as_shell(name: str) -> str:
    """A variable whose value is not known, as a shell would write it."""
    if name in _AUTOMATIC_NAMES:
        return "${" + _AUTOMATIC_NAMES[name] + "}"
    if name[:1] in _AUTOMATIC and name[1:] in ("D", "F"):
        return "${" + _AUTOMATIC_NAMES[name[0]] + "}"
    return "${" + (name if _NAME.match(name) else "make_" + re.sub(r"\W", "_", name[:60])) + "}"


def _arguments(nodes: Sequence[Node], skip: int) -> list[list[Node]]:
    """What stands between the commas of a function, the first `skip` characters (its name) left out."""
    found: list[list[Node]] = [[]]
    depth = 0
    for index, node in enumerate(nodes):
        if not isinstance(node, str):
            found[-1].append(node)
            continue
        start = at = skip if index == 0 else 0
        while at < len(node):
            character = node[at]
            depth += (character in "({") - (character in ")}")
            if character == "," and depth <= 0:
                found[-1].append(node[start:at])
                found.append([])
                start = at + 1
            at += 1
        found[-1].append(node[start:])
    return found
