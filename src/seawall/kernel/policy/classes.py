"""Numbers that no statement of a policy can tell apart are one number to it, and have one answer.

An age only matters where a statement compares it. Where every use of a number in the conditions is a plain
comparison with a literal or with another number of the context, its values fall into a few classes, cut at
the numbers it is compared with; a gate then decides once for each class. A number that is used in any other
way, or a condition that uses the whole context as a value, is left as it is.
Source: Cedar's JSON policy format (EST).
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import cedarpy

from .engine import Policy
from .facts import Facts
from .statements import attribute_of

CLAMPED = (
    "age_days",
    "age_hours",
    "name_age_days",
    "youngest_new_dependency_days",
    "worst_vulnerability",
    "worst_finding",
)
"""The numbers that differ from one release to the next."""

_SETTINGS = frozenset({"cooldown_days", "young_name_days", "young_days", "deny_severity", "warn_severity"})
_MOST_KEPT = 10_000
_SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class _Cut:
    """One comparison of a number: with a literal, or with the value of `other`.

    `after`: the class changes between the number and the next one (`x > 3`: 3 and 4 differ), else between
    the one before and the number (`x >= 3`: 2 and 3 differ).
    """

    after: bool
    literal: int = 0
    other: str = ""


@dataclass(frozen=True, slots=True)
class Classes:
    """Where a policy's statements about one action cut the numbers that they look at.

    `cuts` has no key for a number that is not only compared: it is told apart everywhere. A number that no
    statement looks at has no cuts.
    """

    cuts: Mapping[str, tuple[_Cut, ...]] = field(default_factory=lambda: MappingProxyType({}))
    _others: dict[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _begins: dict[tuple[object, ...], tuple[int, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        others = {name: {cut.other for cut in cuts if cut.other} for name, cuts in self.cuts.items()}
        object.__setattr__(self, "_others", {name: tuple(sorted(found)) for name, found in others.items()})

    def of(self, facts: Facts) -> Facts:
        """The facts that stand for all those that the policy cannot tell from `facts`."""
        changed: dict[str, int] = {}
        for name in CLAMPED:
            if name in self.cuts:
                value: int = getattr(facts, name)
                lowest = _lowest_alike(value, self._bounds(name, facts, changed))
                if lowest != value:
                    changed[name] = lowest
        return replace(facts, **changed) if changed else facts  # type: ignore[arg-type]

    def next_change(self, name: str, facts: Facts) -> int | None:
        """The lowest value above the present one with which the answer could be another, None without one.

        That of an age that is not known never comes.
        """
        value: int = getattr(facts, name)
        if value < 0:
            return None
        if name not in self.cuts:
            return value + 1
        bounds = self._bounds(name, facts, {})
        at = bisect_right(bounds, value)
        return bounds[at] if at < len(bounds) else None

    def alike(self, name: str, value: int, facts: Facts) -> int:
        """What stands for `value` of the number `name` beside the settings in `facts`.

        It is the value itself where the number is told apart everywhere, or compared with one that differs
        from release to release.
        """
        if name not in self.cuts or not _SETTINGS.issuperset(self._others[name]):
            return value
        return _lowest_alike(value, self._bounds(name, facts, {}))

    def _bounds(self, name: str, facts: Facts, changed: Mapping[str, int]) -> tuple[int, ...]:
        """The values at which a class begins, lowest first."""
        others = self._others[name]
        numbers: list[int] = [changed[n] if n in changed else getattr(facts, n) for n in others]
        key = (name, *numbers)
        found = self._begins.get(key)
        if found is None:
            by_name = dict(zip(others, numbers, strict=True))
            values = {
                (by_name[cut.other] if cut.other else cut.literal) + cut.after for cut in self.cuts[name]
            }
            if len(self._begins) > _MOST_KEPT:
                self._begins.clear()
            found = self._begins[key] = tuple(sorted(values))
        return found


def _lowest_alike(value: int, bounds: Sequence[int]) -> int:
    at = bisect_right(bounds, value)
    if at:
        return bounds[at - 1]
    return bounds[0] - 1 if bounds else 0


def classes_of(policy: Policy, action: str) -> Classes:
    """How `policy` tells facts about `action` apart."""
    about = [item for item in policy.statements if item.is_about(action)]
    if any(item.asks is None for item in about):
        return Classes()
    cuts: dict[str, set[_Cut] | None] = {name: set() for name in CLAMPED}
    for item in about:
        parsed = json.loads(cedarpy.policies_to_json_str(item.text))
        for body in parsed["staticPolicies"].values():
            for name, cut in _uses(body.get("conditions")):
                mine = cuts.get(name)
                if name in cuts and cut is None:
                    cuts[name] = None
                elif mine is not None and cut is not None:
                    mine.add(cut)
    kept = {name: tuple(sorted(found, key=repr)) for name, found in cuts.items() if found is not None}
    return Classes(MappingProxyType(kept))


def _uses(node: object) -> Iterator[tuple[str, _Cut | None]]:
    """(number, its cut) for every use of an attribute of the context; None where it is not just compared."""
    if isinstance(node, list):
        for item in node:
            yield from _uses(item)
    if not isinstance(node, dict):
        return
    name = attribute_of(node)
    if name:
        yield name, None
        return
    for key, value in node.items():
        sides = _sides(key, value)
        if sides:
            yield from _compared(key, *sides)
        else:
            yield from _uses(value)


def _sides(operator: str, value: object) -> tuple[object, object] | None:
    """Both sides of a comparison in which each is a number that can be read off."""
    if operator not in _SWAPPED or not isinstance(value, dict) or set(value) != {"left", "right"}:
        return None
    left, right = value["left"], value["right"]
    plain = all(attribute_of(side) or _literal(side) is not None for side in (left, right))
    return (left, right) if plain else None


def _compared(operator: str, left: object, right: object) -> Iterator[tuple[str, _Cut]]:
    for way, one, other in ((operator, left, right), (_SWAPPED[operator], right, left)):
        name = attribute_of(one)
        if name:
            for after in _AFTER[way]:
                yield name, _Cut(after, _literal(other) or 0, attribute_of(other))


_AFTER: Mapping[str, tuple[bool, ...]] = {
    "<": (False,),
    ">=": (False,),
    "<=": (True,),
    ">": (True,),
    "==": (False, True),
    "!=": (False, True),
}


def _literal(node: object) -> int | None:
    if isinstance(node, dict) and len(node) == 1:
        if "neg" in node and isinstance(node["neg"], dict):
            inner = _literal(node["neg"].get("arg"))
            return None if inner is None else -inner
        value = node.get("Value")
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None
