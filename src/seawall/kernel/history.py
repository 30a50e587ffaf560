"""An interval is a span of commits in which a tree's lockfile held a version known to be bad."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """One package version in one lockfile, from the commit that locked it to the last one that still did.

    Commits are full hex ids, times RFC 3339 UTC author times. `removed_*` is the commit that took it out,
    empty while the tip still locks it. `gone`: no branch holds these commits any more, they were checked out
    here once.
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
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: its parents, and its author time in seconds."""

    id: str
    parents: tuple[str, ...]
    time: int


@dataclass(frozen=True, slots=True)
class Span:
    """Commits that hang together and all hold something: the first, the last, and the one that let it go.

    `removed` is None while a tip is among them, and where only the clone remembers them (`gone`).
    """

    first: Commit
    last: Commit
    removed: Commit | None = None
    gone: bool = False


def spans(commits: Sequence[Commit], holding: Collection[str], tips: Collection[str]) -> tuple[Span, ...]:
    """The spans of `commits` (none before its parents) whose ids are `holding`, those still held first.

    Branches that hold it and meet are one span; where it was let go on every way and comes back is another.
    """
    known = {commit.id: commit for commit in commits}
    held = set(holding) & known.keys()
    groups = _together(commits, held)
    after: dict[str, Commit] = {}
    followed: set[str] = set()
    for commit in commits:
        for parent in commit.parents:
            if commit.id in held:
                followed.add(parent)
            else:
                after.setdefault(parent, commit)
    found = []
    for group in groups:
        starts = [c for c in group if held.isdisjoint(c.parents)]
        open_ = [c for c in group if c.id in tips]
        last = _latest(open_ or [c for c in group if c.id not in followed])
        removed = None if open_ else after.get(last.id)
        found.append(Span(_earliest(starts), last, removed, not open_ and removed is None))
    return tuple(sorted(_without_copies(found), key=lambda s: (bool(s.removed) or s.gone, s.first.time)))


def _together(commits: Sequence[Commit], held: Collection[str]) -> list[list[Commit]]:
    """The held commits, put together where one is the parent of another."""
    above: dict[str, str] = {}

    def top(name: str) -> str:
        while above[name] != name:
            above[name] = above[above[name]]
            name = above[name]
        return name

    mine = [commit for commit in commits if commit.id in held]
    for commit in mine:
        above[commit.id] = commit.id
        for parent in commit.parents:
            if parent in above:
                above[top(commit.id)] = top(parent)
    groups: dict[str, list[Commit]] = defaultdict(list)
    for commit in mine:
        groups[top(commit.id)].append(commit)
    return list(groups.values())


def _earliest(commits: Sequence[Commit]) -> Commit:
    return min(commits, key=lambda c: c.time)


def _latest(commits: Sequence[Commit]) -> Commit:
    """Of equal times the one that comes later in the order of commits."""
    return max(reversed(commits), key=lambda c: c.time)


def _without_copies(found: Sequence[Span]) -> Iterator[Span]:
    """Rebasing and amending leave copies with the old author times: one of them is enough."""
    seen: set[int] = set()
    kept = [span for span in found if not span.gone]
    for span in found:
        ends = [(k.first.time, (k.removed or k.last).time) for k in kept]
        copied = any(start <= span.first.time <= end for start, end in ends) or span.first.time in seen
        if not (span.gone and copied):
            yield span
        if span.gone:
            seen.add(span.first.time)
