"""An attack is one of the past: what was bad, from when to when, and who says so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BadRelease:
    """Exact bad versions of one package; `whole` means the name itself is bad, whatever the version."""

    ecosystem: str
    name: str
    versions: tuple[str, ...]
    last_good: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Attack:
    """One entry of the catalog. Times RFC 3339, possibly only a date or month; empty = unknown.

    `confidence` is `high`, `medium` or `low`: ours, after weighing the sources in `sources`.
    """

    id: str
    title: str
    kind: str
    start: str
    end: str
    releases: tuple[BadRelease, ...]
    advisories: tuple[str, ...] = ()
    summary: str = ""
    confidence: str = "medium"
    sources: tuple[str, ...] = ()
