"""An admission answers about one file; a ruling is every answer about one name, and until when they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from .comparing import line_of
from .decision import Decision, Outcome
from .finding import Finding
from .policy.facts import Mode

_SIGNALS = 3


@dataclass(frozen=True, slots=True)
class Admission:
    """May this file be handed out, and why.

    `facts` is `sha256:<hex>` of the facts that the policy saw. `findings` are what rules found, signals
    included, worst first. `allowed_from` is when time alone would let it in, None where time does not help.
    `exemption` is the reason of the recorded exemption that was used, empty without one. `advisories` are
    the ids that speak against it.
    """

    decision: Decision
    mode: Mode = Mode.ENFORCE
    findings: tuple[Finding, ...] = ()
    facts: str = ""
    allowed_from: datetime | None = None
    exemption: str = ""
    advisories: tuple[str, ...] = ()

    @property
    def lets_in(self) -> bool:
        """It is handed out: nothing speaks against it, or the answer does not bind."""
        return self.mode is Mode.OBSERVE or self.decision.outcome in (Outcome.ALLOW, Outcome.WARN)

    @property
    def sentence(self) -> str:
        """One sentence for a person: what was found of this file, then what the policy advises.

        Where nothing but signals was found, it is the first few of them.
        """
        about = [item for item in self.findings if item.asset and not item.waived]
        speaking = [item for item in about if not item.signal][:1] or about[:_SIGNALS]
        by = self.decision.decided_by
        words = [item.message for item in speaking] + [item.sentence for item in by[:1]]
        return " · ".join(dict.fromkeys(word for word in words if word))


@dataclass(frozen=True, slots=True)
class Ruling:
    """The admissions of one offering, keyed by file name.

    `until` is aware UTC: before it no answer changes by time alone, None = never. `generation` is that of
    everything else that was decided on (policy, advisories, exemptions, verdicts on files); a ruling of
    another generation no longer counts. `best` is the newest version that is let in, as the ecosystem
    orders versions, final ones before others; empty when there is none; `best_of` is the same for each line.
    `digest` is `sha256:<hex>` over the file names that are let in.
    """

    admissions: Mapping[str, Admission] = field(default_factory=lambda: MappingProxyType({}))
    until: datetime | None = None
    generation: int = 0
    best: str = ""
    digest: str = ""
    best_of: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    def lets_in(self, filename: str) -> bool:
        """That file is there and is handed out."""
        found = self.admissions.get(filename)
        return found is not None and found.lets_in

    def instead_of(self, version: str) -> str:
        """What whoever wanted `version` can have now: the newest of its line that is let in, else of all."""
        return self.best_of.get(line_of(version)) or self.best
