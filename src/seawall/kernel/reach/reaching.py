"""From all that a tree holds to all that its code can reach: R0 to R13 over every job, worst first.

Pure and linear: each job is looked at once for each way in which it is started, caches and artifacts are met
by their names. What is larger than a bound is said to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from seawall.kernel.code import Code
from seawall.kernel.finding import Skipped
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.pipeline import Job, Step, Workflow
from seawall.kernel.unburdened import unburdened

from . import artifacts, caches
from .call import CallKind
from .calls import Entry, called_paths, entries
from .edge import Edge, Place, PlaceKind, Reach
from .expressions import references
from .following import following_of
from .ground import Ground
from .joining import Secrets, elsewhere, inside, merged, secrets_of
from .ranking import ranked
from .started import dockerfile_codes
from .steps import Tree
from .view import View, view_of

MOST_EDGES = 20_000
"""So many edges one workflow can have; an ordinary one has some dozens."""
MOST_IN_TREE = 60_000
"""With so many edges no further workflow is followed; a large tree has a few thousand."""
CHECK = "reach"


class Looking:
    """How one workflow is looked at. Who looks at many trees that are almost the same may remember."""

    def views(self, workflow: Workflow, around: Around, problems: list[Problem]) -> list[View]:
        """Every job that starting the workflow starts."""
        tree, environments = around.tree, around.environments
        started = entries(workflow, tree, around.called, problems)
        return [view_of(entry, tree, environments) for entry in started]

    def edges(
        self, views: list[View], shelf: caches.Shelf, problems: list[Problem]
    ) -> tuple[list[View], list[Edge]]:
        """The edges of all those jobs, and the jobs with what others handed them."""
        return views, _run(views, shelf, problems)


@dataclass(frozen=True, slots=True)
class Around:
    """What all workflows of a tree share: the tree, who names which secret, and who is called."""

    tree: Tree
    environments: Mapping[str, frozenset[str]]
    called: frozenset[str]


@unburdened()
def reach_of(ground: Ground, limits: Limits, looking: Looking | None = None) -> Reach:
    """Everything that third-party code of this tree can read, use or alter."""
    look = looking or Looking()
    tree = Tree(ground, limits)
    around = Around(tree, secret_environments(ground.workflows), called_paths(tree))
    problems: list[Problem] = [*ground.problems]
    runs = [look.views(workflow, around, problems) for workflow in ground.workflows]
    shelf = caches.shelf_of(view for views in runs for view in views)
    shared = _shared(runs)
    edges: list[Edge] = []
    twice: list[Edge] = []
    codes: dict[tuple[str, Code], None] = {}
    places: dict[str, Place] = {}
    for workflow, started in zip(ground.workflows, runs, strict=True):
        if len(edges) + len(twice) > MOST_IN_TREE:
            message = f"more than {MOST_IN_TREE} edges in this tree; what is in reach here was not followed"
            problems.append(Problem(workflow.path, ProblemKind.TOO_MANY, message))
            continue
        views, found = look.edges(started, shelf, problems)
        edges += [edge for edge in found if edge.place not in shared]
        twice += [edge for edge in found if edge.place in shared]
        for view in views:
            places.setdefault(view.id, view.place)
            problems += view.problems
            codes.update(dict.fromkeys((view.id, who.code) for who in view.runners))
    builds = _builds(tree, {code.path for _, code in codes})
    return Reach(
        places=(*places.values(), *(place for place, _ in builds)),
        codes=(*codes, *((place.id, code) for place, found in builds for code in found)),
        edges=ranked([*edges, *merged(twice)]),
        skipped=_skipped(problems),
    )


def _shared(runs: Iterable[Sequence[View]]) -> frozenset[str]:
    """Places that more than one workflow starts."""
    owners: dict[str, int] = {}
    for views in runs:
        for place in {view.id for view in views}:
            owners[place] = owners.get(place, 0) + 1
    return frozenset(place for place, count in owners.items() if count > 1)


def wanted_by(ground: Ground) -> tuple[tuple[str, CallKind], ...]:
    """Files of the tree that its jobs start and that were not read yet, with who carries them out."""
    following = following_of(ground)
    found: dict[tuple[str, CallKind], None] = {}
    for path, directory, step in _all_steps(ground):
        if step.script is not None:
            where = step.directory or directory
            found.update(dict.fromkeys(following.through(step.script, path, where).wanted))
        for one in step.scripts:
            found.update(dict.fromkeys(following.through(one.script, path, ".").wanted))
    return tuple(found)


def _all_steps(ground: Ground) -> Iterator[tuple[str, str, Step]]:
    for workflow in ground.workflows:
        for job in workflow.jobs:
            for step in job.steps:
                yield workflow.path, job.directory or workflow.directory or ".", step
    for action in ground.actions.values():
        for step in action.steps:
            yield action.path, ".", step


def _run(views: Sequence[View], shelf: caches.Shelf, problems: list[Problem]) -> list[Edge]:
    """The edges of all jobs that one workflow starts."""
    pairs = artifacts.handed(views)
    once = len({view.id for view in views}) == len(views)
    found: list[Edge] = []
    for view, who in artifacts.as_code(pairs, views):
        view.runners.append(who)
    for view in views:
        view.runners += list(caches.read_back(view, shelf))
    secrets = secrets_of(views)
    for view in views:
        for edge in _of_view(view, secrets, pairs, shelf):
            found.append(edge)
            if len(found) > MOST_EDGES:
                message = f"more than {MOST_EDGES} edges; the rest of this workflow was not followed"
                problems.append(_too_many(view.entry, message))
                return merged(found, once)
    return merged(found, once)


def _of_view(
    view: View, secrets: Secrets, pairs: Sequence[artifacts.Handed], shelf: caches.Shelf
) -> Iterable[Edge]:
    yield from inside(view)
    yield from elsewhere(view, secrets)
    yield from caches.written(view, shelf)
    yield from artifacts.altered(view, pairs)


def _too_many(entry: Entry, message: str) -> Problem:
    return Problem(entry.workflow.path, ProblemKind.TOO_MANY, message, entry.job.line)


def secret_environments(workflows: Iterable[Workflow]) -> Mapping[str, frozenset[str]]:
    """For each secret (upper case) the environments of the jobs that name it, "" for jobs without one."""
    found: dict[str, set[str]] = {}
    for workflow in workflows:
        for name in _named(item.value for item in workflow.env):
            found.setdefault(name, set()).add("")
        for job in workflow.jobs:
            for name in _named(_texts(job)):
                found.setdefault(name, set()).add(job.environment)
    return {name: frozenset(places) for name, places in found.items()}


def names_of(workflow: Workflow) -> frozenset[str]:
    """Every secret (upper case) that a workflow names."""
    texts = [item.value for item in workflow.env]
    return frozenset(_named([*texts, *(text for job in workflow.jobs for text in _texts(job))]))


def _named(texts: Iterable[str]) -> set[str]:
    return {
        name.upper()
        for text in texts
        if "${{" in text and "secrets" in text.lower()
        for name in references(text).secrets
    }


def _texts(job: Job) -> Iterable[str]:
    containers = (*((job.container,) if job.container else ()), *job.services)
    groups = [job.env, job.secrets, *(part for box in containers for part in (box.env, box.credentials))]
    for step in job.steps:
        groups += [step.env, step.inputs]
        yield step.run
    for group in groups:
        for item in group:
            yield item.value


def _builds(tree: Tree, known: set[str]) -> list[tuple[Place, list[Code]]]:
    """Image builds that no job of the tree starts: what they bring in is listed, nothing is in its reach."""
    found = []
    for path, file in sorted(tree.dockerfiles.items()):
        if path not in known:
            codes = dockerfile_codes(file, -1, (), tree)
            if codes:
                found.append((Place(f"build:{path}", PlaceKind.BUILD, path), codes))
    return found


def _skipped(problems: Sequence[Problem]) -> tuple[Skipped, ...]:
    missing = {one.path for one in problems if one.kind is ProblemKind.NOT_INSTALLED}
    texts = (
        f"{one.path}:{one.line}: {one.message}" if one.line else f"{one.path}: {one.message}"
        for one in problems
        if one.kind is not ProblemKind.NOT_INSTALLED
    )
    return (*_unread(len(missing)), *(Skipped(CHECK, text) for text in dict.fromkeys(texts)))


def _unread(files: int) -> Iterator[Skipped]:
    """Most of what runs stands in scripts: an answer without them is none."""
    if files:
        check = f"the scripts in {files} file{'s' * (files != 1)}"
        why = "no grammar of the shell"
        yield Skipped(check, why, "pip install 'seawall[reach]'", required=True)
