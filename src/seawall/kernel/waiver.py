"""A waiver covers a finding only while it lasts, and only what it names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from .finding import Finding
from .settings import Waiver


def covers(waiver: Waiver, finding: Finding, today: date) -> bool:
    """`waiver` is about this finding and has not ended. An asset without version covers every version."""
    if waiver.rule != finding.rule or waiver.expires < today:
        return False
    if waiver.fingerprint and waiver.fingerprint != finding.fingerprint:
        return False
    if waiver.path and waiver.path != finding.path:
        return False
    asset = waiver.asset
    return not asset or finding.asset == asset or finding.asset.rpartition("@")[0] == asset


def waived(findings: Iterable[Finding], waivers: Iterable[Waiver], today: date) -> tuple[Finding, ...]:
    """The findings, each with the reason of the first waiver that covers it."""
    active = [waiver for waiver in waivers if waiver.expires >= today]
    return tuple(_waived(finding, active, today) for finding in findings)


def _waived(finding: Finding, waivers: list[Waiver], today: date) -> Finding:
    for waiver in waivers:
        if covers(waiver, finding, today):
            return replace(finding, waived=f"{waiver.reason} ({waiver.author}, until {waiver.expires})")
    return finding
