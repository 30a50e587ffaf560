"""What an install of the past would have brought: the newest release in each range that may be had.

As npm and pip do without a lockfile, and simpler: one release of each name, the newest that fits whoever asks
first. What a scenario does not tell of is taken for old and good, and left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from semantic_version import NpmSpec, Version

from seawall.kernel.comparing import is_final, registry_name
from seawall.kernel.scenario import PastPackage, PastRelease, Scenario, Want
from seawall.kernel.versions import order

Allowed = Callable[[PastPackage, PastRelease], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What an install brings, in the order in which it was asked for.

    `missing` names what could not be had, so that nothing is installed at all; empty when all could.
    """

    releases: tuple[tuple[PastPackage, PastRelease], ...] = ()
    missing: str = ""

    @property
    def bad(self) -> tuple[tuple[PastPackage, PastRelease], ...]:
        """Those whose code does harm; none where the install fails."""
        return () if self.missing else tuple(pair for pair in self.releases if pair[1].bad)


def taken(scenario: Scenario, wants: tuple[Want, ...], now: datetime, allowed: Allowed) -> Taken:
    """What comes in when `wants` are installed at `now`, out of what is `allowed`."""
    pending = deque((want, True) for want in wants)
    found: dict[tuple[str, str], tuple[PastPackage, PastRelease]] = {}
    missing = ""
    while pending:
        want, needed = pending.popleft()
        package = scenario.package(want.ecosystem, want.name)
        if package is None or (want.ecosystem, want.name) in found:
            continue
        release = next((one for one in candidates(package, want.spec, now) if allowed(package, one)), None)
        if release is not None:
            found[want.ecosystem, want.name] = (package, release)
            pending += _asked_by(package, release)
        elif needed:
            missing = missing or f"{want.name} {want.spec}".strip()
    return Taken(tuple(found.values()), missing)


def _asked_by(package: PastPackage, release: PastRelease) -> Iterator[tuple[Want, bool]]:
    for needed, group in ((True, release.needs), (False, release.optional)):
        for name, spec in group.items():
            real = registry_name(name, spec)
            if real:
                yield Want(package.ecosystem, real, "" if real != name else spec), needed


def candidates(package: PastPackage, spec: str, now: datetime) -> list[PastRelease]:
    """The releases that fit, the one that a client takes first."""
    rank = order(package.ecosystem)
    fitting = [one for one in package.there(now) if fits(package.ecosystem, one.version, spec)]
    ranked = [one for one in fitting if rank(one.version) is not None]
    ranked.sort(key=lambda one: rank(one.version), reverse=True)
    final = [one for one in ranked if is_final(one.version)]
    return final + [one for one in ranked if one not in final]


@lru_cache(maxsize=20_000)
def fits(ecosystem: str, version: str, spec: str) -> bool:
    """The version is in the range; a tag (`latest`) and what cannot be read as a range take anything."""
    text = spec.strip()
    if text in ("", "*", "latest"):
        return True
    try:
        if ecosystem == "PyPI":
            return SpecifierSet(text).contains(version, prereleases=True)
        return NpmSpec(text).match(Version(version))  # type: ignore[no-any-return]
    except (InvalidSpecifier, ValueError):
        return text == version or not any(letter.isdigit() for letter in text)
