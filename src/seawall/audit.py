"""An audit is answered from the advisories on this machine: what somebody has is told to nobody else."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

from seawall.adapters.disk.places import data_directory
from seawall.adapters.disk.shipped import data_bytes
from seawall.adapters.feeds.index import Index, open_index
from seawall.kernel.advisory import Advisory, Match
from seawall.kernel.attack import as_advisories
from seawall.kernel.dialect import Audit, Said
from seawall.kernel.intake import Key
from seawall.kernel.matching import match
from seawall.readers.advisories.attacks import read_catalog
from seawall.reports import npm_audit
from seawall.reports.denial import failure

_ECOSYSTEM = "npm"


def audit(wanted: Audit, index_path: Path | None = None) -> Said:
    """The answer to a client's audit. Raises StoreError when the advisories cannot be read.

    503 where there are none for its ecosystem: "nothing found" would be a lie.
    """
    index = open_index(index_path or data_directory() / "advisories.db")
    try:
        if index is None or not any(_ECOSYSTEM in state.covers for state in index.states()):
            return Said(
                503, failure("there are no advisories for npm here, so nothing was audited; seawall sync")
            )
        flaws = tuple(_flaws(wanted, index))
    finally:
        if index:
            index.close()
    if wanted.form == "bulk":
        return Said(200, npm_audit.bulk(flaws))
    return Said(200, npm_audit.quick(flaws, sum(len(versions) for _, versions in wanted.packages)))


@functools.cache
def _catalog() -> tuple[Advisory, ...]:
    return tuple(as_advisories(read_catalog(data_bytes("attacks.json")).attacks))


def _flaws(wanted: Audit, index: Index) -> Iterable[npm_audit.Flaw]:
    keys = [(_ECOSYSTEM, name, version) for name, versions in wanted.packages for version in versions]
    known = _catalog()
    hit = {key[:2] for key in (*match(keys, known), *index.matches(keys))}
    about = [*known, *index.about(hit)]
    return _by_flaw([key for key in keys if key[:2] in hit], about)


def _by_flaw(keys: list[Key], about: list[Advisory]) -> Iterable[npm_audit.Flaw]:
    """One for each flaw of a package, however many of its versions somebody has."""
    matches = match(keys, about)
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    first: dict[tuple[str, tuple[str, ...]], Match] = {}
    for key, items in matches.items():
        for item in items:
            name = (key[1], item.ids)
            found.setdefault(name, []).append(key[2])
            first.setdefault(name, item)
    for (package, ids), versions in found.items():
        said = (
            part
            for record in about
            if record.id in ids and not record.withdrawn
            for part in record.affected
            if (part.ecosystem, part.name) == (_ECOSYSTEM, package)
        )
        yield npm_audit.Flaw(first[package, ids], tuple(versions), tuple(said))
