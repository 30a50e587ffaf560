"""What a registry says of a file now is held against what it said when the file was first seen.

A file never changes: another digest under the same name is another file. Its time never changes either; where
it did, and where a file appears later than the registry says it came, the later time counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from seawall.kernel.asset import package_purl
from seawall.kernel.finding import Finding
from seawall.kernel.intake import Intake
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.rule import judge
from seawall.kernel.sighting import SAME_TIME, Departure, NameSeen, Sighting, agrees
from seawall.rules import RULES

_RULES = tuple(item for item in RULES if item.id in ("packages/digest-drift", "packages/time-moved"))
_CACHES = timedelta(hours=1)
"""For so long a registry's caches may hide a file that is already published."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What was noticed of the files of a name, by file name.

    `published` is the time that counts, for files whose own does not. `new` were not seen before.
    """

    findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    published: dict[str, datetime] = field(default_factory=dict)
    new: tuple[Sighting, ...] = ()


def notice(seen: NameSeen, offering: Offering, now: datetime) -> Noticed:
    """What differs from what was `seen`, and what is new."""
    findings: dict[str, tuple[Finding, ...]] = {}
    published: dict[str, datetime] = {}
    new = []
    known_here = any(item.origin == offering.origin for item in seen.files.values())
    for offer in offering.offers:
        sighting = seen.files.get(offer.filename)
        if sighting is None:
            sighting = _first(offer, offering, now, seen.changed if known_here else None)
            new.append(sighting)
        departure = Departure(package_purl(offering.ecosystem, offering.name, offer.version), sighting, offer)
        if departure.moved or agrees(sighting, offer):
            findings[offer.filename] = judge(_RULES, Intake((), now, departures=(departure,)))
        counts = _later(sighting.published, offer.published)
        if counts is not None and counts != offer.published:
            published[offer.filename] = counts
    return Noticed(findings, published, tuple(new))


def _first(offer: Offer, offering: Offering, now: datetime, looked: datetime | None) -> Sighting:
    """The file as it is first seen.

    `looked` is when the name's document was last seen to become another one: a file that the registry says
    was published well before, and that was not in it, did not come when the registry says. It came now.
    """
    said = offer.published
    late = said is not None and looked is not None and said < looked - _CACHES
    return Sighting(offer.filename, offer.version, offer.digests, now if late else said, now, offering.origin)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """None where the registry says no time now: that is its answer, whatever it said before."""
    if one is None or other is None or abs(one - other) <= SAME_TIME:
        return other
    return max(one, other)
