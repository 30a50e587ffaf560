"""Was anything bad ever locked here? Every version of every lockfile on every branch is asked.

Branches that were deleted count too, as far as they were checked out here once.

A blob is parsed only when it holds the name of a package that was ever malicious together with one of its bad
versions. What was found for a blob is remembered by its id, so that the next scan looks at new ones only.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from seawall import __version__
from seawall.adapters.disk.tree import claimer
from seawall.adapters.vcs.git import Change, Git, Log, git
from seawall.adapters.vcs.line import dates_go_back
from seawall.adapters.vcs.repository import CHECK, Repository, open_repository
from seawall.kernel.advisory import Advisory, Match
from seawall.kernel.asset import package_name
from seawall.kernel.cache import Cache
from seawall.kernel.finding import Skipped
from seawall.kernel.history import Commit, Interval, Span, spans
from seawall.kernel.intake import Key
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import DocumentKind
from seawall.past_log import past_log
from seawall.readers.format import Format
from seawall.sieve import Sieve

Matcher = Callable[[Iterable[Key], Iterable[Advisory]], Mapping[Key, tuple[Match, ...]]]
Bad = Mapping[Key, tuple[str, ...]]
"""Bad package versions in one blob, each with the ids of its advisories."""
_Named = Mapping[tuple[str, str], Sequence[Advisory]]
"""Advisories by (ecosystem, name)."""
Version = tuple[str, str]
"""(blob, id of the format it is read as): one content can lie under names that mean different things."""

_REMEMBERED = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """What the history holds, what could not be looked at, and how much there was."""

    intervals: tuple[Interval, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    commits: int = 0
    blobs: int = 0
    seconds: float = 0.0


def intervals(
    target: Path,
    formats: Sequence[Format],
    known_bad: Sequence[Advisory],
    matcher: Matcher,
    limits: Limits,
    cache: Cache,
    now: datetime,
    since: int = 0,
) -> HistoryReport:
    """Every interval in which a lockfile under `target` held one of `known_bad`. No repository, no report.

    With `since` (Unix seconds) only commits that landed from then on are asked: enough for what nobody could
    have locked before.
    """
    start = time.monotonic()
    repository = open_repository(target)
    if repository is None:
        return HistoryReport()
    if isinstance(repository, Skipped):
        return HistoryReport(skipped=(repository,))
    with git(repository, limits.history_seconds) as running:
        if running is None:
            return HistoryReport(skipped=(Skipped(CHECK, "git is not installed", "install git"),))
        walk = _Walk(running, repository, formats, known_bad, matcher, limits, cache, now, since)
        report = walk.report()
    return HistoryReport(
        report.intervals, report.skipped, report.commits, report.blobs, time.monotonic() - start
    )


@dataclass(slots=True)
class _Walk:
    git: Git
    repository: Repository
    formats: Sequence[Format]
    known_bad: Sequence[Advisory]
    matcher: Matcher
    limits: Limits
    cache: Cache
    now: datetime
    since: int = 0

    def report(self) -> HistoryReport:
        claims = _claims(self.formats)
        prefix = self.repository.prefix
        find = claimer(claims)

        def claimed(path: str) -> bool:
            return path.startswith(prefix) and find(path) is not None

        names = list(dict.fromkeys([self.repository.head, *sorted(self.repository.refs.values())]))
        tips = self.git.commits([name for name in names if name])
        left = self.git.commits([name for name in self.repository.left if name not in tips])
        start = list(dict.fromkeys([*tips.values(), *left.values()]))
        about = (str(self.repository.objects), prefix, *(item.id for item in claims))
        since = 0 if self.since > 0 and dates_go_back(self.git, start, self.since) else self.since
        log, again = past_log(self.git, start, claimed, about, self.limits, self.cache, self.now, since)
        if again:
            self.git.hurry(self.limits.history_seconds_again)
        judged = self._judged(log, find)
        found = self._intervals(log, judged.bad, find, frozenset(tips.values()))
        lost = self.git.absent([name for name in names if name and name not in tips])
        skipped = (*_cut(log, self.git, self.limits), *judged.skipped, *self._missing(lost))
        return HistoryReport(found, skipped, len(log.commits), judged.count)

    def _missing(self, tips: int) -> Iterable[Skipped]:
        if tips and not self.git.late:
            yield Skipped(CHECK, f"{tips} branches or tags lead to nothing that is here", "git fsck")
        if self.repository.shallow:
            cut = len(self.repository.shallow.split())
            yield Skipped(CHECK, f"this clone is shallow, cut at {cut} commits", "git fetch --unshallow")

    def _judged(self, log: Log, find: Callable[[str], Format | None]) -> _Judged:
        """What is bad in each version of a file that is not known from an earlier scan."""
        wanted = _wanted(log, find)
        prefix = f"{__version__}:{_digest(self.known_bad)}:"
        names = {version: f"{prefix}{version[1]}:{version[0]}" for version in wanted}
        held = self.cache.cached("history", names.values(), self.now)
        bad = {version: _loaded(held[name]) for version, name in names.items() if name in held}
        missing = [version for version in wanted if version not in bad]
        sizes = self.git.sizes(list(dict.fromkeys(blob for blob, _ in missing))) if missing else {}
        order = self._order(missing, wanted, sizes)
        fresh = dict(self._looked_at(order, wanted, find))
        self.cache.remember(
            "history", {names[v]: _dumped(found) for v, found in fresh.items()}, self.now + _REMEMBERED
        )
        bad.update(fresh)
        return _Judged(bad, len(wanted), tuple(self._left_out(missing, order, fresh, sizes)))

    def _order(
        self, missing: Iterable[Version], wanted: Mapping[Version, Change], sizes: Mapping[str, int]
    ) -> list[Version]:
        """The newest first: what a bound does not reach is the oldest."""
        small = [v for v in missing if 0 <= sizes.get(v[0], -1) <= self.limits.file_bytes]
        small.sort(key=lambda version: -wanted[version].time)
        order, total = [], 0
        for version in small[: self.limits.history_blobs]:
            total += sizes[version[0]]
            if total > self.limits.history_bytes:
                break
            order.append(version)
        return order

    def _left_out(
        self,
        missing: Sequence[Version],
        order: Sequence[Version],
        fresh: Mapping[Version, Bad],
        sizes: Mapping[str, int],
    ) -> Iterable[Skipped]:
        absent = sum(1 for blob, _ in missing if blob not in sizes)
        large = sum(1 for blob, _ in missing if sizes.get(blob, 0) > self.limits.file_bytes)
        rest = len(missing) - absent - large - len(fresh)
        if self.git.late:
            absent, rest = 0, rest + absent
        if absent:
            yield Skipped(
                CHECK, f"{absent} older versions of lockfiles are not in this clone", "clone without --filter"
            )
        if large:
            yield Skipped(CHECK, f"{large} older versions of lockfiles are too large to be read")
        if rest:
            why = "out of time" if self.git.late else "too many" if len(order) <= len(fresh) else "damaged"
            yield Skipped(
                CHECK, f"{rest} older versions of lockfiles were not looked at: {why}", "seawall --all"
            )

    def _looked_at(
        self,
        order: Sequence[Version],
        wanted: Mapping[Version, Change],
        find: Callable[[str], Format | None],
    ) -> Iterable[tuple[Version, Bad]]:
        if not order:
            return
        sieves: dict[str, Sieve] = {}
        named = _by_name(self.known_bad)
        pending = iter(order)
        for blob, data in self.git.blobs([blob for blob, _ in order]):
            # What git could not read is left out of its answer; it keeps the order.
            version = next((v for v in pending if v[0] == blob), None)
            item = find(wanted[version].path) if version else None
            if version is None or item is None:
                return
            if item.ecosystem not in sieves:
                sieves[item.ecosystem] = Sieve(_about(self.known_bad, item.ecosystem))
            path = wanted[version].path
            passes = sieves[item.ecosystem].passes(path, data)
            yield version, self._parsed(item, path, data, named) if passes else {}

    def _parsed(self, item: Format, path: str, data: bytes, named: _Named) -> Bad:
        keys = {pin.key for pin in item.read(data, path, self.limits).pins}
        # Of a feed's hundreds of thousands only those about a package in this file.
        about = {(ecosystem, package_name(ecosystem, name)) for ecosystem, name, _ in keys}
        known = {id(advisory): advisory for pair in about for advisory in named.get(pair, ())}
        matches = self.matcher(keys, known.values())
        found = {
            key: tuple(dict.fromkeys(i for m in ms if m.malicious for i in m.ids))
            for key, ms in matches.items()
        }
        return {key: ids for key, ids in found.items() if ids}

    def _intervals(
        self,
        log: Log,
        bad: Mapping[Version, Bad],
        find: Callable[[str], Format | None],
        tips: frozenset[str],
    ) -> tuple[Interval, ...]:
        by_path: dict[str, list[Change]] = defaultdict(list)
        for change in log.changes:
            by_path[change.path].append(change)
        found: list[Interval] = []
        with self.git.blob_at() as blob_at:
            for path, mine in by_path.items():
                item = find(path)
                kind = item.id if item else ""
                of = {blob: hits for blob in _blobs(mine) if (hits := bad.get((blob, kind)))}
                if of:
                    at = _states(path, mine, log.commits, of, blob_at)
                    found += self._of_path(path, log, of, at, tips)
        return tuple(sorted(found, key=_order_of))

    def _of_path(
        self, path: str, log: Log, of: Mapping[str, Bad], at: Mapping[str, str], tips: frozenset[str]
    ) -> Iterable[Interval]:
        known = {commit.id for commit in log.commits}
        outside = sorted(name for name, blob in at.items() if blob in of and name not in known)
        times = self.git.times(outside) if outside else {}
        commits = [*(Commit(name, (), times.get(name, 0)) for name in outside), *log.commits]
        for key in sorted({key for hits in of.values() for key in hits}):
            holding = {name for name, blob in at.items() if key in of.get(blob, {})}
            ids = next(hits[key] for hits in of.values() if key in hits)
            for span in spans(commits, holding, tips):
                yield _interval(span, key, path.removeprefix(self.repository.prefix), ids)


@dataclass(frozen=True, slots=True)
class _Judged:
    bad: Mapping[Version, Bad]
    count: int
    skipped: tuple[Skipped, ...]


def _cut(log: Log, running: Git, limits: Limits) -> Iterable[Skipped]:
    count = len(log.commits)
    if running.late and not log.complete:
        yield Skipped(CHECK, f"stopped after {count} commits: out of time", "seawall --all")
    elif count >= limits.history_commits and not log.complete:
        yield Skipped(CHECK, f"only the newest {count} commits were looked at: too many")
    elif not log.complete:
        why = "git could not read all of it: too much, damaged, or not in this clone"
        yield Skipped(CHECK, f"stopped after {count} commits: {why}", "git fsck")


def _wanted(log: Log, find: Callable[[str], Format | None]) -> dict[Version, Change]:
    """Every version of every file, with the change that it came with or that it went with."""
    known = {commit.id for commit in log.commits}
    wanted: dict[Version, Change] = {}
    for change in log.changes:
        item = find(change.path)
        before = [b for p, b in zip(change.parents, change.old, strict=False) if p not in known]
        for blob in (change.new, *before):
            if blob and item:
                wanted.setdefault((blob, item.id), change)
    return wanted


def _blobs(changes: Iterable[Change]) -> set[str]:
    return {blob for change in changes for blob in (change.new, *change.old)}


def _states(
    path: str,
    changes: Iterable[Change],
    commits: Iterable[Commit],
    bad: Collection[str],
    blob_at: Callable[[str, str], str | None],
) -> dict[str, str]:
    """Which blob lies at `path` in each commit, empty for none; parents outside of `commits` among them.

    A merge that git does not list took the blob of one parent: where that matters git is asked of which.
    """
    changed = {change.commit: change for change in changes}
    at: dict[str, str] = {}
    for commit in commits:
        change = changed.get(commit.id)
        if change:
            for parent, blob in zip(change.parents, change.old, strict=False):
                at.setdefault(parent, blob)
            at[commit.id] = change.new
            continue
        before = list(dict.fromkeys(at.get(parent, "") for parent in commit.parents))
        worst = next((blob for blob in before if blob in bad), before[0] if before else "")
        found = blob_at(commit.id, path) if len(before) > 1 and worst in bad else worst
        at[commit.id] = worst if found is None else found
    return at


def _interval(span: Span, key: Key, path: str, ids: tuple[str, ...]) -> Interval:
    return Interval(
        key=key,
        path=path,
        first_commit=span.first.id,
        first_time=_time(span.first.time),
        last_commit=span.last.id,
        last_time=_time(span.last.time),
        removed_commit=span.removed.id if span.removed else "",
        removed_time=_time(span.removed.time) if span.removed else "",
        advisories=ids,
        gone=span.gone,
    )


def _order_of(interval: Interval) -> tuple[bool, str, str, Key]:
    """What a branch still holds first, then as it happened."""
    held = not interval.removed_commit and not interval.gone
    return not held, interval.first_time, interval.path, interval.key


def _time(seconds: int) -> str:
    if not seconds:
        return ""  # not known
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return ""


def _claims(formats: Sequence[Format]) -> tuple[Format, ...]:
    return tuple(item for item in formats if item.kind is DocumentKind.LOCKFILE)


def _by_name(known_bad: Iterable[Advisory]) -> _Named:
    named: dict[tuple[str, str], list[Advisory]] = defaultdict(list)
    for advisory in known_bad:
        for affected in advisory.affected:
            named[affected.ecosystem, package_name(affected.ecosystem, affected.name)].append(advisory)
    return named


def _about(known_bad: Iterable[Advisory], ecosystem: str) -> list[Advisory]:
    """Those about packages that a lockfile of this ecosystem can hold; conda's hold PyPI packages too."""
    if ecosystem not in ("npm", "PyPI", "crates.io", "Go"):
        return list(known_bad)
    return [a for a in known_bad if any(affected.ecosystem == ecosystem for affected in a.affected)]


def _digest(known_bad: Iterable[Advisory]) -> str:
    found = hashlib.sha256()
    for advisory in sorted(known_bad, key=lambda a: a.id):
        found.update(repr((advisory.id, advisory.modified, advisory.affected)).encode())
    return found.hexdigest()[:16]


def _dumped(bad: Bad) -> bytes:
    return json.dumps([[*key, list(ids)] for key, ids in bad.items()]).encode()


def _loaded(data: bytes) -> Bad:
    try:
        return {(e, n, v): tuple(ids) for e, n, v, ids in json.loads(data)}
    except (ValueError, TypeError):
        return {}
