"""Grounds are everything that a gate decides by, read together and replaced together.

Policy, settings, advisories and exemptions. New grounds that cannot be read do not replace the old ones; to
begin on, a policy and settings are required, and without advisories nothing is allowed and the gate says why.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from seawall.adapters.disk.places import data_directory, settings_files, settings_paths
from seawall.adapters.disk.shipped import data_bytes
from seawall.adapters.feeds.index import Index, open_index
from seawall.decide import chosen_policy
from seawall.judging import NOT_IN_ANY_FEED, chosen
from seawall.kernel.advisory import Advisory
from seawall.kernel.asset import package_key, package_name
from seawall.kernel.attack import as_advisories, ways_back
from seawall.kernel.decision import Decision
from seawall.kernel.errors import PolicyError, SeawallError, StoreError
from seawall.kernel.finding import Skipped
from seawall.kernel.gate_settings import Exemption
from seawall.kernel.intake import FeedState, Key
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.policy.classes import Classes, classes_of
from seawall.kernel.policy.engine import Policy
from seawall.kernel.rule import Rule
from seawall.kernel.settings import POLICY_STRICTNESS, Settings
from seawall.readers.advisories.attacks import read_catalog
from seawall.rules import RULES
from seawall.trust import own_settings

ACTION = "fetch"


class Advisories:
    """What is known about names: the index on disk, and the built-in catalog beside it.

    `fault` says why there is no index. `digest` is `sha256:<hex>` over its feeds and all of their records,
    empty without one. Safe to share between threads. Close it when done.
    """

    def __init__(self, index: Index | None, fault: str = "") -> None:
        self._index = index
        self._lock = threading.Lock()
        catalog = read_catalog(data_bytes("attacks.json"))
        self._catalog: dict[tuple[str, str], list[Advisory]] = {}
        for advisory in as_advisories(catalog.attacks):
            for item in advisory.affected:
                key = (item.ecosystem, package_name(item.ecosystem, item.name))
                self._catalog.setdefault(key, []).append(advisory)
        self.last_good: Mapping[Key, str] = ways_back(catalog.attacks)
        self.fault = fault
        self.states: tuple[FeedState, ...] = index.states() if index else ()
        self.digest = _digest(self.states, index.digests()) if index else ""

    def about(self, ecosystem: str, name: str) -> tuple[Advisory, ...]:
        """Every record about the name. Raises StoreError where the index cannot be read."""
        name = package_name(ecosystem, name)
        with self._lock:
            known = tuple(self._index.about([(ecosystem, name)])) if self._index else ()
        return (*known, *self._catalog.get((ecosystem, name), ()))

    def feeds(self, ecosystem: str) -> tuple[FeedState, ...]:
        """The feeds that can answer for an ecosystem."""
        return tuple(state for state in self.states if ecosystem in state.covers)

    def missing(self, ecosystem: str) -> tuple[Skipped, ...]:
        """What cannot be looked up there, and why."""
        if ecosystem in NOT_IN_ANY_FEED or self.feeds(ecosystem):
            return ()
        why = self.fault or "there is no advisory data for it on this machine"
        return (unlooked(ecosystem, why),)

    def close(self) -> None:
        """Give the index back, when no question is being answered."""
        with self._lock:
            if self._index:
                self._index.close()


def _digest(states: Iterable[FeedState], records: Mapping[str, str]) -> str:
    """Another one whenever a feed holds other records than before, or is of another time or place."""
    told = [
        (item.name, item.as_of, item.records, item.covers, item.origin, records.get(item.name, ""))
        for item in states
    ]
    return "sha256:" + hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()


def unlooked(ecosystem: str, why: str) -> Skipped:
    """Nothing is known about malware and vulnerabilities there."""
    return Skipped(f"malware and vulnerabilities ({ecosystem})", why, "seawall sync", required=True)


@dataclass(frozen=True, slots=True)
class Covered:
    """An exemption and what it covers; an empty version is every version."""

    ecosystem: str
    name: str
    version: str
    exemption: Exemption

    def covers(self, ecosystem: str, name: str, version: str) -> bool:
        """It is about this package version."""
        same = (self.ecosystem, self.name) == (ecosystem, package_name(ecosystem, name))
        return same and self.version in ("", version)

    def ended(self, today: date) -> bool:
        """Its last day is over."""
        return self.exemption.expires < today


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """Everything that is decided by. `decided` holds answers of this very policy, and `digests` those of the
    facts that it saw; their user bounds them.

    `digest` is `sha256:<hex>` of the settings and exemptions.
    """

    policy: Policy
    settings: Settings
    advisories: Advisories
    exemptions: tuple[Covered, ...] = ()
    rules: tuple[Rule, ...] = RULES
    classes: Classes = field(default_factory=Classes)
    digest: str = ""
    decided: dict[Hashable, Decision] = field(default_factory=dict)
    digests: dict[Hashable, str] = field(default_factory=dict)


def grounds(
    settings: Settings,
    advisories: Advisories,
    exemptions: Iterable[Exemption] = (),
    policy: Policy | None = None,
    rules: Iterable[Rule] = RULES,
) -> Grounds:
    """Grounds of these parts. Raises PolicyError for a policy or an exemption that cannot be used."""
    chosen_one = policy or chosen_policy(settings.policy)
    covered = tuple(_covered(item) for item in exemptions)
    text = repr((settings, [item.exemption for item in covered]))
    return Grounds(
        policy=chosen_one,
        settings=settings,
        advisories=advisories,
        exemptions=covered,
        rules=chosen(rules, (), settings),
        classes=classes_of(chosen_one, ACTION),
        digest="sha256:" + hashlib.sha256(text.encode()).hexdigest(),
    )


def _covered(exemption: Exemption) -> Covered:
    try:
        ecosystem, name, version = package_key(exemption.asset)
    except ValueError:
        raise PolicyError(
            f"the exemption for {exemption.asset!r} names no package",
            "write asset as a package URL, as in pkg:npm/name@1.2.3",
        ) from None
    return Covered(ecosystem, name, version, exemption)


def _no_exemptions() -> tuple[Exemption, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Places:
    """Where grounds are read from, again and again.

    `exemptions` reads those of `firewall.toml`, which is `firewall`; it raises PolicyError for a broken file.
    """

    index: Path = field(default_factory=lambda: data_directory() / "advisories.db")
    firewall: Path | None = None
    exemptions: Callable[[], Iterable[Exemption]] = _no_exemptions

    def stamp(self, policy: str) -> Hashable:
        """Changes when one of the files does. `policy` is the name or path of the policy in use."""
        paths = [*settings_paths(), self.index]
        paths += [self.firewall] if self.firewall else []
        paths += [] if policy in POLICY_STRICTNESS else [Path(policy)]
        return tuple(map(_stamp, paths))

    def read(self, *, begin: bool = False) -> Grounds:
        """The grounds as the files are now. Raises SeawallError where they cannot be used.

        To `begin` on, an index may be missing or broken: then nothing is allowed, but the reason is said.
        """
        settings = own_settings(settings_files(), DEFAULT_LIMITS)
        policy = chosen_policy(settings.policy)
        exemptions = tuple(self.exemptions())
        return grounds(settings, self._advisories(begin=begin), exemptions, policy)

    def _advisories(self, *, begin: bool) -> Advisories:
        try:
            index = open_index(self.index, any_thread=True)
            if index is None:
                raise StoreError(f"there is no advisory index at {self.index}", "seawall sync")
            return Advisories(index)
        except StoreError as error:
            if not begin:
                raise
            return Advisories(None, str(error))


def _stamp(path: Path) -> Hashable:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def moment(text: str) -> datetime:
    """An RFC 3339 time; one that cannot be read is long ago."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def told(error: SeawallError) -> str:
    """An error in one line, with what to do."""
    return f"{error}" + (f" ({error.advice})" if error.advice else "")
