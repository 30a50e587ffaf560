"""Values in, evidence out: a function per check, a file per family. Rules never read and never decide."""

from __future__ import annotations

from seawall.kernel.rule import Rule, rules_in

from . import settings
from .hub import HUB
from .packages import advisories, environment, lists, locks, signals, sources
from .pipelines import PIPELINES
from .releases import RELEASES
from .tools import TOOLS

RULES: tuple[Rule, ...] = (
    tuple(
        rule
        for family in (advisories, sources, locks, environment, settings, signals, lists)
        for rule in rules_in(family)
    )
    + RELEASES
    + HUB
    + PIPELINES
    + TOOLS
)
