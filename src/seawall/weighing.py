"""The files of an offering are weighed in groups that no rule and no policy can tell apart.

What rules say depends on the version, on whether a file is still young, and on what was seen of that very
file. Files of one release that agree in all of that are one group: three hundred old versions are three
hundred groups, sixty wheels of one release mostly one. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from seawall.clocks import Doubt
from seawall.first_seen import Noticed
from seawall.grounds import Grounds, unlooked
from seawall.judging import REQUIRED_RULES
from seawall.kernel.advisory import Advisory, Match
from seawall.kernel.asset import package_purl
from seawall.kernel.compared import facts_of_all
from seawall.kernel.comparing import registry_name
from seawall.kernel.errors import SeawallError, StoreError
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.intake import Intake, Key
from seawall.kernel.lockfile import Document, DocumentKind, Pin
from seawall.kernel.matching import Comparison, compare
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.policy.facts import Facts, gather
from seawall.kernel.release import ReleaseFacts
from seawall.kernel.rule import Rule, judge
from seawall.kernel.settings import Settings
from seawall.kernel.sighting import Examined
from seawall.kernel.versions import order
from seawall.kernel.waiver import waived

FirstReleases = Callable[[str, Sequence[str]], Mapping[str, datetime | None]]
"""(ecosystem, names) → when each name first appeared, as far as it is known."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about a name besides its document.

    `examined` is by file name. `skipped` are checks of the whole name that did not run. With a `doubt`, what
    it sees otherwise than `now` does is not known.
    """

    noticed: Noticed = field(default_factory=Noticed)
    examined: Mapping[str, Examined] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    first_releases: FirstReleases | None = None
    doubt: Doubt | None = None


@dataclass(slots=True)
class Group:
    """Files of one release that are alike. `published` is that of the youngest, `oldest` of the oldest.

    `last_file` is when the last file of the whole release came, also of those that are in other groups.
    `release` says what the registry says, with `published` as the time that counts. `skipped` are all checks
    that did not run for these files. `doubted`: how old they are depends on whose clock is right.
    """

    version: str
    purl: str
    offers: list[Offer]
    release: ReleaseFacts
    published: datetime | None
    oldest: datetime | None
    young: bool
    doubted: bool = False
    last_file: datetime | None = None
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def required(self) -> tuple[Skipped, ...]:
        """The checks without which nothing is known."""
        return tuple(item for item in self.skipped if item.required)


@dataclass(frozen=True, slots=True)
class Weighed:
    """The groups of an offering, with what advisories say about it.

    `published` are the times that count for files for which the registry's own does not.
    """

    ecosystem: str
    groups: tuple[Group, ...]
    published: Mapping[str, datetime] = field(default_factory=dict)
    advisories: tuple[Advisory, ...] = ()
    matches: Mapping[Key, tuple[Match, ...]] = field(default_factory=dict)


def weigh(
    offering: Offering, offers: Iterable[Offer], grounds: Grounds, known: Known, now: datetime
) -> Weighed:
    """What rules and advisories say about `offers`, which are files of `offering`."""
    wanted = list(offers)
    ecosystem, name = offering.ecosystem, offering.name
    releases, unasked = _releases(offering, known, {offer.version for offer in wanted}, grounds, now)
    keys = [(ecosystem, name, version) for version in dict.fromkeys(offer.version for offer in wanted)]
    before = [(ecosystem, name, item.previous) for item in releases.values() if item.previous]
    advisories, compared, unlooked_up = _looked_up((*keys, *before), grounds)
    groups = _groups(offering, wanted, releases, grounds, known, now)
    missing = grounds.advisories.missing(ecosystem)
    whole = (*known.skipped, *unasked, *unlooked_up, *missing, *_left_out(grounds))
    for turn in _turns(groups):
        found, failed = _judged(turn, compared.matches, offering, grounds, now)
        for group in turn:
            _fill(group, found, (*whole, *failed), compared, known)
    today = now.date()
    for group in groups:
        if group.findings:
            group.findings = tuple(
                sorted(waived(group.findings, grounds.settings.waivers, today), key=_worst_first)
            )
    return Weighed(ecosystem, tuple(groups), known.noticed.published, advisories, compared.matches)


def _releases(
    offering: Offering, known: Known, versions: set[str], grounds: Grounds, now: datetime
) -> tuple[dict[str, ReleaseFacts], tuple[Skipped, ...]]:
    """What the registry says about the versions, each compared with the one before it.

    How old the names of new dependencies are is asked only for releases that are young themselves: what an
    old release needed was there when it came.
    """
    rank = order(offering.ecosystem)
    found = facts_of_all(offering.listing, rank, {}, offering.host)
    mine = {version: found[version] for version in versions if version in found}
    settings = grounds.settings
    young = timedelta(days=max(settings.young, settings.young_name_days))
    recent = {
        version: facts
        for version, facts in mine.items()
        if facts.new_dependencies and facts.published is not None and now - facts.published < young
    }
    new = (item for facts in recent.values() for item in facts.new_dependencies or ())
    names = sorted({real for item in new if (real := registry_name(item.name, item.spec))})
    if known.first_releases is None or not names:
        return mine, ()
    try:
        first = known.first_releases(offering.ecosystem, names[:_MOST_NAMES])
    except SeawallError as error:
        return mine, (Skipped("how old new dependencies are", str(error), error.advice),)
    return {**mine, **{version: _dated(facts, first) for version, facts in recent.items()}}, ()


_MOST_NAMES = 40


def _dated(facts: ReleaseFacts, first: Mapping[str, datetime | None]) -> ReleaseFacts:
    dated = (
        item
        if item.first_release is not None
        else replace(item, first_release=first.get(registry_name(item.name, item.spec)))
        for item in facts.new_dependencies or ()
    )
    return replace(facts, new_dependencies=tuple(dated))


def _looked_up(
    keys: Sequence[Key], grounds: Grounds
) -> tuple[tuple[Advisory, ...], Comparison, tuple[Skipped, ...]]:
    """The advisories about the name, and what they say; where they cannot be read that is said."""
    nothing = Comparison({}, {})
    if not keys:
        return (), nothing, ()
    ecosystem, name, _ = keys[0]
    try:
        advisories = grounds.advisories.about(ecosystem, name)
    except StoreError as error:
        return (), nothing, (unlooked(ecosystem, str(error)),)
    return advisories, compare(keys, advisories), ()


def _left_out(grounds: Grounds) -> tuple[Skipped, ...]:
    asked = {rule.id for rule in grounds.rules}
    return tuple(
        Skipped(word, f"{rule} is switched off", f"take {rule} out of [rules] disable", required=True)
        for rule, word in REQUIRED_RULES.items()
        if rule not in asked
    )


def _groups(
    offering: Offering,
    offers: Iterable[Offer],
    releases: Mapping[str, ReleaseFacts],
    grounds: Grounds,
    known: Known,
    now: datetime,
) -> list[Group]:
    length = timedelta(days=grounds.settings.young)
    plain = gather((), grounds.settings)
    apart = {*known.noticed.findings, *known.examined}
    groups: dict[object, Group] = {}
    for offer in offers:
        published = known.noticed.published.get(offer.filename, offer.published)
        age = None if published is None else now - published
        young = age is not None and age < length
        alone = offer.filename if offer.filename in apart else ""
        doubted = known.doubt is not None and _depends_on(
            (now, known.doubt.now), published, releases.get(offer.version), grounds, plain
        )
        key = (offer.version, young, doubted, alone, _age_class(age, grounds, plain))
        group = groups.get(key)
        if group is None:
            groups[key] = _group(offering, offer, releases, published, young=young)
            groups[key].doubted = doubted
        else:
            group.offers.append(offer)
            if published is not None and group.published is not None and group.oldest is not None:
                group.published = max(group.published, published)
                group.oldest = min(group.oldest, published)
    for group in groups.values():
        group.last_file = max(filter(None, (group.release.published, group.published)), default=None)
        if group.release.published != group.published:
            group.release = replace(group.release, published=group.published)
    return list(groups.values())


_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def _age_class(age: timedelta | None, grounds: Grounds, plain: Facts) -> object:
    """Ages that the policy cannot tell apart."""
    if age is None:
        return None
    days, hours = max(age.days, 0), max(age // _HOUR, 0)
    alike = grounds.classes.alike
    return alike("age_days", days, plain), alike("age_hours", hours, plain)


def _depends_on(
    clocks: tuple[datetime, datetime],
    published: datetime | None,
    release: ReleaseFacts | None,
    grounds: Grounds,
    plain: Facts,
) -> bool:
    """Policy, rules or settings can tell the two times apart by the age of something about these files."""
    first = release.first_release if release else None
    new = [item.first_release for item in (release.new_dependencies or () if release else ())]
    settings, alike = grounds.settings, grounds.classes.alike
    for name, then, unit in (
        ("age_days", published, _DAY),
        ("age_hours", published, _HOUR),
        ("name_age_days", first, _DAY),
        *(("youngest_new_dependency_days", item, _DAY) for item in new),
    ):
        if then is None:
            continue
        one, other = (max(now - then, timedelta(0)) // unit for now in clocks)
        if alike(name, one, plain) != alike(name, other, plain):
            return True
        if any((one * unit < days) != (other * unit < days) for days in _lengths(settings)):
            return True
    return False


def _lengths(settings: Settings) -> tuple[timedelta, ...]:
    """How long something is young, to a rule."""
    days = {settings.cooldown_days, settings.young, settings.young_name_days}
    return tuple(timedelta(days=length) for length in days)


def _group(
    offering: Offering,
    offer: Offer,
    releases: Mapping[str, ReleaseFacts],
    published: datetime | None,
    *,
    young: bool,
) -> Group:
    key = (offering.ecosystem, offering.name, offer.version)
    return Group(
        version=offer.version,
        purl=package_purl(*key),
        offers=[offer],
        release=releases.get(offer.version)
        or ReleaseFacts(key, first_release=offering.listing.first_release, source=offering.host),
        published=published,
        oldest=published,
        young=young,
    )


def _turns(groups: Iterable[Group]) -> list[list[Group]]:
    """Rules know one set of facts for a version; groups of one version are asked about in turn."""
    turns: list[list[Group]] = []
    times: dict[str, int] = {}
    for group in groups:
        turn = times.get(group.version, 0)
        times[group.version] = turn + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(group)
    return turns


def _judged(
    groups: Sequence[Group],
    matches: Mapping[Key, tuple[Match, ...]],
    offering: Offering,
    grounds: Grounds,
    now: datetime,
) -> tuple[dict[str, list[Finding]], tuple[Skipped, ...]]:
    """What all rules find, by purl (empty = about everything), and the rules that failed."""
    ecosystem, name = offering.ecosystem, offering.name
    documents = tuple(
        Document(
            path=group.version,
            format="offering",
            kind=DocumentKind.INSTALLED,
            ecosystem=ecosystem,
            # Whether it is asked for by name is not known here: whoever slipped did ask for it.
            pins=(Pin(ecosystem, name, group.version, "", direct=True),),
        )
        for group in groups
    )
    intake = Intake(
        documents=documents,
        now=now,
        matches=matches,
        releases={group.release.key: group.release for group in groups},
        feeds=grounds.advisories.feeds(ecosystem),
        settings=grounds.settings,
        last_good=grounds.advisories.last_good,
    )
    found: dict[str, list[Finding]] = {}
    failed = []
    mine = {group.purl for group in groups}
    for rule in grounds.rules:
        try:
            for finding in _asked(rule, intake):
                found.setdefault(finding.asset if finding.asset in mine else "", []).append(finding)
        except Exception as error:  # a rule that fails has said nothing, and that is not "nothing found"
            failed.append(Skipped(rule.id, f"the rule failed: {type(error).__name__}", required=True))
    return found, tuple(failed)


def _asked(rule: Rule, intake: Intake) -> tuple[Finding, ...]:
    return judge((rule,), intake)


def _fill(
    group: Group,
    found: Mapping[str, Sequence[Finding]],
    skipped: Sequence[Skipped],
    compared: Comparison,
    known: Known,
) -> None:
    findings = [*found.get(group.purl, ()), *found.get("", ())]
    missing = list(skipped)
    if group.doubted and known.doubt is not None:
        missing.append(known.doubt.skipped)
    unknown = compared.unknown.get(group.release.key)
    if unknown:
        missing += Comparison({}, {group.release.key: unknown}).skipped()
    # A group with something of its own is one file.
    filename = group.offers[0].filename
    findings += known.noticed.findings.get(filename, ())
    examined = known.examined.get(filename)
    if examined is not None:
        findings += examined.findings
        missing += examined.skipped
    group.findings = tuple(findings)
    group.skipped = tuple(missing)


def _worst_first(finding: Finding) -> tuple[int, bool, str]:
    return (-finding.severity, finding.signal, finding.rule)
