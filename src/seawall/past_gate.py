"""A firewall that stands in the past: it knows what was known at that moment, and decides as it does today.

The documents, the readers, the rules, the look into files and the policy are the ordinary ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from seawall.answers import answered
from seawall.examine import ENGINE, Subject, examine
from seawall.grounds import Advisories, Grounds
from seawall.handing import like, sdist_of
from seawall.kernel.admission import Admission
from seawall.kernel.advisory import Advisory
from seawall.kernel.asset import package_name
from seawall.kernel.attack import Catalog, as_advisories
from seawall.kernel.comparing import previous_in_line
from seawall.kernel.gate_settings import GateSettings
from seawall.kernel.intake import FeedState
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.policy.facts import Mode, Principal
from seawall.kernel.scenario import PastPackage, PastRelease, Scenario
from seawall.kernel.sighting import Examined
from seawall.kernel.versions import order
from seawall.past_registries import PastRegistries
from seawall.weighing import Known, weigh

COVERED = ("npm", "PyPI", "Hugging Face")
_COMPARED = timedelta(days=GateSettings().compare_days)


def catalog_at(catalog: Catalog, now: datetime) -> Catalog:
    """The catalog that ships with Seawall, once it had been written; before that nobody had it."""
    return catalog if catalog.as_of and datetime.fromisoformat(catalog.as_of) <= now else Catalog("", ())


def feed_at(scenario: Scenario, now: datetime) -> FeedState:
    """A feed of advisories that is up to date at that moment."""
    return FeedState("advisories", now.isoformat(), len(scenario.known(now)), COVERED)


class PastAdvisories(Advisories):
    """What had been published by one moment, and nothing later."""

    def __init__(self, scenario: Scenario, now: datetime, catalog: Catalog) -> None:
        self._about: dict[tuple[str, str], list[Advisory]] = {}
        for advisory in (*scenario.known(now), *as_advisories(catalog_at(catalog, now).attacks)):
            for item in advisory.affected:
                key = (item.ecosystem, package_name(item.ecosystem, item.name))
                self._about.setdefault(key, []).append(advisory)
        self.last_good = {}
        self.fault = ""
        self.states = (feed_at(scenario, now),)
        self.digest = ""

    def about(self, ecosystem: str, name: str) -> tuple[Advisory, ...]:
        """Every record about the name that had been published."""
        return tuple(self._about.get((ecosystem, package_name(ecosystem, name)), ()))

    def close(self) -> None:
        """There is nothing to give back."""


class Looks:
    """Looks into archives, each comparison once. `place` is a directory of its own."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._paths: dict[str, Path] = {}
        self._known: dict[tuple[str, ...], Examined] = {}

    def look(
        self, offering: Offering, offer: Offer, others: Sequence[Offer | None], data: Mapping[str, bytes]
    ) -> Examined:
        """What was found in a file, beside the release before it and its source."""
        key = (offering.ecosystem, offering.name, *(o.digests[0] if o else "" for o in (offer, *others)))
        if key not in self._known:
            beside = [self._subject(offering, other, data) if other else None for other in others]
            found = examine(self._subject(offering, offer, data), *beside)
            self._known[key] = Examined(
                offer.filename, offer.version, offer.digests[0], ENGINE, found.findings, found.skipped
            )
        return self._known[key]

    def _subject(self, offering: Offering, offer: Offer, data: Mapping[str, bytes]) -> Subject:
        digest = offer.digests[0]
        if digest not in self._paths:
            path = self._place / str(len(self._paths))
            path.write_bytes(data[offer.filename])
            self._paths[digest] = path
        script = next(
            (one.install_script for one in offering.listing.releases if one.version == offer.version), None
        )
        return Subject(
            self._paths[digest], offer.filename, offering.ecosystem, offering.name, offer.version,
            install_script=script,
        )  # fmt: skip


@dataclass(slots=True)
class PastGate:
    """The firewall of one scenario under one policy. Answers are remembered."""

    scenario: Scenario
    registries: PastRegistries
    grounds: Grounds
    looks: Looks
    catalog: Catalog
    answers: dict[tuple[str, str, str, datetime], Admission | None]

    def at(self, now: datetime) -> Grounds:
        """What is decided by at that moment."""
        return replace(self.grounds, advisories=PastAdvisories(self.scenario, now, self.catalog))

    def admission(self, package: PastPackage, release: PastRelease, now: datetime) -> Admission | None:
        """The answer about the file of a release that is let in most readily; None where none is there."""
        key = (package.ecosystem, package.name, release.version, now)
        if key not in self.answers:
            found = list(self._each(package, release, now))
            found.sort(key=lambda one: one.decision.outcome.rank)
            self.answers[key] = found[0] if found else None
        return self.answers[key]

    def _each(self, package: PastPackage, release: PastRelease, now: datetime) -> list[Admission]:
        offering = self.registries.offering(package.ecosystem, package.name, now)
        if offering is None:
            return []
        offers = [offer for offer in offering.offers if offer.version == release.version]
        return [self._answer(package, offering, offer, now) for offer in offers]

    def _answer(self, package: PastPackage, offering: Offering, offer: Offer, now: datetime) -> Admission:
        known = Known(first_releases=lambda ecosystem, names: self._first(ecosystem, names, now))
        # The firewall does not look into what it denies anyway; here it does, to tell what else was odd.
        if offer.published is None or now - offer.published < _COMPARED:
            known = replace(known, examined={offer.filename: self._look(package, offering, offer)})
        grounds = self.at(now)
        weighed = weigh(offering, (offer,), grounds, known, now)
        return answered(weighed, grounds, Principal(), Mode.ENFORCE, now).admissions[offer.filename]

    def _first(self, ecosystem: str, names: Sequence[str], now: datetime) -> dict[str, datetime | None]:
        packages = {name: self.scenario.package(ecosystem, name) for name in names}
        return {name: package.first(now) for name, package in packages.items() if package}

    def _look(self, package: PastPackage, offering: Offering, offer: Offer) -> Examined:
        listed = previous_in_line(offering.listing, offer.version, order(offering.ecosystem))
        before = like(offer, offering.offers, listed.version) if listed else None
        source = sdist_of(offer, offering.offers)
        data = {
            name: content
            for release in package.releases
            for name, content in self.registries.files(package, release).items()
        }
        # What began the name is told by its time alone.
        before = before if before and before.filename in data else None
        return self.looks.look(offering, offer, (before, source), data)
