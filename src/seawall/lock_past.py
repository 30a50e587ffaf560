"""What each lockfile and manifest of a branch held, commit by commit, while a bad version could be had.

The branch is walked back from its newest commit to the beginning of the window, and a file is read only
where its bytes can name a package that is asked about.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from seawall.adapters.disk.tree import claimer
from seawall.adapters.vcs.git import Git, git
from seawall.adapters.vcs.line import Step, dates_go_back, steps
from seawall.adapters.vcs.objects import Ask, below, found_commit
from seawall.adapters.vcs.repository import Repository, open_repository
from seawall.kernel.asset import package_name
from seawall.kernel.errors import UsageError
from seawall.kernel.exposure import FAR, Locked, Suspicion, touches
from seawall.kernel.finding import Skipped
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import DocumentKind, Pin
from seawall.readers.format import Format
from seawall.readers.lockfiles import FORMATS

CHECK = "lockfiles of the branch"
_LISTED = "requirements"
_MOST_READ = 2_000
_ESCAPES = (b"\\u", b"\\x")


@dataclass(frozen=True, slots=True)
class LockPast:
    """What was found. `last` is the newest commit of the branch in the window, `commits` how many count.

    `tip` is the branch's newest commit, `whole` whether the walk came to the beginning of the window.
    `goes_back`: commits claim to be older than what they stand on, so dates prove nothing.
    """

    locks: tuple[Locked, ...] = ()
    tip: str = ""
    last: str = ""
    first: str = ""
    first_time: int = 0
    commits: int = 0
    walked: int = 0
    whole: bool = False
    empty: bool = False
    goes_back: bool = False
    skipped: tuple[Skipped, ...] = ()


def lock_past(root: Path, asked: Suspicion, limits: Limits) -> LockPast:
    """What the branch of HEAD held in the window. No repository, or none with a commit: nothing, and said."""
    repository = open_repository(root)
    if not isinstance(repository, Repository):
        return LockPast(skipped=(repository or Skipped(CHECK, "there is no git repository"),))
    with git(repository, limits.history_seconds) as running:
        if running is None:
            return LockPast(skipped=(Skipped(CHECK, "git is not installed", "install git"),))
        try:
            tip = found_commit(running, repository, "HEAD")
        except UsageError:
            return LockPast(empty=True, whole=True, skipped=(Skipped(CHECK, "there is no commit at HEAD"),))
        with running.contents() as ask:
            return _Walk(running, repository, asked, limits, ask).past(tip)


@dataclass(slots=True)
class _Stand:
    """One content of one file: from when to when it lay there."""

    path: str
    blob: str
    commit: str
    start: int | None = None
    end: int | None = None
    end_commit: str = ""


@dataclass(slots=True)
class _Walk:
    git: Git
    repository: Repository
    asked: Suspicion
    limits: Limits
    ask: Ask
    _find: Callable[[str], Format | None] = field(default_factory=lambda: claimer(FORMATS))
    _open: dict[str, _Stand] = field(default_factory=dict)
    _done: list[_Stand] = field(default_factory=list)
    _until: float = 0.0
    _least: int = FAR

    def past(self, tip: str) -> LockPast:
        self._until = time.monotonic() + self.limits.history_seconds
        listed, all_there = self.git.listing(tip, self.limits.tree_files * 2)
        for path, (_, blob) in below(self.repository.prefix, listed).items():
            if self._find(path):
                self._open[path] = _Stand(path, blob, tip)
        told, why = self._back(tip)
        if not all_there:
            told, why = replace(told, whole=False), "git could not list the tree"
        locks, unread = self._read()
        skipped = [Skipped(CHECK, f"nothing before {told.first[:7]}: {why}", _advice(why))] if why else []
        skipped += [Skipped(CHECK, f"{unread} files in the window were not read", "")] if unread else []
        return replace(told, locks=locks, tip=tip, skipped=tuple(skipped))

    def _back(self, tip: str) -> tuple[LockPast, str]:
        """Walk to the commit that was there when the window began; to the first where dates go back."""
        start, end = self.asked.start, self.asked.end
        back = self.asked.since is not None and dates_go_back(self.git, [tip], start)
        start = -FAR if back else start
        found = LockPast(last="", goes_back=back)
        size = len(self.repository.prefix)
        shallow = self.repository.shallow.decode("ascii", "replace").split()
        before = ""
        with steps(self.git, tip, "", self.limits.history_commits, self.limits.history_bytes) as walked:
            for step in walked:
                begun, landed = min(step.time, step.landed), max(step.time, step.landed)
                counts = begun <= end
                last = found.last or (step.commit if counts else "")
                found = replace(
                    found, last=last, first=step.commit, first_time=step.landed, walked=found.walked + 1,
                    commits=found.commits + bool(last),
                )  # fmt: skip
                before = step.parent
                if landed < start:
                    return replace(found, whole=True), ""
                if time.monotonic() > self._until:
                    return found, "out of time"
                if step.commit in shallow:
                    return found, "this clone is shallow"
                self._step(step, size)
        if before or found.walked == 0:
            why = "out of time" if self.git.late else "too many commits, or git could not read all of it"
            return found, why
        self._begin()
        return replace(found, whole=True), ""

    def _step(self, step: Step, size: int) -> None:
        """What this commit changed: its own content began here, the one before it ended here."""
        self._least, end = min(self._least, step.time, step.landed), max(step.time, step.landed)
        for full, old, new in step.changes:
            path = full[size:]
            if not full.startswith(self.repository.prefix) or self._find(path) is None:
                continue
            stand = self._open.pop(path, None)
            if stand and new:
                # Who commits says when: it was there before anything that stands on it, and after itself.
                stand.start, stand.commit = self._least, step.commit
                stand.end = None if stand.end is None else max(stand.end, end)
                self._done.append(stand)
            if old:
                self._open[path] = _Stand(path, old[1], step.parent, None, end, step.commit)

    def _begin(self) -> None:
        """The branch begins here: nothing lay there before."""
        self._done += self._open.values()
        self._open = {}

    def _read(self) -> tuple[tuple[Locked, ...], int]:
        stands = [*self._done, *self._open.values()]
        start, end = self.asked.start, self.asked.end
        inside = [one for one in stands if touches(one.start, one.end, start, end)]
        ecosystems = {one.ecosystem for one in self.asked.suspects}
        found: list[Locked] = []
        unread = 0
        seen: dict[tuple[str, str], Locked] = {}
        for stand in sorted(inside, key=lambda one: one.path):
            item = self._find(stand.path)
            if item is None or item.ecosystem not in ecosystems:
                continue
            key = (stand.blob, stand.path)
            if key not in seen:
                enough = len(seen) < _MOST_READ and time.monotonic() < self._until
                seen[key] = self._one(stand, item) if enough else _unread(stand, item, "out of time")
            unread += bool(seen[key].unread)
            found.append(
                replace(
                    seen[key],
                    start=stand.start,
                    end=stand.end,
                    commit=stand.commit,
                    end_commit=stand.end_commit,
                )
            )
        return tuple(found), unread

    def _one(self, stand: _Stand, item: Format) -> Locked:
        data = self.ask(stand.blob, self.limits.file_bytes)
        if not isinstance(data, bytes):
            return _unread(stand, item, "too large" if isinstance(data, int) else "not in this clone")
        empty = Locked(
            stand.path, stand.commit, stand.start, stand.end,
            lock=item.kind is DocumentKind.LOCKFILE, ecosystem=item.ecosystem,
        )  # fmt: skip
        if not self._may_name(data) and empty.lock and item.id != _LISTED:
            return empty
        document = item.read(data, stand.path, self.limits)
        unread = document.problems[0].message if document.problems else ""
        held, asks = [], []
        for entry in document.entries:
            if not self._is_asked(entry.ecosystem, entry.name):
                continue
            key = entry.key
            if key:
                held.append(key)
            elif not isinstance(entry, Pin):
                asks.append((entry.ecosystem, entry.name, entry.spec))
        lock = document.kind is DocumentKind.LOCKFILE
        if item.id == _LISTED:
            # Without hashes it fixes what it names and nothing that this brings along.
            lock = lock and bool(document.pins) and all(pin.digests for pin in document.pins)
        fixed, left = tuple(dict.fromkeys(held)), tuple(dict.fromkeys(asks))
        return replace(empty, held=fixed, asked=left, lock=lock, unread=unread)

    def _is_asked(self, ecosystem: str, name: str) -> bool:
        return (ecosystem, package_name(ecosystem, name)) in self._names

    @property
    def _names(self) -> Collection[tuple[str, str]]:
        return {(one.ecosystem, package_name(one.ecosystem, one.name)) for one in self.asked.suspects}

    def _may_name(self, data: bytes) -> bool:
        """Whether the bytes can name one of the packages; escapes can spell anything."""
        small = data.lower()
        folded = small.replace(b"_", b"-").replace(b".", b"-")
        names = [one.name.lower().encode("utf-8", "replace") for one in self.asked.suspects]
        return any(name in small or name in folded for name in names) or any(e in small for e in _ESCAPES)


def _unread(stand: _Stand, item: Format, why: str) -> Locked:
    return Locked(
        stand.path, stand.commit, stand.start, stand.end, unread=why,
        lock=item.kind is DocumentKind.LOCKFILE, ecosystem=item.ecosystem,
    )  # fmt: skip


def _advice(why: str) -> str:
    return "git fetch --unshallow" if "shallow" in why else ""


def day(seconds: int | None) -> str:
    """`2026-03-31`; empty for no time."""
    if seconds is None:
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
    except (OverflowError, OSError, ValueError):
        return ""


def unread_of(locks: Iterable[Locked]) -> Iterator[str]:
    """Which files were not read, and why."""
    for one in locks:
        if one.unread:
            yield f"{one.path} at {one.commit[:7]}: {one.unread}"
