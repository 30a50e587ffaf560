"""Release histories of ordinary installs, as bench/histories.py wrote them: times, flags, numbers for people.

The file ships with Seawall and is trusted as its code is; nothing else is read with this.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from seawall.kernel.advisory import Advisory, Affected, VersionRange
from seawall.kernel.release import Listed, Listing
from seawall.kernel.scenario import Notice

_START = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Histories:
    """Listings as of `taken`, and reviewed advisories about them, which end on `advisories_until`."""

    taken: datetime
    listings: tuple[Listing, ...]
    notices: tuple[Notice, ...]
    advisories_until: str


def read_histories(data: bytes) -> Histories:
    """What the file tells."""
    told = json.loads(data)
    names = told["names"]
    return Histories(
        taken=datetime.fromisoformat(told["taken"]).replace(tzinfo=UTC),
        listings=tuple(_listing(item, names) for item in told["packages"]),
        notices=tuple(_notice(number, item) for number, item in enumerate(told["advisories"])),
        advisories_until=told["advisories_until"],
    )


def _time(minutes: int) -> datetime:
    return _START + timedelta(minutes=minutes)


def _listing(item: Mapping[str, object], names: Sequence[str]) -> Listing:
    ecosystem, rows = str(item["ecosystem"]), item["releases"]
    releases = tuple(_releases(rows, ecosystem, names)) if isinstance(rows, list) else ()
    born = item["born"]
    return Listing(ecosystem, str(item["name"]), releases, _time(born) if isinstance(born, int) else None)


def _releases(rows: Sequence[list[object]], ecosystem: str, names: Sequence[str]) -> Iterator[Listed]:
    needs: tuple[tuple[str, str], ...] | None = () if ecosystem == "npm" else None
    for version, minutes, flags, person, *more in rows:
        if not isinstance(minutes, int) or not isinstance(flags, int):
            continue
        last = more[0] if more else None
        if len(more) > 1 and isinstance(more[1], list):
            needs = tuple((names[number], "*") for number in more[1])
        who = None if person == -1 else f"account {person}"
        yield Listed(
            version=str(version),
            published=_time(minutes),
            dependencies=needs,
            install_script=bool(flags & 4) if ecosystem == "npm" else None,
            provenance=None if flags & 2 else bool(flags & 1),
            publisher=None if flags & 8 else who,
            pipeline=who if flags & 8 else None,
            yanked="yanked" if flags & 16 else None,
            last_file=_time(last) if isinstance(last, int) else None,
        )


def _notice(number: int, item: Sequence[object]) -> Notice:
    name, minutes, events = item
    pairs = tuple((str(kind), str(text)) for kind, text in events) if isinstance(events, list) else ()
    affected = Affected("PyPI", str(name), (), (VersionRange("ECOSYSTEM", pairs),))
    at = _time(minutes) if isinstance(minutes, int) else _START
    advisory = Advisory(
        id=f"advisory-{number}", affected=(affected,), published=at.isoformat(), label="high", reviewed=True
    )
    return Notice(at, advisory)
