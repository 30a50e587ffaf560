"""What a hub says of a model or dataset before its files are handed out, and what their names tell."""

from __future__ import annotations

from seawall.kernel.rule import Rule, rules_in

from . import files, repository

HUB: tuple[Rule, ...] = tuple(rule for family in (repository, files) for rule in rules_in(family))
