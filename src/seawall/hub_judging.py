"""May these files of a model or dataset be handed out? What the hub says is judged, and policy answers.

No advisory feed covers models. "Checked" means here: the repository was looked up in the built-in catalog and
in whatever the index names, the hub's own scan was asked, and every rule about hubs ran. Where one of these
failed, the answer is `incomplete` or a denial, never an allow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from seawall.admit import Gate
from seawall.grounds import Covered, Grounds
from seawall.kernel.admission import Admission, Ruling
from seawall.kernel.advisory import Severity
from seawall.kernel.decision import Decision, Outcome
from seawall.kernel.errors import StoreError
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.hub import ECOSYSTEM, Form, HubFile, Kind, Repository, form_of
from seawall.kernel.identity import Identity
from seawall.kernel.intake import Intake
from seawall.kernel.matching import compare
from seawall.kernel.policy.engine import decide_all, not_checked, seen_by_policy
from seawall.kernel.policy.facts import UNKNOWN_NUMBER, Mode, answer
from seawall.kernel.policy.loading import LOAD, TRAIN, Loaded, LoadQuestion, Verdict, weights
from seawall.kernel.rule import judge
from seawall.kernel.settings import Settings
from seawall.kernel.sighting import Examined
from seawall.kernel.waiver import waived

FAMILY = "hub/"
_KNOWN_BAD = "hub/known-bad"
_LOOKED_UP = "what is known to be bad"
_TRIES = 3
_DAY = timedelta(days=1)

Inside = Mapping[str, Examined]
"""What was found in files that were looked into, by path."""

_NOTHING: Inside = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Case:
    """Everything about one repository that is the same for all of its files."""

    repository: Repository
    grounds: Grounds
    identity: Identity
    mode: Mode
    now: datetime
    required: tuple[Skipped, ...]
    exemption: Covered | None

    @property
    def action(self) -> str:
        return TRAIN if self.repository.kind is Kind.DATASET else LOAD


def rule_on(
    gate: Gate,
    repository: Repository,
    identity: Identity,
    mode: Mode,
    now: datetime,
    inside: Inside = _NOTHING,
    origin: str = "",
) -> Ruling:
    """The answers about every file of the repository, by path. `origin` is the name of its hub."""
    made = _ruling(gate, repository, identity, mode, now, inside, origin)
    for _ in range(_TRIES - 1):
        if made.generation == gate.generation:
            break
        made = _ruling(gate, repository, identity, mode, now, inside, origin)
    return made


def _ruling(
    gate: Gate,
    repository: Repository,
    identity: Identity,
    mode: Mode,
    now: datetime,
    inside: Inside,
    origin: str,
) -> Ruling:
    generation, grounds, missing = gate.grounds_at(now, (ECOSYSTEM, origin))
    found, unlooked = _found(repository, grounds, now)
    case = _Case(
        repository,
        grounds,
        identity,
        mode,
        now,
        (*missing, *unlooked),
        next((c for c in grounds.exemptions if _covers(c, repository, now)), None),
    )
    admissions = _admissions(case, found, inside)
    let_in = sorted(path for path, admission in admissions.items() if admission.lets_in)
    text = "\n".join(let_in).encode("utf-8", "surrogatepass")
    return Ruling(
        admissions=admissions,
        until=_until(repository, now),
        generation=generation,
        best=_better(case, admissions, found, inside),
        digest="sha256:" + hashlib.sha256(text).hexdigest(),
    )


def _covers(covered: Covered, repository: Repository, now: datetime) -> bool:
    return (
        covered.exemption.kind == "cooldown"
        and covered.covers(*repository.key)
        and not covered.ended(now.date())
    )


def _found(
    repository: Repository, grounds: Grounds, now: datetime
) -> tuple[tuple[Finding, ...], tuple[Skipped, ...]]:
    """What all rules about hubs find, waivers applied, and what could not be looked up."""
    required: list[Skipped] = []
    matches = {}
    try:
        if grounds.advisories.fault:
            raise StoreError(grounds.advisories.fault, "seawall sync")
        names = dict.fromkeys(name for _, name, _ in repository.keys)
        about = [item for name in names for item in grounds.advisories.about(ECOSYSTEM, name)]
        compared = compare(repository.keys, about)
        matches, required = compared.matches, list(compared.skipped())
    except StoreError as error:
        required.append(Skipped(_LOOKED_UP, str(error), error.advice or "seawall sync", required=True))
    intake = Intake(documents=(), now=now, matches=matches, settings=grounds.settings, repository=repository)
    rules = [rule for rule in grounds.rules if rule.id.startswith(FAMILY)]
    if _KNOWN_BAD not in {rule.id for rule in rules}:
        advice = f"take {_KNOWN_BAD} out of [rules] disable"
        required.append(Skipped(_LOOKED_UP, f"{_KNOWN_BAD} is switched off", advice, required=True))
    found: list[Finding] = []
    for rule in rules:
        try:
            found += judge((rule,), intake)
        except Exception as error:  # a rule that fails has said nothing, and that is not "nothing found"
            required.append(Skipped(rule.id, f"the rule failed: {type(error).__name__}", required=True))
    return waived(found, grounds.settings.waivers, now.date()), tuple(required)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is known of one file: what was found, and the question that it comes to."""

    question: LoadQuestion
    findings: tuple[Finding, ...]


def _admissions(case: _Case, found: Sequence[Finding], inside: Inside) -> dict[str, Admission]:
    """The answer about every file. Files of which the same is known share one question, whatever they are
    called: a repository may have a hundred thousand."""
    asked = _questions(case, found, inside)
    distinct = {item.question: item for item in asked.values()}
    decisions = _decided(case, list(distinct))
    answers = {
        question: _admission(case, item, decision)
        for (question, item), decision in zip(distinct.items(), decisions, strict=True)
    }
    return {
        path: replace(answers[item.question], findings=item.findings, advisories=_against(item.findings))
        for path, item in asked.items()
    }


def _questions(case: _Case, found: Sequence[Finding], inside: Inside) -> dict[str, _Asked]:
    """What is asked about each file, by path."""
    repository = case.repository
    whole = tuple(sorted((item for item in found if not item.path), key=_worst_first))
    mine: dict[str, list[Finding]] = {}
    for item in found:
        if item.path:
            mine.setdefault(item.path, []).append(item)
    namespace, _, name = repository.name.rpartition("/")
    resource = weights(case.action, repository.purl, namespace, name, repository.commit)
    known: dict[Hashable, LoadQuestion] = {}
    asked: dict[str, _Asked] = {}
    for file in repository.files:
        examined = inside.get(file.path)
        findings = _all_of(case, (*mine.get(file.path, ()), *whole), examined)
        required = (*case.required, *(s for s in (examined.skipped if examined else ()) if s.required))
        verdict = _verdict(file, findings, examined)
        key = (verdict, required, tuple((f.rule, f.severity, f.signal, bool(f.waived)) for f in findings))
        question = known.get(key)
        if question is None:
            facts = _facts(case, verdict, findings, required)
            principal = case.identity.principal
            question = known[key] = LoadQuestion(facts, resource, case.action, principal, required)
        asked[file.path] = _Asked(question, findings)
    return asked


def _all_of(case: _Case, findings: tuple[Finding, ...], examined: Examined | None) -> tuple[Finding, ...]:
    """With what a look into the file found, each once, worst first."""
    if examined is not None and examined.findings:
        both = (*_still(case, examined.findings), *findings)
        findings = tuple({item.fingerprint: item for item in reversed(both)}.values())
    return tuple(sorted(findings, key=_worst_first)) if len(findings) > 1 else findings


def _still(case: _Case, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings of rules that are asked now, with today's waivers."""
    asked = {rule.id for rule in case.grounds.rules}
    mine = [item for item in findings if item.rule in asked or not item.rule.startswith(FAMILY)]
    return waived(mine, case.grounds.settings.waivers, case.now.date())


def _facts(case: _Case, verdict: Verdict, findings: Sequence[Finding], required: Iterable[Skipped]) -> Loaded:
    repository, settings = case.repository, case.grounds.settings
    speaking = [item for item in findings if not item.signal and not item.waived]
    return Loaded(
        verdict=verdict,
        unchecked=frozenset(item.check for item in required),
        known_bad=any(item.rule == _KNOWN_BAD for item in speaking),
        findings=frozenset(item.rule for item in speaking if item.severity > Severity.INFO),
        serious=frozenset(item.rule for item in speaking if item.severity >= Severity.HIGH),
        notes=frozenset(item.rule for item in speaking if item.severity <= Severity.INFO),
        signals=frozenset(item.rule for item in findings if item.signal and not item.waived),
        waived=frozenset(item.rule for item in findings if item.waived),
        digest_fixed=not repository.floating,
        approved=case.exemption is not None,
        renamed=answer(repository.renamed),
        gated=answer(repository.gated),
        age_days=_days(repository.changed, case.now),
        repository_age_days=_days(repository.created, case.now),
        namespace_age_days=_days(repository.namespace_created, case.now),
        cooldown_days=settings.cooldown_days,
        young_name_days=settings.young_name_days,
        young_days=settings.young,
        mode=case.mode,
    )


def _verdict(file: HubFile, findings: Sequence[Finding], examined: Examined | None) -> Verdict:
    """What a look into the file came to; without one, what its name promises."""
    if examined is not None:
        if any(item.required for item in examined.skipped):
            return Verdict.UNSCANNABLE
        inside = {item.fingerprint for item in examined.findings if not item.signal}
        found = [item for item in findings if item.fingerprint in inside and not item.waived]
        if any(item.severity >= Severity.HIGH for item in found):
            return Verdict.BLOCK
    return Verdict.PASS if form_of(file.path)[0] is Form.PLAIN else Verdict.REVIEW


def _decided(case: _Case, questions: Sequence[LoadQuestion]) -> list[Decision]:
    """The policy's answers; no policy makes what was not checked better than `incomplete`."""
    answers = decide_all(case.grounds.policy, questions, case.grounds.decided)
    return [
        not_checked(question.unchecked)
        if question.unchecked and decision.outcome.rank < Outcome.INCOMPLETE.rank
        else decision
        for question, decision in zip(questions, answers, strict=True)
    ]


def _admission(case: _Case, asked: _Asked, decision: Decision) -> Admission:
    question, exemption = asked.question, case.exemption
    used = ""
    if exemption is not None and _lets_in(decision):
        without = replace(question, facts=replace(question.facts, approved=False))
        if not _lets_in(_decided(case, [without])[0]):
            told = exemption.exemption
            used = f"{told.reason} ({told.author}, until {told.expires})"
    return Admission(
        decision=decision,
        mode=case.mode,
        facts=seen_by_policy(case.grounds.policy, question),
        allowed_from=None if _lets_in(decision) else _allowed_from(case, asked),
        exemption=used,
    )


def _against(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The first id of each advisory that speaks against it."""
    return tuple(sorted({item.advisories[0] for item in findings if item.advisories and not item.waived}))


def _lets_in(decision: Decision) -> bool:
    return decision.outcome in (Outcome.ALLOW, Outcome.WARN)


def _allowed_from(case: _Case, asked: _Asked) -> datetime | None:
    """The first moment at which time alone lets it in; None where time does not help."""
    if asked.question.unchecked:
        return None
    for moment in sorted(_turns(case.repository, case.grounds.settings)):
        if moment <= case.now:
            continue
        gone = frozenset(_no_longer(case.repository, case.grounds.settings, moment))
        facts = replace(
            asked.question.facts,
            signals=asked.question.facts.signals - gone,
            age_days=_days(case.repository.changed, moment),
            repository_age_days=_days(case.repository.created, moment),
            namespace_age_days=_days(case.repository.namespace_created, moment),
        )
        if _lets_in(_decided(case, [replace(asked.question, facts=facts)])[0]):
            return moment
    return None


def _turns(repository: Repository, settings: Settings) -> Iterator[datetime]:
    """When something about the repository stops being young."""
    for then, days in (
        (repository.created, settings.young_name_days),
        (repository.namespace_created, settings.young_name_days),
        (repository.changed, settings.cooldown_days),
        (repository.changed, settings.young),
    ):
        if then is not None:
            yield then + timedelta(days=days)


def _no_longer(repository: Repository, settings: Settings, moment: datetime) -> Iterator[str]:
    young = timedelta(days=settings.young_name_days)
    if repository.created is not None and moment - repository.created >= young:
        yield "hub/young-repository"
    if repository.namespace_created is not None and moment - repository.namespace_created >= young:
        yield "hub/young-namespace"


def _better(
    case: _Case, admissions: Mapping[str, Admission], found: Sequence[Finding], inside: Inside
) -> str:
    """The commit, where something is denied that would be let in if it were asked for by commit."""
    repository = case.repository
    denied = {path for path, admission in admissions.items() if not admission.lets_in}
    if not denied or not repository.floating:
        return ""
    kept = [item for item in found if item.rule != "hub/floating-revision"]
    pinned = replace(case, repository=replace(repository, revision=repository.commit))
    pinned_ones = _admissions(pinned, kept, inside)
    return repository.commit if any(pinned_ones[path].lets_in for path in denied) else ""


def _until(repository: Repository, now: datetime) -> datetime:
    """Ages are in whole days, and waivers and exemptions end with a day."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    times = (repository.created, repository.changed, repository.namespace_created)
    turns = [then + (max(now - then, timedelta(0)) // _DAY + 1) * _DAY for then in times if then is not None]
    return min([midnight, *(turn for turn in turns if turn > now)])


def _days(then: datetime | None, now: datetime) -> int:
    return UNKNOWN_NUMBER if then is None else max(now - then, timedelta(0)).days


def _worst_first(finding: Finding) -> tuple[int, bool, str]:
    return (-finding.severity, finding.signal, finding.rule)
