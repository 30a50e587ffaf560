"""A verdict is what a person gets: everything read, everything found, what policy said, what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from .client import Gap
from .decision import Decision, Outcome
from .finding import Finding, Skipped
from .intake import Intake


@dataclass(frozen=True, slots=True)
class Judged:
    """One finding with what policy said about it; `policy` is the id of the policy that decided."""

    finding: Finding
    outcome: Outcome
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one scan.

    `findings` are worst outcome first, then worst severity; signals are among them (reports hide them).
    `baselined` counts findings left out because a baseline already holds them. `unchecked` are the required
    checks that did not run: when it is not empty the decision is `incomplete` or `deny`, never better.
    `next_command` is the one thing to do, empty when there is nothing.
    """

    target: str
    intake: Intake
    findings: tuple[Judged, ...]
    decision: Decision
    unchecked: tuple[Skipped, ...] = ()
    gaps: tuple[Gap, ...] = ()
    next_command: str = ""
    baselined: int = 0
    policy: str = "default"
    version: str = ""
