"""A tag moves down inside its own line, never up and never to whatever came last.

Without this a filter that sorts by time makes the newest patch of an old line `latest`. Source of what tags
are: npm's registry (`dist-tags`); of the order: Semantic Versioning 2.0.

* A tag whose version is let in stays, whatever it is.
* Another one goes to the highest version below its own in the same line (major; minor below 1.0) and, for a
  pre-release, of the same channel (`beta` in `2.0.0-beta.3`). Where there is none it is left out.
* `latest`, where its line has none, goes to the highest release of the next line below.
  Releases that are deprecated come last in their line. It never goes from a release to a pre-release.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from .comparing import line_of
from .versions import order

LATEST = "latest"
_RANK = order("npm")
_NUMBERS = re.compile(r"[v=]?\d+(?:\.\d+)*", re.ASCII)
_WORD = re.compile(r"[A-Za-z]+")


def moved(
    tags: Mapping[str, object], allowed: Collection[str], deprecated: Collection[str]
) -> dict[str, str]:
    """The tags as they are where only `allowed` versions exist and `deprecated` are unwanted."""
    ranked = [(rank, version) for version in allowed if (rank := _RANK(version)) is not None]
    ranked.sort(reverse=True)
    found: dict[str, str] = {}
    for tag, version in tags.items():
        if not isinstance(version, str):
            continue
        place = version if version in allowed else _below(tag, version, ranked, deprecated)
        if place:
            found[tag] = place
    return found


def _below(tag: str, version: str, ranked: list[tuple[Any, str]], deprecated: Collection[str]) -> str:
    mark = _RANK(version)
    if mark is None:
        return ""
    lower = [other for rank, other in ranked if rank < mark]
    channel = _channel(version)
    alike = [other for other in lower if line_of(other) == line_of(version) and _channel(other) == channel]
    if tag == LATEST and not alike:
        alike = [other for other in lower if not is_prerelease(other)]
        alike = [other for other in alike if line_of(other) == line_of(alike[0])]
    return next((other for other in alike if other not in deprecated), alike[0] if alike else "")


def is_prerelease(version: str) -> bool:
    """The version comes before a release (Semantic Versioning 2.0, item 9); old ones lack the hyphen."""
    return _NUMBERS.fullmatch(version.partition("+")[0]) is None


def _channel(version: str) -> str | None:
    """`beta` of `2.0.0-beta.3`; empty where a pre-release has no word, None for a release."""
    core = version.partition("+")[0]
    if not is_prerelease(core):
        return None
    word = _WORD.search(_NUMBERS.sub("", core, count=1))
    return word[0] if word else ""
