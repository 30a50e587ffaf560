"""A policy text is a row of statements, each with a line, a name and a sentence for a person.

Cedar's own messages carry no position, so the text is cut at its semicolons first and every statement is
parsed alone: a mistake is then reported where it stands.
Source: Cedar 4 grammar (`;` ends a policy and stands nowhere else outside strings and comments).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cedarpy

from seawall.kernel.decision import Outcome
from seawall.kernel.errors import PolicyError

MAX_TEXT = 1024 * 1024
"""A policy text is at most this long, in characters."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|;|[^";/]+|.', re.DOTALL)
_QUOTED = re.compile(r"`([^`]+)`")
_ANNOTATIONS = frozenset({"id", "outcome", "advice"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One `permit` or `forbid`. `outcome` is what it leads to; `actions` are those it is about, () = all.

    `names_resource`, `names_principal`: its answer may differ from one resource or principal to another
    of the same kind, so answers may not be shared between them. `asks` are the facts it looks at, None
    where that cannot be told.
    """

    id: str
    outcome: Outcome
    advice: str
    line: int
    text: str
    actions: tuple[str, ...] = ()
    names_resource: bool = False
    names_principal: bool = False
    asks: frozenset[str] | None = None

    def is_about(self, action: str) -> bool:
        """It can decide about this action."""
        return not self.actions or action in self.actions


def statements(name: str, text: str) -> tuple[Statement, ...]:
    """Every statement of `text`. Raises PolicyError with `name:line` on the first thing that is wrong."""
    if len(text) > MAX_TEXT:
        raise PolicyError(f"{name}: {len(text)} characters; at most {MAX_TEXT} are read", "split it up")
    found = tuple(_statement(name, line, part) for line, part in _cut(text))
    lines: dict[str, int] = {}
    for item in found:
        if item.id in lines:
            raise PolicyError(
                f'{name}:{item.line}: @id("{item.id}") stands in line {lines[item.id]} too',
                "give every statement a name of its own: decisions are recorded under it",
            )
        lines[item.id] = item.line
    return found


def _cut(text: str) -> Iterator[tuple[int, str]]:
    """(line of its first word, text) of every statement; what follows the last semicolon is one too."""
    parts: list[str] = []
    line, counted, start = 1, 0, 0
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word.startswith("//"):
            continue  # its words must not be taken for the mistake
        if not parts:
            if not word.strip():
                continue
            start = token.start() + len(word) - len(word.lstrip())
            word = word.lstrip()
        parts.append(word)
        if word == ";":
            line += text.count("\n", counted, start)
            counted = start
            yield line, "".join(parts)
            parts = []
    if parts:
        yield line + text.count("\n", counted, start), "".join(parts).strip()


def _statement(name: str, line: int, text: str) -> Statement:
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(text))
    except (ValueError, RecursionError) as error:
        raise PolicyError(
            f"{name}:{_where(line, text, str(error))}: {_first_line(error)}",
            "correct it, then: seawall policy check FILE",
        ) from None
    if parsed["templates"]:
        raise PolicyError(
            f"{name}:{line}: a statement with a slot (?principal, ?resource) applies to nobody",
            "write the name in place of the slot",
        )
    bodies = list(parsed["staticPolicies"].values())
    if len(bodies) != 1:
        raise PolicyError(f"{name}:{line}: this is not one statement", "end every statement with ;")
    return _read(name, line, text, bodies[0])


def _read(name: str, line: int, text: str, body: dict[str, object]) -> Statement:
    def refuse(what: str, advice: str) -> PolicyError:
        return PolicyError(f"{name}:{line}: {what}", advice)

    notes = body.get("annotations")
    annotations: dict[str, str] = dict(notes) if isinstance(notes, dict) else {}
    outcome = _outcome(str(body["effect"]), annotations.get("outcome"), refuse)
    unknown = sorted(set(annotations) - _ANNOTATIONS)
    if unknown:
        raise refuse(f"@{unknown[0]} means nothing here", "known are @id, @outcome and @advice")
    if not annotations.get("id", "").strip():
        raise refuse("the statement has no @id", 'begin it with @id("family/what-it-stops")')
    if outcome is not Outcome.ALLOW and not annotations.get("advice", "").strip():
        raise refuse(
            f"{annotations['id']} has no @advice",
            'add @advice("…"): one sentence that says what is wrong and what to do',
        )
    return Statement(
        id=annotations["id"].strip(),
        outcome=outcome,
        advice=" ".join(annotations.get("advice", "").split()),
        line=line,
        text=text,
        actions=_actions(body["action"]),
        names_resource=_names(body, "resource"),
        names_principal=_names(body, "principal"),
        asks=_asks(body.get("conditions")),
    )


def _outcome(effect: str, annotated: str | None, refuse: Callable[[str, str], PolicyError]) -> Outcome:
    if effect == "permit":
        if annotated is not None:
            raise refuse("@outcome stands on a permit", "it belongs on a forbid")
        return Outcome.ALLOW
    if annotated is None:
        return Outcome.DENY
    if annotated not in ("deny", "warn"):
        raise refuse(f"@outcome({annotated!r}) is not known", 'write @outcome("warn"), or leave it out')
    return Outcome(annotated)


def _actions(scope: object) -> tuple[str, ...]:
    if not isinstance(scope, dict) or scope.get("op") == "All":
        return ()
    entities = scope.get("entities") or [scope.get("entity")]
    return tuple(str(item["id"]) for item in entities if isinstance(item, dict))


def _names(body: dict[str, object], variable: str) -> bool:
    scope = body[variable]
    scoped = isinstance(scope, dict) and (scope.get("op") not in ("All", "is") or "in" in scope)
    return scoped or _mentions(body.get("conditions"), variable)


def _mentions(node: object, variable: str) -> bool:
    if isinstance(node, dict):
        return node.get("Var") == variable or any(_mentions(item, variable) for item in node.values())
    return isinstance(node, list) and any(_mentions(item, variable) for item in node)


def _asks(node: object) -> frozenset[str] | None:
    """The attributes of `context` that are read, None where the whole of it is used as a value."""
    if isinstance(node, list):
        return _all_of([_asks(item) for item in node])
    if not isinstance(node, dict):
        return frozenset()
    if node.get("Var") == "context":
        return None
    for read in (node.get("."), node.get("has")):
        if isinstance(read, dict) and read.get("left") == {"Var": "context"} and "attr" in read:
            return frozenset({str(read["attr"])})
    return _all_of([_asks(item) for item in node.values()])


def attribute_of(node: object) -> str:
    """`x` of `context.x`, else nothing."""
    if isinstance(node, dict) and len(node) == 1 and isinstance(node.get("."), dict):
        read = node["."]
        if read.get("left") == {"Var": "context"} and isinstance(read.get("attr"), str):
            return str(read["attr"])
    return ""


def _all_of(parts: list[frozenset[str] | None]) -> frozenset[str] | None:
    known = [part for part in parts if part is not None]
    return frozenset[str]().union(*known) if len(known) == len(parts) else None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _where(line: int, text: str, message: str) -> int:
    """The line of the one word that the message quotes, else the statement's first (or last, if cut)."""
    if "end of input" in message:
        return line + text.rstrip().count("\n")
    quoted = _QUOTED.search(message)
    if quoted:
        at = [match.start() for match in re.finditer(re.escape(quoted[1]), text)]
        if len(at) == 1:
            return line + text.count("\n", 0, at[0])
    return line


def line_of(statement: Statement, message: str) -> int:
    """Where in the statement a message about it most likely points."""
    return _where(statement.line, statement.text, message)
