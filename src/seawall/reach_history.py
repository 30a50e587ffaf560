"""Since when can this code get at that credential, and what could once? Every commit of a branch is asked.

A repository's present was repaired; what ran on a bad day ran what was there then. So the commits of HEAD's
line (first parents: what the branch held), of the default branch and of tags beside it are walked from the
newest back, and reach is told anew wherever a file that decides it changed. Bounded in commits and seconds,
and said when cut; what was found is remembered, so that the next look goes on from there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from seawall import __version__
from seawall.adapters.disk.listing import Listing
from seawall.adapters.vcs.git import Git, git
from seawall.adapters.vcs.line import Step, steps
from seawall.adapters.vcs.objects import Ask, Entry, Objects, below, found_commit
from seawall.adapters.vcs.repository import Repository, open_repository
from seawall.kernel.cache import Cache
from seawall.kernel.finding import Skipped
from seawall.kernel.limits import Limits
from seawall.kernel.reach.again import Again
from seawall.kernel.reach.edge import NO_REACH
from seawall.kernel.reach.lived import Moment, time_of
from seawall.moving_tree import Moved, MovingTree
from seawall.past_reach import SHAPE, PastReach, dumped, loaded
from seawall.reach import ground_from, together, tools_in
from seawall.readers.lockfiles import ENVIRONMENTS

CHECK = "history of reach"
MOST_BESIDE = 12
"""So many tags and branches beside HEAD's line are walked, the newest first."""
_KIND = "reach-history"
_REMEMBERED = timedelta(days=90)
_AGAIN = 2.0
"""So many seconds at least for a repository that was looked at before."""
_MORE = "run it again, it goes on from there; or: seawall reach --history --all"
_DEFAULT = "refs/remotes/origin/HEAD"
_EVERYTHING = Moved(jobs=True, files=True, tools=True)


@dataclass(frozen=True, slots=True)
class ReachHistory:
    """What each line of commits held: HEAD's (its name is empty), then those beside it, by their refs."""

    lines: tuple[tuple[str, PastReach], ...] = ()
    skipped: tuple[Skipped, ...] = ()


def history(
    root: Path, limits: Limits, cache: Cache, now: datetime, revision: str = "HEAD", *, beside: bool = True
) -> ReachHistory:
    """The past of reach in the repository at `root`, or in a part of one that is a top of its own.

    Without `beside` only the line of the revision, no tag and no default branch beside it.
    """
    repository = open_repository(root)
    if not isinstance(repository, Repository):
        return ReachHistory(skipped=(repository or Skipped(CHECK, "there is no git repository"),))
    # What git is asked for at the end of the time is waited for a little; what is half read counts nothing.
    with git(repository, limits.history_seconds * 1.5 + 2) as running:
        if running is None:
            return ReachHistory(skipped=(Skipped(CHECK, "git is not installed", "install git"),))
        tip = found_commit(running, repository, revision)
        with running.contents() as ask:
            mark = "" if revision == "HEAD" else revision
            look = _Look(running, repository, root, limits, cache, now, ask, mark)
            return look.history(tip, beside=beside)


class _Look:
    """One look at the history of one repository."""

    def __init__(
        self, running: Git, repository: Repository, root: Path, limits: Limits, cache: Cache,
        now: datetime, ask: Ask, mark: str,
    ) -> None:  # fmt: skip
        self._git, self._repository, self._limits = running, repository, limits
        self._cache, self._now, self._mark = cache, now, mark
        self._until = time.monotonic() + limits.history_seconds
        self._tree = MovingTree(Objects({}, ask), Listing(ENVIRONMENTS, limits), root)
        self._again = Again()
        self._jobs = self._tools = self._found = NO_REACH

    def history(self, tip: str, *, beside: bool) -> ReachHistory:
        """HEAD's line, and those beside it for which there is time."""
        main = self._line("", tip, "", set())
        lines, skipped = [("", main)], [*_cut(main, "HEAD")]
        walked: set[str] = set()
        left = 0
        for name, commit in self._beside(tip) if beside else ():
            if commit in walked:
                continue
            if self._late or len(lines) > MOST_BESIDE:
                left += 1
                continue
            past = self._line(name, commit, tip, walked)
            past.adopted(main)
            lines.append((name, past))
            skipped += _cut(past, name)
        if left:
            why = "out of time" if self._late else f"more than {MOST_BESIDE}"
            skipped.append(Skipped(CHECK, f"{left} tags beside the branch were not looked at: {why}", _MORE))
        return ReachHistory(tuple(lines), tuple(skipped))

    @property
    def _late(self) -> bool:
        return self._git.late or time.monotonic() > self._until

    def _beside(self, tip: str) -> Sequence[tuple[str, str]]:
        """(name, commit) of the default branch and of tags that `tip` does not lead to, newest first."""
        refs = self._repository.refs
        names = {refs[_DEFAULT]: "origin/HEAD"} if _DEFAULT in refs else {}
        for ref in sorted(refs):
            if ref.startswith("refs/tags/"):
                names.setdefault(refs[ref], ref.removeprefix("refs/tags/"))
        found = self._git.commits(list(names))
        outside = self._git.outside(list(found.values()), tip, self._limits.history_commits)
        times = self._git.times(sorted(set(found.values()) & outside))
        wanted = [(names[name], commit) for name, commit in found.items() if commit in times]
        return sorted(wanted, key=lambda one: (one[0] != "origin/HEAD", -times[one[1]], one[0]))

    def _line(self, name: str, tip: str, without: str, walked: set[str]) -> PastReach:
        """One line of commits: what is new since it was looked at, and what was not reached then."""
        key = self._key(name)
        data = self._cache.cached(_KIND, (key,), self._now).get(key, b"")
        held = loaded(data)
        if held is not None and not name:
            again = max(self._limits.history_seconds_again, _AGAIN)
            self._until = min(self._until, time.monotonic() + again)
        if held is not None and held.tip is not None and held.tip.commit == tip:
            past, known = held, True
        else:
            past = PastReach()
            known = self._walk(past, tip, without, held, walked)
        if known and past.cut and past.bottom is not None and not self._late:
            self._walk(past, past.bottom.commit, without, None, walked)
        kept = dumped(past)
        if past.tip is not None and kept != data:
            self._cache.remember(_KIND, {key: kept}, self._now + _REMEMBERED)
        return past

    def _key(self, name: str) -> str:
        about = (
            __version__,
            str(SHAPE),
            str(self._repository.objects),
            self._repository.prefix,
            self._mark,
            name,
        )
        return hashlib.sha256("\0".join(about).encode("utf-8", "surrogateescape")).hexdigest()

    def _walk(
        self, past: PastReach, start: str, without: str, held: PastReach | None, walked: set[str]
    ) -> bool:
        """Back from a commit: the tip, or the one at which an earlier look ended.

        True where it came to the tip of what is `held`, which is known from there on.
        """
        resumed = past.bottom is not None
        past.cut = self._begin(start)
        if past.cut or (resumed and not past.says(self._found)):
            past.cut = past.cut or "what was found earlier is another thing now"
            return False
        limits, before = self._limits, None
        with steps(self._git, start, without, limits.history_commits, limits.history_bytes) as found:
            for step in found:
                at = _moment(step)
                if before is not None:
                    if not self._back(past, before, at):
                        break
                elif not resumed:
                    past.tip = at
                    past.back(self._found, at, None)
                    past.commits += 1
                past.bottom, before = at, step
                walked.add(step.commit)
                if held and held.tip and held.tip.commit == step.commit and past.grafted(held):
                    return True
                if self._late:
                    break
        past.cut = self._ended(past, before, bool(without))
        return False

    def _begin(self, commit: str) -> str:
        """Go to the tree of a commit and tell its reach; why that could not be done, or nothing."""
        entries, whole = self._git.listing(commit, self._limits.tree_files * 2)
        if not whole:
            return "out of time" if self._git.late else "git could not list a tree"
        self._tree.restart(self._own(entries))
        self._tell(_EVERYTHING)
        return "out of time" if self._git.late else ""

    def _back(self, past: PastReach, before: Step, at: Moment) -> bool:
        """One commit further back; False when time ran out on the way."""
        prefix = self._repository.prefix
        size = len(prefix)
        changes = [(path[size:], old, new) for path, old, new in before.changes if path.startswith(prefix)]
        moved = self._tree.back(changes, self._limits)
        if moved.jobs or moved.tools:
            self._tell(moved)
            if self._git.late:
                return False
            past.back(self._found, at, _moment(before))
        past.commits += 1
        return True

    def _tell(self, moved: Moved) -> None:
        """Reach of the tree as it is now."""
        if moved.files:
            self._again.forget()
        if moved.jobs:
            ground = ground_from(self._tree.walk(self._limits), self._limits)
            self._jobs = self._again.reach(ground, self._limits)
        if moved.tools:
            self._tools = tools_in(self._tree.tool_walk(self._limits), self._limits)
        self._found = together(self._jobs, self._tools)

    def _own(self, entries: Sequence[tuple[str, str, str]]) -> dict[str, Entry]:
        return below(self._repository.prefix, entries)

    def _ended(self, past: PastReach, last: Step | None, beside: bool) -> str:
        """Why the walk ended where it did; nothing where it came to the beginning of the line."""
        if last is None or self._late:
            return "out of time" if self._late else "git could not read it"
        if last.commit in self._repository.shallow.decode("ascii", "replace").split():
            return "this clone is shallow"
        if not last.parent:
            past.born(_moment(last))
            return ""
        if beside:
            # What lies below belongs to HEAD's line; it tells what the first commit beside it brought in.
            when = self._git.times([last.parent]).get(last.parent, 0)
            joint = Moment(last.parent, when, when)
            if not self._back(past, last, joint):
                return "out of time"
            past.bottom = joint
            return ""
        many = past.commits >= self._limits.history_commits
        return "too many commits" if many else "git could not read all of it"


def _moment(step: Step) -> Moment:
    return Moment(step.commit, step.time, step.landed)


def _cut(past: PastReach, name: str) -> Iterator[Skipped]:
    if past.cut and past.bottom is None:
        yield Skipped(CHECK, f"{name} was not looked at: {past.cut}", _MORE)
    elif past.cut and past.bottom is not None:
        where = f"{past.bottom.commit[:7]} ({time_of(past.bottom.time)[:10]})"
        text = f"{name}: nothing before {where}, {past.commits} commits back: {past.cut}"
        yield Skipped(CHECK, text, _MORE if past.cut == "out of time" else "")
