"""What is written to a ledger goes in by groups: all of a group is durable, or nothing of it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from .graph import Edge, Relation
from .merkle import Head

Link = tuple[str, str, str]
"""(source, relation, target) of an edge, nodes as in `Edge`."""

Place = tuple[str, str, str]
"""(client, place, who) of one line of coverage; place and who are hex as in a leaf, empty = not known."""

SPAN = 256
"""So many entries share one line that says from when to when they are."""


@dataclass(slots=True)
class Seen:
    """When something was seen (Unix milliseconds), in which entry first, and how often."""

    first: int
    last: int
    entry: int
    count: int = 1

    def again(self, time: int) -> None:
        """Count one more; times may come in any order."""
        if time > self.last:
            self.last = time
        elif time < self.first:
            self.first = time
        self.count += 1


@dataclass(slots=True)
class Period:
    """The firewall ran from `since` to at least `until` (Unix milliseconds).

    `entry` is the one that says that it started; `stopped`: it said itself that it ends.
    """

    entry: int
    since: int
    until: int
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Between these times (Unix milliseconds) nothing was recorded. `clean`: it was stopped, not killed."""

    since: int
    until: int
    clean: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """A client at one place, asking in the name of somebody, was seen. Times are RFC 3339 UTC.

    `place` and `who` are pseudonyms in hex, `client` and `place` may be empty.
    """

    client: str
    place: str
    who: str
    first: str
    last: str
    count: int
    entry: int

    @property
    def edge(self) -> Edge:
        """The same as an edge: `client@place` reports to us what `who` takes."""
        source = f"{self.client or 'other'}@place:{self.place}"
        return Edge(source, Relation.REPORTS, f"who:{self.who}", self.first, self.last, self.entry)


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that are appended together.

    `before` is the head that they are appended to, `after` the one with them. `leaves` are the bytes of the
    entries from number `before.size` on. `tiles` are full tiles, and partial ones above level 0, by (level,
    index). `spans` (first and last time of `SPAN` entries, by number) replace those that were there.

    With `knows`, what the entries since the last such group say is written too: edges and coverage are added
    to what is known, periods replace those with the same entry.
    """

    before: Head
    after: Head
    leaves: Sequence[bytes]
    tiles: Mapping[tuple[int, int], bytes] = field(default_factory=dict)
    spans: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    knows: bool = False
    edges: Mapping[Link, Seen] = field(default_factory=dict)
    coverage: Mapping[Place, Seen] = field(default_factory=dict)
    periods: Sequence[Period] = ()


def gaps_between(periods: Sequence[Period]) -> list[Gap]:
    """When the firewall did not run, from the first start on. Periods in order of their entries."""
    return [Gap(one.until, two.since, one.stopped) for one, two in pairwise(periods) if two.since > one.until]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(milliseconds: int) -> str:
    """`2026-11-25T13:25:00.123Z` for Unix milliseconds. Raises OverflowError beyond the year 9999."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
