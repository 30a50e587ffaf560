"""The whole answer of a trace, as reports show it."""

from __future__ import annotations

from dataclasses import dataclass

from .exposure import Exposure, Status, Suspicion
from .reach.edge import Edge
from .reach.lived import time_of
from .rotation import PlanItem


@dataclass(frozen=True, slots=True)
class Coverage:
    """One thing that was looked at, or was not."""

    looked: bool
    words: str


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole answer. `edges` are in reach of what may have run, worst first; `downstream` what it made."""

    asked: Suspicion
    exposures: tuple[Exposure, ...]
    edges: tuple[Edge, ...]
    downstream: tuple[Edge, ...]
    plan: tuple[PlanItem, ...]
    coverage: tuple[Coverage, ...]
    complete: bool

    @property
    def exit_code(self) -> int:
        """0 nothing confirmed or possible, 1 something is, 3 nothing found but not all was looked at."""
        if any(one.status is not Status.EXCLUDED for one in self.exposures):
            return 1
        return 0 if self.complete else 3


def window_words(asked: Suspicion) -> str:
    """`2026-03-31T00:21:00Z – 2026-03-31T03:15:00Z`, as far as it is known."""
    since = time_of(asked.since) if asked.since is not None else "an unknown time"
    until = time_of(asked.until) if asked.until is not None else "now" if asked.drill else "an unknown time"
    return f"{since} – {until}"
