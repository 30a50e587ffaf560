"""What rules found about one pair becomes an edge; edges of one pair that came by several ways become one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from seawall.kernel.code import Code

from .conditions import both
from .cuts import cuts_for
from .edge import Confidence, Edge, Line, Target, TargetKind
from .holding import Holding
from .reachable import NEVER, RULE_ORDER, UNSEEN, Found, Runner, found_by, strongest
from .view import View

MOST_LINES = 8
"""So many lines of evidence one edge shows."""
_WHERE_RUNS = frozenset((Confidence.CERTAIN, Confidence.STRONG))


def inside(view: View) -> Iterator[Edge]:
    """The edges from each code item of a job to each target of the same job."""
    for who in view.runners:
        for what in view.holdings:
            found = found_by(who, what)
            if found:
                yield joined(view, who, what.target, found, (what.condition,), what)


Secrets = Mapping[str, Mapping[str, Sequence[tuple[str, Holding]]]]
"""By scope and name (upper case): the first job that names a secret, and the first other one that does."""


def secrets_of(views: Iterable[View]) -> Secrets:
    """What the jobs name, looked up once for all of them."""
    found: dict[str, dict[str, list[tuple[str, Holding]]]] = {}
    for view in views:
        for what in view.holdings:
            target = what.target
            if target.kind is TargetKind.SECRET and target.name != "*":
                ways = found.setdefault(target.scope, {}).setdefault(target.name.upper(), [])
                if len(ways) < 2 and all(place != view.id for place, _ in ways):
                    ways.append((view.id, what))
    return found


def elsewhere(view: View, secrets: Secrets) -> Iterator[Edge]:
    """R4′: a secret that only other jobs of the workflow name is not here, but one line away.

    One that only jobs with an environment name is that environment's, and not in reach of a job that does not
    declare it.
    """
    runners = [who for who in view.runners if not who.code.contained]
    if not runners:
        return
    named = [(what.target, _named_lines(what)) for what in _elsewhere(view, secrets)]
    widened = any(what.target.name == "*" for what in view.holdings)
    for who in runners:
        for target, lines in named:
            if widened:
                found = [Found("R5", Confidence.CERTAIN, lines)]
            else:
                found = [Found("R4′", Confidence.BOUND, lines)]
            if target.scope.startswith("environment:"):
                found.append(Found("R7", Confidence.BOUND))
            yield joined(view, who, target, found)


def _elsewhere(view: View, secrets: Secrets) -> Iterator[Holding]:
    own = {
        (one.target.scope, one.target.name.upper())
        for one in view.holdings
        if one.target.kind is TargetKind.SECRET
    }
    for scope, names in secrets.items():
        if scope.startswith("environment:") and scope != f"environment:{view.place.environment}":
            continue
        for name, ways in names.items():
            if (scope, name) not in own:
                yield from [what for place, what in ways if place != view.id][:1]


def _named_lines(what: Holding) -> tuple[Line, ...]:
    return what.everywhere + tuple(line for lines in what.steps.values() for line in lines) + what.tested


def joined(
    view: View,
    who: Runner,
    target: Target,
    found: list[Found],
    conditions: Iterable[str] = (),
    what: Holding | None = None,
) -> Edge:
    """One edge out of everything that was found about a pair; `found[0]` is the surest."""
    code = who.code
    confidence = found[0].confidence
    unseen = UNSEEN if confidence in _WHERE_RUNS and who.first == NEVER and not code.contained else ""
    if confidence in _WHERE_RUNS and (unseen or code.condition):
        confidence = Confidence.CONDITIONAL
    rules = _rules(found, view)
    parts = (
        view.gate_of(target), unseen, found[0].condition, code.condition,
        *(part for part in conditions if part != code.condition),
    )  # fmt: skip
    lines = [who.line, *_called_at(view, code), *(line for one in found for line in one.lines)]
    lines += view.entry.lines
    return Edge(
        code=code,
        place=view.id,
        target=target,
        rules=rules,
        confidence=confidence,
        condition=both(*parts) if any(parts) else "",
        evidence=tuple(dict.fromkeys(lines))[:MOST_LINES],
        cuts=cuts_for(view, who, target, rules, what),
    )


def _called_at(view: View, code: Code) -> tuple[Line, ...]:
    """The step of the workflow that leads to code which stands in another file."""
    steps, path = view.entry.job.steps, view.place.file
    if code.path == path or not 0 <= code.step < len(steps):
        return ()
    return (Line(path, steps[code.step].line),)


def _rules(found: list[Found], view: View) -> tuple[str, ...]:
    names = {one.rule for one in found}
    if view.entry.chain:
        names.add("R10")
    return tuple(sorted(names, key=RULE_ORDER.__getitem__)) if len(names) > 1 else tuple(names)


def merged(edges: Iterable[Edge], once: bool = False) -> list[Edge]:
    """One edge per code, place and target: the surest, with all rules, lines and conditions.

    A condition stands only where every way has one. `once`: no place is started in two ways, so that equal
    code items are the same value.
    """
    found: dict[object, Edge] = {}
    for edge in edges:
        code, target = edge.code, edge.target
        key = (id(code) if once else code, edge.place, target.kind, target.scope, target.name)
        known = found.get(key)
        found[key] = edge if known is None else _both(known, edge)
    return list(found.values())


def _both(first: Edge, second: Edge) -> Edge:
    confidence = strongest(first.confidence, second.confidence)
    surest = first if first.confidence is confidence else second
    condition = surest.condition
    if first.confidence is second.confidence and first.condition != second.condition:
        condition = (
            f"{first.condition}; or {second.condition}" if first.condition and second.condition else ""
        )
    rules = sorted({*first.rules, *second.rules}, key=RULE_ORDER.__getitem__)
    return replace(
        surest,
        rules=tuple(rules),
        confidence=confidence,
        condition=condition[:400],
        evidence=tuple(dict.fromkeys((*first.evidence, *second.evidence)))[:MOST_LINES],
        cuts=tuple(dict.fromkeys((*first.cuts, *second.cuts))),
    )
