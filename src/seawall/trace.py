"""An asset → who may have taken it, when, and everything in its reach. With nothing set up: from git alone.

The lockfiles of every branch tell where a bad version was fixed, the branch's own lockfiles what kept it out,
and reach is told at the commits that counted then, not at HEAD, which may be repaired. Nothing is asked of
anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from seawall.adapters.vcs.repository import Repository, open_repository
from seawall.caching import cache_at
from seawall.history import intervals
from seawall.kernel.advisory import Advisory
from seawall.kernel.cache import Cache
from seawall.kernel.code import Code
from seawall.kernel.errors import TargetError
from seawall.kernel.exposure import ACTIONS, FAR, Bad, Past, Span, Suspicion, in_order
from seawall.kernel.finding import Skipped
from seawall.kernel.history import Interval
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.matching import match
from seawall.kernel.reach.edge import Reach
from seawall.kernel.rotation import built, plan
from seawall.kernel.trace import exposures, in_reach
from seawall.kernel.traced import Coverage, Trace
from seawall.lock_past import LockPast, day, lock_past, unread_of
from seawall.reach import top_of
from seawall.reach_history import ReachHistory, history
from seawall.reach_lives import stood
from seawall.readers.lockfiles import FORMATS
from seawall.suspecting import suspicion

_SECONDS, _SECONDS_OF_BRANCHES = 2.0, 3.0
"""For the walks along HEAD's branch (lockfiles, reach) and over all branches: ten are for all of it."""
_SLACK = 86_400
"""So many seconds a committer's clock may be behind."""
_OURS = "too many commits"


@dataclass(frozen=True, slots=True)
class TraceOrder:
    """What a person asked for. `as_if`: when the asset is taken to have turned bad; empty = as is known."""

    asset: str
    target: Path
    as_if: str = ""
    offline: bool = True
    index: Path | None = None
    store: Path | None = None
    limits: Limits = DEFAULT_LIMITS


def trace(order: TraceOrder, now: datetime) -> Trace:
    """Who may have taken it. Raises UsageError for what is not known, TargetError for no target."""
    if not order.target.exists():
        raise TargetError(f"{order.target} does not exist", "name a directory, bare or checked out")
    asked = suspicion(order.asset, order.as_if, order.index)
    top = top_of(order.target)
    limits = _within(order.limits, _SECONDS)
    with ExitStack() as opened:
        cache = cache_at(order.store, opened)
        locked = lock_past(top, asked, limits)
        bad, skipped = _bad(top, asked, _within(order.limits, _SECONDS_OF_BRANCHES), cache, now)
        reach, lived = _reach(top, asked, locked, limits, cache, now)
    whole = locked.whole and not reach.skipped
    found = exposures(asked, Past(locked.locks, bad, reach, whole, lived))
    edges = in_reach(found, reach)
    missing = (*locked.skipped, *skipped, *reach.skipped)
    return Trace(
        asked,
        found,
        edges,
        built(edges),
        plan(asked, found, edges),
        tuple(_coverage(top, asked, locked, reach, missing)),
        complete=locked.whole and not locked.empty and not missing and not _unknown(asked),
    )


def _within(limits: Limits, seconds: float) -> Limits:
    """So many seconds for a walk, unless whoever asks can wait."""
    if limits.history_seconds > DEFAULT_LIMITS.history_seconds:
        return limits
    return replace(limits, history_seconds=seconds, history_seconds_again=seconds)


def _unknown(asked: Suspicion) -> tuple[str, ...]:
    """The ecosystems that are asked about and of which no lockfile, manifest or workflow tells."""
    known = {item.ecosystem for item in FORMATS} | {ACTIONS}
    return tuple(sorted({one.ecosystem for one in asked.suspects} - known))


def _bad(
    top: Path, asked: Suspicion, limits: Limits, cache: Cache, now: datetime
) -> tuple[tuple[Bad, ...], tuple[Skipped, ...]]:
    """Where any branch ever fixed a bad version."""
    record = Advisory("trace", asked.suspects, malicious=True)
    # What was published at a time was locked by nobody before; a drill takes what was there already.
    since = 0 if asked.since is None or asked.drill else asked.since - _SLACK
    report = intervals(top, FORMATS, (record,), match, limits, cache, now, since)
    return tuple(map(_span, report.intervals)), report.skipped


def _span(one: Interval) -> Bad:
    end = one.removed_time or (one.last_time if one.gone else "")
    start, until = in_order(_seconds(one.first_time), _seconds(end))
    return Bad(one.path, one.key, one.first_commit, start, until, one.removed_commit)


def _seconds(text: str) -> int | None:
    return int(datetime.fromisoformat(text).timestamp()) if text else None


def _reach(
    top: Path, asked: Suspicion, locked: LockPast, limits: Limits, cache: Cache, now: datetime
) -> tuple[Reach, dict[tuple[str, Code], Span]]:
    """Reach at the commits that counted in the window, and from when to when its code was there."""
    if not locked.last:
        return Reach(), {}
    bounded = replace(limits, history_commits=min(limits.history_commits, locked.commits))
    revision = "HEAD" if locked.last == locked.tip else locked.last
    told = history(top, bounded, cache, now, revision, beside=False)
    start, end = (-FAR, FAR) if locked.goes_back else (asked.start, asked.end)
    found = stood(told, max(start, -FAR // 2), min(end, FAR // 2))
    # It ends where the window begins, which is as far as it was to go.
    kept = tuple(one for one in found.skipped if not (locked.whole and one.reason.endswith(_OURS)))
    return replace(found, skipped=kept), {} if locked.goes_back else _lived(told)


def _lived(told: ReachHistory) -> dict[tuple[str, Code], Span]:
    """From when to when; one that went and came back, from its first beginning to its last end.

    What was there before all that was looked at counts from the oldest commit at which it was seen.
    """
    spans: dict[tuple[str, Code], Span] = {}
    for _, past in told.lines:
        for life in past.codes:
            seen = past.bottom.start if past.cut and past.bottom else None
            since = life.first.start if life.first else seen
            until = life.removed.end if life.removed else None
            if life.what in spans:
                before = spans[life.what]
                since = None if since is None or before[0] is None else min(since, before[0])
                until = None if until is None or before[1] is None else max(until, before[1])
            spans[life.what] = since, until
    return spans


def _coverage(
    top: Path, asked: Suspicion, locked: LockPast, reach: Reach, skipped: Iterable[Skipped]
) -> Iterator[Coverage]:
    """What was looked at, then what was not."""
    repository = open_repository(top)
    if isinstance(repository, Repository) and locked.tip:
        yield Coverage(
            True,
            f"HEAD's branch from {locked.first[:7]} ({day(locked.first_time)}) to {locked.tip[:7]}:"
            f" {locked.walked:,} commits, {locked.commits:,} of them before the window ended",
        )
        files = len({one.path for one in locked.locks})
        yield Coverage(True, f"{files:,} lockfiles and manifests of these ecosystems that lay there then")
        yield Coverage(True, "the lockfiles of every branch and tag of this clone, for the bad versions")
        yield Coverage(
            True, f"what {len(reach.places):,} jobs and other places ran then: {len(reach.codes):,} items"
        )
        if not locked.last and locked.whole:
            yield Coverage(True, "the branch had no commit yet at that time")
    for one in skipped:
        words = "seawall trace --all" if "--all" in one.advice else one.advice
        advice = f" ({words})" if words else ""
        yield Coverage(False, f"{one.check}: {one.reason}{advice}")
    for words in list(unread_of(locked.locks))[:5]:
        yield Coverage(False, words)
    for ecosystem in _unknown(asked):
        yield Coverage(False, f"what comes from {ecosystem}: no file that is read here tells of it")
    if locked.goes_back:
        words = "what was there when: commits claim to be older than what they stand on, so all of it counts"
        yield Coverage(False, words)
    if asked.since is None:
        yield Coverage(False, "when the bad version could be had is not known: all of the history is taken")
    yield Coverage(False, "whether and when a job ran: git does not tell, so each may have run")
    yield Coverage(False, "workflows of other branches, laptops, caches, mirrors, and what is not committed")
    yield Coverage(False, "what actions, images and downloaded programs bring along inside of them")
