"""What this machine's firewall would answer about a release now, from what it remembers; nobody is asked.

What registries said last is kept on disk, and so is what was seen and found; policy, settings and advisories
are read as they are now. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from seawall.adapters.origins.fetch import kept_under
from seawall.adapters.origins.heard import kept_at
from seawall.adapters.stores.blobs import held_at
from seawall.answers import answered
from seawall.examine import ENGINE, close, examine
from seawall.first_seen import notice
from seawall.freeze import config_path, exemptions, known_origins
from seawall.grounds import Grounds, Places
from seawall.handing import like, sdist_of, subject_of
from seawall.kernel.admission import Admission, Ruling
from seawall.kernel.choosing import newest_let_in
from seawall.kernel.comparing import previous_in_line
from seawall.kernel.dialect import Dialect
from seawall.kernel.intake import Key
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.offer import Offering
from seawall.kernel.origin import Origin, route
from seawall.kernel.policy.facts import Mode, Principal
from seawall.kernel.release import ReleaseFacts
from seawall.kernel.release_diff import Row
from seawall.kernel.sighting import Examined, NameSeen
from seawall.kernel.versions import order
from seawall.weighing import Known, weigh

Dialects = Mapping[str, Dialect]
"""By ecosystem."""

_FILES = 4
_LARGEST = 64 * 1024 * 1024
"""Of so many files, and of none that has more bytes, it is shown what is in them."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Beside:
    """One file beside the one that it is compared with, whose name is empty where that one is not here."""

    before: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer about each file of one release, by file name; `instead` is the version to take, if any.

    `release` is what the registry said of it, compared with the release before, as of `heard`. `beside` is
    what is in its files and in those of the release before, as far as they are here.
    """

    policy: str
    admissions: Mapping[str, Admission]
    heard: datetime
    release: ReleaseFacts | None = None
    instead: str = ""
    beside: Mapping[str, Beside] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Memory:
    """A firewall's data directory, and of whom what was heard there may be."""

    data: Path
    dialects: Dialects
    origins: Sequence[Origin] = field(default_factory=known_origins)

    def offering(self, ecosystem: str, name: str) -> tuple[Offering, datetime] | None:
        """What is offered under a name, and as of when that is. Raises OutsideError for a broken document."""
        dialect = self.dialects.get(ecosystem)
        for origin in route(ecosystem, name, self.origins) if dialect else ():
            url = dialect.address(origin.url, name) if dialect else ""
            kept = (
                kept_at(self.data / "heard", kept_under(origin, url, dialect.accept))
                if dialect and url
                else None
            )
            if dialect and kept is not None and kept.status == 200:
                read = dialect.read(kept.body, kept.content_type, kept.url, name, "", DEFAULT_LIMITS)
                return replace(read, origin=origin.name), datetime.fromtimestamp(kept.at, UTC)
        return None

    def first_releases(self, ecosystem: str, names: Sequence[str]) -> Mapping[str, datetime | None]:
        """When names first appeared, as far as it was ever asked."""
        found = {name: self.offering(ecosystem, name) for name in names}
        return {name: there[0].listing.first_release for name, there in found.items() if there}


def answer_now(
    key: Key, seen: NameSeen, examined: Sequence[Examined], memory: Memory, now: datetime
) -> Answer | None:
    """None where what the registry said is not here any more. Raises SeawallError for broken grounds."""
    ecosystem, name, version = key
    there = memory.offering(ecosystem, name)
    if there is None:
        return None
    config = config_path()
    places = Places(
        index=memory.data / "advisories.db", firewall=config, exemptions=lambda: exemptions(config)
    )
    grounds = places.read(begin=True)
    try:
        return _answer(*there, version, seen, examined, grounds, memory, now)
    finally:
        grounds.advisories.close()


def _answer(
    offering: Offering,
    heard: datetime,
    version: str,
    seen: NameSeen,
    examined: Sequence[Examined],
    grounds: Grounds,
    memory: Memory,
    now: datetime,
) -> Answer:
    ours = sorted((item for item in examined if item.engine == ENGINE), key=lambda item: item.at or _EARLIEST)
    known = Known(
        noticed=notice(seen, offering, now),
        examined={item.filename: item for item in ours},
        first_releases=memory.first_releases,
    )
    weighed = weigh(offering, offering.offers, grounds, known, now)
    every = answered(weighed, grounds, Principal(), Mode.ENFORCE, now).admissions
    best, best_of = newest_let_in(offering, every)
    mine = {offer.filename for offer in offering.offers if offer.version == version}
    return Answer(
        policy=grounds.policy.name,
        admissions={filename: every[filename] for filename in sorted(mine)},
        heard=heard,
        release=next((group.release for group in weighed.groups if group.version == version), None),
        instead=Ruling(every, best=best, best_of=best_of).instead_of(version),
        beside=_side_by_side(offering, version, {item.filename for item in ours}, memory.data / "files"),
    )


def _side_by_side(
    offering: Offering, version: str, looked: Collection[str], files: Path
) -> Mapping[str, Beside]:
    """The files of a release that were looked into, looked into again beside those of the release before."""
    listed = previous_in_line(offering.listing, version, order(offering.ecosystem))
    found: dict[str, Beside] = {}
    for offer in [item for item in offering.offers if item.version == version and item.filename in looked]:
        blob = held_at(files, offer.digests)
        if blob is None or len(found) == _FILES or blob.size > _LARGEST:
            continue
        others = []
        before = like(offer, offering.offers, listed.version) if listed else None
        for other in (before, sdist_of(offer, offering.offers)):
            there = held_at(files, other.digests) if other else None
            others.append(subject_of(offering, other, there) if other and there else None)
        seen = examine(subject_of(offering, offer, blob), *others, side_by_side=True)
        found[offer.filename] = Beside(others[0].filename if others[0] else "", seen.summary)
    close()
    return found
