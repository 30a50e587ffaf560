"""A request carries what the statements about its action look at, as plainly as they look at it.

Cedar holds every attribute of every request against the schema, which costs more than the statements do, and
a record or an entity costs several times what a Bool does. So a fact that no statement looks at is left out;
what is only asked for a yes or no (`context.name_allowed == Answer::"no"`, `context.hotfix.approved`) is
carried as that Bool; and where nothing that is rare is so (no hotfix, no exemption, no list says no), that
stands as `false` in a second set of the same statements, whose requests carry nothing about it.

The statements are rewritten in Cedar's JSON format (EST) and held against a schema of exactly what is
carried: every attribute of it is required, and a value of another type is an error, as ever.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any

import cedarpy

from seawall.kernel.decision import Outcome

from .facts import Answer, Facts, Hotfix, Mode, as_cedar
from .statements import Statement, attribute_of

INTAKE = ("fetch", "keep")
"""The actions whose facts are `Facts`."""

RARE = frozenset(
    {
        "malware_in_past",
        "install_script_new",
        "provenance_lost",
        "publisher_changed",
        "publisher_allowed",
        "name_allowed",
        "exempt_from_cooldown",
        "hotfix",
    }
)
"""The facts that few packages bring up. What every answer hangs on, as `malware`, is not among them."""

_ENUMS: Mapping[str, type[StrEnum]] = {"Answer": Answer, "Mode": Mode}
_KINDS: Mapping[str, str] = {item.name: str(item.type) for item in fields(Facts)}
_PARTS = frozenset(item.name for item in fields(Hotfix))
_LINE = re.compile(r"\s*(\w+): ")
_WRONG = None
"""No value of Cedar's: whatever is carried so makes its request an error."""

_Read = tuple[str, str | None]
"""A fact, and what of it: "" all, the id of an answer, a part of a record; None = something else about it."""


@dataclass(frozen=True, slots=True)
class Realm:
    """Statements, the schema of their requests, and a world in which nobody is known by name."""

    schema: Any
    statements: Any
    nobody: Any


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes or no that statements read off a fact: it is the answer `part`, has that part, or is a Bool."""

    fact: str
    part: str

    @property
    def name(self) -> str:
        """The attribute of a request that carries it."""
        return f"{self.fact}_is_{self.part}" if self.part else self.fact

    def reader(self) -> Callable[[Facts], object]:
        """What facts say to it; whatever is not of its type stays something that no Bool can be."""
        value, part = attrgetter(self.fact), self.part
        kind = _ENUMS.get(_KINDS[self.fact])
        if kind is not None:
            member = kind(part)
            return lambda facts: found is member if type(found := value(facts)) is kind else _WRONG
        if part:
            of_it = attrgetter(part)
            return lambda facts: of_it(found) if type(found := value(facts)) is Hotfix else _WRONG
        return value


class Carried:
    """What requests about one action carry. They are of two kinds: nothing rare is so, or something is."""

    def __init__(
        self, action: str, statements: Sequence[Statement], asked: Sequence[str], schema_text: str
    ) -> None:
        """`statements` are those about the action, `asked` the facts that some of them looks at.

        Raises ValueError, RecursionError where they cannot be taken apart.
        """
        self._scope = {"op": "==", "entity": {"type": "Action", "id": action}}
        self._schema_text = schema_text
        self._written = _written(statements)
        found = _flags(self._written, asked)
        self._rare = tuple(flag for flag in found if flag.fact in RARE)
        self._common = tuple(flag for flag in found if flag.fact not in RARE)
        read_off = {flag.fact for flag in found}
        self._kept = tuple(name for name in asked if name not in read_off)
        self._values = tuple((name, attrgetter(name)) for name in self._kept)
        self._rare_ones = tuple((flag.name, flag.reader()) for flag in self._rare)
        self._common_ones = tuple((flag.name, flag.reader()) for flag in self._common)

    def context(self, facts: Facts) -> tuple[bool, dict[str, object]]:
        """Whether something rare is so, and what the request carries."""
        context = {name: as_cedar(value(facts)) for name, value in self._values}
        for name, reader in self._common_ones:
            context[name] = reader(facts)
        rare = {name: reader(facts) for name, reader in self._rare_ones}
        for value in rare.values():
            if value is not False:
                return True, context | rare
        return False, context

    def realm(self, rare: bool) -> Realm:
        """What such requests are evaluated with. Raises ValueError where Cedar does not take it so."""
        carried = (*self._common, *self._rare) if rare else self._common
        put: dict[_Read, object] = {(flag.fact, flag.part): _attribute(flag.name) for flag in carried}
        if not rare:
            put.update({(flag.fact, flag.part): {"Value": False} for flag in self._rare})
        policies = {
            key: {**body, "action": self._scope, "conditions": _rewritten(body["conditions"], put)}
            for key, body in self._written.items()
        }
        text = json.dumps({"staticPolicies": policies, "templates": {}, "templateLinks": []})
        schema = cedarpy.Schema.from_str(_narrowed(self._schema_text, self._kept, carried))
        result = cedarpy.validate_policies(cedarpy.policies_from_json_str(text), schema)
        if not result.validation_passed:
            raise ValueError("the statements do not fit what is carried")
        nobody = cedarpy.Entities.from_json_str("[]", schema)
        return Realm(schema, cedarpy.PolicySet.from_json_str(text), nobody)


def parsed(statements: Sequence[Statement]) -> Any:
    """All statements, those that only warn turned into permits.

    Cedar names every permit that holds where nothing forbids, and no permit where something does. So one
    evaluation tells all: what denies; else what permits, and which warnings hold.
    """
    written = {"staticPolicies": _written(statements), "templates": {}, "templateLinks": []}
    return cedarpy.PolicySet.from_json_str(json.dumps(written))


def _written(statements: Sequence[Statement]) -> dict[str, Any]:
    """The statements as Cedar writes them in JSON, by number, with `permit` for each that only warns."""
    text = "\n".join(item.text for item in statements)
    found: dict[str, Any] = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
    for number, item in enumerate(statements):
        if item.outcome is Outcome.WARN:
            found[f"policy{number}"]["effect"] = "permit"
    return found


def _flags(written: Mapping[str, Any], asked: Sequence[str]) -> list[Flag]:
    """Every yes or no that stands for its fact everywhere."""
    reads: dict[str, set[str | None]] = {name: set() for name in asked}
    for body in written.values():
        for fact, part in _reads(body["conditions"]):
            reads.setdefault(fact, set()).add(part)
    return [
        Flag(fact, str(part))
        for fact in asked
        if _only_flags(fact, reads[fact])
        for part in sorted(str(part) for part in reads[fact])
    ]


def _only_flags(fact: str, parts: set[str | None]) -> bool:
    """A Bool that may be left out, or a fact that is only asked for a yes or no."""
    kind = _KINDS[fact]
    if kind == "bool":
        return fact in RARE and parts == {""}
    known = _PARTS if kind == "Hotfix" else {str(item) for item in _ENUMS.get(kind, ())}
    return bool(parts) and parts <= known


def _reads(node: object) -> Iterator[_Read]:
    """Every use of a fact."""
    if isinstance(node, list):
        for item in node:
            yield from _reads(item)
    elif isinstance(node, dict):
        read, _ = _read(node)
        if read:
            yield read
            return
        has = node.get("has")
        if isinstance(has, dict) and has.get("left") == _CONTEXT:
            yield str(has.get("attr")), None
        for item in node.values():
            yield from _reads(item)


def _rewritten(node: object, put: Mapping[_Read, object]) -> object:
    """The same with what is in `put` in the place of what reads it."""
    if isinstance(node, list):
        return [_rewritten(item, put) for item in node]
    if not isinstance(node, dict):
        return node
    read, so = _read(node)
    if read is not None and read in put:
        return put[read] if so else {"!": {"arg": put[read]}}
    return {key: _rewritten(item, put) for key, item in node.items()}


_CONTEXT = {"Var": "context"}


def _attribute(name: str) -> dict[str, object]:
    return {".": {"left": _CONTEXT, "attr": name}}


def _read(node: Mapping[str, Any]) -> tuple[_Read | None, bool]:
    """What of which fact an expression reads, None where it does not; False if it is so where that is not."""
    name = attribute_of(node)
    if name:
        return (name, ""), True
    for operator, so in (("==", True), ("!=", False)):
        sides = node.get(operator)
        if isinstance(sides, dict):
            for one, other in (("left", "right"), ("right", "left")):
                fact, answer = attribute_of(sides.get(one)), _answer(sides.get(other))
                if fact and answer == _KINDS.get(fact, ""):
                    return (fact, sides[other]["Value"]["__entity"]["id"]), so
    inner = node.get(".")
    if isinstance(inner, dict):
        record = attribute_of(inner.get("left"))
        if record:
            return (record, str(inner.get("attr"))), True
    return None, True


def _answer(node: object) -> str:
    """The type of an entity that is written out, else nothing."""
    value = node.get("Value") if isinstance(node, dict) else None
    entity = value.get("__entity") if isinstance(value, dict) else None
    return str(entity.get("type")) if isinstance(entity, dict) else ""


def _narrowed(schema_text: str, kept: Sequence[str], flags: Sequence[Flag]) -> str:
    """The schema with only these facts in `Intake`; every fact stands on a line of its own there."""
    before, begin, rest = schema_text.partition("type Intake = {\n")
    body, end, after = rest.partition("\n};")
    lines = [line for line in body.splitlines() if (m := _LINE.match(line)) is None or m[1] in kept]
    lines += [f"  {flag.name}: Bool," for flag in flags]
    return before + begin + "\n".join(lines) + end + after
