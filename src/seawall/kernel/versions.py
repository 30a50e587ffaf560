"""Versions sort as their own ecosystem sorts them, or not at all: an order that is guessed is a wrong answer.

PyPI by PEP 440 (packaging); npm, crates.io, Go, Hex, Pub and Swift by Semantic Versioning 2.0
(semantic-version).
For every other ecosystem there is no order here: only the versions that an advisory lists are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from packaging.version import InvalidVersion
from packaging.version import Version as Pep440
from semantic_version import Version as SemVer

from .advisory import VersionRange
from .comparing import line_of

SEMANTIC = frozenset({"npm", "crates.io", "Go", "Hex", "Pub", "SwiftURL", "GitHub Actions"})
"""Ecosystems whose versions are Semantic Versions, with or without a leading `v`."""

Order = Callable[[str], Any]
"""version → a value that sorts as the ecosystem does, or None when it is no version there."""


def order(ecosystem: str) -> Order:
    """How versions of `ecosystem` sort. Without an order, every version gives None."""
    if ecosystem == "PyPI":
        return _pep440
    return _semantic if ecosystem in SEMANTIC else _unordered


def has_order(ecosystem: str) -> bool:
    """Ranges can be judged there."""
    return ecosystem == "PyPI" or ecosystem in SEMANTIC


def same(ecosystem: str, one: str, other: str) -> bool:
    """Two spellings of one version: `1.0` and `1.0.0` on PyPI, `v1.2.3` and `1.2.3` where `v` is allowed."""
    if one == other:
        return True
    rank = order(ecosystem)
    left = rank(one)
    return left is not None and left == rank(other)


def _unordered(version: str) -> None:
    del version


@lru_cache(maxsize=200_000)
def _pep440(version: str) -> Pep440 | None:
    try:
        return Pep440(version)
    except InvalidVersion:
        return None


@lru_cache(maxsize=200_000)
def _semantic(version: str) -> Any:
    text = version.strip().lstrip("=vV").removesuffix("+incompatible")
    try:
        parsed = SemVer(text)
    except ValueError:
        parsed = _coerced(text)
    if parsed is None:
        return None
    return (parsed.major, parsed.minor, parsed.patch, *_prerelease(parsed.prerelease))


def _coerced(text: str) -> Any:
    """`1.2` is 1.2.0; what does not begin with a number, or is longer than any version, is none."""
    if not text[:1].isdigit() or len(text) > 256:
        return None
    try:
        return SemVer.coerce(text)
    except ValueError:
        return None


def _prerelease(parts: Sequence[str]) -> tuple[Any, ...]:
    """A release sorts after all its pre-releases; numbers before words (SemVer 2.0, item 11)."""
    if not parts:
        return (1, ())
    return (0, tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts))


def in_range(bounds: VersionRange, version: str, rank: Order) -> bool:
    """`version` lies in the range, by the evaluation algorithm of the OSV schema.

    False when the version or an event cannot be ordered: then only listed versions count.
    """
    place = rank(version)
    if place is None:
        return False
    events = _sorted_events(bounds.events, rank)
    inside = False
    for kind, bound in events:
        if kind == "introduced":
            inside = inside or bound is None or place >= bound
        elif kind in ("fixed", "limit"):
            inside = inside and not place >= bound
        elif kind == "last_affected":
            inside = inside and not place > bound
    return inside


@lru_cache(maxsize=50_000)
def _sorted_events(events: tuple[tuple[str, str], ...], rank: Order) -> tuple[tuple[str, Any], ...]:
    """Events lowest first; `introduced: 0` is None and stands before everything."""
    lowest = [(kind, None) for kind, text in events if kind == "introduced" and text == "0"]
    ranked = [(kind, rank(text)) for kind, text in events if not (kind == "introduced" and text == "0")]
    if any(bound is None for _, bound in ranked):
        return ()
    return (*lowest, *sorted(ranked, key=lambda event: (event[1], event[0] != "introduced")))


def is_unbounded(bounds: VersionRange) -> bool:
    """The range says "every version": introduced at 0 and never ended."""
    return bounds.events == (("introduced", "0"),)


def lowest_fixed(fixed: Iterable[str], version: str, rank: Order) -> str:
    """The lowest of `fixed` above `version` in its line, else the lowest above it, else empty."""
    place = rank(version)
    if place is None:
        return ""
    above = [(rank(text), text) for text in fixed]
    above = [(value, text) for value, text in above if value is not None and value > place]
    same_line = [pair for pair in above if line_of(pair[1]) == line_of(version)]
    return min(same_line or above, key=lambda pair: pair[0])[1] if above else ""
