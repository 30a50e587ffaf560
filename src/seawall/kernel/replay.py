"""What a policy would have made of the past: for each scenario three answers, which are never added up.

`gate`: what a firewall would have said before any code ran. `merge`: what a scan of the change would have
said. `seen`: by what it would have been noticed once an advisory was public, had it got in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Answer(StrEnum):
    """`delay`: denied while it was young, and let in while it still did harm (benign: let in later by time
    alone). `none`: there was nothing to ask about."""

    DENY = "deny"
    DELAY = "delay"
    WARN = "warn"
    INCOMPLETE = "incomplete"
    ALLOW = "allow"
    NONE = "none"


_WEAK = {answer: place for place, answer in enumerate(Answer)}


@dataclass(frozen=True, slots=True)
class Said:
    """The answers at one moment, and the ids of policies and rules behind them. `late`: the last moment at
    which it could still be had, which the scenario does not name. `allowed_from`: when time alone lets it in.
    """

    at: datetime
    does: str
    gate: Answer
    merge: Answer
    gate_by: tuple[str, ...] = ()
    merge_by: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    late: bool = False
    allowed_from: datetime | None = None
    taken: tuple[str, ...] = ()

    @property
    def stopped(self) -> bool:
        """Denied at the door, or the change was denied or warned about."""
        return self.gate is Answer.DENY or self.merge in (Answer.DENY, Answer.WARN)

    @property
    def denied(self) -> bool:
        """The same, without warnings."""
        return Answer.DENY in (self.gate, self.merge)


@dataclass(frozen=True, slots=True)
class Entry:
    """One scenario's row. `seen` are the ways in which it would have been noticed (`ledger`, `history`), the
    first `seen_at`. `reason` says why there was nothing to ask about, where neither gate nor scan was asked.
    """

    id: str
    title: str
    benign: bool
    said: tuple[Said, ...]
    seen: tuple[str, ...] = ()
    seen_at: datetime | None = None
    reason: str = ""

    @property
    def gate(self) -> Answer:
        """Over all moments: of an attack what was done at each, of the benign the worst that was done."""
        found = [one.gate for one in self.said if one.gate is not Answer.NONE]
        if not found:
            return Answer.NONE
        if self.benign:
            return _strongest(found)
        if len(set(found)) > 1 and not {Answer.DENY, Answer.DELAY}.isdisjoint(found):
            return Answer.DELAY
        return _weakest(found)

    @property
    def merge(self) -> Answer:
        """The same for the scan; `delay`: denied while it was young, and not any more later."""
        found = [one.merge for one in self.said if one.merge is not Answer.NONE]
        if not found:
            return Answer.NONE
        if not self.benign:
            return _weakest(found)
        worst = _strongest(found)
        return Answer.DELAY if worst is Answer.DENY and len(set(found)) > 1 else worst

    @property
    def visible(self) -> bool:
        """A gate or a scan was asked at all."""
        return self.gate is not Answer.NONE or self.merge is not Answer.NONE

    @property
    def stopped(self) -> bool:
        """At every moment the gate denied it, or the scan of the change denied it or warned."""
        return self.visible and all(one.stopped for one in self.said)

    @property
    def denied(self) -> bool:
        """The same, without warnings."""
        return self.visible and all(one.denied for one in self.said)

    @property
    def by(self) -> tuple[str, ...]:
        """Every policy and rule that spoke, in the order in which they did."""
        ids = [name for one in self.said for name in (*one.gate_by, *one.merge_by)]
        return tuple(dict.fromkeys(ids))


def _weakest(found: Iterable[Answer]) -> Answer:
    return max(found, key=_WEAK.__getitem__)


def _strongest(found: Iterable[Answer]) -> Answer:
    return min(found, key=_WEAK.__getitem__)


@dataclass(frozen=True, slots=True)
class Late:
    """A fix that was held back for so many hours; -1 = for good."""

    name: str
    version: str
    hours: float


@dataclass(frozen=True, slots=True)
class Price:
    """What a policy costs in a year of ordinary installs.

    `installs` are packages times installs; of them `delayed` got an older release for a while, and `denied`
    one that time alone never lets in. `updates` are releases of that year which somebody wanted, `exemptions`
    those that are let in by nothing but one. `wait_days` is the median of the waits. `fixes` had an advisory
    that came with them or later: `fixes_late` were held when it was public, `silent_late` before that. Of
    `fixes_unknown` the record is older than the fix, and nobody knows when it began to name it.
    """

    installs: int
    delayed: int
    denied: int
    updates: int
    exemptions: int
    wait_days: float
    fixes: int
    fixes_unknown: int = 0
    fixes_late: tuple[Late, ...] = ()
    silent_late: tuple[Late, ...] = ()
