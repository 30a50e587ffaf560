"""R10: a called workflow runs with what its caller gives: named or inherited secrets, no more permissions.

Every way in which a job can be started is one `Entry`. Workflows of the tree that call one another are
followed; what others call is taken as it stands, and its secrets as whatever they give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.pipeline import Job, Trigger, Workflow

from .conditions import both, own_condition
from .edge import Line, TargetKind
from .naming import CALLER, EVERY, Given, Named, settings, unique
from .permissions import Granted, effective
from .steps import Tree
from .using import used

DEPTH = 10
MOST_ENTRIES = 400
"""So many jobs one workflow can start, those of called workflows counted each time."""
MOST_CALLS = 5_000
"""So many calls of workflows are followed in one tree; each costs as much as the jobs that it starts."""
_CALL = "workflow_call"


@dataclass(frozen=True, slots=True)
class Entry:
    """One job, started in one way. `root` is the workflow that a trigger starts, `chain` the calling places.

    `granted` is its token's; `gate` what the calling jobs demand; `lines` are those of the calls.
    `inherited`: it was given all secrets. `mode`: the caller's cache-mode. `refs` are the kinds of references
    that it runs for (`refs_of`).
    """

    workflow: Workflow
    job: Job
    given: Given
    granted: Granted
    triggers: tuple[str, ...]
    root: str
    chain: tuple[str, ...] = ()
    gate: str = ""
    lines: tuple[Line, ...] = ()
    inherited: bool = False
    mode: str = ""
    refs: frozenset[str] = frozenset(("branch",))

    @property
    def place(self) -> str:
        """`FILE#JOB`."""
        return f"{self.workflow.path}#{self.job.id}"


def runs_by_itself(workflow: Workflow) -> bool:
    """Something other than a call starts it, or nothing that the file tells."""
    return not workflow.triggers or any(trigger.name != _CALL for trigger in workflow.triggers)


def entries(workflow: Workflow, tree: Tree, called: frozenset[str], problems: list[Problem]) -> list[Entry]:
    """Every job that starting this workflow starts. `called`: the workflows of the tree that others call."""
    alone = runs_by_itself(workflow)
    if not alone and workflow.path in called:
        return []
    names = tuple(trigger.name for trigger in workflow.triggers if not alone or trigger.name != _CALL)
    given = Given() if alone else Given(secrets={}, scope=CALLER)
    found: list[Entry] = []
    for entry in _expanded(_begun(workflow, given, names), tree, problems):
        if len(found) >= MOST_ENTRIES:
            message = f"starts more than {MOST_ENTRIES} jobs by calls; the rest was not followed"
            problems.append(Problem(workflow.path, ProblemKind.TOO_MANY, message))
            break
        found.append(entry)
    return found


def _begun(workflow: Workflow, given: Given, names: tuple[str, ...]) -> _Start:
    refs = refs_of(trigger for trigger in workflow.triggers if trigger.name in names)
    return _Start(workflow, given, None, names, workflow.path, refs=refs)


def refs_of(triggers: Iterable[Trigger]) -> frozenset[str]:
    """What a workflow runs for: `branch` (the default one among them), `tag`, `pull` (a pull request)."""
    found: set[str] = set()
    for trigger in triggers:
        filters = {name for name, _ in trigger.filters}
        if trigger.name in ("pull_request", "pull_request_review", "pull_request_review_comment"):
            found.add("pull")
        elif trigger.name == "release":
            found.add("tag")
        elif trigger.name in ("push", _CALL):
            tags, branches = filters & _TAGS, filters & _BRANCHES
            found.update(("tag",) if tags or not branches else ())
            found.update(("branch",) if branches or not tags else ())
        else:
            found.add("branch")
    return frozenset(found or ("branch",))


_TAGS = frozenset(("tags", "tags-ignore"))
_BRANCHES = frozenset(("branches", "branches-ignore"))


@dataclass(frozen=True, slots=True)
class _Start:
    workflow: Workflow
    given: Given
    caller: Granted | None
    triggers: tuple[str, ...]
    root: str
    chain: tuple[str, ...] = ()
    gate: str = ""
    lines: tuple[Line, ...] = ()
    inherited: bool = False
    mode: str = ""
    refs: frozenset[str] = frozenset(("branch",))


def _expanded(start: _Start, tree: Tree, problems: list[Problem]) -> Iterator[Entry]:
    waiting, started = [start], 0
    while waiting:
        now = waiting.pop()
        started += 1
        tree.calls += bool(now.chain)
        if started > MOST_ENTRIES or tree.calls > MOST_CALLS:
            most = f"{MOST_CALLS} in this tree" if tree.calls > MOST_CALLS else MOST_ENTRIES
            message = f"leads to more calls of workflows than {most}; the rest was not followed"
            problems.append(Problem(start.workflow.path, ProblemKind.TOO_MANY, message))
            return
        for job in now.workflow.jobs:
            entry = _entry(now, job)
            further = _called(entry, tree, problems) if job.uses else None
            if further is None:
                yield entry
            elif len(entry.chain) >= DEPTH or f"{further.workflow.path}#" in "".join(entry.chain):
                message = f"calls {job.uses[:100]} in a circle, or {DEPTH} levels deep"
                problems.append(Problem(now.workflow.path, ProblemKind.UNSUPPORTED, message, job.line))
            else:
                waiting.append(further)


def _entry(start: _Start, job: Job) -> Entry:
    given = start.given
    if given.secrets is not None and not start.inherited and job.environment:
        given = replace(given, scope=f"environment:{job.environment}")
    return Entry(
        workflow=start.workflow,
        job=job,
        given=given,
        granted=effective(start.workflow, job, start.caller),
        triggers=start.triggers,
        root=start.root,
        chain=start.chain,
        gate=start.gate,
        lines=start.lines,
        inherited=start.inherited,
        mode=job.cache_mode or start.workflow.cache_mode or start.mode,
        refs=start.refs,
    )


def _called(entry: Entry, tree: Tree, problems: list[Problem]) -> _Start | None:
    """What a job that calls a workflow starts; None when that was not read (or is not the tree's)."""
    job = entry.job
    parts = used(job.uses)
    callee = tree.workflows.get(parts.name) if parts.kind == "local" else None
    if callee is None:
        if parts.kind == "local":
            message = f"calls {job.uses[:100]}, which is not in the tree"
            problems.append(Problem(entry.workflow.path, ProblemKind.UNSUPPORTED, message, job.line))
        return None
    path = entry.workflow.path
    passed = {name.lower(): names for name, names in settings(job.secrets, path, entry.given).items()}
    kept = entry.given.secrets if job.inherits else None
    gate = own_condition(job.condition)
    return _Start(
        callee,
        Given(secrets={**(kept or {}), **passed}, inherits=job.inherits and entry.given.secrets is None),
        entry.granted,
        entry.triggers,
        entry.root,
        (*entry.chain, entry.place),
        both(entry.gate, f"if {gate}" if gate else ""),
        (*entry.lines, Line(path, job.line)),
        entry.inherited or job.inherits,
        entry.mode,
        entry.refs,
    )


def handed_over(entry: Entry) -> tuple[Named, ...]:
    """What a job hands to a workflow that others wrote: the named secrets, or all of them."""
    job, path = entry.job, entry.workflow.path
    named = [one for names in settings(job.secrets, path, entry.given).values() for one in names]
    if job.inherits:
        named.append(Named(TargetKind.SECRET, EVERY, (Line(path, job.line),)))
    return unique(named)


def called_paths(tree: Tree) -> frozenset[str]:
    """Workflows of the tree that others of it call."""
    return frozenset(
        parts.name
        for workflow in tree.ground.workflows
        for job in workflow.jobs
        if job.uses and (parts := used(job.uses)).kind == "local"
    )
