"""Decide what policy says about everything that was found: one answer for all of it, one for each finding.

What belongs to one package version or one file is put together as one vector of facts and asked as one
question; the worst answer is the decision. Nothing is decided here: the policy does that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from urllib.parse import unquote

from seawall.adapters.disk.shipped import as_policy_text, given_policy_text, policy_text, schema_text
from seawall.kernel.allowed import UNLISTED_NAME, UNLISTED_PUBLISHER
from seawall.kernel.asset import PURL_TYPE_TO_ECOSYSTEM
from seawall.kernel.decision import Decision, Outcome
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.intake import Intake
from seawall.kernel.lockfile import Pin
from seawall.kernel.policy.engine import Policy, decide_all, load_policy, not_checked
from seawall.kernel.policy.facts import Facts, Question, Resource, document, gather, package
from seawall.kernel.release import ReleaseFacts
from seawall.kernel.settings import POLICY_STRICTNESS
from seawall.kernel.verdict import Judged


def chosen_policy(name: str) -> Policy:
    """The shipped policy of that name, else the policy file at that path. Raises PolicyError."""
    text = policy_text(name) if name in POLICY_STRICTNESS else given_policy_text(Path(name))
    return load_policy(name, text, schema_text())


def policy_from(name: str, data: bytes) -> Policy:
    """The policy in the bytes of the file of that name. Raises PolicyError."""
    return load_policy(name, as_policy_text(data, Path(name)), schema_text())


def decide_findings(
    findings: Sequence[Finding], unchecked: Sequence[Skipped], intake: Intake, policy: Policy
) -> tuple[Decision, tuple[Judged, ...]]:
    """The decision about an intake, and what policy says about each of its findings, worst first.

    `unchecked` are the required checks that did not run: the decision is then `incomplete` or `deny`. Every
    package that is pinned is asked about, also those about which nothing was found.
    """
    each = policy.names_resources or bool(intake.settings.allowed_names)
    subjects = _subjects(findings, intake, everything=each)
    whole = [_question(item, intake, unchecked, item.findings) for item in subjects]
    apart = [
        (item, finding, _question(item, intake, (), (finding,), alone=True))
        for item in subjects
        for finding in item.findings
    ]
    answers = decide_all(policy, [*whole, *(question for _, _, question in apart)])
    judged = {
        finding.fingerprint: Judged(finding, answer.outcome, _by(answer))
        for (_, finding, _), answer in zip(apart, answers[len(whole) :], strict=True)
    }
    judged.update(_combined(policy, subjects, intake))
    decision = _worst(answers)
    if unchecked and decision.outcome.rank < Outcome.INCOMPLETE.rank:
        decision = not_checked(unchecked)
    ordered = sorted((judged[f.fingerprint] for f in findings), key=_order)
    return decision, tuple(ordered)


@dataclass(frozen=True, slots=True)
class _Subject:
    """One package version or file with all that was found about it.

    `name` is what lists of names are asked about, empty for what no registry hands out.
    """

    resource: Resource
    findings: tuple[Finding, ...] = ()
    ecosystem: str = ""
    name: str = ""
    direct: bool | None = None
    dev: bool = False
    release: ReleaseFacts | None = None


def _question(
    subject: _Subject,
    intake: Intake,
    unchecked: Sequence[Skipped],
    findings: Iterable[Finding],
    *,
    alone: bool = False,
) -> Question:
    """`alone` leaves out what these findings do not speak of, to ask what they are worth by themselves."""
    found = tuple(findings)
    rules = {finding.rule for finding in found}
    facts: Facts = gather(
        found,
        intake.settings,
        unchecked=unchecked,
        release=None if alone and UNLISTED_PUBLISHER not in rules else subject.release,
        now=intake.now,
        ecosystem=subject.ecosystem,
        name="" if alone and UNLISTED_NAME not in rules else subject.name,
        direct=subject.direct,
        dev=subject.dev,
    )
    return Question(facts, resource=subject.resource, unchecked=tuple(unchecked))


def _subjects(findings: Sequence[Finding], intake: Intake, *, everything: bool) -> list[_Subject]:
    about: dict[str, list[Finding]] = defaultdict(list)
    files: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        (about[finding.asset] if finding.asset else files[finding.path]).append(finding)
    subjects = [_Subject(document(path), tuple(found)) for path, found in files.items()]
    if everything:
        subjects += [_Subject(document(d.path)) for d in intake.documents if d.path not in files]
    subjects += _packages(about, intake, everything=everything)
    # The tree itself, so that there is an answer where there is nothing to ask about.
    return subjects or [_Subject(document(""))]


def _packages(about: dict[str, list[Finding]], intake: Intake, *, everything: bool) -> Iterator[_Subject]:
    """Packages with findings or registry facts, then one of every kind of the many without either."""
    pins: dict[str, Pin] = {}
    plain: set[tuple[str, bool | None, bool]] = set()
    ends = {unquote(asset.rpartition("/")[2]).lower() for asset in about}
    for pin in intake.pins():
        if everything or pin.key in intake.releases or (_end(pin) in ends and pin.purl in about):
            known = pins.setdefault(pin.purl, pin)
            if pin.direct and not known.direct:
                pins[pin.purl] = pin
        else:
            plain.add((pin.ecosystem, pin.direct, pin.dev))
    for asset in dict.fromkeys((*about, *pins)):
        found = tuple(about.get(asset, ()))
        pin_or_none = pins.get(asset)
        yield _of_name(asset, found, intake) if pin_or_none is None else _of_pin(pin_or_none, found, intake)
    for ecosystem, direct, dev in sorted(plain, key=repr):
        yield _Subject(package("", ecosystem), (), ecosystem, "", direct, dev)


def _end(pin: Pin) -> str:
    """`name@version` without its namespace. Building a whole purl costs, so few are built."""
    return f"{pin.name.rpartition('/')[2].rpartition(':')[2]}@{pin.version}".lower()


def _of_pin(pin: Pin, found: tuple[Finding, ...], intake: Intake) -> _Subject:
    return _Subject(
        package(pin.purl, pin.ecosystem, pin.name, pin.version),
        found,
        pin.ecosystem,
        "" if pin.source.is_local else pin.name,
        pin.direct,
        pin.dev,
        intake.releases.get(pin.key),
    )


def _of_name(purl: str, found: tuple[Finding, ...], intake: Intake) -> _Subject:
    """What no file pins: asked for by a manifest, or held by the history alone."""
    ecosystem = PURL_TYPE_TO_ECOSYSTEM.get(purl.partition(":")[2].partition("/")[0], "")
    name, version = _name_and_version(purl)
    release = intake.releases.get((ecosystem, name, version))
    asked = name if any(finding.rule == UNLISTED_NAME for finding in found) else ""
    return _Subject(package(purl, ecosystem, name, version), found, ecosystem, asked, release=release)


def _name_and_version(purl: str) -> tuple[str, str]:
    """The name as its ecosystem writes it, and the version."""
    kind, _, body = purl.partition(":")[2].partition("/")
    named, at, version = body.partition("?")[0].rpartition("@")
    name = unquote(named if at else body)
    return (name.replace("/", ":", 1) if kind == "maven" else name), unquote(version) if at else ""


def _combined(policy: Policy, subjects: Iterable[_Subject], intake: Intake) -> dict[str, Judged]:
    """Signals that are more together than each is alone, with what policy says about them together."""
    found: dict[str, Judged] = {}
    for subject in subjects:
        by_rule: dict[str, list[Finding]] = defaultdict(list)
        for finding in subject.findings:
            if finding.signal and not finding.waived:
                by_rule[finding.rule].append(finding)
        if len(by_rule) > 1:
            found.update(_together(policy, subject, intake, by_rule))
    return found


def _together(
    policy: Policy, subject: _Subject, intake: Intake, by_rule: dict[str, list[Finding]]
) -> Iterator[tuple[str, Judged]]:
    rules = tuple(by_rule)
    pairs = tuple(combinations(rules, 2))
    groups: tuple[tuple[str, ...], ...] = ((), *((rule,) for rule in rules), *pairs, rules)
    questions = [_question(subject, intake, (), [by_rule[rule][0] for rule in group]) for group in groups]
    answers = dict(zip(groups, decide_all(policy, questions), strict=True))
    whole = answers[rules]
    if whole.outcome.rank <= max(answers[group].outcome.rank for group in groups[: len(rules) + 1]):
        return
    guilty = {rule for pair in pairs if answers[pair].outcome is whole.outcome for rule in pair}
    for rule in guilty or rules:
        for finding in by_rule[rule]:
            yield finding.fingerprint, Judged(finding, whole.outcome, _by(whole))


def _by(answer: Decision) -> str:
    return answer.decided_by[0].policy if answer.decided_by else ""


def _worst(answers: Sequence[Decision]) -> Decision:
    """The worst outcome with every policy that came to it, each named once."""
    worst = max((answer.outcome for answer in answers), key=lambda outcome: outcome.rank)
    reasons = dict.fromkeys(by for answer in answers if answer.outcome is worst for by in answer.decided_by)
    unique = {reason.policy: reason for reason in reversed(reasons)}
    return Decision(worst, tuple(reason for reason in reasons if unique[reason.policy] is reason))


def _order(judged: Judged) -> tuple[int, int, bool, str, str, int, str]:
    finding = judged.finding
    return (
        -judged.outcome.rank,
        -finding.severity,
        finding.signal,
        finding.rule,
        finding.path,
        finding.line,
        finding.asset,
    )
