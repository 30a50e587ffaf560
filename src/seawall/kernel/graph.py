"""An edge says that something had to do with something else for a while, and which event proves it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Relation(StrEnum):
    """What the source did with, or is to, the target."""

    TOOK = "took"
    RAN_AT = "ran-at"
    DEPENDS_ON = "depends-on"
    BUILT = "built"
    REPORTS = "reports"
    REACHES = "reaches"


@dataclass(frozen=True, slots=True)
class Edge:
    """`since` and `until` are RFC 3339 UTC: the first and the last time that it was seen.

    Nodes are written as in an event: a pseudonym (`who:…`, `place:…`, `run:…`), a purl, or a digest.
    `evidence` is the index of the first ledger entry that shows it, -1 = not yet in the ledger. Reach
    (`kernel/reach/edge.py`) adds how surely, under which condition, and by which reach rules; its code items
    are `code:KIND/NAME in PLACE`, its targets `credential:KIND/SCOPE/NAME`.
    """

    source: str
    relation: Relation
    target: str
    since: str
    until: str
    evidence: int = -1
    confidence: str = ""
    condition: str = ""
    rules: tuple[str, ...] = ()
