"""What was weighed is put to the policy: an answer for every file, and until when the answers hold.

Answers are asked for once for each class of facts that the policy can tell apart (kernel/policy/classes.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from seawall.grounds import ACTION, Covered, Grounds, moment
from seawall.hotfix import hotfix
from seawall.kernel.admission import Admission
from seawall.kernel.advisory import Severity
from seawall.kernel.decision import Decision, Outcome
from seawall.kernel.finding import Finding
from seawall.kernel.intake import Intake
from seawall.kernel.policy.engine import decide_all, not_checked, seen_by_policy, told_apart
from seawall.kernel.policy.facts import NO_HOTFIX, Facts, Hotfix, Mode, Principal, Question, gather, package
from seawall.kernel.rule import judge
from seawall.kernel.settings import Settings
from seawall.rules import RULES
from seawall.weighing import Group, Weighed

MALWARE = "packages/known-malware"
_AGAINST = frozenset({MALWARE, "packages/vulnerable"})
_YOUNG = "packages/young-release"
_YOUNG_NAME = "packages/young-name"
_ENDED = tuple(item for item in RULES if item.id == "packages/exemption-ended")
_MOST_STEPS = 12


@dataclass(frozen=True, slots=True)
class _Asked:
    """One group with what its question is made of."""

    group: Group
    exemption: Covered | None = None
    approval: Covered | None = None
    hotfix: Hotfix = NO_HOTFIX


@dataclass(frozen=True, slots=True)
class Answered:
    """Every answer by file name, and until when none changes by time alone; None = it never does."""

    admissions: dict[str, Admission]
    until: datetime | None


def answered(weighed: Weighed, grounds: Grounds, principal: Principal, mode: Mode, now: datetime) -> Answered:
    """The answer about every file of every group."""
    today = now.date()
    asked = [_asked(group, weighed, grounds, today) for group in weighed.groups]
    questions = [_question(item, grounds, principal, mode, now) for item in asked]
    decisions = _decided(questions, grounds)
    admissions: dict[str, Admission] = {}
    moments = list(_of_grounds(weighed, grounds, now))
    for item, question, decision in zip(asked, questions, decisions, strict=True):
        used = _used(item, question, decision, grounds)
        admission = Admission(
            decision=decision,
            mode=mode,
            findings=(*item.group.findings, *_ended(item.group, grounds, now)),
            facts=_digest(question, grounds),
            exemption=_told(used) if used else "",
            advisories=_against(item.group.findings),
        )
        moments += _changes(item.group, item.group.oldest, question.facts, grounds, now)
        age = None if _lets_in(decision) else _age_that_helps(item, question, grounds, now)
        for offer in item.group.offers:
            published = weighed.published.get(offer.filename, offer.published)
            dated = None if age is None or published is None else published + age
            mine = replace(admission, allowed_from=dated) if dated else admission
            # A file name that is offered twice has the worse answer.
            if _is_worse(admissions.get(offer.filename), mine):
                admissions[offer.filename] = mine
    return Answered(admissions, min(moments, default=None))


def _is_worse(before: Admission | None, now: Admission) -> bool:
    return before is None or now.decision.outcome.rank > before.decision.outcome.rank


def _asked(group: Group, weighed: Weighed, grounds: Grounds, today: date) -> _Asked:
    """Exemptions and hotfixes matter for young releases, and never for malware."""
    key = group.release.key
    malware = any(item.rule == MALWARE and not item.waived for item in group.findings)
    if malware or (not group.young and not grounds.exemptions):
        return _Asked(group)
    lasting = [c for c in grounds.exemptions if c.covers(*key) and not c.ended(today)]
    by_kind = {item.exemption.kind: item for item in reversed(lasting)}
    approval = by_kind.get("hotfix")
    found = NO_HOTFIX
    if group.young and not _anything_red(group):
        found = hotfix(
            group.release,
            weighed.advisories,
            weighed.matches,
            skipped=bool(group.skipped),
            approved=approval is not None,
            last_file=group.last_file,
        )
    return _Asked(group, by_kind.get("cooldown"), approval, found)


def _anything_red(group: Group) -> bool:
    """Something besides its youth speaks against it, as a signal or as a finding."""
    return any(
        item.rule != _YOUNG and not item.waived and (item.signal or item.severity > Severity.INFO)
        for item in group.findings
    )


def _question(item: _Asked, grounds: Grounds, principal: Principal, mode: Mode, now: datetime) -> Question:
    group = item.group
    ecosystem, name, version = group.release.key
    facts = gather(
        group.findings,
        grounds.settings,
        unchecked=group.required,
        release=group.release,
        now=now,
        ecosystem=ecosystem,
        name=name,
        exempt=item.exemption is not None,
        hotfix=item.hotfix,
        mode=mode,
    )
    return Question(
        grounds.classes.of(facts),
        ACTION,
        package(group.purl, ecosystem, name, version),
        principal,
        group.required,
    )


def _decided(questions: Sequence[Question], grounds: Grounds) -> list[Decision]:
    """The policy's answers; no policy makes what was not checked better than `incomplete`."""
    answers = decide_all(grounds.policy, questions, grounds.decided)
    return [
        not_checked(question.unchecked)
        if question.unchecked and answer.outcome.rank < Outcome.INCOMPLETE.rank
        else answer
        for question, answer in zip(questions, answers, strict=True)
    ]


def _lets_in(decision: Decision) -> bool:
    return decision.outcome in (Outcome.ALLOW, Outcome.WARN)


def _digest(question: Question, grounds: Grounds) -> str:
    key = told_apart(grounds.policy, question)
    found = grounds.digests.get(key)
    if found is None:
        found = grounds.digests[key] = seen_by_policy(grounds.policy, question)
    return found


def _against(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The first id of each advisory that speaks against it."""
    ids = [f.advisories[0] for f in findings if f.rule in _AGAINST and f.advisories and not f.waived]
    return tuple(sorted(set(ids)))


def _used(item: _Asked, question: Question, decision: Decision, grounds: Grounds) -> Covered | None:
    """The exemption without which it would not be let in."""
    if not _lets_in(decision):
        return None
    facts = question.facts
    if item.exemption:
        without = replace(facts, exempt_from_cooldown=False)
        if not _lets_in(_decided([replace(question, facts=without)], grounds)[0]):
            return item.exemption
    if item.approval and facts.hotfix.approved:
        without = replace(facts, hotfix=replace(facts.hotfix, approved=False))
        if not _lets_in(_decided([replace(question, facts=without)], grounds)[0]):
            return item.approval
    return None


def _told(covered: Covered) -> str:
    exemption = covered.exemption
    return f"{exemption.reason} ({exemption.author}, until {exemption.expires})"


def _ended(group: Group, grounds: Grounds, now: datetime) -> tuple[Finding, ...]:
    """An exemption that is over covers nothing, and whoever relied on it is told."""
    covering = tuple(
        replace(item.exemption, asset=group.purl)
        for item in grounds.exemptions
        if item.covers(*group.release.key)
    )
    return judge(_ENDED, Intake((), now, exemptions=covering)) if covering else ()


def _age_that_helps(item: _Asked, question: Question, grounds: Grounds, now: datetime) -> timedelta | None:
    """How old the files must be to be let in if nothing but time changes; None where time does not help."""
    group = item.group
    if group.published is None or group.required:
        return None
    facts, then = question.facts, now
    for _ in range(_MOST_STEPS):
        change = min(_changes(group, group.published, facts, grounds, then), default=None)
        if change is None:
            return None
        then = change
        group = _aged(group, grounds.settings, then)
        later = _question(replace(item, group=group), grounds, question.principal, facts.mode, then)
        if _lets_in(_decided([later], grounds)[0]):
            return max(then - group.published, timedelta(0)) if group.published else None
        facts = later.facts
    return None


def _aged(group: Group, settings: Settings, then: datetime) -> Group:
    """The group as it will be: without the signals that only say that something is young."""
    published, first = group.published, group.release.first_release
    young = published is not None and then - published < timedelta(days=settings.young)
    young_name = first is not None and then - first < timedelta(days=settings.young_name_days)
    gone = {rule for rule, still in ((_YOUNG, young), (_YOUNG_NAME, young_name)) if not still}
    findings = tuple(item for item in group.findings if item.rule not in gone)
    return replace(group, findings=findings, young=young)


_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def _changes(
    group: Group, published: datetime | None, facts: Facts, grounds: Grounds, now: datetime
) -> Iterator[datetime]:
    """Moments after `now` from which the answer about files published then could be another."""
    release, settings = group.release, grounds.settings
    first = release.first_release
    new = [item.first_release for item in release.new_dependencies or () if item.first_release]
    for name, start, unit in (
        ("age_days", published, _DAY),
        ("age_hours", published, _HOUR),
        ("name_age_days", first, _DAY),
        ("youngest_new_dependency_days", max(new, default=None), _DAY),
    ):
        value = grounds.classes.next_change(name, facts) if start is not None else None
        if start is not None and value is not None:
            yield from _after(start + value * unit, now)
    if published is not None:
        for days in {settings.cooldown_days, settings.young}:
            yield from _after(published + days * _DAY, now)
    if first is not None:
        yield from _after(first + settings.young_name_days * _DAY, now)


def _after(then: datetime, now: datetime) -> Iterator[datetime]:
    if then > now:
        yield then


def _of_grounds(weighed: Weighed, grounds: Grounds, now: datetime) -> Iterator[datetime]:
    """When advisories become stale, and when waivers and exemptions end."""
    stale = (grounds.settings.stale_days + 1) * _DAY
    for state in grounds.advisories.feeds(weighed.ecosystem):
        yield from _after(moment(state.as_of) + stale, now)
    ends = [item.expires for item in grounds.settings.waivers]
    ends += [c.exemption.expires for c in grounds.exemptions]
    for end in ends:
        if end < date.max:
            yield from _after(datetime.combine(end, time(), UTC) + _DAY, now)
