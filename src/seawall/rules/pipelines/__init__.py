"""Pipelines: what outsiders can start, what jobs do with secrets, and what strangers' code can get at."""

from __future__ import annotations

from seawall.kernel.rule import Rule, rules_in

from . import commands, hygiene, outsiders, reach

PIPELINES: tuple[Rule, ...] = tuple(
    rule for family in (reach, outsiders, commands, hygiene) for rule in rules_in(family)
)
