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
_MOST_MOVED = 1_000
_RANK = order("npm")
_NUMBERS = re.compile(r"[v=]?\d+(?:\.\d+)*", re.ASCII)
_WORD = re.compile(r"[A-Za-z]+")


def moved(
    tags: Mapping[str, object], allowed: Collection[str], deprecated: Collection[str]
) -> dict[str, str]:
    """The tags as they are where only `allowed` versions exist and `deprecated` are unwanted."""
    kinds = _by_kind(allowed)
    found: dict[str, str] = {}
    left = _MOST_MOVED
    for tag, version in tags.items():
        if not isinstance(version, str):
            continue
        if version in allowed:
            found[tag] = version
        elif left:
            left -= 1
            place = _below(version, kinds, deprecated) or (
                _in_lower_line(version, kinds, deprecated) if tag == LATEST else ""
            )
            if place:
                found[tag] = place
    return found


Ranked = list[tuple[Any, str]]
Kinds = dict[tuple[str, str | None], Ranked]
"""By line and channel: (rank, version), the highest first."""


def _by_kind(versions: Collection[str]) -> Kinds:
    kinds: Kinds = {}
    for rank, version in sorted(((_RANK(v), v) for v in versions if _RANK(v) is not None), reverse=True):
        kinds.setdefault((line_of(version), _channel(version)), []).append((rank, version))
    return kinds


def _below(version: str, kinds: Kinds, deprecated: Collection[str]) -> str:
    alike = kinds.get((line_of(version), _channel(version)), [])
    return _best(alike, _RANK(version), deprecated)


def _in_lower_line(version: str, kinds: Kinds, deprecated: Collection[str]) -> str:
    mark = _RANK(version)
    final = [ranked for (_, channel), ranked in kinds.items() if channel is None]
    lines = [ranked for ranked in final if mark is not None and ranked[-1][0] < mark]
    return _best(max(lines, key=lambda ranked: ranked[-1][0], default=[]), mark, deprecated)


def _best(ranked: Ranked, mark: Any, deprecated: Collection[str]) -> str:
    """The highest below `mark` that is not deprecated, else the highest below it."""
    lower = [version for rank, version in ranked if mark is not None and rank < mark]
    return next((version for version in lower if version not in deprecated), lower[0] if lower else "")


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
