"""What a policy is asked about before a file of a model or a dataset is handed out: facts, none left out.

The field names of `Loaded` are the attributes of `Loaded` in seawall.cedarschema, one for one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum

from seawall.kernel.finding import Skipped
from seawall.kernel.settings import DEFAULTS

from .facts import UNKNOWN_NUMBER, Answer, Mode, Principal, Resource, as_cedar

LOAD = "load"
TRAIN = "train"


class Verdict(StrEnum):
    """What a file is, by its name or by a look into it."""

    PASS = "pass"  # noqa: S105 - the word, not one
    REVIEW = "review"
    BLOCK = "block"
    UNSCANNABLE = "unscannable"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything a policy may ask about one file; a fresh one is unchecked.

    Ages in whole days; -1 is "not known". The sets hold rule ids; `unchecked` holds the names of required
    checks that did not run.
    """

    verdict: Verdict = Verdict.UNSCANNABLE
    unchecked: frozenset[str] = frozenset({"everything"})
    known_bad: bool = False
    findings: frozenset[str] = frozenset()
    serious: frozenset[str] = frozenset()
    notes: frozenset[str] = frozenset()
    signals: frozenset[str] = frozenset()
    waived: frozenset[str] = frozenset()
    digest_fixed: bool = False
    changed: Answer = Answer.UNKNOWN
    approved: bool = False
    revoked: Answer = Answer.UNKNOWN
    signed: Answer = Answer.UNKNOWN
    personal_data: Answer = Answer.UNKNOWN
    secrets: Answer = Answer.UNKNOWN
    renamed: Answer = Answer.UNKNOWN
    gated: Answer = Answer.UNKNOWN
    age_days: int = UNKNOWN_NUMBER
    repository_age_days: int = UNKNOWN_NUMBER
    namespace_age_days: int = UNKNOWN_NUMBER
    cooldown_days: int = DEFAULTS.cooldown_days
    young_name_days: int = DEFAULTS.young_name_days
    young_days: int = DEFAULTS.young
    mode: Mode = Mode.ENFORCE

    def context(self) -> dict[str, object]:
        """The same facts as Cedar takes them: JSON-ready, every attribute there."""
        return {name: as_cedar(getattr(self, name)) for name in LOADED_NAMES}

    def missing(self) -> tuple[str, ...]:
        """The names of what was not checked, in words."""
        return tuple(sorted(self.unchecked))


LOADED_NAMES: tuple[str, ...] = tuple(item.name for item in fields(Loaded))
"""Every attribute that a policy may ask about, in the order of the schema."""


@dataclass(frozen=True, slots=True)
class LoadQuestion:
    """May this principal load this file, or train on it? `unchecked` says why facts are missing."""

    facts: Loaded
    resource: Resource
    action: str = LOAD
    principal: Principal = field(default_factory=Principal)
    unchecked: tuple[Skipped, ...] = ()


def weights(action: str, purl: str, namespace: str = "", name: str = "", revision: str = "") -> Resource:
    """What `action` (`load`, `train`) is about, as something to ask about."""
    kind = "Dataset" if action == TRAIN else "Model"
    return Resource(kind, purl, (("namespace", namespace), ("name", name), ("revision", revision)))
