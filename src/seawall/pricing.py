"""What a policy costs whoever installs what everybody installs: how much waits, how long, and for what.

Two ordinary applications, one of npm and one of PyPI, install the newest of everything every week of a year.
Only what registries say of releases is known here; what a look into files would add is measured apart
(docs/release-diff.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median

from seawall.answers import answered
from seawall.grounds import Grounds, grounds
from seawall.kernel.admission import Admission
from seawall.kernel.attack import Catalog
from seawall.kernel.comparing import registry_name
from seawall.kernel.matching import is_affected
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.policy.engine import Policy
from seawall.kernel.policy.facts import Mode, Principal
from seawall.kernel.release import Listed, Listing
from seawall.kernel.replay import Late, Price
from seawall.kernel.scenario import Notice, Scenario
from seawall.kernel.settings import DEFAULTS, Settings
from seawall.kernel.versions import order
from seawall.past_gate import PastAdvisories
from seawall.readers.scenarios.histories import Histories
from seawall.weighing import Known, weigh

WEEKS = 52
_WEEK, _MINUTE, _HOUR, _DAY = timedelta(days=7), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_NO_CATALOG = Catalog("", ())


def price(histories: Histories, policy: Policy, settings: Settings = DEFAULTS) -> Price:
    """What `policy` would have cost in the last year of these histories."""
    return _Till(histories, policy, settings).price()


class _Till:
    def __init__(self, histories: Histories, policy: Policy, settings: Settings) -> None:
        self._histories = histories
        nothing = PastAdvisories(Scenario("", ()), histories.taken, _NO_CATALOG)
        self._grounds: Grounds = grounds(settings, nothing, (), policy)
        self._born = {(item.ecosystem, item.name): item.first_release for item in histories.listings}

    def price(self) -> Price:
        first: dict[tuple[str, str, str], tuple[Listing, Listed, datetime]] = {}
        wanted: dict[tuple[str, str, str], int] = {}
        for week in range(WEEKS):
            now = self._histories.taken - (WEEKS - week) * _WEEK
            for listing in self._histories.listings:
                newest = _newest(listing, now)
                if newest is not None:
                    key = (listing.ecosystem, listing.name, newest.version)
                    first.setdefault(key, (listing, newest, now))
                    wanted[key] = wanted.get(key, 0) + 1
        waits: list[float] = []
        held = outside = late = 0
        updates = {key: found for key, found in first.items() if self._is_update(found)}
        for key, (listing, release, now) in first.items():
            answer = self._ask(listing, release, now)
            if answer.lets_in:
                continue
            if answer.allowed_from is None:
                outside += wanted[key]
                late += key in updates
            else:
                held += min(wanted[key], _weeks(now, answer.allowed_from))
                if release.published is not None:
                    waits.append((answer.allowed_from - now) / _DAY)
        fixes, unknown, slow, silent = self._fixes()
        return Price(
            installs=sum(wanted.values()),
            delayed=held,
            denied=outside,
            updates=len(updates),
            exemptions=late,
            wait_days=round(median(waits), 1) if waits else 0.0,
            fixes=fixes,
            fixes_unknown=unknown,
            fixes_late=tuple(slow),
            silent_late=tuple(silent),
        )

    def _is_update(self, found: tuple[Listing, Listed, datetime]) -> bool:
        """It was published in the year; what was there before is where a team begins."""
        _, release, _ = found
        begin = self._histories.taken - WEEKS * _WEEK
        return release.published is not None and release.published > begin

    def _ask(
        self, listing: Listing, release: Listed, now: datetime, notices: Sequence[Notice] = ()
    ) -> Admission:
        """The answer about a release at a moment, among what had been published by then."""
        there = tuple(one for one in listing.releases if one.published and one.published <= now)
        name = f"{listing.name}-{release.version}"
        published = release.last_file if release.last_file and release.last_file <= now else release.published
        offer = Offer(release.version, name, "", published=published)
        cut = tuple(
            replace(one, last_file=None) if one.last_file and one.last_file > now else one for one in there
        )
        then = Listing(listing.ecosystem, listing.name, cut, listing.first_release)
        offering = Offering(listing.ecosystem, listing.name, "past", "", then, (offer,))
        scenario = Scenario("", (), notices=tuple(notices))
        grounds_then = replace(self._grounds, advisories=PastAdvisories(scenario, now, _NO_CATALOG))
        known = Known(first_releases=lambda ecosystem, names: self._first(ecosystem, names, now))
        weighed = weigh(offering, (offer,), grounds_then, known, now)
        return answered(weighed, grounds_then, Principal(), Mode.ENFORCE, now).admissions[name]

    def _first(self, ecosystem: str, names: Sequence[str], now: datetime) -> dict[str, datetime | None]:
        born = {name: self._born.get((ecosystem, registry_name(name, "*"))) for name in names}
        return {name: then for name, then in born.items() if then is not None and then <= now}

    def _fixes(self) -> tuple[int, int, list[Late], list[Late]]:
        """How many fixes had an advisory, of how many it is not known when it named them, those that were
        held although it was public, and those that were held before anybody knew what they were."""
        slow, silent, count, unknown = [], [], 0, 0
        for listing, release, notice in self._repairs():
            published = release.last_file or release.published
            if published is None:
                continue
            if notice.at < published:
                unknown += 1  # the record was there first; when it began to name the fix is not in the data
                continue
            count += 1
            public = max(published, notice.at)
            answer = self._ask(listing, release, public + _MINUTE, [notice])
            if not answer.lets_in:
                until = answer.allowed_from
                hours = -1.0 if until is None else round((until - public) / _HOUR, 1)
                slow.append(Late(listing.name, release.version, hours))
            if notice.at > published:
                answer = self._ask(listing, release, published + _MINUTE)
                until = answer.allowed_from or notice.at
                if not answer.lets_in:
                    hours = round((min(until, notice.at) - published) / _HOUR, 1)
                    silent.append(Late(listing.name, release.version, hours))
        return count, unknown, slow, silent

    def _repairs(self) -> Iterator[tuple[Listing, Listed, Notice]]:
        """Each release that an advisory names as fixed and that these histories hold."""
        by_name = {item.name: item for item in self._histories.listings if item.ecosystem == "PyPI"}
        seen: set[tuple[str, str]] = set()
        for notice in self._histories.notices:
            for affected in notice.advisory.affected:
                listing = by_name.get(affected.name)
                if listing is None:
                    continue
                fixed = {
                    text for bounds in affected.ranges for kind, text in bounds.events if kind == "fixed"
                }
                for release in listing.releases:
                    version = release.version
                    new = version in fixed and (affected.name, version) not in seen
                    if new and not is_affected(affected, version):
                        seen.add((affected.name, version))
                        yield listing, release, notice


def _newest(listing: Listing, now: datetime) -> Listed | None:
    """What a client takes that is asked for nothing in particular."""
    rank = order(listing.ecosystem)
    there = [
        one
        for one in listing.releases
        if one.published is not None and one.published <= now and one.yanked is None and rank(one.version)
    ]
    return max(there, key=lambda one: rank(one.version), default=None)


def _weeks(start: datetime, end: datetime) -> int:
    """How many weekly installs fall between."""
    return max(1, -(-(end - start) // _WEEK))
