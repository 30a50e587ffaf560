"""What a registry says of a file now is held against what it said when the file was first seen.

A file never changes: another digest under the same name is another file. Its time never changes either; where
it did, and where a file appears later than the registry says it came, the later time counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from seawall.kernel.advisory import Severity
from seawall.kernel.asset import package_purl
from seawall.kernel.finding import Finding, fingerprint
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.sighting import NameSeen, Sighting, agrees

DRIFT = "packages/digest-drift"
MOVED = "packages/time-moved"

_SAME_TIME = timedelta(seconds=1)
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
        found = tuple(_differences(sighting, offer, offering))
        if found:
            findings[offer.filename] = found
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
    if one is None or other is None or abs(one - other) <= _SAME_TIME:
        return other
    return max(one, other)


def _differences(sighting: Sighting, offer: Offer, offering: Offering) -> Iterator[Finding]:
    drift = agrees(sighting, offer)
    if drift:
        yield _finding(
            DRIFT,
            Severity.CRITICAL,
            offer,
            offering,
            f"{offer.filename} is not the file that was first seen on {_day(sighting.first)}: {drift}",
            "do not install it; ask the registry and the maintainers why it changed",
        )
    then, now = sighting.published, offer.published
    if then is not None and now is not None and abs(then - now) > _SAME_TIME:
        yield _finding(
            MOVED,
            Severity.MEDIUM,
            offer,
            offering,
            f"{offer.filename} is said to be of {_day(now)}, but {_before(sighting)}",
            "the later time counts; find out why the registry says another one",
        )


def _before(sighting: Sighting) -> str:
    if sighting.published == sighting.first:
        return f"it was not there before {_day(sighting.first)}"
    return f"it was of {_day(sighting.published or sighting.first)} when it was first seen"


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _finding(
    rule: str, severity: Severity, offer: Offer, offering: Offering, message: str, advice: str
) -> Finding:
    asset = package_purl(offering.ecosystem, offering.name, offer.version)
    mark = fingerprint(rule, asset, offer.filename, "")
    return Finding(rule, severity, asset, message, advice, offer.filename, 0, mark)
