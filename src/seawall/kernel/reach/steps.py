"""What a job really runs, in order: its steps, those of the tree's own actions, and the tasks that they call.

A composite action is inlined into the job that uses it; a task (`make test`) is followed from the command
that calls it. Inputs carry credentials inward under the name that the repository gave them. Bounded: cycles
end where they close, and what was left out is a problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from posixpath import normpath
from types import MappingProxyType

from seawall.kernel.code import Code
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.pipeline import Action, Setting, Step
from seawall.kernel.shell import Script

from .boxes import box_of, boxed, image_of
from .commands import At, Effect, codes_of, effects_of
from .conditions import both, own_condition
from .deciding import impossible, known_values
from .following import Start, following_of
from .ground import Ground
from .naming import Given, Named, Names, named, settings, unique
from .using import Locked, Used, action_code, image_code, known_commits, locked_for, used

MOST_STEPS = 1_000
"""So many steps one job can have when everything is inlined."""
_OUTWARD = frozenset(("publish", "sign"))
"""What a script does to the world from within a container as well."""
DEPTH = 8
"""Actions of the tree that use actions of the tree, so many levels deep."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A script that a step runs: its own or a task's. `line`: the file's line of the script's first line."""

    script: Script
    path: str
    line: int
    directory: str
    via: tuple[str, ...] = ()
    condition: str = ""
    passes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One step as it runs in a job. `top` is the index of the job's own step that it belongs to.

    `env` are its own variables, those of the action that it was inlined from too; `inputs` its `with`;
    `spoken` what expressions in its script name: they are in the script's text. `passes`: for code of tasks
    that get only some variables, the names (globs) of those.
    """

    order: int
    top: int
    path: str
    line: int
    step: Step
    given: Given
    env: Names
    inputs: Names
    spoken: tuple[Named, ...] = ()
    condition: str = ""
    via: tuple[str, ...] = ()
    used: Used | None = None
    pieces: tuple[Piece, ...] = ()
    starts: tuple[Start, ...] = ()
    codes: tuple[Code, ...] = ()
    effects: tuple[tuple[Effect, Piece], ...] = ()
    passes: Mapping[Code, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def names(self) -> tuple[Named, ...]:
        """Every credential that its own process is given."""
        held = [one for names in (*self.env.values(), *self.inputs.values()) for one in names]
        return unique((*held, *self.spoken)) if held or self.spoken else ()

    def setting(self, name: str) -> Setting | None:
        """The input of this name as written, None when it is not given."""
        return next((item for item in self.step.inputs if item.name.lower() == name.lower()), None)

    def value(self, name: str, default: str = "") -> str:
        """The input of this name as written."""
        item = self.setting(name)
        return item.value.strip() if item else default


@dataclass(frozen=True, slots=True)
class Course:
    """All steps of one job in the order in which they run."""

    runs: tuple[Run, ...] = ()
    problems: tuple[Problem, ...] = ()


class Tree:
    """A ground made ready to be asked thousands of times."""

    def __init__(self, ground: Ground, limits: Limits) -> None:
        self.ground = ground
        self.limits = limits
        self.following = following_of(ground)
        self.workflows = {one.path: one for one in ground.workflows}
        self.commits = known_commits(ground.locks)
        self.dockerfiles = {one.path: one for one in ground.dockerfiles}
        self.calls = 0  # of workflows, that were followed so far
        self._locked: dict[str, Locked] = {}
        # Scripts are parts of the ground, which lives as long as this: their identities stay their own.
        self._codes: dict[tuple[object, ...], tuple[Code, ...]] = {}
        self._effects: dict[int, tuple[Effect, ...]] = {}

    def locked_in(self, path: str) -> Locked:
        """What is locked for one workflow."""
        if not self.ground.locks:
            return frozenset()
        if path not in self._locked:
            self._locked[path] = locked_for(self.ground.locks, path)
        return self._locked[path]

    def codes(self, piece: Piece, env: tuple[tuple[str, str], ...]) -> tuple[Code, ...]:
        """What a script brings in, as if at the first step of a job; a task that many call is read once."""
        key = (id(piece.script), piece.path, piece.line, piece.directory, env)
        if key not in self._codes:
            at = At(piece.path, piece.line, 0, (), env)
            self._codes[key] = codes_of(piece.script, piece.directory, self.ground, at)
        return self._codes[key]

    def effects(self, script: Script) -> tuple[Effect, ...]:
        """What a script leaves behind and makes, read once."""
        if id(script) not in self._effects:
            self._effects[id(script)] = effects_of(script)
        return self._effects[id(script)]

    def action(self, parts: Used, checkouts: Mapping[str, str]) -> Action | None:
        """The action that was read for a `uses`: the tree's own, or one that was fetched before.

        The tree itself may have been checked out into a directory, under whatever name it goes.
        """
        if parts.kind == "local":
            folder, rest = checked_out(parts.name, checkouts)
            return self.ground.actions.get(parts.name) or (self.ground.actions.get(rest) if folder else None)
        found = self.ground.called.get(f"{parts.name}@{parts.ref}")
        return found if isinstance(found, Action) else None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a step finds where it stands: the file, the job's settings, and what names mean."""

    path: str
    given: Given
    directory: str = "."
    shell: str = ""
    settings: tuple[Setting, ...] = ()
    env: Names = field(default_factory=lambda: MappingProxyType({}))
    condition: str = ""
    via: tuple[str, ...] = ()
    top: int = -1
    open: tuple[str, ...] = ()
    root: str = ""


def course_of(steps: tuple[Step, ...], around: Surroundings, tree: Tree) -> Course:
    """The steps of one job, everything inlined and followed."""
    return _Walk(tree, around.root or around.path).course(steps, around)


@dataclass(slots=True)
class _Walk:
    tree: Tree
    root: str
    runs: list[Run] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    checkouts: dict[str, str] = field(default_factory=dict)

    def course(self, steps: tuple[Step, ...], around: Surroundings) -> Course:
        self.steps(steps, around)
        return Course(tuple(self.runs), tuple(self.problems))

    def steps(self, steps: tuple[Step, ...], around: Surroundings) -> Given:
        """Takes the steps in; what names mean after the last of them."""
        outputs: dict[str, tuple[Named, ...]] = dict(around.given.outputs)
        given = replace(around.given, outputs=outputs)
        around = replace(around, given=given)
        for step in steps:
            if len(self.runs) >= MOST_STEPS:
                self._say(around.path, step.line, f"more than {MOST_STEPS} steps; the rest was not followed")
                break
            made = self.step(step, around)
            if step.id and made:
                outputs[step.id.lower()] = made
        return given

    def step(self, step: Step, around: Surroundings) -> tuple[Named, ...]:
        """Takes one step in; the credentials that its outputs hold."""
        run = self._run(step, around)
        if not step.uses:
            self.runs.append(run)
            return made_by_script(run) if step.id else ()
        action = self.tree.action(run.used, self.checkouts) if run.used else None
        codes = self._used_codes(run, action) or self._of_checkout(run, action)
        if step.scripts and action is None:
            run = self._given(run, around)
        self.runs.append(replace(run, codes=(*codes, *run.codes)))
        self._remember(run)
        if action is None:
            if run.used and run.used.kind == "local" and not codes:
                self._say(run.path, run.line, f"uses {step.uses[:100]}, which is not in the tree")
            return made_by_action(run)
        return self._inline(action, run, around)

    def _run(self, step: Step, around: Surroundings) -> Run:
        own = settings(step.env, around.path, around.given)
        given = replace(around.given, env={**around.given.env, **own}) if own else around.given
        condition = both(around.condition, own_condition(step.condition))
        top = around.top if around.top >= 0 else step.index
        run = Run(
            order=len(self.runs),
            top=top,
            path=around.path,
            line=step.line,
            step=step,
            given=given,
            env={**around.env, **own} if own else around.env,
            inputs=settings(step.inputs, around.path, given),
            condition=condition,
            via=around.via,
            used=used(step.uses) if step.uses else None,
        )
        return run if step.uses else self._scripted(run, around)

    def _scripted(self, run: Run, around: Surroundings) -> Run:
        step = run.step
        script = step.script
        spoken = spoken_in(step.run, run.path, step.run_line or step.line, run.given)
        if script is None:
            if step.run:
                self._say(run.path, step.line, "the script of this step was not read")
            return replace(run, spoken=spoken)
        directory = step.directory or around.directory
        first = Piece(script, run.path, step.run_line or step.line, directory, run.via)
        return replace(self._followed(run, first, around), spoken=spoken)

    def _given(self, run: Run, around: Surroundings) -> Run:
        """Takes in the scripts that an action is given, and the container in which it runs them."""
        box = box_of(run.step.uses, run.value)
        whole = replace(run, codes=image_of(box, run.path, run.line, run.top, run.via))
        for one in run.step.scripts:
            found = self._followed(run, Piece(one.script, run.path, one.line, ".", run.via), around)
            inside = box.contained and one.name in box.inside
            codes = boxed(found.codes, box) if inside else found.codes
            whole = replace(
                whole,
                pieces=(*whole.pieces, *(() if inside else found.pieces)),
                starts=(*whole.starts, *found.starts),
                codes=tuple(dict.fromkeys((*whole.codes, *codes))),
                passes=dict(whole.passes) | dict(found.passes),
                effects=(
                    *whole.effects,
                    *(one for one in found.effects if not inside or one[0].kind in _OUTWARD),
                ),
            )
        return whole

    def _followed(self, run: Run, first: Piece, around: Surroundings) -> Run:
        """The run with what this script of it does, and the tasks that it calls."""
        journey = self.tree.following.through(first.script, run.path, first.directory)
        self.problems += [self._placed(problem, first) for problem in journey.problems]
        settings = (*around.settings, *run.step.env)
        scripts = (first.script, *(visit.task.script for visit in journey.visits))
        values = known_values(settings, scripts)
        pieces = [first]
        for visit in journey.visits:
            if impossible(visit.condition, values):
                continue
            pieces.append(
                Piece(
                    visit.task.script,
                    visit.file.path,
                    1,
                    visit.directory,
                    (*run.via, *visit.via),
                    visit.condition,
                    visit.passes,
                )
            )
        env = tuple((item.name, item.value) for item in settings)
        codes: list[Code] = []
        passes: dict[Code, tuple[str, ...]] = {}
        for piece in pieces:
            found = [c for c in self._codes(piece, run.top, env) if not impossible(c.condition, values)]
            codes += found
            if piece.passes is not None:
                passes.update(dict.fromkeys(found, piece.passes))
        return replace(
            run,
            pieces=tuple(pieces),
            starts=journey.starts,
            codes=tuple(dict.fromkeys(codes)),
            passes=passes,
            effects=tuple((effect, piece) for piece in pieces for effect in self.tree.effects(piece.script)),
        )

    def _placed(self, problem: Problem, piece: Piece) -> Problem:
        if problem.path != piece.path:
            return problem
        return replace(problem, line=problem.line + piece.line - 1)

    def _codes(self, piece: Piece, top: int, env: tuple[tuple[str, str], ...]) -> Iterator[Code]:
        for code in self.tree.codes(piece, env):
            condition = both(piece.condition, code.condition) if piece.condition else code.condition
            yield replace(code, step=top, via=piece.via, condition=condition)

    def _used_codes(self, run: Run, action: Action | None) -> tuple[Code, ...]:
        """The action itself where others wrote it, and the image that an action of the tree runs in."""
        code = action_code(run.step.uses, run.path, run.line, run.top, self.tree.locked_in(self.root))
        if code is not None:
            return (replace(code, via=run.via),)
        if action is not None and action.image.startswith("docker://"):
            image = image_code(action.image.removeprefix("docker://"), action.path, 0, run.top)
            return (replace(image, via=(*run.via, run.step.uses)),)
        return ()

    def _remember(self, run: Run) -> None:
        """Where `actions/checkout` puts which repository, empty = this one."""
        if run.used and run.used.name.lower() == "actions/checkout" and run.value("path"):
            ref = run.value("ref")
            repository = run.value("repository")
            named = repository and "github.repository" not in repository
            place = normpath(run.value("path"))
            self.checkouts[place] = f"{repository}@{ref}" if named else ""

    def _of_checkout(self, run: Run, action: Action | None) -> tuple[Code, ...]:
        """An action that lies in a checkout of another repository is that repository's code."""
        if action is not None or run.used is None or run.used.kind != "local":
            return ()
        folder, rest = checked_out(run.used.name, self.checkouts)
        owner, _, ref = self.checkouts.get(folder, "").partition("@")
        if not owner:
            return ()
        code = action_code(f"{owner}/{rest}@{ref}", run.path, run.line, run.top, frozenset())
        return (replace(code, via=run.via),) if code else ()

    def _inline(self, action: Action, run: Run, around: Surroundings) -> tuple[Named, ...]:
        """The action's own steps in place of the one that uses it; what its outputs hold."""
        if not action.steps:
            return made_by_action(run)
        mark = run.step.uses
        if mark in around.open or len(around.open) >= DEPTH:
            self._say(run.path, run.line, f"{mark[:100]} uses itself, or is {DEPTH} levels deep")
            return ()
        defaults = settings(action.inputs, action.path, Given(secrets={}))
        inputs = {name.lower(): names for name, names in (*defaults.items(), *run.inputs.items())}
        inner = Surroundings(
            path=action.path,
            given=Given(inputs=inputs, secrets={}, env=run.given.env),
            settings=(*around.settings, *run.step.env),
            env=run.env,
            condition=run.condition,
            via=(*around.via, mark),
            top=run.top,
            open=(*around.open, mark),
        )
        after = self.steps(action.steps, inner)
        held = [named(item.value, action.path, item.line, after) for item in action.outputs]
        return unique(one for names in held for one in names)

    def _say(self, path: str, line: int, message: str) -> None:
        self.problems.append(Problem(path, ProblemKind.UNSUPPORTED, message, line))


def checked_out(name: str, checkouts: Mapping[str, str]) -> tuple[str, str]:
    """(directory, the rest) of a path in a directory that something was checked out into."""
    for folder in checkouts:
        if name.startswith(f"{folder}/"):
            return folder, name.removeprefix(f"{folder}/")
    return "", name


def spoken_in(text: str, path: str, line: int, given: Given) -> tuple[Named, ...]:
    """What the expressions in a script name, each at its own line of the file."""
    if "${{" not in text:
        return ()
    found: list[Named] = []
    for number, part in enumerate(text.splitlines()):
        if "${{" in part:
            found += named(part, path, line + number, given)
    return unique(found)


def made_by_script(run: Run) -> tuple[Named, ...]:
    """The credentials that a script writes to its step's outputs."""
    from .deeds import outputs_of

    return outputs_of(run)


def made_by_action(run: Run) -> tuple[Named, ...]:
    """The credentials that a known action makes and hands on."""
    from .deeds import minted_by

    return minted_by(run)


def names_by_variable(run: Run, job_env: Mapping[str, tuple[Named, ...]]) -> Names:
    """What each variable of a step's environment holds, the job's variables too."""
    return {**job_env, **run.env}
