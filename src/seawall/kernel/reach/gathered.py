"""A picture of a machine shows kinds of code: sixty extensions that reach the same are one box."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

from seawall.kernel.code import LOOSENESS, Code

from .edge import Edge, Reach
from .ranking import ranked


def gathered(reach: Reach) -> Reach:
    """`reach` with code items of one kind that reach the same targets as one item.

    What one of them is given by name beside that stays an edge of its own. The item's `packages` are the
    names of its members.
    """
    shapes: dict[tuple[str, Code], list[Edge]] = defaultdict(list)
    found: list[Edge] = []
    common = _common(reach)
    for edge in reach.edges:
        if edge.target.id in common:
            shapes[edge.place, edge.code].append(edge)
        if edge.target.id not in common or set(edge.rules) >= _GIVEN:
            found.append(edge)
    groups: dict[object, list[tuple[str, Code]]] = defaultdict(list)
    for (place, code), edges in shapes.items():
        same = frozenset((e.target.id, e.confidence) for e in edges)
        groups[place, code.kind, code.pin, same].append((place, code))
    renamed: dict[tuple[str, Code], Code] = {}
    for members in groups.values():
        one = _one([code for _, code in members])
        renamed.update(dict.fromkeys(members, one))
        found += [_for_all(edge, one) if len(members) > 1 else edge for edge in shapes[members[0]]]
    codes = dict.fromkeys((place, renamed.get((place, code), code)) for place, code in reach.codes)
    return replace(reach, codes=tuple(codes), edges=ranked(dict.fromkeys(found)))


def _common(reach: Reach) -> frozenset[str]:
    """The targets that more than one code item reaches, as everything does that lies in files."""
    counted = Counter(edge.target.id for edge in reach.edges)
    return frozenset(target for target, number in counted.items() if number > 1)


_GIVEN = frozenset(("R1", "R2"))
"""Given by name what also lies in a file that all can read."""

_OF_CODE = frozenset(("pin-extension", "pin-version", "checksum"))


def _for_all(edge: Edge, one: Code) -> Edge:
    """The edge of a group: without what concerns its first member alone."""
    condition = edge.condition.removeprefix(edge.code.condition).removeprefix("; ")
    cuts = tuple(cut for cut in edge.cuts if cut.id not in _OF_CODE)
    rules = tuple(rule for rule in edge.rules if rule != "R1") or edge.rules
    evidence = edge.evidence[1:] or edge.evidence
    return replace(edge, code=one, condition=condition, cuts=cuts, rules=rules, evidence=evidence)


def _one(members: list[Code]) -> Code:
    if len(members) == 1:
        return members[0]
    first = max(members, key=lambda code: LOOSENESS[code.pin])
    names = tuple(dict.fromkeys(code.name for code in members))
    return replace(
        first,
        name=f"any of {len(members)} {first.kind}{'' if first.kind.endswith('s') else 's'}",
        packages=names[:200],
        ref="",
        line=0,
        path="",
        condition="",
        note="",
    )
