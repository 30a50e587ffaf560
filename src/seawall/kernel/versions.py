"""Versions sort as their own ecosystem sorts them, or not at all: an order that is guessed is a wrong answer.

PyPI by PEP 440 (packaging); npm, crates.io, Go, Hex, Swift and GitHub Actions by Semantic Versioning 2.0
(semantic-version). What those ecosystems hold although it is no Semantic Version is ordered too where it
begins with dotted numbers: `1.2`, `1.2.3.4`, `1.02.3`, `1.2.3beta` (as npm's loose reading). For every other
ecosystem (Pub, for one, orders by build metadata) there is no order here: only the versions that an advisory
lists are compared, and a range is answered with None, which means unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from packaging.version import InvalidVersion
from packaging.version import Version as Pep440

from .advisory import VersionRange
from .comparing import line_of

SEMANTIC = frozenset({"npm", "crates.io", "Go", "Hex", "SwiftURL", "GitHub Actions"})
"""Ecosystems whose versions are Semantic Versions, with or without a leading `v`."""

Order = Callable[[str], Any]
"""version → a value that sorts as the ecosystem does, or None when it is no version there."""

_NUMBERED = re.compile(
    r"(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.-]+)|([A-Za-z][0-9A-Za-z.-]*))?(?:\+.*)?\Z", re.ASCII | re.DOTALL
)
_LONGEST = 256


def order(ecosystem: str) -> Order:
    """How versions of `ecosystem` sort. Without an order, every version gives None."""
    if ecosystem == "PyPI":
        return _pep440
    return _semantic if ecosystem in SEMANTIC else _unordered


def has_order(ecosystem: str) -> bool:
    """Ranges can be judged there."""
    return ecosystem == "PyPI" or ecosystem in SEMANTIC


def is_listed(ecosystem: str, version: str, listed: Sequence[str]) -> bool:
    """One of `listed` is this version, perhaps spelled otherwise.

    `1.0` and `1.0.0` are one on PyPI; where versions are semantic, `v1.2.3`, `1.2.3` and `1.2.3+build` are.
    """
    if version in listed:
        return True
    if ecosystem == "PyPI":
        rank = _pep440(version)
        return rank is not None and any(_pep440(other) == rank for other in listed)
    if ecosystem in SEMANTIC:
        bare = _bare(version)
        return bare in listed or any(
            _bare(other) == bare for other in listed if "+" in other or not other[:1].isdigit()
        )
    return False


def _bare(version: str) -> str:
    return version.strip().lstrip("=vV").partition("+")[0]


def _unordered(version: str) -> None:
    del version


@lru_cache(maxsize=200_000)
def _pep440(version: str) -> Pep440 | None:
    if len(version) > _LONGEST:
        return None
    try:
        return Pep440(version)
    except InvalidVersion:
        return None


@lru_cache(maxsize=200_000)
def _semantic(version: str) -> Any:
    if len(version) > _LONGEST:
        return None
    # Imported where used: it brings importlib.metadata along, and most packages have nothing to be compared
    # with.
    from semantic_version import Version as SemVer

    text = version.strip().lstrip("=vV")
    try:
        parsed = SemVer(text)
    except ValueError:
        return _numbered(text)
    return _place((parsed.major, parsed.minor, parsed.patch), parsed.prerelease)


def _numbered(text: str) -> Any:
    found = _NUMBERED.match(text)
    if not found:
        return None
    before = found[2] or found[3]
    return _place([int(part) for part in found[1].split(".")], before.split(".") if before else ())


def _place(numbers: Sequence[int], before: Sequence[str]) -> tuple[Any, ...]:
    """A release sorts after all its pre-releases; numbers before words (SemVer 2.0, item 11)."""
    end = len(numbers)
    while end and numbers[end - 1] == 0:
        end -= 1
    words = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in before)
    return (tuple(numbers[:end]), not before, words)


def in_range(bounds: VersionRange, version: str, rank: Order) -> bool | None:
    """`version` lies in the range, by the evaluation algorithm of the OSV schema.

    None when it cannot be known: the version or an event has no place in the order, or the range is of a
    kind that is not known here.
    """
    if is_unbounded(bounds):
        return True
    place = rank(version)
    events = _sorted_events(bounds.events, rank)
    if place is None or events is None or bounds.kind not in ("SEMVER", "ECOSYSTEM"):
        return None
    limits = [bound for kind, bound in events if kind == "limit"]
    if limits and not any(place < bound for bound in limits):
        return False
    inside = False
    for kind, bound in events:
        if kind == "introduced":
            inside = inside or bound is None or place >= bound
        elif (kind == "fixed" and place >= bound) or (kind == "last_affected" and place > bound):
            inside = False
    return inside


@lru_cache(maxsize=50_000)
def _sorted_events(events: tuple[tuple[str, str], ...], rank: Order) -> tuple[tuple[str, Any], ...] | None:
    """Events lowest first, `introduced: 0` (as None) before everything; equal ones stay as they were given.

    So `[2, 2)` stays empty, and a range that is left and entered at one version goes on. None when an event
    has no place.
    """
    lowest = [(kind, None) for kind, text in events if kind == "introduced" and text == "0"]
    ranked = [(kind, rank(text)) for kind, text in events if not (kind == "introduced" and text == "0")]
    if any(bound is None for _, bound in ranked):
        return None
    return (*lowest, *sorted(ranked, key=lambda event: event[1]))


def is_unbounded(bounds: VersionRange) -> bool:
    """The range says "every version": introduced at 0 and never ended."""
    return bool(bounds.events) and all(event == ("introduced", "0") for event in bounds.events)


def lowest_fixed(fixed: Iterable[str], version: str, rank: Order) -> str:
    """The lowest of `fixed` above `version` in its line, else the lowest above it, else empty."""
    place = rank(version)
    if place is None:
        return ""
    above = [(rank(text), text) for text in fixed]
    above = [(value, text) for value, text in above if value is not None and value > place]
    same_line = [pair for pair in above if line_of(pair[1]) == line_of(version)]
    return min(same_line or above, key=lambda pair: pair[0])[1] if above else ""
