"""A hub of the past, asked for a repository: every file of it is answered as the firewall answers today."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from seawall.adapters.stores.gate import open_gate
from seawall.adapters.stores.seen import SeenStore
from seawall.admit import Gate
from seawall.grounds import Grounds
from seawall.hub_judging import rule_on
from seawall.kernel.attack import Catalog
from seawall.kernel.decision import Outcome
from seawall.kernel.identity import Identity
from seawall.kernel.policy.facts import Mode
from seawall.kernel.replay import Answer, Said
from seawall.kernel.scenario import Scenario, Take, Want
from seawall.past_gate import PastAdvisories
from seawall.past_registries import repository_at

_WORDS = {Outcome.WARN: Answer.WARN, Outcome.ALLOW: Answer.ALLOW, Outcome.INCOMPLETE: Answer.INCOMPLETE}


def hub_said(scenario: Scenario, take: Take, grounds: Grounds, catalog: Catalog) -> Said:
    """What the firewall says of the repositories that are loaded at that moment."""
    at = replace(grounds, advisories=PastAdvisories(scenario, take.at, catalog))
    by: dict[str, None] = {}
    signals: set[str] = set()
    answers = []
    with tempfile.TemporaryDirectory(prefix="seawall-hub-") as place:
        seen = SeenStore(open_gate(Path(place) / "gate.db"), Path(place))
        try:
            gate = Gate(at, seen, clock=lambda: take.at)
            for want in take.wants:
                answers += _asked(scenario, take, want, gate, by, signals)
        finally:
            seen.close()
    return Said(
        at=take.at, does=take.does.value, gate=_worst(answers), merge=Answer.NONE,
        gate_by=tuple(by), signals=tuple(sorted(signals)), taken=tuple(want.name for want in take.wants),
    )  # fmt: skip


def _asked(
    scenario: Scenario, take: Take, want: Want, gate: Gate, by: dict[str, None], signals: set[str]
) -> list[tuple[Outcome, bool]]:
    past = next((one for one in scenario.repositories if one.name == want.name), None)
    repository = repository_at(past, want.name, want.spec or "main", take.at) if past else None
    if repository is None:
        return []
    repository = replace(repository, namespace_created=past.born if past else None)
    ruling = rule_on(gate, repository, Identity("past"), Mode.ENFORCE, take.at, origin="past")
    answers = []
    for admission in ruling.admissions.values():
        if admission.decision.outcome is not Outcome.ALLOW:
            by |= dict.fromkeys(one.policy for one in admission.decision.decided_by)
            signals |= {one.rule for one in admission.findings}
        answers.append((admission.decision.outcome, admission.allowed_from is not None))
    return answers


def _worst(answers: list[tuple[Outcome, bool]]) -> Answer:
    """Of a repository as a whole: what its worst file is answered."""
    if not answers:
        return Answer.NONE
    outcome, later = max(answers, key=lambda pair: (pair[0].rank, not pair[1]))
    if outcome is Outcome.DENY:
        return Answer.DELAY if later else Answer.DENY
    return _WORDS[outcome]
