"""A hygiene note is what another tool says about a workflow, under that tool's own id."""

from __future__ import annotations

from dataclasses import dataclass

from .advisory import Severity


@dataclass(frozen=True, slots=True)
class HygieneNote:
    """`rule` is `TOOL/ID` (`zizmor/artipacked`). `claim` is what the tool checks, `what` what it saw here.

    `confidence` is the tool's own word (`low`, `medium`, `high`).
    """

    rule: str
    severity: Severity
    confidence: str
    claim: str
    what: str
    path: str
    line: int
