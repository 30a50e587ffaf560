"""What is new in a release that is about to be let in, beside the one before it."""

from __future__ import annotations

from seawall.kernel.rule import Rule, rules_in

from . import archive, behaviour, disguise, files, hooks

RELEASES: tuple[Rule, ...] = tuple(
    rule for family in (archive, hooks, behaviour, disguise, files) for rule in rules_in(family)
)
