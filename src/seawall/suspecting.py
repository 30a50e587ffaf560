"""A package version, an advisory or an attack → the bad versions, and when they could be had."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from seawall.adapters.disk.places import data_directory
from seawall.adapters.disk.shipped import data_bytes
from seawall.adapters.feeds.index import Index, open_index
from seawall.kernel.advisory import Advisory, Affected, VersionRange
from seawall.kernel.asset import package_name
from seawall.kernel.attack import Attack, BadRelease
from seawall.kernel.errors import UsageError
from seawall.kernel.exposure import Suspicion
from seawall.kernel.intake import Key
from seawall.kernel.matching import is_affected
from seawall.one_package import key_of
from seawall.readers.advisories.attacks import read_catalog

_SWITCH = re.compile(
    r"\bwip(?:e|es|ed|ing|er)\b|dead.?man|destr(?:oy|uct)|delet\w+ (?:the )?home", re.IGNORECASE
)
_SWITCHED = frozenset(("tanstack-npm-2026-05", "keyv-cacheable-2026-08"))
"""Attacks of which it is public that they wiped `$HOME` when a stolen token was revoked."""
_EVERY = VersionRange("ECOSYSTEM", (("introduced", "0"),))
_EXAMPLE = "name one: pkg:npm/axios@1.14.1, MAL-2026-2307 or axios-npm-2026-03"


def suspicion(words: str, as_if: str = "", index_path: Path | None = None) -> Suspicion:
    """What `words` stand for. Raises UsageError where nothing is known of them, or a time is none."""
    begun = moment(as_if) if as_if else None
    attacks = read_catalog(data_bytes("attacks.json")).attacks
    index = open_index(index_path or data_directory() / "advisories.db")
    try:
        if words.startswith("pkg:"):
            found = _of_package(words, attacks, index, drill=begun is not None)
        else:
            found = _of_advisory(words, attacks, index)
    finally:
        if index:
            index.close()
    if begun is None:
        return found
    return Suspicion(words, found.suspects, begun, None, found.title, drill=True, sources=found.sources)


def moment(text: str) -> int:
    """Unix seconds of an RFC 3339 time or a date. Raises UsageError."""
    found = _bound(text, last=False)
    if found is None:
        raise UsageError(f"{text!r} is no time", "write 2026-03-31T00:21:00Z, or a date")
    return found


def _of_package(purl: str, attacks: Sequence[Attack], index: Index | None, *, drill: bool) -> Suspicion:
    key = key_of(purl)
    known = [*(index.about([key[:2]]) if index else ())]
    about = [one for one in attacks if any(_hits(release, key) for release in one.releases)]
    if key[2]:
        suspects: tuple[Affected, ...] = (Affected(key[0], key[1], (key[2],)),)
    elif drill:
        suspects = (Affected(key[0], key[1], (), (_EVERY,)),)
    else:
        suspects = (
            *(_affected(r) for one in about for r in one.releases if _hits(r, key)),
            *(a for one in known if one.malicious for a in one.affected if _same(a, key)),
        )
        if not suspects:
            raise UsageError(
                f"no version of {purl} is known to be bad",
                f"name a version ({purl}@1.2.3), or drill it: --as-if 2026-03-31",
            )
    named = [
        one for one in known if key[2] and any(_same(a, key) and is_affected(a, key[2]) for a in one.affected)
    ]
    title = about[0].title if about else named[0].summary if named else ""
    return _with_window(purl, suspects, about, title)


def _hits(release: BadRelease, key: Key) -> bool:
    same = release.ecosystem == key[0] and package_name(key[0], release.name) == key[1]
    return same and (not key[2] or release.whole or key[2] in release.versions)


def _same(affected: Affected, key: Key) -> bool:
    return affected.ecosystem == key[0] and package_name(key[0], affected.name) == key[1]


def _affected(release: BadRelease) -> Affected:
    whole = (_EVERY,) if release.whole else ()
    return Affected(release.ecosystem, release.name, () if release.whole else release.versions, whole)


def _of_advisory(name: str, attacks: Sequence[Attack], index: Index | None) -> Suspicion:
    record = index.advisory(name) if index else None
    about = [one for one in attacks if one.id == name]
    releases = [release for one in about for release in one.releases]
    if not about:
        about = [one for one in attacks if any(name in release.advisories for release in one.releases)]
        releases = [r for one in about for r in one.releases if name in r.advisories]
    suspects = (*map(_affected, releases), *_recorded(record))
    if not about and record is None:
        where = (
            "the built-in catalog or the index"
            if index
            else "the built-in catalog, and there is no index yet"
        )
        way_out = _EXAMPLE if index else f"{_EXAMPLE}; for more advisories run `seawall sync`"
        raise UsageError(f"{name!r} is no package URL, and not in {where}", way_out)
    if not suspects:
        raise UsageError(f"{name} names no package version", f"it was no package; {_EXAMPLE}")
    title = about[0].title if about else record.summary if record else ""
    return _with_window(name, suspects, about, title)


def _recorded(record: Advisory | None) -> tuple[Affected, ...]:
    return record.affected if record and not record.withdrawn else ()


def _with_window(words: str, suspects: Iterable[Affected], about: Sequence[Attack], title: str) -> Suspicion:
    """The window of the attacks that name it: from the first beginning to the last end, where all say so."""
    starts = [_bound(one.start, last=False) for one in about]
    ends = [_bound(one.end, last=True) for one in about]
    since = None if not starts or None in starts else min(one for one in starts if one is not None)
    until = None if not ends or None in ends else max(one for one in ends if one is not None)
    switch = any(one.id in _SWITCHED or _SWITCH.search(one.summary) for one in about)
    return Suspicion(
        words, tuple(dict.fromkeys(suspects)), since, until, title, switch=switch,
        sources=tuple(one.id for one in about),
    )  # fmt: skip


def _bound(text: str, *, last: bool) -> int | None:
    """The first or last second of a time, a day, a month or a year; None where it is none."""
    found = re.fullmatch(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(T.+)?)?)?", text)
    if not found:
        return None
    try:
        if found[4]:
            parsed = datetime.fromisoformat(text)
            aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
            return int(aware.timestamp())
        year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
        first = datetime(year, month, day, tzinfo=UTC)
        if not last:
            return int(first.timestamp())
        if found[3]:
            after = first + timedelta(days=1)
        elif found[2]:
            after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        else:
            after = datetime(year + 1, 1, 1, tzinfo=UTC)
        return int(after.timestamp()) - 1
    except (ValueError, OverflowError):
        return None
