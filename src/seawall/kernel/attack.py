"""An attack is one of the past: what was bad, from when to when, and who says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .advisory import Advisory, Affected, VersionRange


@dataclass(frozen=True, slots=True)
class BadRelease:
    """Exact bad versions of one package; `whole` means the name itself is bad, whatever the version.

    `last_good` is the version to go back to, `fixed` the first clean one after; empty where no source
    says so. `advisories` are public ids, the first of which names the release in reports.
    """

    ecosystem: str
    name: str
    versions: tuple[str, ...]
    last_good: str = ""
    fixed: str = ""
    whole: bool = False
    advisories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attack:
    """One entry of the catalog. Times RFC 3339, possibly only a date or month; empty = unknown.

    `kind` is `attack`, `victim-response`, `vendor-breach`, `research` or `vulnerability`; `releases` is
    empty when the bad thing was no package, or no public source names its versions. `confidence` is
    `high`, `medium` or `low`: ours, after weighing the sources in `sources`.
    """

    id: str
    title: str
    kind: str
    start: str
    end: str
    releases: tuple[BadRelease, ...]
    summary: str = ""
    confidence: str = "medium"
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every attack that is known here, and until when (RFC 3339) it was kept."""

    as_of: str
    attacks: tuple[Attack, ...]


def as_advisories(attacks: Iterable[Attack]) -> Iterator[Advisory]:
    """One malicious advisory per bad release, so that the catalog is asked as any feed is.

    The id is the public one where there is one, else the attack's own.
    """
    for attack in attacks:
        for release in attack.releases:
            ids = (*release.advisories, attack.id)
            every = VersionRange("ECOSYSTEM", (("introduced", "0"),))
            affected = Affected(
                release.ecosystem,
                release.name,
                () if release.whole else release.versions,
                (every,) if release.whole else (),
            )
            yield Advisory(
                id=ids[0],
                affected=(affected,),
                aliases=ids[1:],
                summary=attack.title,
                malicious=True,
                published=attack.start,
                feed="catalog",
            )


def ways_back(attacks: Iterable[Attack]) -> dict[tuple[str, str, str], str]:
    """For each exact bad version the release to go to: the last good one, else the first fixed one."""
    return {
        (release.ecosystem, release.name, version): release.last_good or release.fixed
        for attack in attacks
        for release in attack.releases
        for version in release.versions
        if release.last_good or release.fixed
    }
