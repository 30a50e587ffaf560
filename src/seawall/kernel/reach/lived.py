"""How long each edge lived on one line of commits, found by walking the line back from its newest commit.

An edge is the same from commit to commit while the same code (kind, name) at the same place can get at the
same target: lines, versions and conditions may change. Those have lives of their own, so that it can be asked
how a thing stood at one time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Generic, TypeVar

from seawall.kernel import graph
from seawall.kernel.code import Code

from .edge import Edge

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Moment:
    """One commit: when its author wrote it and when it came to where it is, in seconds.

    What it brought in counts from the earlier of the two, what it took out to the later.
    """

    commit: str
    time: int
    landed: int

    @property
    def start(self) -> int:
        """The earliest time at which it can have counted."""
        return min(self.time, self.landed)

    @property
    def end(self) -> int:
        """The latest time at which what it took away can still have counted."""
        return max(self.time, self.landed)


@dataclass(frozen=True, slots=True)
class Life(Generic[_T]):
    """`what` as it was at `last`, brought in by `first`, taken out by `removed`.

    `first` is None when it was there before all that was looked at, `removed` while it is still there.
    """

    what: _T
    last: Moment
    first: Moment | None = None
    removed: Moment | None = None

    def touches(self, since: int, until: int) -> bool:
        """Whether it may have counted at some time from `since` to `until`."""
        begun = self.first.start if self.first else None
        ended = self.removed.end if self.removed else None
        if begun is not None and ended is not None and ended < begun:
            # Who commits says when: what ended "before" it began was there between the two.
            begun, ended = ended, begun
        return (begun is None or begun <= until) and (ended is None or ended >= since)


@dataclass(slots=True)
class Lives(Generic[_T]):
    """Lives of one kind of thing on one line. `open` are those whose beginning was not seen, by key."""

    key: Callable[[_T], Hashable]
    open: dict[Hashable, Life[_T]] = field(default_factory=dict)
    closed: list[Life[_T]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Life[_T]]:
        yield from self.open.values()
        yield from self.closed

    def back(self, things: Iterable[_T], at: Moment, child: Moment | None) -> None:
        """One commit further back: what is there at `at`; `child` is the commit after it, None at the tip."""
        now: dict[Hashable, _T] = {}
        for thing in things:
            now.setdefault(self.key(thing), thing)
        for key in self.open.keys() - now.keys():
            self.closed.append(replace(self.open.pop(key), first=child))
        for key, thing in now.items():
            if key not in self.open:
                self.open[key] = Life(thing, at, removed=child)

    def born(self, first: Moment) -> None:
        """The line begins with this commit: it brought in all that is left."""
        self.back((), first, first)

    def adopted(self, others: Iterable[Life[_T]], joint: Moment) -> None:
        """What began before the line left another one at `joint` has that one's beginning."""
        begun = {
            self.key(life.what): life.first
            for life in others
            if life.first is not None and life.touches(joint.start, joint.end)
        }
        for key in self.open.keys() & begun.keys():
            self.closed.append(replace(self.open.pop(key), first=begun[key]))

    def grafted(self, older: Lives[_T]) -> bool:
        """Go on with what was found earlier, when this commit was the tip. False: it says otherwise."""
        held = {self.key(life.what): life for life in older if life.removed is None}
        if held.keys() != self.open.keys():
            return False
        for key, life in held.items():
            met = replace(self.open.pop(key), first=life.first)
            if key in older.open:
                self.open[key] = met
            else:
                self.closed.append(met)
        for key, life in older.open.items():
            if life.removed is not None:
                self.open[key] = life
        self.closed += [life for life in older.closed if life.removed is not None]
        return True


def identity(edge: Edge) -> Hashable:
    """What an edge is, whatever lines, versions and conditions say."""
    return edge.code.kind, edge.code.name, edge.place, edge.target.id


def variant(edge: Edge) -> Hashable:
    """The same, and how surely and when."""
    return identity(edge), edge.confidence, edge.condition, edge.rules


def code_variant(pair: tuple[str, Code]) -> Hashable:
    """What a code item at a place is, and how firmly it is fixed there."""
    place, code = pair
    firm = (code.pin, code.ref, code.packages, code.manifests)
    return place, code.kind, code.name, firm, code.runs, code.contained


def as_graph(edge: Edge) -> graph.Edge:
    """The edge among all others, as far as its own history was told: empty `until` = still there."""
    code = edge.code
    return graph.Edge(
        f"code:{code.kind}/{code.name} in {edge.place}",
        graph.Relation.REACHES,
        f"credential:{edge.target.id}",
        edge.since,
        edge.until,
        confidence=edge.confidence,
        condition=edge.condition,
        rules=edge.rules,
    )


def time_of(seconds: int) -> str:
    """RFC 3339 UTC; empty where that is no time."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else ""
    except (OverflowError, OSError, ValueError):
        return ""
