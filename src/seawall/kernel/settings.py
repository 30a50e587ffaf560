"""Every default stands here, once; a scanned tree may move a setting in one direction only: tighter.

Settings come from the user's or machine's `seawall.toml` (may loosen), from a trusted revision of the tree
(may loosen waivers, nothing else), and from the tree as it lies there (may only tighten).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from .advisory import Severity
from .allowed import Named, Publishers
from .tool import Approval


@dataclass(frozen=True, slots=True)
class Waiver:
    """A named person's decision to live with one finding until a date.

    `rule` is a rule id; `asset` a purl without version (every version) or with one, empty = any asset;
    `path` a path relative to the target or empty = any; `fingerprint` narrows to one finding.
    """

    rule: str
    reason: str
    author: str
    expires: date
    asset: str = ""
    path: str = ""
    fingerprint: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """The knobs most people want. Ages in days.

    `cooldown_days`: a release younger than this is held back. `young_days`: one that is younger than this, or
    than the cooldown, is young (`young`), and what is odd about it counts. `deny_severity`: a vulnerability
    of this severity or worse is denied; `warn_severity` likewise. `stale_days`: advisory data older than this
    is stale.
    `known_registries`: hosts accepted besides the clients' own upstreams. `policy`: the name of a shipped
    policy or the path of a Cedar file. `allowed_names` are allow-lists of names, `allowed_publishers` of who
    may publish a name: each list about a thing has to allow it (kernel/allowed.py). `approved_tools` are
    files of agents and editors that somebody looked at; `require_tool_approval` wants every one approved.
    """

    cooldown_days: int = 7
    young_name_days: int = 30
    young_days: int = 7
    stale_days: int = 7
    deny_severity: Severity = Severity.CRITICAL
    warn_severity: Severity = Severity.LOW
    known_registries: tuple[str, ...] = ()
    disabled_rules: tuple[str, ...] = ()
    required_rules: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    policy: str = "default"
    allowed_names: tuple[tuple[Named, ...], ...] = ()
    allowed_publishers: tuple[Publishers, ...] = ()
    approved_tools: tuple[Approval, ...] = ()
    require_tool_approval: bool = False
    waivers: tuple[Waiver, ...] = ()

    @property
    def young(self) -> int:
        """So many days a release is young; without a cooldown too."""
        return max(self.cooldown_days, self.young_days)


DEFAULTS = Settings()

POLICY_STRICTNESS = ("observe", "default", "strict")
"""The shipped policies from loosest to tightest."""


def tightened(base: Settings, tree: Settings, given: frozenset[str]) -> Settings:
    """`base` with those of the `given` settings of `tree` that make it tighter; the rest is ignored.

    `given` are the field names the tree's file actually sets. Ages can only grow, severities only fall,
    a shipped policy only become stricter, rules only be switched on, and a list of what is allowed only stand
    beside those there are. Never taken from a tree: known
    registries, exclusions, waivers, approvals, policy files, stores, upstreams, feeds and notifiers.
    """
    changes: dict[str, object] = {}
    for name in ("cooldown_days", "young_name_days", "young_days"):
        if name in given:
            changes[name] = max(getattr(base, name), getattr(tree, name))
    if "stale_days" in given:
        changes["stale_days"] = min(base.stale_days, tree.stale_days)
    for name in ("deny_severity", "warn_severity"):
        if name in given:
            changes[name] = min(getattr(base, name), getattr(tree, name))
    if "policy" in given and {base.policy, tree.policy} <= set(POLICY_STRICTNESS):
        changes["policy"] = max(base.policy, tree.policy, key=POLICY_STRICTNESS.index)
    if "required_rules" in given:
        required = set(base.required_rules) | set(tree.required_rules)
        changes["required_rules"] = tuple(sorted(required))
        changes["disabled_rules"] = tuple(r for r in base.disabled_rules if r not in required)
    for name in ("allowed_names", "allowed_publishers"):
        if name in given:
            changes[name] = tuple(dict.fromkeys((*getattr(base, name), *getattr(tree, name))))
    if "require_tool_approval" in given:
        changes["require_tool_approval"] = base.require_tool_approval or tree.require_tool_approval
    return replace(base, **changes)  # type: ignore[arg-type]
