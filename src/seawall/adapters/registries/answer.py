"""What was heard becomes facts; what was not heard becomes a reason, and neither becomes a guess."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from seawall.kernel.asking import not_asked
from seawall.kernel.comparing import registry_name
from seawall.kernel.finding import Skipped
from seawall.kernel.intake import Key
from seawall.kernel.release import NewDependency, ReleaseFacts

from .kept import Kept
from .names import Name

_REASONS = 8
Ages = Mapping[tuple[str, str], datetime | None]
"""(ecosystem, name) → when the name first appeared, None when that is not known."""


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """What is known of releases, and what is not. A key that is in neither was not asked about."""

    releases: Mapping[Key, ReleaseFacts] = field(default_factory=lambda: MappingProxyType({}))
    skipped: tuple[Skipped, ...] = ()


@dataclass(slots=True)
class Unknown:
    """What is not known: (ecosystem, reason, advice) → names."""

    reasons: dict[tuple[str, str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def because(self, ecosystem: str, name: str, reason: str, advice: str = "") -> None:
        """Something about this name is not known, for this reason."""
        self.reasons[ecosystem, reason, advice].append(name)

    def skipped(self) -> Iterator[Skipped]:
        """One for each reason; a registry that finds a new excuse for every name gets no line for each."""
        said: dict[str, int] = defaultdict(int)
        others: dict[str, list[str]] = defaultdict(list)
        for (ecosystem, reason, advice), names in self.reasons.items():
            said[ecosystem] += 1
            if said[ecosystem] > _REASONS:
                others[ecosystem] += names
            else:
                yield not_asked(ecosystem, names, reason, advice)
        for ecosystem, names in others.items():
            yield not_asked(ecosystem, names, "for other reasons")


def answered(
    names: Mapping[Name, tuple[str, ...]], heard: Mapping[Name, Kept], ages: Ages, unknown: Unknown
) -> RegistryAnswer:
    """The facts about every wanted version of the names that were heard of."""
    releases: dict[Key, ReleaseFacts] = {}
    for name, versions in names.items():
        kept = heard.get(name)
        if kept is not None and not kept.there:
            hosts = " and ".join(dict.fromkeys(item.host for item in name.route))
            unknown.because(name.kind.ecosystem, name.name, f"{hosts} does not know it, or not any more")
        elif kept is not None:
            for version in versions:
                facts = _facts(name, version, kept, unknown)
                releases[facts.key] = _with_ages(_undisputed(name, facts, unknown), ages)
    return RegistryAnswer(MappingProxyType(releases), tuple(unknown.skipped()))


def _facts(name: Name, version: str, kept: Kept, unknown: Unknown) -> ReleaseFacts:
    ecosystem, release = name.kind.ecosystem, f"{name.name} {version}"
    facts = kept.facts.get(version)
    if facts is None:
        if version in kept.missing:
            unknown.because(ecosystem, release, f"{kept.host} does not list this release, or not any more")
        return ReleaseFacts((ecosystem, name.name, version), first_release=kept.first, source=kept.host)
    if facts.published is None:
        unknown.because(ecosystem, release, f"{kept.host} does not say when it was published")
    return facts


def _undisputed(name: Name, facts: ReleaseFacts, unknown: Unknown) -> ReleaseFacts:
    """Without digests where another index may have delivered the files."""
    if len(name.route) == 1 or not facts.digests:
        return facts
    reason = "digests were not compared: more than one index could have delivered the files"
    unknown.because(name.kind.ecosystem, name.name, reason)
    return replace(facts, digests=())


def _with_ages(facts: ReleaseFacts, ages: Ages) -> ReleaseFacts:
    if not facts.new_dependencies:
        return facts
    new = tuple(_aged(item, facts.key[0], ages) for item in facts.new_dependencies)
    return replace(facts, new_dependencies=new)


def _aged(item: NewDependency, ecosystem: str, ages: Ages) -> NewDependency:
    if item.first_release:
        return item
    return replace(item, first_release=ages.get((ecosystem, registry_name(item.name, item.spec))))
