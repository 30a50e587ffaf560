"""One job, looked at as a whole: where it runs, what code it takes in, what it holds, what it makes.

Everything that the reach rules are asked about is collected here once; nothing is judged yet.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from posixpath import join, normpath
from types import MappingProxyType

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.lockfile import Problem
from seawall.kernel.pipeline import Container, Job, Setting

from .acting import OF_JOB
from .calls import Entry, handed_over
from .conditions import both, job_condition, only_forks_gate, step_condition
from .containers import made_here
from .deeds import Deed, deed_of
from .edge import Cut, Line, Place, PlaceKind, Target, TargetKind
from .holding import Holding, Holdings, Lying, fill, weighed_all
from .importing import Profile, companions, imports, profile, program_of
from .matrix import texts_of
from .naming import EVERY, TOKEN, Named, settings, tested
from .programs import PLAIN
from .reachable import Runner
from .removing import taken_away
from .runners import kept_machine, systems_of
from .script_inputs import script_inputs
from .started import Started, started_by
from .steps import Course, Piece, Run, Surroundings, Tree, course_of
from .using import action_code, image_code, image_firmness
from .worth import LESSER_RELEASES

OUTSIDE = frozenset(("pull_request_target", "workflow_run", "issue_comment", "issues", "discussion_comment"))
"""Triggers that strangers can pull, and that run with the repository's secrets."""
_CREDENTIALS = (
    TargetKind.SECRET,
    TargetKind.TOKEN,
    TargetKind.OIDC,
    TargetKind.SIGNING,
    TargetKind.CREDENTIAL,
)


@dataclass(slots=True)
class View:
    """A job as one entry starts it. `gate` holds for all of it, `forks` for its credentials only.

    `cuts` are those that were made already; `commits` are the tree's own word for what a ref is.
    """

    entry: Entry
    place: Place
    course: Course
    deeds: dict[int, Deed]
    runners: list[Runner]
    holdings: tuple[Holding, ...]
    gate: str
    forks: str
    problems: list[Problem]
    profiles: dict[int, Profile] = field(default_factory=dict)
    cuts: dict[Hashable, tuple[Cut, ...]] = field(default_factory=dict)
    credential_gate: str = ""
    commits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def id(self) -> str:
        """The place's id."""
        return self.place.id

    def run(self, order: int) -> Run | None:
        """The run at this place of the course."""
        return self.course.runs[order] if 0 <= order < len(self.course.runs) else None

    def gate_of(self, target: Target) -> str:
        """What gates an edge to this target, beside its code's own condition."""
        return self.credential_gate if target.kind in _CREDENTIALS else self.gate


def view_of(entry: Entry, tree: Tree, environments: Mapping[str, frozenset[str]]) -> View:
    """Everything about one job."""
    job, workflow, path = entry.job, entry.workflow, entry.workflow.path
    job_env = settings((*workflow.env, *job.env), path, entry.given)
    given = replace(entry.given, env={**entry.given.env, **job_env}) if job_env else entry.given
    around = Surroundings(
        path=path,
        given=given,
        directory=job.directory or workflow.directory or ".",
        shell=job.shell or workflow.shell,
        settings=(*_system(job), *workflow.env, *job.env),
        root=path,
    )
    course = course_of(job.steps, around, tree)
    deeds = {run.order: _of_job(deed, job.id) for run in course.runs if (deed := deed_of(run, job_env))}
    holdings = Holdings(job.environment, environments)
    held = [one for names in job_env.values() for one in names]
    fill(holdings, course, (*held, *_containers(entry)))
    _only_tested(holdings, entry, course)
    _job_targets(holdings, entry)
    _left(holdings, course, deeds)
    started = {run.order: started_by(run, tree) for run in course.runs if run.starts or run.used}
    profiles = {run.order: _profile(run) for run in course.runs if run.pieces}
    profiles |= {order: Profile(tree=True) for order, deed in deeds.items() if deed.runs_tree}
    problems = [*course.problems]
    problems += [problem for one in started.values() for problem in one.problems]
    gate, forks = both(entry.gate, job_condition(workflow, job)), only_forks_gate(entry.triggers)
    return View(
        entry=entry,
        place=_place(entry),
        course=course,
        deeds=deeds,
        runners=_runners(entry, course, started, profiles, tree, deeds),
        holdings=weighed_all(holdings, publishes_packages(deeds.values())),
        gate=gate,
        forks=forks,
        problems=problems,
        profiles=profiles,
        credential_gate=both(gate, forks),
        commits=tree.commits,
    )


_RUNNER_OS = {"linux": "Linux", "macos": "macOS", "windows": "Windows"}


def _system(job: Job) -> tuple[Setting, ...]:
    """The variable that tells scripts which system they run on, where the labels tell."""
    systems = systems_of(job)
    return tuple(Setting("RUNNER_OS", _RUNNER_OS[one]) for one in systems) if len(systems) == 1 else ()


def _of_job(deed: Deed, job: str) -> Deed:
    """The caches of the job under the names that hold its id."""
    if not any(OF_JOB in event.name for event in (*deed.saves, *deed.restores)):
        return deed
    saves, restores = (
        tuple(replace(event, name=event.name.replace(OF_JOB, f"of {job}")) for event in events)
        for events in (deed.saves, deed.restores)
    )
    return replace(deed, saves=saves, restores=restores)


def publishes_packages(deeds: Iterable[Deed]) -> bool:
    """One of them publishes what people install, so that the job's identity may be what it publishes with."""
    return any(event.name not in LESSER_RELEASES for deed in deeds for event in deed.publishes)


def _place(entry: Entry) -> Place:
    job = entry.job
    return Place(
        id=entry.place,
        kind=PlaceKind.JOB,
        file=entry.workflow.path,
        job=job.id,
        environment=job.environment,
        line=job.line,
        runner=job.runs_on,
        triggers=entry.triggers,
    )


def _containers(entry: Entry) -> list[Named]:
    """What the job's container and services are given: the runner's disk and `docker inspect` show it."""
    found: list[Named] = []
    for container in _all_containers(entry):
        found += _given_to(container, entry)
    return found


def _all_containers(entry: Entry) -> tuple[Container, ...]:
    own = entry.job.container
    return (*((own,) if own else ()), *entry.job.services)


def _given_to(container: Container, entry: Entry) -> list[Named]:
    items: tuple[Setting, ...] = (*container.env, *container.credentials)
    names = settings(items, entry.workflow.path, entry.given)
    return [one for some in names.values() for one in some]


def _only_tested(holdings: Holdings, entry: Entry, course: Course) -> None:
    """R4: the runner is sent a secret that is only compared with something; no step is given it."""
    workflow, path = entry.workflow, entry.workflow.path
    holdings.tested(tested((*workflow.env, *entry.job.env), path, entry.given))
    for run in course.runs:
        holdings.tested(tested((*run.step.env, *run.step.inputs), run.path, run.given))


def _job_targets(holdings: Holdings, entry: Entry) -> None:
    """R0, R5, R6, R12: what the job has whatever its steps say."""
    job, path, granted = entry.job, entry.workflow.path, entry.granted
    line = Line(path, granted.line or job.line)
    if granted.words != "nothing":
        holding = holdings.of(Named(TargetKind.TOKEN, TOKEN, (), ""))
        holding.target = replace(holding.target, scope=granted.words)
        holding.job = (line,)
    else:
        holdings.found.pop((TargetKind.TOKEN, TOKEN, ""), None)
    if granted.oidc:
        holdings.add(Holding(Target(TargetKind.OIDC, "id-token", "job"), job=(line,)))
    if entry.inherited:
        holdings.of(Named(TargetKind.SECRET, EVERY, ())).job = entry.lines[-1:]
    if job.uses:
        for one in handed_over(entry):
            holding = holdings.of(one)
            holding.everywhere = (*holding.everywhere, *one.lines)
    kept, gate = kept_machine(job.runs_on)
    if kept:
        target = Target(TargetKind.CREDENTIAL, f"runner:{kept}", "machine")
        holdings.add(Holding(target, job=(Line(path, job.line),), made=True, gate=gate))


def _left(holdings: Holdings, course: Course, deeds: Mapping[int, Deed]) -> None:
    for order, deed in deeds.items():
        run = course.runs[order]
        for left in deed.left:
            until = taken_away(left.file, course, order, left.line.line)
            for one in left.names if until > order else ():
                if one.kind is TargetKind.TOKEN and (one.kind, TOKEN, "") not in holdings.found:
                    continue
                holdings.left_by(run, one, (left.line,), until)
        for made in deed.makes:
            until = taken_away(made.name, course, order, made.line.line)
            holding = holdings.add(Holding(Target(made.kind, made.name, made.scope), made=True))
            if until > order:
                holding.left.append(Lying(order, until, (made.line,)))
            holding.conditions.add(run.condition)


def _profile(run: Run) -> Profile:
    commands = [command for piece in run.pieces for command in piece.script.commands]
    return profile(commands, followed=len(run.pieces) > 1)


def _runners(
    entry: Entry,
    course: Course,
    started: Mapping[int, Started],
    profiles: Mapping[int, Profile],
    tree: Tree,
    deeds: Mapping[int, Deed],
) -> list[Runner]:
    """Every code item of the job with the runs in which it runs."""
    found = [*_images(entry, course), *_called(entry, tree)]
    brought = [(run, leg) for run in course.runs for code in run.codes for leg in _legs(code, entry.job)]
    own = _own_images(course) if any(code.kind is CodeKind.IMAGE for _, code in brought) else frozenset()
    brought = [(run, code) for run, code in brought if not own or not _is_own(code, own)]
    codes = [code for _, code in brought]
    names = {system: companions(codes, system) for system in {code.ecosystem for code in codes}}
    for run, code in brought:
        found.append(
            _runner(
                _kinded(code, deeds.get(run.order)), run, profiles, names.get(code.ecosystem, frozenset())
            )
        )
    for run in course.runs:
        deed = deeds.get(run.order)
        for code in deed.brings if deed else ():
            if code.pin is Firmness.NONE and not _from_outside(entry):
                continue
            found.append(_runner(code, run, _working_in(code, course, profiles), frozenset()))
        one = started.get(run.order)
        for code, keys in one.codes if one else ():
            found.append(Runner(_gated(code, run), run.order, frozenset((run.order,)), frozenset(), keys))
    return found


def _working_in(code: Code, course: Course, profiles: Mapping[int, Profile]) -> Mapping[int, Profile]:
    """The steps that can run source which lies in a folder of its own: those that work in it or name it."""
    if code.kind is not CodeKind.SOURCE or not code.manifests:
        return profiles
    folder = normpath(code.manifests[0])
    runs_it = Profile(tree=True)
    return {
        order: runs_it
        for order, what in profiles.items()
        if what.tree or any(_works_in(piece, folder) for piece in course.runs[order].pieces)
    }


def _works_in(piece: Piece, folder: str) -> bool:
    """A program other than those of the system works in the folder, or is told to work on it."""
    for command in piece.script.commands:
        places = (piece.directory, join(piece.directory, command.directory))
        words = (part for word in command.texts for part in word.split("="))
        named = any(
            normpath(part) == folder or normpath(part).startswith(f"{folder}/")
            for part in (*places, *words)
            if part
        )
        unknown = any("$" in place or "?" in place for place in places)
        if (named or unknown) and program_of(command) not in PLAIN:
            return True
    return False


_SAME_REPOSITORY = re.compile(
    r"head\.repo\.full_name\s*==\s*github\.repository\b|head_repository\.full_name\s*==\s*github\.repository\b"
    r"|!\s*github\.event\.pull_request\.head\.repo\.fork\b|head\.repo\.fork\s*==\s*false"
)


def _from_outside(entry: Entry) -> bool:
    """A trigger that hands secrets to a run that strangers start (a plain pull request's run has none).

    A condition that lets only branches of the repository through, and nothing else instead, keeps them out.
    """
    condition = both(entry.gate, entry.job.condition)
    closed = "||" not in condition and _SAME_REPOSITORY.search(condition)
    return not closed and not OUTSIDE.isdisjoint(entry.triggers)


def _kinded(code: Code, deed: Deed | None) -> Code:
    agent = deed is not None and deed.agent and code.kind is CodeKind.ACTION
    return replace(code, kind=CodeKind.AGENT) if agent else code


def _runner(code: Code, run: Run, profiles: Mapping[int, Profile], names: frozenset[str]) -> Runner:
    imported = set()
    if code.kind in (CodeKind.PACKAGES, CodeKind.TOOL, CodeKind.SOURCE) and not code.contained:
        imported = {
            order for order, what in profiles.items() if order > run.order and imports(code, what, names)
        }
        if code.runs == "import" and _imported_here(code, run, names):
            imported.add(run.order)
    own = frozenset() if code.runs == "import" else frozenset((run.order,))
    given = _handed_in(code, run) if code.contained else frozenset()
    passes = run.passes.get(code)
    hidden = _not_passed(passes, run) if passes is not None else frozenset()
    return Runner(
        _gated(code, run), run.order, own, frozenset(imported), given, hidden=hidden, apart=code.contained
    )


def _not_passed(passes: tuple[str, ...], run: Run) -> frozenset[tuple[TargetKind, str]]:
    """What the step's variables hold, and none of those that a task passes on."""
    held = {**run.given.env, **run.env}
    shown = {name for name in held if any(fnmatchcase(name, glob) for glob in passes)}
    kept = {(one.kind, one.name.upper()) for name in held if name not in shown for one in held[name]}
    return frozenset(kept - {(one.kind, one.name.upper()) for name in shown for one in held[name]})


def _handed_in(code: Code, run: Run) -> frozenset[tuple[TargetKind, str]]:
    """What the variables hold that a container is given; a file of variables may hold any."""
    held = {**run.given.env, **run.env}
    names = held if any(name.startswith("@") for name in code.given) else code.given
    found = [one for name in names for one in held.get(name, ())]
    known = script_inputs(run.step.uses) if run.step.scripts else None
    for name in known.given if known else ():
        found += [one for written in run.inputs if written.lower() == name for one in run.inputs[written]]
    return frozenset((one.kind, one.name.upper()) for one in found)


def _imported_here(code: Code, run: Run, names: frozenset[str]) -> bool:
    """A command of the same step, after the one that installs, imports it."""
    commands = [
        command
        for piece in run.pieces
        for command in piece.script.commands
        if piece.path != code.path or piece.line + command.line - 1 > code.line
    ]
    return bool(commands) and imports(code, profile(commands, followed=len(run.pieces) > 1), names)


def _gated(code: Code, run: Run) -> Code:
    return (
        replace(code, condition=both(step_condition(run.condition), code.condition))
        if run.condition
        else code
    )


def _own_images(course: Course) -> frozenset[str]:
    """The names of the images that the job itself builds."""
    commands = (command for run in course.runs for piece in run.pieces for command in piece.script.commands)
    found = set(made_here(commands))
    for run in course.runs:
        if run.used and run.used.name.lower() in ("docker/build-push-action", "depot/build-push-action"):
            found.update(run.value("tags").replace(",", "\n").split())
    return frozenset(found)


def _is_own(code: Code, own: frozenset[str]) -> bool:
    return code.kind is CodeKind.IMAGE and not own.isdisjoint((code.name, f"{code.name}:{code.ref}"))


def _legs(code: Code, job: Job) -> tuple[Code, ...]:
    """An image that the matrix names, as each leg names it; anything else as it is."""
    if code.kind is not CodeKind.IMAGE or "matrix." not in code.name:
        return (code,)
    found = []
    for image, condition in texts_of(code.name, job):
        name, ref, pin = image_firmness(image)
        found.append(replace(code, name=name, ref=ref, pin=pin, condition=both(code.condition, condition)))
    return tuple(found)


def _images(entry: Entry, course: Course) -> Iterable[Runner]:
    """The image that all steps run in, and those of services, which see what they are given and no more."""
    job, path = entry.job, entry.workflow.path
    if job.container and job.container.image:
        for image, condition in texts_of(job.container.image, job):
            code = image_code(image, path, job.container.line or job.line)
            code = replace(code, condition=condition)
            yield Runner(code, -1, frozenset(run.order for run in course.runs))
    for service in job.services:
        if not service.image:
            continue
        given = frozenset((one.kind, one.name.upper()) for one in _given_to(service, entry))
        for image, condition in texts_of(service.image, job):
            code = image_code(image, path, service.line or job.line, contained=True)
            code = replace(code, via=(f"service {service.name}",), condition=condition)
            yield Runner(code, -1, frozenset(), frozenset(), given, apart=True)


def _called(entry: Entry, tree: Tree) -> Iterable[Runner]:
    """A workflow of others that this job calls: code that has all that it is given."""
    job, path = entry.job, entry.workflow.path
    if not job.uses:
        return
    code = action_code(job.uses, path, job.line, -1, tree.locked_in(path), CodeKind.WORKFLOW)
    if code is not None:
        yield Runner(code, -1, frozenset((-1,)))


def loosest(codes: Iterable[Code]) -> Firmness:
    """The loosest pin of some code items; a commit where there are none."""
    from seawall.kernel.code import LOOSENESS

    return max((code.pin for code in codes), key=LOOSENESS.__getitem__, default=Firmness.SHA)
