"""A tree → which code there can touch which credential.

Files are read and never run; nothing is fetched. Workflows run at the top of a repository only, so a target
inside one is looked at from its top.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from posixpath import dirname
from types import MappingProxyType

from seawall.adapters.disk.listing import Listing
from seawall.adapters.disk.tools import is_tool, read_tools
from seawall.adapters.disk.tree import Walk, claimer, walk
from seawall.adapters.vcs.clean import OnDisk, committed
from seawall.adapters.vcs.objects import tree_at
from seawall.adapters.vcs.repository import Repository, is_bare, open_repository, work_tree
from seawall.kernel.errors import TargetError
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.lockfile import Document, Problem, ProblemKind
from seawall.kernel.ownership import ForgeSettings, Owners
from seawall.kernel.pipeline import Action, ActionsLock, Updates, Workflow
from seawall.kernel.reach.call import CallKind
from seawall.kernel.reach.edge import Reach
from seawall.kernel.reach.ground import Ground, PipelineFile
from seawall.kernel.reach.people import with_people
from seawall.kernel.reach.ranking import ranked
from seawall.kernel.reach.reaching import reach_of, wanted_by
from seawall.kernel.reach.tools import tool_reach
from seawall.kernel.task import Compose, Dockerfile, HookFile, TaskFile
from seawall.kernel.unburdened import unburdened
from seawall.readers.format import PipelineFormat
from seawall.readers.lockfiles import ENVIRONMENTS
from seawall.readers.lockfiles import FORMATS as LOCKFILES
from seawall.readers.pipelines import CALLED, FORMATS

WORKFLOWS = ".github/workflows/"
_MOST_ROUNDS = 4
_ASKING = frozenset(("requirements", "constraints", "pyproject", "package-json", "pylock"))
"""Formats whose content decides how firmly an install is pinned; of the others their presence is enough."""

WHEN_CALLED = frozenset(("shell-file",))
"""Formats of files that are read only where something starts them: a tree holds many that nothing does."""


@dataclass(frozen=True, slots=True)
class ReachOrder:
    """What a person asked for. `exclude` are patterns of paths; `at` is a revision, empty = the disk.

    `people`: also whose hands lead to each place, and which grants nothing there needs.
    """

    target: Path
    offline: bool = True
    exclude: tuple[str, ...] = ()
    limits: Limits = DEFAULT_LIMITS
    at: str = ""
    people: bool = False


def reach(order: ReachOrder, now: datetime) -> Reach:
    """Everything that third-party code can read, use or alter there. Raises TargetError for no target."""
    del now  # history fills `since` and `until`; what a tree says today needs no clock
    if not order.target.exists():
        raise TargetError(f"{order.target} does not exist", "name a directory, or a workflow in one")
    if not (order.target.is_dir() or order.target.is_file()):
        raise TargetError(f"{order.target} is neither a directory nor a file", "name a directory")
    top, file = top_of(order.target), order.target.resolve()
    path = file.relative_to(top).as_posix() if file.is_file() else ""
    if path and claimer(FORMATS)(path) is None and not is_tool(path):
        raise TargetError(f"{path} is no file that says what runs", "name a directory, or a workflow in one")
    revision = order.at or ("HEAD" if is_bare(top) else "")
    if revision:
        found = at_revision(top, revision, order.limits, order.exclude, people=order.people)
    else:
        found = _on_disk(top, order)
    return only(found, path) if path else found


def _on_disk(top: Path, order: ReachOrder) -> Reach:
    """What lies there; its edges say HEAD's commit when that is what was read."""
    walked = walk(top, LOCKFILES, ENVIRONMENTS, order.limits, order.exclude)
    repository = open_repository(top)
    if not isinstance(repository, Repository):
        return of_walk(walked, order.limits, people=order.people)
    seen = OnDisk(top, walked.files, repository.algorithm)
    found = of_walk(replace(walked, source=seen), order.limits, people=order.people)
    listing = Listing(ENVIRONMENTS, order.limits, order.exclude)
    return _said_at(found, committed(repository, seen, listing, _decides, order.limits))


def _decides(path: str) -> bool:
    """Whether a file of this name is looked at wherever it lies."""
    return claimer(FORMATS)(path) is not None or claimer(LOCKFILES)(path) is not None or is_tool(path)


def _said_at(found: Reach, commit: str) -> Reach:
    return replace(found, edges=tuple(replace(edge, commit=commit) for edge in found.edges))


def of_tree(
    root: Path, limits: Limits = DEFAULT_LIMITS, exclude: Iterable[str] = (), *, people: bool = False
) -> Reach:
    """The same for a directory that is taken as the top of a repository: its jobs, its editors and agents."""
    return of_walk(walk(root, LOCKFILES, ENVIRONMENTS, limits, exclude), limits, people=people)


def at_revision(
    root: Path, revision: str, limits: Limits, exclude: Iterable[str] = (), *, people: bool = False
) -> Reach:
    """The same for a checkout of a revision, out of git's objects; each edge says the commit."""
    with tree_at(root, revision, LOCKFILES, ENVIRONMENTS, limits, exclude) as (walked, commit):
        found = of_walk(walked, limits, people=people)
    return _said_at(found, commit)


def of_walk(walked: Walk, limits: Limits, *, people: bool = False) -> Reach:
    """The same for a tree that was walked, wherever its bytes lie."""
    ground = ground_from(walked, limits)
    found = together(reach_of(ground, limits), tools_in(walked, limits))
    return with_people(found, ground, limits) if people else found


def tools_in(walked: Walk, limits: Limits) -> Reach:
    """What editors and agents reach that the tree configures."""
    places, codes, edges = tool_reach(read_tools(walked, limits))
    return Reach(places=places, codes=codes, edges=edges)


def together(jobs: Reach, tools: Reach) -> Reach:
    """Both as one, worst first."""
    if not tools.places:
        return jobs
    return replace(
        jobs,
        places=(*jobs.places, *tools.places),
        codes=(*jobs.codes, *tools.codes),
        edges=ranked((*jobs.edges, *tools.edges)),
    )


def top_of(target: Path) -> Path:
    """Where the repository of a target begins: the target where it holds workflows, else git's top.

    What is below a `.github` that lies in no repository belongs to the directory above it.
    """
    place = target.resolve()
    folder = place if place.is_dir() else place.parent
    if (folder / WORKFLOWS).is_dir() or is_bare(folder):
        return folder
    top = work_tree(folder)
    if top is not None:
        return top
    if folder.as_posix().endswith(WORKFLOWS.rstrip("/")):
        return folder.parent.parent
    return folder.parent if folder.name == ".github" else folder


def ground_of(root: Path, limits: Limits = DEFAULT_LIMITS, exclude: Iterable[str] = ()) -> Ground:
    """Everything in a tree that says what runs there, read and not judged."""
    return ground_from(walk(root, LOCKFILES, ENVIRONMENTS, limits, exclude), limits)


@unburdened()
def ground_from(walked: Walk, limits: Limits, documents: Sequence[Document] | None = None) -> Ground:
    """The same for a tree that was walked, and whose lockfiles and manifests may have been read already."""
    problems = list(walked.problems)
    files: list[PipelineFile] = []
    samples: list[str] = []
    for path, item in walked.claims(FORMATS):
        if item.id in WHEN_CALLED:
            continue
        if WORKFLOWS in path and not path.startswith(WORKFLOWS):
            samples.append(path)
        elif len(files) >= limits.documents:
            problems.append(Problem(path, ProblemKind.TOO_MANY, f"more than {limits.documents} files"))
            break
        else:
            _take(walked, path, item, limits, files, problems)
    if samples:
        problems.append(_said(samples))
    known = _asking(walked, limits) if documents is None else tuple(documents)
    return _with_wanted(files, known, walked, problems, limits)


def _asking(walked: Walk, limits: Limits) -> tuple[Document, ...]:
    return tuple(
        document
        for path, item in walked.claimed
        if item.id in _ASKING and isinstance(document := walked.parsed(path, item.read, limits), Document)
    )


def _take(
    walked: Walk,
    path: str,
    item: PipelineFormat,
    limits: Limits,
    files: list[PipelineFile],
    problems: list[Problem],
) -> None:
    found = walked.parsed(path, item.read, limits)
    if isinstance(found, Problem):
        problems.append(found)
    else:
        files.append(found)


def _said(samples: list[str]) -> Problem:
    shown = ", ".join(samples[:3]) + (" …" if len(samples) > 3 else "")
    message = f"{len(samples)} workflow files do not lie at the top and never run: {shown}"
    return Problem(samples[0], ProblemKind.UNSUPPORTED, message)


def _with_wanted(
    files: list[PipelineFile],
    documents: tuple[Document, ...],
    walked: Walk,
    problems: list[Problem],
    limits: Limits,
) -> Ground:
    """The ground, with the files that its scripts start under whatever name."""
    tried: set[tuple[str, CallKind]] = set()
    ground = _sorted(files, documents, walked.files, problems)
    for _ in range(_MOST_ROUNDS):
        wanted = [one for one in wanted_by(ground) if one not in tried and one[1] in CALLED]
        if not wanted:
            return ground
        tried.update(wanted)
        for path, kind in wanted[: limits.documents]:
            _take(walked, path, CALLED[kind], limits, files, problems)
        ground = _sorted(files, documents, walked.files, problems)
    return ground


def _sorted(
    files: list[PipelineFile],
    documents: tuple[Document, ...],
    paths: frozenset[str],
    problems: list[Problem],
) -> Ground:
    actions = {dirname(one.path) or ".": one for one in files if isinstance(one, Action)}
    return Ground(
        workflows=tuple(one for one in files if isinstance(one, Workflow)),
        actions=MappingProxyType(actions),
        locks=tuple(one for one in files if isinstance(one, ActionsLock)),
        updates=tuple(one for one in files if isinstance(one, Updates)),
        tasks=tuple(one for one in files if isinstance(one, TaskFile)),
        dockerfiles=tuple(one for one in files if isinstance(one, Dockerfile)),
        composes=tuple(one for one in files if isinstance(one, Compose)),
        hooks=tuple(one for one in files if isinstance(one, HookFile)),
        owners=tuple(one for one in files if isinstance(one, Owners)),
        settings=tuple(one for one in files if isinstance(one, ForgeSettings)),
        documents=documents,
        files=paths,
        problems=(*problems, *(problem for one in files if _runs(one) for problem in one.problems)),
    )


def _runs(file: PipelineFile) -> bool:
    """The file says what runs, and not only who may change it (which is asked for by itself)."""
    return not isinstance(file, Owners | ForgeSettings)


def only(found: Reach, path: str) -> Reach:
    """What concerns one file."""
    places = tuple(place for place in found.places if place.file == path)
    ids = {place.id for place in places}
    return replace(
        found,
        places=places,
        codes=tuple(pair for pair in found.codes if pair[0] in ids),
        edges=tuple(edge for edge in found.edges if edge.place in ids),
    )
