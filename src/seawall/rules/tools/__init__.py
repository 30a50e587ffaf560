"""What the files of editors, agents and dev containers start, trust, hide and take from elsewhere."""

from __future__ import annotations

from seawall.kernel.rule import Rule, rules_in

from . import approvals, approved, hidden, launches, secrets, sources, starts

TOOLS: tuple[Rule, ...] = tuple(
    rule
    for family in (launches, secrets, approvals, starts, hidden, sources, approved)
    for rule in rules_in(family)
)
