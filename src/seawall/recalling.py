"""What was recorded is told with its names where these are still kept; what was not recorded is said too.

A name that was erased stays a pseudonym, and nobody can turn it back.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.kernel.errors import UsageError
from seawall.kernel.event import Action, Event
from seawall.kernel.identity import Identity
from seawall.kernel.leaf import LATEST
from seawall.kernel.ledger import Coverage, Gap, Period
from seawall.record import Entry, entries, read_entry

if TYPE_CHECKING:
    from seawall.adapters.stores.ledger import LedgerStore
    from seawall.adapters.stores.names import NameStore

NEVER_EXCLUDED = "what was never recorded is never excluded: who asked elsewhere is not here"
HIDDEN = ("who", "place", "run", "commit")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for. Times are Unix milliseconds; empty texts match everything.

    `asset` is a purl, without a version for all versions. `who` and `run` are
    pseudonyms, None = anybody, or any run and none.
    """

    since: int = 0
    until: int = LATEST
    asset: str = ""
    who: frozenset[str] | None = None
    action: str = ""
    run: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Unended:
    """A run of which only the beginning was recorded: it goes on, or how it ended is not known."""

    entry: int
    found: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """Which clients report, when nothing could be recorded at all, and which runs have no end."""

    clients: tuple[Coverage, ...]
    periods: tuple[Period, ...]
    gaps: tuple[Gap, ...]
    unended: tuple[Unended, ...] = ()


def recorded(store: LedgerStore, wanted: Wanted) -> Iterator[Entry]:
    """The entries that are asked for, in order. Raises TamperedError."""
    for entry in entries(store, wanted.since, wanted.until):
        if _matches(entry.found, wanted):
            yield entry


def _matches(found: Mapping[str, object], wanted: Wanted) -> bool:
    asset = str(found.get("asset", ""))
    if wanted.asset and asset != wanted.asset and not asset.startswith(wanted.asset + "@"):
        return False
    if wanted.action and found["action"] != wanted.action:
        return False
    if wanted.run is not None and found.get("run") not in wanted.run:
        return False
    return wanted.who is None or any(found.get(kind) in wanted.who for kind in HIDDEN)


def pseudonyms_of(names: NameStore | None, who: str, kind: str = "") -> frozenset[str]:
    """Everything that stands for `who`: a principal, a host, a run or a commit, or a pseudonym itself.

    With a `kind` (who, place, run, commit) only what stands for one of that kind.

    Raises UsageError when nobody of that name is known.
    """
    found = {item.pseudonym for item in names.find(who, kind)} if names else set()
    bare = who.partition(":")[2] if who.startswith(tuple(f"{kind}:" for kind in HIDDEN)) else who
    if len(bare) == 32 and not set(bare) - set("0123456789abcdef"):
        found.add(bare)
    if not found:
        raise UsageError(
            f"nobody is known as {who}",
            "it was never recorded, or erased; `seawall ledger coverage` lists all",
        )
    return frozenset(found)


def names_of(names: NameStore | None, found: Mapping[str, object]) -> dict[str, str]:
    """The names behind an entry's pseudonyms, as far as they are still kept."""
    if names is None:
        return {}
    known = {kind: names.named(str(found[kind])) for kind in HIDDEN if found.get(kind)}
    return {kind: item.name for kind, item in known.items() if item}


def coverage(store: LedgerStore) -> CoverageReport:
    """Which clients and hosts report, since when, and the gaps in between."""
    with store.snapshot():
        return CoverageReport(
            tuple(store.coverage()), tuple(store.periods()), tuple(store.gaps()), tuple(unended(store))
        )


def unended(store: LedgerStore) -> Iterator[Unended]:
    """The runs that began and of which no end was recorded. Raises TamperedError.

    Of several beginnings of one run an end belongs to the newest.
    """
    open_: dict[tuple[object, ...], list[Unended]] = defaultdict(list)
    for index, data in store.leaves_of(Action.RUN):
        entry = read_entry(store, index, data)
        begun = open_[tuple(entry.found.get(kind) for kind in ("who", "place", "run"))]
        if str(entry.found.get("subject", "")).startswith("began"):
            begun.append(Unended(entry.index, entry.found))
        elif begun:
            begun.pop()
    yield from sorted((item for items in open_.values() for item in items), key=lambda item: item.entry)


def erase(directory: Path, who: str, time: int) -> tuple[int, int]:
    """Delete the key of `who` and every name under it; (names that were erased, entry that records it).

    `directory` holds the ledger and its names. It is recorded first: what cannot be recorded does not
    happen. Raises UsageError for somebody unknown, StoreError while a firewall is writing the ledger.
    """
    from seawall.adapters.stores.names import open_names
    from seawall.record import NAMES_FILE, open_record

    names = open_names(directory / NAMES_FILE, write=True)
    try:
        mine = [item for item in names.find(who, "who") if item.principal == who]
        if not mine:
            raise UsageError(f"nobody is known as {who}", "it was never recorded, or erased before")
        record = open_record(directory)
        try:
            by = Identity(f"uid:{os.getuid()}", kind="Person")
            event = Event(time, Action.ERASE, by, subject=f"who:{mine[0].pseudonym}")
            entry = record.keep(event).result()
        finally:
            record.close()
        return names.erase(who), entry
    finally:
        names.close()
