"""The nouns of a trace: what is asked about, what a repository's past tells, and what is known of each place.

Times are Unix seconds, None = not known, or not bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from .advisory import Affected
from .asset import package_name
from .code import Code
from .matching import is_affected
from .reach.edge import Reach

FAR = 1 << 62
"""Further away than any time."""
ACTIONS = "GitHub Actions"
"""The ecosystem of actions, which workflows name by themselves."""


class Status(IntEnum):
    """What is known about one place, the worst last."""

    EXCLUDED = 0
    POSSIBLE = 1
    CONFIRMED = 2

    @property
    def word(self) -> str:
        """As people and programs read it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What is asked about: bad versions of packages, and when they could be had.

    `words` is what was asked for. `since` and `until` are None where nobody says. `drill`: as if.
    `switch`: its malware is known, or said, to destroy when what it stole is revoked.
    """

    words: str
    suspects: tuple[Affected, ...]
    since: int | None = None
    until: int | None = None
    title: str = ""
    drill: bool = False
    switch: bool = False
    sources: tuple[str, ...] = ()

    @property
    def start(self) -> int:
        """The first second that counts."""
        return -FAR if self.since is None else self.since

    @property
    def end(self) -> int:
        """The last second that counts."""
        return FAR if self.until is None else self.until


def touches(start: int | None, end: int | None, since: int, until: int) -> bool:
    """Whether what lasted from `start` to `end`, None = not bounded, did so between `since` and `until`."""
    return (start is None or start <= until) and (end is None or end >= since)


def in_order(start: int | None, end: int | None) -> Span:
    """The two as a span of time; where the end claims to come first, nobody knows when it began."""
    inverted = start is not None and end is not None and end < start
    return (None, start) if inverted else (start, end)


@dataclass(frozen=True, slots=True)
class Locked:
    """One file that names package versions, as it lay on the branch from one commit to another.

    `held` are the (ecosystem, name, version) of packages in question that it fixes, `asked` the
    (ecosystem, name, range) that it leaves open. `unread` says why nothing is known of it. `start` is None
    where it was there before all that was looked at, `end` while it is still there.
    """

    path: str
    commit: str
    start: int | None
    end: int | None
    end_commit: str = ""
    held: tuple[tuple[str, str, str], ...] = ()
    asked: tuple[tuple[str, str, str], ...] = ()
    unread: str = ""
    lock: bool = True
    ecosystem: str = ""

    def touches(self, since: int, until: int) -> bool:
        """Whether it lay there at some time from `since` to `until`."""
        return touches(self.start, self.end, since, until)


@dataclass(frozen=True, slots=True)
class Bad:
    """A span in which a lockfile on any branch fixed a bad version. Times as in `Locked`."""

    path: str
    key: tuple[str, str, str]
    commit: str
    start: int | None
    end: int | None
    end_commit: str = ""

    def touches(self, since: int, until: int) -> bool:
        """Whether it was so at some time from `since` to `until`."""
        return touches(self.start, self.end, since, until)


@dataclass(frozen=True, slots=True)
class Proof:
    """One piece of evidence. `since` and `until` are when it was so."""

    words: str
    path: str = ""
    line: int = 0
    commit: str = ""
    since: int | None = None
    until: int | None = None
    until_commit: str = ""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is known about one place: a lockfile (whoever installed from it), or what runs in a job.

    `principal` is the job (`workload:FILE#JOB`), or empty where it is whoever installed there. `weight`
    ranks those that are possible: 2 it asks for the package itself, 1 the package is among the
    repository's own, 0 it is not known whether it came along.
    """

    status: Status
    place: str
    principal: str
    since: int | None
    until: int | None
    evidence: tuple[Proof, ...]
    codes: tuple[Code, ...] = ()
    weight: int = 0


Span = tuple[int | None, int | None]
"""From when to when; None = not known, or not bounded."""


@dataclass(frozen=True, slots=True)
class Past:
    """What the repository tells: lockfiles on the branch, bad spans on any, reach while it counted.

    `whole`: the lockfiles of the branch are known for all of the time that is asked about. `lived`: from when
    to when a code item was at its place as it is here, where that is known.
    """

    locks: tuple[Locked, ...] = ()
    bad: tuple[Bad, ...] = ()
    reach: Reach = field(default_factory=Reach)
    whole: bool = True
    lived: Mapping[tuple[str, Code], Span] = field(default_factory=dict)


def is_bad(asked: Suspicion, key: tuple[str, str, str]) -> bool | None:
    """Whether a package version is one that is asked about; None where that cannot be known."""
    answers = [is_affected(one, key[2]) for one in about(asked, key[0], key[1])]
    if any(answers):
        return True
    return None if None in answers else False


def about(asked: Suspicion, ecosystem: str, name: str) -> list[Affected]:
    """What is asked of one package."""
    wanted = package_name(ecosystem, name)
    return [
        one
        for one in asked.suspects
        if one.ecosystem == ecosystem and package_name(ecosystem, one.name) == wanted
    ]


def counted(found: Iterable[Exposure]) -> Mapping[Status, int]:
    """How many places of each status."""
    numbers = dict.fromkeys(Status, 0)
    for one in found:
        numbers[one.status] += 1
    return numbers
