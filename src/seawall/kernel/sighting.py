"""A sighting is what the firewall itself saw of a file: which digests at first, when, and what was in it.

It is kept beside what the registry says, so that a registry that says something else later is noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .finding import Finding, Skipped
from .offer import Offer
from .release_diff import Row


@dataclass(frozen=True, slots=True)
class Sighting:
    """One file as it was first offered. Times are aware UTC.

    `published` is what the registry said then, None = nothing. `first` is when it was first offered to us.
    `digests` are those that were named then, and that of the bytes once they came.
    """

    filename: str
    version: str
    digests: tuple[str, ...]
    published: datetime | None
    first: datetime
    origin: str = ""


@dataclass(frozen=True, slots=True)
class NameSeen:
    """What was seen of a name: its files by file name, and when its document last became another one."""

    files: dict[str, Sighting] = field(default_factory=dict)
    document: str = ""
    changed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """What a look into one file found, by which engine. `digest` is `sha256:<hex>` of the bytes.

    It counts for that file of that name only: what is new in it depends on what was there before. `summary`
    is the comparison side by side, for people.
    """

    filename: str
    version: str
    digest: str
    engine: str
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    at: datetime | None = None
    summary: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Departure:
    """A file of which its registry says now (`offer`) something else than when it was first seen.

    `asset` is the purl of its release.
    """

    asset: str
    sighting: Sighting
    offer: Offer

    @property
    def moved(self) -> bool:
        """Its time is another one now."""
        then, now = self.sighting.published, self.offer.published
        return then is not None and now is not None and abs(then - now) > SAME_TIME


SAME_TIME = timedelta(seconds=1)
"""Times that differ by less are one that was rounded."""


def agrees(sighting: Sighting, offer: Offer) -> str:
    """Empty where the offer can be the file that was first seen, else how its digest differs.

    Digests of one algorithm are compared. Where both sides have digests but of no common algorithm, nobody
    can tell that the file is the same, and that counts as another one.
    """
    if sighting.digests[: len(offer.digests)] == offer.digests:
        return ""
    known = {digest.partition(":")[0]: digest for digest in sighting.digests}
    offered = {digest.partition(":")[0]: digest for digest in offer.digests}
    common = sorted(known.keys() & offered.keys())
    for algorithm in common:
        if known[algorithm] != offered[algorithm]:
            return f"its {algorithm} digest was another one"
    if known and offered and not common:
        return "its digests are of another kind, so nothing shows that it is the same"
    return ""
