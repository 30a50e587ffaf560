"""A decision says which policy decided and one sentence a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The four answers. `incomplete` is never an allow: a gate treats it as deny."""

    ALLOW = "allow"
    WARN = "warn"
    INCOMPLETE = "incomplete"
    DENY = "deny"

    @property
    def rank(self) -> int:
        """0 for allow up to 3 for deny; the worst of many decisions has the highest rank."""
        return _RANK[self]


_RANK = {Outcome.ALLOW: 0, Outcome.WARN: 1, Outcome.INCOMPLETE: 2, Outcome.DENY: 3}


@dataclass(frozen=True, slots=True)
class DecidedBy:
    """One policy that determined the outcome, with its `@advice` sentence."""

    policy: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one question and the policies that gave it."""

    outcome: Outcome
    decided_by: tuple[DecidedBy, ...] = ()
