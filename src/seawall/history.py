"""Was anything bad ever locked here? Every version of every lockfile on every branch is asked.

A blob is parsed only when it holds the name of a package that was ever malicious together with one of its bad
versions. What was found for a blob is remembered by its id, so that the next scan looks at new ones only.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from seawall import __version__
from seawall.adapters.disk.tree import claimer
from seawall.adapters.vcs.git import CHECK, Change, Git, Log, Repository, git, open_repository
from seawall.kernel.advisory import Advisory, Match
from seawall.kernel.cache import Cache
from seawall.kernel.finding import Skipped
from seawall.kernel.history import Interval
from seawall.kernel.intake import Key
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import DocumentKind
from seawall.kernel.versions import is_unbounded
from seawall.readers.format import Format

Matcher = Callable[[Iterable[Key], Iterable[Advisory]], Mapping[Key, tuple[Match, ...]]]
Bad = Mapping[Key, tuple[str, ...]]
"""Bad package versions in one blob, each with the ids of its advisories."""

_REMEMBERED = timedelta(days=90)
_TIPS = 2_000


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
) -> HistoryReport:
    """Every interval in which a lockfile under `target` held one of `known_bad`. No repository, no report."""
    start = time.monotonic()
    repository = open_repository(target)
    if repository is None:
        return HistoryReport()
    if isinstance(repository, Skipped):
        return HistoryReport(skipped=(repository,))
    with git(repository, limits.history_seconds) as running:
        if running is None:
            return HistoryReport(skipped=(Skipped(CHECK, "git is not installed", "install git"),))
        walk = _Walk(running, repository, formats, known_bad, matcher, limits, cache, now)
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

    def report(self) -> HistoryReport:
        tips = list(dict.fromkeys([self.repository.head, *sorted(self.repository.refs.values())]))
        tips = [tip for tip in tips if tip]
        claims = _claims(self.formats)
        prefix = self.repository.prefix

        find = claimer(claims)

        def claimed(path: str) -> bool:
            return path.startswith(prefix) and find(path) is not None

        log = self.git.log(tips, claimed, self.limits.history_commits)
        changes = log.changes
        bad, seen, left = self._judged(changes, claims)
        found = self._intervals(changes, bad, tips)
        return HistoryReport(found, tuple(self._skipped(log, left)), log.commits, seen)

    def _skipped(self, log: Log, left: int) -> Iterable[Skipped]:
        if not log.complete:
            yield Skipped(
                CHECK, f"stopped after {log.commits} commits: out of time or too many", "run it again"
            )
        if left:
            yield Skipped(
                CHECK, f"{left} older versions of lockfiles were not looked at: out of time", "run it again"
            )
        if self.repository.shallow:
            cut = len(self.repository.shallow.split())
            yield Skipped(CHECK, f"this clone is shallow, cut at {cut} commits", "git fetch --unshallow")

    def _judged(
        self, changes: Sequence[Change], claims: tuple[Format, ...]
    ) -> tuple[dict[str, Bad], int, int]:
        """What is bad in each blob; how many blobs were looked at, and how many were not."""
        wanted: dict[str, Change] = {}
        for change in changes:
            if set(change.new) != {"0"}:
                wanted.setdefault(change.new, change)
        prefix = f"{__version__}:{_digest(self.known_bad)}:"
        held = self.cache.cached("history", (prefix + blob for blob in wanted), self.now)
        bad = {key.removeprefix(prefix): _loaded(value) for key, value in held.items()}
        missing = [blob for blob in wanted if blob not in bad]
        sizes = self.git.sizes(missing) if missing else {}
        # The newest first: what time does not reach is the oldest.
        order = sorted(
            (blob for blob in missing if sizes.get(blob, 0) <= self.limits.file_bytes),
            key=lambda blob: -wanted[blob].time,
        )[: self.limits.history_blobs]
        sieves: dict[str, _Sieve] = {}
        find = claimer(claims)
        fresh: dict[str, Bad] = {}
        if order:
            for blob, data in self.git.blobs(order):
                change = wanted[blob]
                item = find(change.path)
                ecosystem = item.ecosystem if item else ""
                if ecosystem not in sieves:
                    sieves[ecosystem] = _Sieve(_about(self.known_bad, ecosystem))
                if sieves[ecosystem].passes(change.path, data):
                    fresh[blob] = self._parsed(change.path, data, claims)
                else:
                    fresh[blob] = {}
        self.cache.remember(
            "history", {prefix + b: _dumped(v) for b, v in fresh.items()}, self.now + _REMEMBERED
        )
        bad.update(fresh)
        return bad, len(wanted), len(missing) - len(fresh)

    def _parsed(self, path: str, data: bytes, claims: tuple[Format, ...]) -> Bad:
        item = claimer(claims)(path)
        if item is None:
            return {}
        keys = {pin.key for pin in item.read(data, path, self.limits).pins}
        matches = self.matcher(keys, self.known_bad)
        found = {
            key: tuple(dict.fromkeys(i for m in ms if m.malicious for i in m.ids))
            for key, ms in matches.items()
        }
        return {key: ids for key, ids in found.items() if ids}

    def _intervals(
        self, changes: Sequence[Change], bad: Mapping[str, Bad], tips: Sequence[str]
    ) -> tuple[Interval, ...]:
        by_path: dict[str, list[Change]] = defaultdict(list)
        for change in changes:
            by_path[change.path].append(change)
        spans: list[_Span] = []
        for path, mine in by_path.items():
            keys = {key for change in mine for key in bad.get(change.new, {})}
            for key in sorted(keys):
                spans += self._spans(path, key, mine, bad, tips)
        commits = {commit for span in spans for commit in (span.first, span.last, span.removed) if commit}
        times = self.git.times(sorted(commits)) if commits else {}
        return tuple(_interval(span, times, self.repository.prefix) for span in spans)

    def _spans(
        self, path: str, key: Key, changes: Sequence[Change], bad: Mapping[str, Bad], tips: Sequence[str]
    ) -> list[_Span]:
        """Oldest first: a change that brings the version opens a span, one that takes it out closes it."""
        spans: list[_Span] = []
        current: _Span | None = None
        for change in changes:
            before = [key in bad.get(blob, {}) for blob in change.old]
            after = key in bad.get(change.new, {})
            if after and current is None and not any(before):
                current = _Span(path, key, change.commit, bad[change.new][key])
                spans.append(current)
            elif after and current is None:
                current = _Span(path, key, change.commit, bad[change.new][key], cut=True)
                spans.append(current)
            elif any(before) and not after and current is not None:
                parents = [p for p, had in zip(change.parents, before, strict=False) if had]
                current.last, current.removed = (parents or [current.first])[0], change.commit
                current = None
        still = self.git.at_tips(tips[:_TIPS], path)
        holding = [tip for tip, blob in still.items() if key in bad.get(blob, {})]
        if spans and holding:
            spans[-1].last, spans[-1].removed = holding[0], ""
        return spans


@dataclass(slots=True)
class _Span:
    path: str
    key: Key
    first: str
    ids: tuple[str, ...]
    last: str = ""
    removed: str = ""
    cut: bool = False


def _interval(span: _Span, times: Mapping[str, int], prefix: str) -> Interval:
    last = span.last or span.first
    return Interval(
        key=span.key,
        path=span.path.removeprefix(prefix),
        first_commit=span.first,
        first_time=_time(times.get(span.first)),
        last_commit=last,
        last_time=_time(times.get(last)),
        removed_commit=span.removed,
        removed_time=_time(times.get(span.removed)) if span.removed else "",
        advisories=span.ids,
    )


def _time(seconds: int | None) -> str:
    if seconds is None:
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return ""


def _claims(formats: Sequence[Format]) -> tuple[Format, ...]:
    return tuple(item for item in formats if item.kind is DocumentKind.LOCKFILE)


def _about(known_bad: Iterable[Advisory], ecosystem: str) -> list[Advisory]:
    """Those about packages that a lockfile of this ecosystem can hold; conda's hold PyPI packages too."""
    if ecosystem not in ("npm", "PyPI", "crates.io", "Go"):
        return list(known_bad)
    return [a for a in known_bad if any(affected.ecosystem == ecosystem for affected in a.affected)]


class _Sieve:
    """Lets a blob pass only when it names a bad package with one of its bad versions close behind.

    Versions of one file share nearly all their lines, so only lines that were not seen before at a path are
    searched; what they name stays a candidate for every other version of that file.
    """

    def __init__(self, known_bad: Iterable[Advisory]) -> None:
        self._versions: dict[bytes, set[bytes]] = defaultdict(set)
        self._every: set[bytes] = set()
        for advisory in known_bad:
            for affected in advisory.affected:
                name = affected.name.lower().encode()
                self._versions[name].update(version.lower().encode() for version in affected.versions)
                if not affected.versions or any(not is_unbounded(r) for r in affected.ranges):
                    self._every.add(name)
        self._bad_versions = {version for versions in self._versions.values() for version in versions}
        self._lines: dict[str, set[bytes]] = defaultdict(set)
        self._names: dict[str, set[bytes]] = defaultdict(set)
        self._seen: dict[str, set[bytes]] = defaultdict(set)

    def passes(self, path: str, data: bytes) -> bool:
        """This version of the file has to be parsed."""
        small = data.lower()
        lines = set(small.split(b"\n"))
        new = lines - self._lines[path]
        self._lines[path] |= new
        fresh = _DIGESTS.sub(b"", b"\n".join(new))
        self._seen[path].update(self._bad_versions.intersection(_VERSION.findall(fresh)))
        self._names[path].update(self._names_in(fresh))
        if self._names[path] & self._every:
            return True
        window = _FAR if path.endswith("Pipfile.lock") else _NEAR
        return any(
            _together(name, version).search(piece)
            for name in self._names[path]
            for version in self._versions[name] & self._seen[path]
            for piece in _before(small, version, window)
        )

    def _names_in(self, fresh: bytes) -> Iterable[bytes]:
        if len(self._versions) <= _FEW:
            # The catalog alone: looking for each name is quicker than cutting the text into words.
            spelled = fresh.replace(b"_", b"-")
            return [name for name in self._versions if name in spelled or name in fresh]
        words = set(_WORD.findall(fresh))
        return [name for word in words for name in _spellings(word) if name in self._versions]


_FEW = 500
_DIGESTS = re.compile(rb"sha\d+[-:][a-z0-9+/=]+")
_VERSION = re.compile(rb"(?<![\d.])\d+\.\d+[0-9a-z.+-]*")


_INSIDE = frozenset(bytes([digit]) for digit in b"0123456789.")
_NEAR, _FAR = 700, 40_000
"""How far before a version its name is looked for; a Pipfile.lock holds all digests between the two."""


def _before(data: bytes, version: bytes, window: int) -> Iterable[bytes]:
    """The text up to and just behind every place where the version stands: it is rarer than a name."""
    at = data.find(version)
    while at >= 0:
        end = at + len(version)
        if data[at - 1 : at] not in _INSIDE and data[end : end + 1] not in _INSIDE:
            yield data[max(0, at - window) : end + 1]
        at = data.find(version, end)


@lru_cache(maxsize=20_000)
def _together(name: bytes, version: bytes) -> re.Pattern[bytes]:
    """The name with the version behind it, as any of the lockfile formats write the two."""
    spelled = re.escape(name).replace(rb"\-", rb"[-_.]")
    return re.compile(rb"(?<![a-z0-9._-])" + spelled + _BETWEEN + re.escape(version) + rb"(?![0-9])")


_BETWEEN = (
    rb"(?:@(?:npm:)?|/|\s+v?|"  # pnpm and bun, go.mod
    rb"\s*(?:\[[^\]\n]*\])?\s*===?\s*|"  # requirements files
    rb'"\s*[:,]\s*\{?[^{}]*?"version"\s*:\s*"(?:==)?|'  # JSON: npm, Pipfile.lock
    rb"@[^\n]*:\s*\n(?:\s+[^\n]*\n)??\s+version:?\s+\"?|"  # yarn
    rb'"?\s*\n(?:[^\[\n]*\n){0,8}?\s*version\s*[=:]\s*["\x27]?)'  # TOML and YAML tables
)


def _spellings(word: bytes) -> Iterable[bytes]:
    """Everything in a word that could be a package name, cut in every way that formats write it."""
    yield word
    trimmed = word.strip(b"@/.-_")
    yield trimmed
    at = word.find(b"@", 1)
    if at > 0:
        yield word[:at].lstrip(b"/")
    pieces = trimmed.partition(b"@")[0].split(b"/") if b"/" in trimmed else ()
    yield from pieces
    for pair in pairwise(pieces):
        yield b"/".join(pair)
        yield b"@" + b"/".join(pair).lstrip(b"@")
    if b"_" in trimmed or b"." in trimmed:
        yield trimmed.replace(b"_", b"-").replace(b".", b"-")


_WORD = re.compile(rb"[a-z0-9@/._-]{2,300}")


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
