"""Which edge a person should cut first: the target's value, times confidence, times how loose the pin is.

GitHub's own actions count a quarter: who can change them can change the runner too.
"""

from __future__ import annotations

from collections.abc import Iterable

from seawall.kernel.code import LOOSENESS, Code, CodeKind

from .edge import Confidence, Edge, TargetKind

WORTH_A_WORD = 25.0
"""An edge with a lower score (see `score`) is shown by `seawall reach` and is no finding."""

_SURE = {
    Confidence.CERTAIN: 1.0,
    Confidence.STRONG: 0.9,
    Confidence.INTEGRITY: 0.7,
    Confidence.CONDITIONAL: 0.5,
    Confidence.BOUND: 0.15,
}
_LOOSE = (0.1, 0.15, 0.3, 0.55, 0.6, 0.8, 0.8, 1.0, 1.0)
_ORDER = {confidence: place for place, confidence in enumerate(Confidence)}
_PERHAPS = 0.5
"""A cache may have been filled by somebody else."""
_LATER = 0.9
"""Code that only runs when something imports it."""


def looseness(code: Code) -> float:
    """0.1 (a commit) to 1 (whatever is newest), a quarter of it for the runner owner's own actions."""
    loose = _LOOSE[LOOSENESS[code.pin]]
    if code.kind is CodeKind.ACTION and code.name.lower().startswith(("actions/", "github/")):
        loose /= 4
    if code.kind is CodeKind.CACHE:
        loose *= _PERHAPS
    return loose if code.runs == "now" else loose * _LATER


def score(edge: Edge) -> float:
    """0 to 100, rounded so that equal edges are equal on every machine."""
    return round(edge.target.worth * _SURE[edge.confidence] * looseness(edge.code), 3)


def assumed(edge: Edge) -> bool:
    """Nobody wrote down what the token may do: that it may write is assumed, and no evidence."""
    return edge.target.kind is TargetKind.TOKEN and "assume write" in edge.target.scope


def order(edge: Edge) -> tuple[object, ...]:
    """The sort key of an edge: worst first, then by place, code and target."""
    code = edge.code
    return (
        -score(edge), _ORDER[edge.confidence], edge.place, code.path, code.line, code.step, code.name,
        code.via, edge.target.kind, edge.target.scope, edge.target.name,
    )  # fmt: skip


def ranked(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """The edges, worst first; the same edges always in the same order."""
    return tuple(sorted(edges, key=order))
