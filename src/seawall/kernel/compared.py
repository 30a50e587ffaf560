"""Every release of a name is compared with the one before it in one sweep, and as comparing.py does it.

A registry lists up to tens of thousands of releases under a name. To look for the release before each of them
by itself would take as long as their number squared; whoever publishes could make a gate busy with that.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from .comparing import (
    SETTLED,
    Order,
    first_published,
    is_final,
    line_of,
    new_dependencies,
    publisher_known,
)
from .release import Listed, Listing, ReleaseFacts

Key = tuple[str, str, str]

_Place = tuple[int, int]
"""(rank, minus the place in the listing): of releases that rank alike the first one listed counts."""


_LOWEST = -(1 << 60)


@dataclass(frozen=True, slots=True)
class _Ranked:
    """One release with its place in the order, and what else decides about a comparison."""

    item: Listed
    place: _Place
    line: str
    final: bool


def facts_of_all(
    listing: Listing, order: Order, first_releases: Mapping[str, datetime | None], source: str
) -> dict[str, ReleaseFacts]:
    """`comparing.facts_of` of every listed version, by version. Of repeated versions the first counts."""
    listed: dict[str, Listed] = {}
    for item in listing.releases:
        listed.setdefault(item.version, item)
    before = previous_of_all(listing.releases, order)
    publishers = _publishers_of_all(listing.releases, listed.values())
    first = first_published(listing.releases)
    found = {}
    for version, this in listed.items():
        previous = before.get(version)
        found[version] = ReleaseFacts(
            key=(listing.ecosystem, listing.name, version),
            published=this.last_file or this.published,
            first_release=listing.first_release,
            previous=previous.version if previous else None,
            install_script=this.install_script,
            install_script_before=previous.install_script if previous else None,
            new_dependencies=new_dependencies(this, previous, first_releases),
            provenance=this.provenance,
            provenance_before=previous.provenance if previous else None,
            publisher=this.publisher,
            publishers_before=publishers.get(version),
            pipeline=this.pipeline,
            publisher_known=publisher_known(this, first),
            yanked=this.yanked,
            digests=this.digests,
            source=source,
        )
    return found


def previous_of_all(releases: Sequence[Listed], order: Order) -> dict[str, Listed | None]:
    """`comparing.previous_in_line` of every version that has a place in the order."""
    ranked = _ranked(releases, order)
    asked: dict[str, _Ranked] = {}
    for one in ranked:
        if one.item.version not in asked:
            asked[one.item.version] = one
    timed = sorted((one for one in ranked if one.item.published), key=_published)
    there, settled = _Shelf(), _Shelf()
    for one in ranked:
        if one.item.published is None:
            there.put(one)
            settled.put(one)
    found: dict[str, Listed | None] = {}
    by_place = {one.place: one.item for one in ranked}
    here, stood = iter(timed), iter(timed)
    next_here, next_stood = next(here, None), next(stood, None)
    for one in sorted((a for a in asked.values() if a.item.published), key=_published):
        now = _published(one)
        while next_here is not None and _published(next_here) <= now:
            there.put(next_here)
            next_here = next(here, None)
        while next_stood is not None and now - _published(next_stood) >= SETTLED:
            settled.put(next_stood)
            next_stood = next(stood, None)
        found[one.item.version] = _before(one, there, settled, by_place)
    untimed = [one for one in asked.values() if one.item.published is None]
    if untimed:
        # Against a release of which nobody knows when it came, all others count as there and settled.
        everything = _Shelf()
        for one in ranked:
            everything.put(one)
        for one in untimed:
            found[one.item.version] = _before(one, everything, everything, by_place)
    return found


def _published(one: _Ranked) -> datetime:
    time = one.item.published
    if time is None:
        raise ValueError("a release without a time was asked for one")
    return time


def _ranked(releases: Iterable[Listed], order: Order) -> list[_Ranked]:
    """Those that have a place in the order."""
    marked = [(order(item.version), index, item) for index, item in enumerate(releases)]
    known = [entry for entry in marked if entry[0] is not None]
    known.sort(key=lambda entry: entry[0])
    found, rank, last = [], 0, None
    for mark, index, item in known:
        if last is not None and last != mark:
            rank += 1
        last = mark
        found.append(_Ranked(item, (rank, -index), line_of(item.version), is_final(item.version)))
    return found


@dataclass(slots=True)
class _Shelf:
    """Releases by what a comparison prefers, each row in the order of versions.

    Rows are keyed by (taken back, final or None for either, line or None for any).
    """

    rows: dict[tuple[bool, bool | None, str | None], list[_Place]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def put(self, one: _Ranked) -> None:
        yanked = one.item.yanked is not None
        for final in (one.final, None):
            for line in (one.line, None):
                insort(self.rows[yanked, final, line], one.place)

    def highest(self, yanked: bool, final: bool | None, line: str | None, rank: int) -> _Place | None:
        """The highest place below `rank`."""
        row = self.rows.get((yanked, final, line))
        if not row:
            return None
        at = bisect_left(row, (rank, _LOWEST))
        return row[at - 1] if at else None


def _before(one: _Ranked, there: _Shelf, settled: _Shelf, items: Mapping[_Place, Listed]) -> Listed | None:
    rank = one.place[0]
    for yanked in (False, True):
        for final in (True, False) if one.final else (None,):
            if there.highest(yanked, final, None, rank) is None:
                continue
            for shelf in (settled, there):
                for line in (one.line, None):
                    found = shelf.highest(yanked, final, line, rank)
                    if found is not None:
                        return items[found]
    return None


def _publishers_of_all(
    releases: Iterable[Listed], asked: Iterable[Listed]
) -> dict[str, tuple[str, ...] | None]:
    """Who had published before each version: those of settled releases, or all where none had settled."""
    timed = sorted(_timed(releases))
    found: dict[str, tuple[str, ...] | None] = {}
    before, stood = _Names(timed), _Names(timed)
    for item in sorted((a for a in asked if a.published is not None), key=lambda a: a.published or _NEVER):
        if item.publisher is not None and item.published is not None:
            known = before.until(item.published, timedelta(0))
            found[item.version] = stood.until(item.published, SETTLED) or known
    return found


_NEVER = datetime.max.replace(tzinfo=UTC)


def _timed(releases: Iterable[Listed]) -> Iterator[tuple[datetime, str]]:
    for item in releases:
        if item.publisher and item.published is not None:
            yield item.published, item.publisher


class _Names:
    """The sorted names of a growing part of the row; made anew only when one is added."""

    def __init__(self, timed: Sequence[tuple[datetime, str]]) -> None:
        self._timed, self._at = timed, 0
        self._names: set[str] = set()
        self._sorted: tuple[str, ...] = ()

    def until(self, moment: datetime, age: timedelta) -> tuple[str, ...]:
        """All names of the row from before `moment` that were at least `age` old then."""
        while self._at < len(self._timed):
            time = self._timed[self._at][0]
            if not (time < moment and moment - time >= age):
                break
            name = self._timed[self._at][1]
            if name not in self._names:
                self._names.add(name)
                self._sorted = tuple(sorted(self._names))
            self._at += 1
        return self._sorted
