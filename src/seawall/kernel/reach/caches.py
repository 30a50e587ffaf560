"""R8: what a job saves into the cache, later jobs of that branch and of those that start from it restore.

The cache service writes only where a job may write: `cache-mode` says so, and without one the triggers of low
trust only read.
Source: GitHub's documentation of dependency caching and of `cache-mode`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seawall.kernel.code import LOOSENESS, Code, CodeKind, Firmness
from seawall.kernel.pipeline import Workflow

from .conditions import both
from .edge import Confidence, Edge, Line, Target, TargetKind
from .joining import joined
from .reachable import Found, Runner
from .runners import systems_of
from .view import View
from .worth import weighed

_LOW_TRUST = frozenset(
    (
        "pull_request_target",
        "issue_comment",
        "issues",
        "discussion",
        "discussion_comment",
        "fork",
        "watch",
        "workflow_run",
    )
)
_MAY_WRITE = frozenset(("", "write", "write-only"))
_MAY_READ = frozenset(("", "read", "write"))


def may_save(view: View) -> tuple[bool, str]:
    """Whether the job can write to the cache, and under which condition."""
    mode = view.entry.mode
    if mode not in _MAY_WRITE:
        return False, ""
    if mode:
        return True, ""
    triggers = view.entry.triggers
    low = [name for name in triggers if name in _LOW_TRUST]
    if triggers and len(low) == len(triggers):
        return False, ""
    return True, f"not when started by {', '.join(low)}" if low else ""


@dataclass(frozen=True, slots=True)
class Saved:
    """One key that one job saves, with the loosest code that could have put something into it.

    `refs` and `systems`: what the job runs for and on; other references and systems do not restore it.
    """

    place: str
    line: Line
    pin: Firmness
    refs: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()


_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Shelf:
    """Who saves and who restores each key, over the whole tree.

    Of those who save one key for the same references and systems only the two loosest are kept (one may be
    the job that asks), of those who restore it the first few: a key that thousands of jobs share costs each
    of them the same.
    """

    saved: dict[str, list[Saved]]
    restored: dict[str, list[tuple[str, Line]]]


def shelf_of(views: Iterable[View]) -> Shelf:
    """Every key with those who save and those who restore it."""
    shelf = Shelf({}, {})
    for view in views:
        if not any(deed.saves or deed.restores for deed in view.deeds.values()):
            continue
        writes = may_save(view)[0]
        pin = max((LOOSENESS[who.code.pin] for who in view.runners if _can_fill(who)), default=-1)
        for deed in view.deeds.values():
            for event in deed.saves if writes and pin >= 0 else ():
                systems = systems_of(view.entry.job)
                saved = Saved(view.id, event.line, tuple(Firmness)[pin], view.entry.refs, systems)
                _keep(shelf.saved.setdefault(event.name, []), saved)
            for event in deed.restores if view.entry.mode in _MAY_READ else ():
                known = shelf.restored.setdefault(event.name, [])
                if len(known) < _SHOWN:
                    known.append((view.id, event.line))
    return shelf


def _keep(known: list[Saved], saved: Saved) -> None:
    if any(one.place == saved.place and one.refs == saved.refs for one in known):
        return
    known.append(saved)
    known.sort(key=lambda one: (-LOOSENESS[one.pin], one.place))
    like = [one for one in known if (one.refs, one.systems) == (saved.refs, saved.systems)]
    for one in like[2:]:
        known.remove(one)


def _can_fill(who: Runner) -> bool:
    return not who.code.contained and not own_action(who.code)


def own_action(code: Code) -> bool:
    """An action by who owns the runner."""
    return code.kind is CodeKind.ACTION and code.name.lower().startswith(("actions/", "github/"))


def written(view: View, shelf: Shelf) -> Iterator[Edge]:
    """R8: every code item of a job that saves a cache could put something into it."""
    possible, gate = may_save(view)
    if not possible:
        return
    for order, deed in view.deeds.items():
        for event in deed.saves:
            target = weighed(Target(TargetKind.CACHE, event.name, "repository"))
            readers = [line for place, line in shelf.restored.get(event.name, ()) if place != view.id]
            run = view.run(order)
            own = f"if {run.condition}" if run and run.condition else ""
            condition = both(
                gate, own, f"for later runs{_SCOPES.get(view.entry.refs, '')} that restore this key"
            )
            found = [Found("R8", Confidence.CONDITIONAL, (event.line, *readers[:4]), condition)]
            for who in view.runners:
                if not who.code.contained:
                    yield joined(view, who, target, found)


def read_back(view: View, shelf: Shelf) -> Iterator[Runner]:
    """Cache items that a job restores and that another, looser job of the tree may have written."""
    tightest = _loosest_of(view)
    seen: set[str] = set()
    for order, deed in view.deeds.items():
        for event in deed.restores if view.entry.mode in _MAY_READ else ():
            known = shelf.saved.get(event.name, ())
            writers = [one for one in known if one.place != view.id and _meets(one, event.name, view)]
            worst = writers[0] if writers else None
            if worst is None or event.name in seen or LOOSENESS[worst.pin] <= tightest:
                continue
            seen.add(event.name)
            code = Code(
                CodeKind.CACHE, event.name, worst.pin, event.line.path, event.line.line, _top(view, order),
                runs="import", condition=f"where {worst.place} wrote the cache",
                note=f"saved by {worst.place}",
            )  # fmt: skip
            later = frozenset(at for at in view.profiles if at > order)
            yield Runner(code, order, frozenset(), later, through="R8")


_SCOPES = {frozenset(("tag",)): " of the same tag", frozenset(("pull",)): " of the same pull request"}
"""Whose caches only such runs restore; all others reach the default branch's, which every run restores."""


def _meets(saved: Saved, key: str, view: View) -> bool:
    """What that job saved can be what this one restores: same reference or the default branch's, same system.

    Of one tag or pull request, a job that waits for this one comes too late.
    """
    own = systems_of(view.entry.job)
    if saved.systems and own:
        apart = saved.systems.isdisjoint(own)
        windows = (saved.systems == _WINDOWS) != (own == _WINDOWS)
        if apart and (windows or _BY_SYSTEM.search(key)):
            return False
    if "branch" in saved.refs:
        return True
    if saved.refs.isdisjoint(view.entry.refs):
        return False
    path, _, name = saved.place.partition("#")
    return path != view.entry.workflow.path or not _waits(view.entry.workflow, name, view.entry.job.id)


_WINDOWS = frozenset(("windows",))
_BY_SYSTEM = re.compile(r"\Asetup-|\Arust-cache|-action\b|runner\.os|matrix\.os")
"""Keys that hold the system's name, as those of the known actions do; Windows shares with no other anyway."""


def _waits(workflow: Workflow, job: str, other: str) -> bool:
    """The job needs the other, directly or through further ones."""
    needs = {one.id: one.needs for one in workflow.jobs}
    waiting, seen = [job], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        waiting += needs.get(name, ())
    return other in seen and other != job


def _loosest_of(view: View) -> int:
    """How loose the loosest code is that the job runs anyway."""
    return max((LOOSENESS[who.code.pin] for who in view.runners if _can_fill(who)), default=-1)


def _top(view: View, order: int) -> int:
    run = view.run(order)
    return run.top if run else -1
