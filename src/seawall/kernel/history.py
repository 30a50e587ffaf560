"""An interval is a span of commits in which a tree's lockfile held a version known to be bad."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """One package version in one lockfile, from the commit that locked it to the last one that still did.

    Commits are full hex ids, times RFC 3339 UTC author times. `removed_*` is the commit that took it out,
    empty while the tip still locks it.
    """

    key: tuple[str, str, str]
    path: str
    first_commit: str
    first_time: str
    last_commit: str
    last_time: str
    removed_commit: str = ""
    removed_time: str = ""
    advisories: tuple[str, ...] = ()
