"""Looking again at almost the same tree costs what has changed: other workflows are as they were.

A workflow's jobs are looked at anew when it changed, one that it calls, a file that its jobs reach, or what
any job may ask; their edges also when what others save and restore under the same keys changed.
Everything is compared by identity: whoever reads the tree gives the same value for what says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import join, normpath

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, Pin, Problem, Requirement
from seawall.kernel.pipeline import Workflow

from .caches import Shelf
from .edge import Edge, Reach
from .ground import Ground
from .reaching import Around, Looking, names_of, reach_of
from .scene import entry_pin
from .using import used
from .view import View

_Slice = tuple[object, ...]
_ALONE = frozenset(("make", "just", "nox", "sh", "python"))
"""Task files that are asked by those alone who call them."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Jobs as they were found, and what they depend on."""

    nouns: tuple[Workflow, ...]
    named: _Slice
    stamp: int
    views: tuple[View, ...]
    problems: tuple[Problem, ...]
    reached: frozenset[str]
    unsure: bool


@dataclass(frozen=True, slots=True)
class _Met:
    """Their edges, once caches and artifacts were met."""

    seen: _Seen
    shelf: _Slice
    views: list[View]
    edges: list[Edge]
    problems: tuple[Problem, ...]


class Again(Looking):
    """Remembers of each workflow the last look."""

    def __init__(self) -> None:
        self._stamp = 0
        self._wide: tuple[object, ...] = ()
        self._near: dict[tuple[str, str], object] = {}
        self._seen: dict[str, _Seen] = {}
        self._met: dict[str, _Met] = {}
        self._now: dict[int, _Seen] = {}
        self._names: dict[int, tuple[Workflow, frozenset[str]]] = {}

    def forget(self) -> None:
        """Something changed that values do not show: files that are there now, or no longer."""
        self._stamp += 1

    def reach(self, ground: Ground, limits: Limits) -> Reach:
        """`reach_of`, with what is known from the last ground."""
        wide, near = _shared(ground)
        if len(wide) != len(self._wide) or any(a is not b for a, b in zip(wide, self._wide, strict=True)):
            self._stamp += 1
        changed = {
            path for kind, path in near.keys() | self._near.keys()
            if near.get((kind, path)) is not self._near.get((kind, path))
        }  # fmt: skip
        self._wide, self._near = wide, near
        if changed:
            for path, one in tuple(self._seen.items()):
                if one.unsure or not one.reached.isdisjoint(changed):
                    del self._seen[path]
        self._now = {}
        paths = {workflow.path for workflow in ground.workflows}
        self._seen = {path: one for path, one in self._seen.items() if path in paths}
        self._met = {path: one for path, one in self._met.items() if path in paths}
        self._names = {id(w): self._names[id(w)] for w in ground.workflows if id(w) in self._names}
        return reach_of(ground, limits, self)

    def views(self, workflow: Workflow, around: Around, problems: list[Problem]) -> list[View]:
        """As they were, where nothing changed that they depend on."""
        nouns = _with_called(workflow, around)
        named = self._named(nouns, around)
        seen = self._seen.get(workflow.path)
        if (
            seen is None
            or seen.stamp != self._stamp
            or seen.named != named
            or len(seen.nouns) != len(nouns)
            or any(a is not b for a, b in zip(seen.nouns, nouns, strict=True))
        ):
            said: list[Problem] = []
            views = super().views(workflow, around, said)
            unsure = bool(said) or any(view.problems for view in views)
            reached = frozenset(path for view in views for path in _reached(view))
            seen = _Seen(nouns, named, self._stamp, tuple(views), tuple(said), reached, unsure)
            self._seen[workflow.path] = seen
        problems += seen.problems
        fresh = [_fresh(view) for view in seen.views]
        self._now[id(fresh)] = seen
        return fresh

    def edges(
        self, views: list[View], shelf: Shelf, problems: list[Problem]
    ) -> tuple[list[View], list[Edge]]:
        """As they were, where the jobs are and what their caches meet."""
        seen = self._now[id(views)]
        path = seen.nouns[0].path
        part = _slice(views, shelf)
        met = self._met.get(path)
        if met is None or met.seen is not seen or met.shelf != part:
            said: list[Problem] = []
            after, found = super().edges(views, shelf, said)
            met = _Met(seen, part, after, found, tuple(said))
            self._met[path] = met
        problems += met.problems
        return met.views, met.edges

    def _named(self, nouns: Iterable[Workflow], around: Around) -> _Slice:
        """Whether others call it, and which environments the secrets that it names are named with."""
        found: dict[str, frozenset[str]] = {}
        for noun in nouns:
            if id(noun) not in self._names:
                self._names[id(noun)] = noun, names_of(noun)
            for name in self._names[id(noun)][1]:
                found[name] = around.environments.get(name, frozenset())
        first = next(iter(nouns))
        return (first.path in around.called, tuple(sorted((k, tuple(sorted(v))) for k, v in found.items())))


def _fresh(view: View) -> View:
    """The job before artifacts and caches of others were met."""
    return replace(view, runners=list(view.runners), problems=list(view.problems), cuts={})


def _shared(ground: Ground) -> tuple[tuple[object, ...], dict[tuple[str, str], object]]:
    """Everything but the workflows: what any job may ask without a trace, and what is reached by its path.

    What a job calls and does not find is a problem of that job's: it may be found in any file.
    """
    near: dict[tuple[str, str], object] = {}
    wide: list[object] = [*ground.called.values(), *ground.locks, *ground.documents]
    including = any(file.includes for file in ground.tasks)
    for file in ground.tasks:
        if file.kind in _ALONE and not including:
            near[file.kind, file.path] = file
        else:
            wide.append(file)
    for kind, group in (
        ("action", ground.actions.values()),
        ("dockerfile", ground.dockerfiles),
        ("compose", ground.composes),
        ("hooks", ground.hooks),
    ):
        for one in group:
            near[kind, one.path] = one
    return tuple(wide), near


def _reached(view: View) -> Iterator[str]:
    """The files of the tree, beside workflows, that a job reaches."""
    for run in view.course.runs:
        yield run.path
        if run.used is not None and run.used.kind == "local":
            yield from (normpath(join(run.used.name, name)) for name in ("action.yml", "action.yaml"))
        for piece in run.pieces:
            yield piece.path
        for start in run.starts:
            yield start.started.path
        for code in run.codes:
            yield code.path
    for who in view.runners:
        yield who.code.path
        yield from who.code.manifests


def _with_called(workflow: Workflow, around: Around) -> tuple[Workflow, ...]:
    """The workflow and all of the tree that it calls, however far."""
    found: dict[str, Workflow] = {workflow.path: workflow}
    waiting = [workflow]
    while waiting:
        for job in waiting.pop().jobs:
            parts = used(job.uses) if job.uses else None
            further = around.tree.workflows.get(parts.name) if parts and parts.kind == "local" else None
            if further is not None and further.path not in found:
                found[further.path] = further
                waiting.append(further)
    return tuple(found.values())


def _slice(views: Sequence[View], shelf: Shelf) -> _Slice:
    """What is saved and restored under the keys that these jobs save or restore."""
    keys = {
        event.name
        for view in views
        for deed in view.deeds.values()
        for event in (*deed.saves, *deed.restores)
    }
    return tuple(
        (key, tuple(shelf.saved.get(key, ())), tuple(shelf.restored.get(key, ()))) for key in sorted(keys)
    )


def outline(document: Document) -> tuple[object, ...]:
    """What reach asks of a manifest: which names, how firmly each is fixed, and not at which version."""
    facts: Mapping[str, str] = document.facts
    return (
        document.path,
        document.format,
        tuple((include.target, include.relation) for include in document.includes),
        tuple(problem.message for problem in document.problems),
        tuple(sorted((key, value) for key, value in facts.items() if key != "version")),
        tuple(_entry(entry) for entry in document.entries),
    )


def _entry(entry: Pin | Requirement) -> tuple[object, ...]:
    about = (entry.group, entry.marker) if isinstance(entry, Requirement) else (entry.direct,)
    known = entry.key is not None
    return entry.ecosystem, entry.name, entry_pin(entry), entry.source.kind, known, *about
