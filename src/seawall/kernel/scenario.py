"""A scenario is one day of the past as anybody could have seen it: what came when, and who took it.

Nothing here says what a rule, a policy or a control should make of it. `bad` says whose code did harm, so
that an answer can be counted; no answer is made from it, nor from a title or an id. Times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from .advisory import Advisory


def _no_files() -> Mapping[str, bytes]:
    return MappingProxyType({})


def _no_texts() -> Mapping[str, str]:
    return MappingProxyType({})


class Moment(StrEnum):
    """What a team does when it takes something."""

    INSTALL = "install"
    MERGE = "merge"
    LAUNCH = "launch"
    LOAD = "load"


@dataclass(frozen=True, slots=True, eq=False)
class PastRelease:
    """One release. `gone` is when its registry took it away, None = it never did.

    `by` is the account, `pipeline` the pipeline that published it. `scripts`, `needs` and `optional` are as a
    package.json writes them; of PyPI, `needs` are PEP 508 ranges by name. `files` are those of every archive
    of the release, `only_wheel` and `only_sdist` those of one kind. `kinds` are the archives that there are.
    """

    version: str
    at: datetime
    gone: datetime | None = None
    by: str = ""
    pipeline: str = ""
    attested: bool = False
    scripts: Mapping[str, str] = field(default_factory=_no_texts)
    needs: Mapping[str, str] = field(default_factory=_no_texts)
    optional: Mapping[str, str] = field(default_factory=_no_texts)
    files: Mapping[str, bytes] = field(default_factory=_no_files, repr=False)
    only_wheel: Mapping[str, bytes] = field(default_factory=_no_files, repr=False)
    only_sdist: Mapping[str, bytes] = field(default_factory=_no_files, repr=False)
    kinds: frozenset[str] = frozenset({"wheel", "sdist"})
    bad: bool = False

    def there(self, now: datetime) -> bool:
        """It had been published, and its registry had not taken it away."""
        return self.at <= now and (self.gone is None or now < self.gone)


@dataclass(frozen=True, slots=True, eq=False)
class PastPackage:
    """One name in one ecosystem (the names of OSV). `born` is when it first appeared there."""

    ecosystem: str
    name: str
    releases: tuple[PastRelease, ...]
    born: datetime | None = None

    def there(self, now: datetime) -> tuple[PastRelease, ...]:
        """What was offered at that moment."""
        return tuple(item for item in self.releases if item.there(now))

    def first(self, now: datetime) -> datetime | None:
        """When the name first appeared, as one could know it at that moment."""
        times = [item.at for item in self.releases if item.at <= now]
        return min((*times, *([self.born] if self.born and self.born <= now else [])), default=None)


@dataclass(frozen=True, slots=True, eq=False)
class PastCommit:
    """One commit of a repository of a hub. `flags` are what the hub's own scan said, by path."""

    at: datetime
    files: Mapping[str, bytes] = field(default_factory=_no_files, repr=False)
    flags: Mapping[str, str] = field(default_factory=_no_texts)
    bad: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PastRepository:
    """A model, dataset or space of a hub. `born` is when its account was made, None = not said.

    `config` is what the hub tells of its configuration (`auto_map`), as JSON.
    """

    kind: str
    name: str
    commits: tuple[PastCommit, ...]
    created: datetime | None = None
    born: datetime | None = None
    gated: bool = False
    code: tuple[str, ...] = ()

    def there(self, now: datetime) -> tuple[PastCommit, ...]:
        """The commits that there were, the newest last."""
        return tuple(sorted((item for item in self.commits if item.at <= now), key=lambda item: item.at))


@dataclass(frozen=True, slots=True)
class Notice:
    """An advisory, and from when on anybody could have known it."""

    at: datetime
    advisory: Advisory


@dataclass(frozen=True, slots=True)
class Want:
    """Something that is asked for: a name and a range, as its ecosystem writes ranges."""

    ecosystem: str
    name: str
    spec: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """A moment at which a team takes something in.

    `wants` are what its manifest or command asks for, `files` is its tree then, `before` the tree before the
    change, None = the same without what the moment brings.
    """

    at: datetime
    does: Moment
    wants: tuple[Want, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=_no_files, repr=False)
    before: Mapping[str, bytes] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """Everything that one file tells. `title` and `sources` are shown and never read."""

    id: str
    takes: tuple[Take, ...]
    packages: tuple[PastPackage, ...] = ()
    repositories: tuple[PastRepository, ...] = ()
    notices: tuple[Notice, ...] = ()
    benign: bool = False
    title: str = ""
    sources: tuple[str, ...] = ()

    def package(self, ecosystem: str, name: str) -> PastPackage | None:
        """The package of that name, if the scenario tells of it."""
        return next((p for p in self.packages if (p.ecosystem, p.name) == (ecosystem, name)), None)

    def known(self, now: datetime) -> tuple[Advisory, ...]:
        """The advisories that had been published by then."""
        return tuple(item.advisory for item in self.notices if item.at <= now)
