"""A job that runs `make test` runs what the Makefile says: calls are followed into the tree's own tasks.

Pure: everything was read before. What is called and is not there, or lies outside the tree, is said.
Depth and number of tasks are bounded, and cycles end where they close.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from posixpath import dirname, join, normpath

from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.reach.call import Call, CallKind
from seawall.kernel.reach.chosen import Known, chosen, known_in, unmet
from seawall.kernel.reach.commands import calls_of
from seawall.kernel.reach.ground import Ground
from seawall.kernel.shell import Script
from seawall.kernel.task import Compose, Dockerfile, HookFile, Service, Task, TaskFile

DEPTH = 8
"""Calls are followed so many levels deep: `make` that calls a script that calls `npm run` is three."""
MOST_VISITS = 2_000
"""From one script at most so many tasks are reached."""

_NAMES: dict[str, tuple[str, ...]] = {
    "make": ("GNUmakefile", "makefile", "Makefile"),
    "just": ("justfile", "Justfile", ".justfile", "JUSTFILE"),
    "nox": ("noxfile.py",),
    "tox": ("tox.ini", "setup.cfg", "pyproject.toml", "tox.toml"),
    "npm": ("package.json",),
    "docker-build": ("Dockerfile", "Containerfile"),
    "compose": ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"),
    "pre-commit": (".pre-commit-config.yaml", ".pre-commit-config.yml"),
    "sh": (),
    "python": (),
}
_TOPS = ("$GITHUB_WORKSPACE", "${GITHUB_WORKSPACE}", "${{ github.workspace }}", "${{github.workspace}}")
_SEARCHED_UPWARD = frozenset({"just", "compose", "npm", "tox"})
_OVERRIDES = ("compose.override.yaml", "compose.override.yml", "docker-compose.override.yml")
_BY_ITSELF = frozenset({"install", "publish", "pack", "version"})
"""What npm does by itself; scripts of the package around it may be missing."""
_IN_OWN_DIRECTORY = frozenset({"just", "nox", "tox", "npm"})


@dataclass(frozen=True, slots=True)
class Followed:
    """What one call starts. `tasks` in the order in which they run, those needed before first.

    `wanted` are paths of the tree that it starts and that were not read yet, with who carries them out: the
    verb reads them and asks again. `missing` says what was not found, empty = nothing.
    """

    tasks: tuple[tuple[TaskFile, Task], ...] = ()
    dockerfiles: tuple[Dockerfile, ...] = ()
    composes: tuple[Compose, ...] = ()
    hooks: tuple[HookFile, ...] = ()
    wanted: tuple[tuple[str, CallKind], ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One task that a script reaches.

    `directory` is where its commands start, relative to the tree's top. `via` is the chain of calls
    (`make test`, `tox -e lint`), `condition` all of theirs. `passes` are the names (globs) of the only
    variables that reach it from outside, None = all.
    """

    file: TaskFile
    task: Task
    directory: str
    via: tuple[str, ...]
    condition: str = ""
    passes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """A container build, a set of services or a set of hooks that a script reaches; `call` started it."""

    started: Dockerfile | Compose | HookFile
    call: Call
    via: tuple[str, ...]
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    """Everything of the tree that one script reaches.

    `problems` are those of the files that it reaches, and what is called and not there, at the call's line.
    """

    visits: tuple[Visit, ...] = ()
    starts: tuple[Start, ...] = ()
    wanted: tuple[tuple[str, CallKind], ...] = ()
    problems: tuple[Problem, ...] = ()


def follow(call: Call, ground: Ground) -> Followed:
    """One level: what `call` starts, with prerequisites. Never raises."""
    return Following(ground).one(call)


def label(call: Call) -> str:
    """The call as a person would write it: `make test`, `tox -e lint`, `bash ci/build.sh`."""
    words = {"docker-build": "docker build", "compose": "docker compose", "sh": "", "python": "python"}
    option = {"tox": "-e ", "nox": "-s ", "npm": "run ", "docker-build": "--target "}.get(call.kind, "")
    if call.kind == "npm" and call.name in ("install", "publish", "pack", "version"):
        option = ""
    file = call.file if call.kind in ("sh", "python") else f"-f {call.file}" if call.file else ""
    parts = (words.get(call.kind, call.kind), file, option + call.name if call.name else "")
    return " ".join(part for part in parts if part)


_last: list[tuple[Ground, Following]] = []


def following_of(ground: Ground) -> Following:
    """The following of a ground; the last one is kept: what is wanted is asked for, and then it is walked."""
    if not (_last and _last[0][0] is ground):
        _last[:] = [(ground, Following(ground))]
    return _last[0][1]


class Following:
    """The tree's tasks by path, so that thousands of calls are followed in time linear in what they reach."""

    def __init__(self, ground: Ground) -> None:
        self._files = ground.files
        self._tasks: dict[str, list[TaskFile]] = {}
        for file in ground.tasks:
            self._tasks.setdefault(file.path, []).append(file)
        self._dockerfiles = {one.path: one for one in ground.dockerfiles}
        self._composes = {one.path: one for one in ground.composes}
        self._hooks = {one.path: one for one in ground.hooks}
        self._known: dict[tuple[str, str], tuple[Known, str]] = {}
        self._calls: dict[tuple[str, str, str, str], tuple[Call, ...]] = {}
        self._workspace: dict[str, tuple[TaskFile, ...]] = {}
        self._journeys: dict[tuple[int, str, str], tuple[Script, Journey]] = {}
        self._packages = {one.name: one for one in ground.tasks if one.kind == "npm" and one.name}

    def one(self, call: Call) -> Followed:
        """What one call starts. Never raises."""
        call = replace(call, directory=_below_top(call.directory))
        if call.directory == "?" or "$" in call.directory or "$" in _below_top(call.file):
            return Followed(missing=f"`{label(call)}` runs in a place that is known only when it runs")
        if call.kind == "npm" and call.workspace:
            return self._workspaces(call)
        path = self._path(call)
        if path is None:
            return Followed(missing=f"`{label(call)}` leads out of the tree")
        by_kind = {"docker-build": self._build, "compose": self._compose, "pre-commit": self._hook}
        return by_kind.get(call.kind, self._task)(call, path)

    def through(self, script: Script, path: str, directory: str = ".") -> Journey:
        """Everything that `script`, which stands in the file `path` and starts in `directory`, reaches."""
        key = (id(script), path, directory)
        known = self._journeys.get(key)
        if known is None or known[0] is not script:
            walk = _Walk(self, path)
            walk.take(script, directory)
            known = self._journeys[key] = (script, walk.journey())
        return known[1]

    def calls(self, mark: tuple[str, str, str, str], task: Task, directory: str) -> tuple[Call, ...]:
        """The calls of a task there, found once however many jobs reach it."""
        if mark not in self._calls:
            self._calls[mark] = calls_of(task.script, directory)
        return self._calls[mark]

    def _path(self, call: Call) -> str | None:
        """The file that the call reads, "" when none lies there, None when it leads out of the tree."""
        if call.file:
            return inside(call.directory, call.file)
        for directory in _upward(call.directory) if call.kind in _SEARCHED_UPWARD else (call.directory,):
            for name in _NAMES[call.kind]:
                path = inside(directory, name)
                if path is None:
                    return None
                if self._holds(path, call.kind):
                    return path
        return ""

    def _holds(self, path: str, kind: str) -> bool:
        if kind == "tox":  # only a file that speaks of tox counts
            return any(file.kind == "tox" and file.tasks for file in self._tasks.get(path, ()))
        return path in self._files or path in self._tasks or path in self._dockerfiles

    def _unread(self, call: Call, path: str) -> Followed:
        if path and path in self._files:
            return Followed(wanted=((path, call.kind),))
        what = path or ("Makefile" if call.kind == "make" else (*_NAMES[call.kind], call.file)[0])
        where = "" if path or call.directory == "." else f" in {call.directory}"
        return Followed(missing=f"`{label(call)}` is called, and {what}{where} is not there")

    def _task(self, call: Call, path: str) -> Followed:
        file = next((one for one in self._tasks.get(path, ()) if one.kind == call.kind), None)
        if file is None:
            return self._unread(call, path)
        known, missing = self._knowing(file)
        tasks = chosen(file, call.name, known)
        if not tasks and not (call.kind == "npm" and call.name in _BY_ITSELF):
            missing = f"`{label(call)}` is called, and {path} holds no such task"
            if not file.tasks and file.problems:
                missing = f"`{label(call)}` is called, and {path} was not read: {file.problems[0].message}"
        elif not missing and file.kind != "npm":
            missing = "; ".join(
                f"`{label(call)}` needs `{one[:100]}`, which {path} does not hold"
                for one in unmet(file, tasks, known)[:3]
            )
        if call.kind == "npm" and call.name == "install":
            for member in self._members(file):
                tasks += chosen(member, "install", {})
        return Followed(tasks, missing=missing)

    def _knowing(self, file: TaskFile) -> tuple[Known, str]:
        """Its tasks and those that it includes by name, and a sentence about includes that are not there."""
        mark = (file.path, file.kind)
        if mark not in self._known:
            others, absent = self._included(file)
            self._known[mark] = (known_in((file, *others)), "; ".join(absent))
        return self._known[mark]

    def _included(self, file: TaskFile) -> tuple[list[TaskFile], list[str]]:
        """The files that it includes, theirs too, and sentences about those that are not there."""
        found: dict[str, TaskFile] = {file.path: file}
        absent: list[str] = []
        waiting = [(file, one) for one in file.includes]
        while waiting and len(found) < 100:
            owner, target = waiting.pop(0)
            path = inside(dirname(owner.path) or ".", target.removeprefix("-")) or ""
            if path in found or (target.startswith("-") and path not in self._files):
                continue
            other = next((one for one in self._tasks.get(path, ()) if one.kind == file.kind), None)
            if other is None:
                absent.append(f"{owner.path} includes {target.removeprefix('-')[:100]}, which was not read")
                continue
            found[path] = other
            waiting += [(other, one) for one in other.includes]
        return list(found.values())[1:], absent

    def _members(self, file: TaskFile) -> tuple[TaskFile, ...]:
        """The packages of a workspace: those whose directory one of its globs names."""
        if file.workspaces and file.path not in self._workspace:
            own = dirname(file.path)
            globs = [normpath(join(own, one)) for one in file.workspaces if not one.startswith("!")]
            self._workspace[file.path] = tuple(
                one
                for path, files in self._tasks.items()
                if path.endswith("/package.json") and path != file.path
                for one in files
                if one.kind == "npm" and any(_fits(dirname(path), glob) for glob in globs)
            )
        return self._workspace.get(file.path, ())

    def _workspaces(self, call: Call) -> Followed:
        at_root = replace(call, workspace="")
        path = self._path(at_root)
        root = next((one for one in self._tasks.get(path or "", ()) if one.kind == "npm"), None)
        members = list(self._members(root)) if root else []
        if call.workspace not in ("*", ""):
            named = self._packages.get(call.workspace)
            place = inside(call.directory, call.workspace) or ""
            members = [named] if named else [one for one in members if dirname(one.path) == place]
            members = members or list(self._tasks.get(f"{place}/package.json", ()))
        tasks = tuple(pair for one in members for pair in chosen(one, call.name, {}))
        absent = f"`{label(call)}` is called in the workspace {call.workspace}, which holds no such script"
        return Followed(tasks, missing="" if tasks or call.name in _BY_ITSELF else absent)

    def _build(self, call: Call, path: str) -> Followed:
        found = self._dockerfiles.get(path)
        return Followed(dockerfiles=(found,)) if found else self._unread(call, path)

    def _hook(self, call: Call, path: str) -> Followed:
        found = self._hooks.get(path)
        return Followed(hooks=(found,)) if found else self._unread(call, path)

    def _compose(self, call: Call, path: str) -> Followed:
        found = self._composes.get(path)
        if found is None:
            return self._unread(call, path)
        beside = [inside(dirname(path) or ".", name) or "" for name in _OVERRIDES] if not call.file else []
        composes = (found, *(self._composes[one] for one in beside if one in self._composes))
        builds: list[Followed] = []
        for compose in composes:
            builds += [
                self._built(compose, service) for service in services_of(compose, call.name) if service.builds
            ]
        return Followed(
            dockerfiles=tuple({one.path: one for build in builds for one in build.dockerfiles}.values()),
            composes=composes,
            wanted=tuple(dict.fromkeys(one for build in builds for one in build.wanted)),
            missing="; ".join(build.missing for build in builds if build.missing),
        )

    def _built(self, compose: Compose, service: Service) -> Followed:
        context = inside(dirname(compose.path) or ".", service.builds)
        if context is None or "$" in service.builds or "://" in service.builds:
            return Followed(missing=f"{compose.path} builds {service.builds[:100]}, which lies outside")
        return self.one(Call("docker-build", service.stage, context, service.dockerfile, service.line))


def services_of(compose: Compose, name: str = "") -> tuple[Service, ...]:
    """The services that start for `name`, those needed before it too; without a name all without profile."""
    known = {one.name: one for one in compose.services}
    waiting = [name] if name in known else [one.name for one in compose.services if not one.profiles]
    found: dict[str, Service] = {}
    while waiting:
        one = waiting.pop()
        if one in known and one not in found:
            found[one] = known[one]
            waiting += known[one].needs
    return tuple(one for one in compose.services if one.name in found)


@dataclass(slots=True)
class _Walk:
    following: Following
    path: str
    visits: list[Visit] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    wanted: dict[tuple[str, CallKind], None] = field(default_factory=dict)
    problems: dict[Problem, None] = field(default_factory=dict)
    seen: set[tuple[tuple[str, str, str, str], str]] = field(default_factory=set)

    def take(self, script: Script, directory: str) -> None:
        """Follows the calls of a script, depth first, so that what runs first stands first."""
        waiting = [_Turn(call, self.path) for call in reversed(calls_of(script, directory))]
        while waiting:
            turn = waiting.pop()
            if len(turn.via) >= DEPTH:
                self._say(turn, f"`{label(turn.call)}` is called {DEPTH} levels deep and not followed")
                continue
            waiting += reversed(list(self._step(turn)))

    def journey(self) -> Journey:
        return Journey(tuple(self.visits), tuple(self.starts), tuple(self.wanted), tuple(self.problems))

    def _step(self, turn: _Turn) -> Iterator[_Turn]:
        call = turn.call
        followed = self.following.one(call)
        via = (*turn.via, label(call))
        condition = " and ".join(dict.fromkeys(part for part in (turn.condition, call.condition) if part))
        self.wanted.update(dict.fromkeys(followed.wanted))
        if followed.missing:
            self._say(turn, followed.missing)
        started: list[Dockerfile | Compose | HookFile] = [
            *followed.dockerfiles,
            *followed.composes,
            *followed.hooks,
        ]
        for one in started:
            place = (call.kind, one.path, call.name, "")
            if (place, "") not in self.seen and (place, "if" if condition else "") not in self.seen:
                self.seen.add((place, "if" if condition else ""))
                self.starts.append(Start(one, call, via, condition))
                self.problems.update(dict.fromkeys(one.problems))
        for file, task in followed.tasks:
            directory = _directory(call, file, task)
            mark = (file.kind, file.path, task.name + f":{task.line}", directory)
            if (mark, "") in self.seen or (mark, "if" if condition else "") in self.seen:
                continue  # what surely runs need not be told again as what may run
            if len(self.visits) >= MOST_VISITS:
                self._say(turn, f"more than {MOST_VISITS} tasks are called; the rest is not followed")
                return
            self.seen.add((mark, "if" if condition else ""))
            passes = task.passes if task.passes is not None else turn.passes
            self.problems.update(dict.fromkeys(file.problems))
            self.visits.append(Visit(file, task, directory, via, condition, passes))
            for further in self.following.calls(mark, task, directory):
                yield _Turn(further, file.path, via, condition, passes)

    def _say(self, turn: _Turn, message: str) -> None:
        self.problems[Problem(turn.path, ProblemKind.UNSUPPORTED, message, turn.call.line)] = None


@dataclass(frozen=True, slots=True)
class _Turn:
    call: Call
    path: str
    via: tuple[str, ...] = ()
    condition: str = ""
    passes: tuple[str, ...] | None = None


def _directory(call: Call, file: TaskFile, task: Task) -> str:
    """Where the task's commands start; `?` when that lies outside the tree."""
    own = dirname(file.path) or "." if file.kind in _IN_OWN_DIRECTORY else call.directory
    return own if not task.directory else inside(own, task.directory) or "?"


def inside(directory: str, relative: str) -> str | None:
    """The path of `relative` seen from `directory`, both in the tree; None when it leads out of it."""
    if relative != _below_top(relative):
        directory, relative = ".", _below_top(relative)
    if relative.startswith(("/", "~")) or "\\" in relative or "\0" in relative:
        return None
    path = normpath(join(directory, relative))
    return None if path == ".." or path.startswith(("../", "/")) else path


def _below_top(path: str) -> str:
    """The path without the variable that names the checkout's top in CI."""
    for top in _TOPS:
        if path == top or path.startswith(top + "/"):
            return path.removeprefix(top).lstrip("/") or "."
    return path


def _upward(directory: str) -> Iterator[str]:
    """The directory and those above it, up to the top."""
    place = normpath(directory)
    while place not in ("", ".", "/") and not place.startswith(".."):
        yield place
        place = dirname(place)
    yield "."


def _fits(directory: str, glob: str) -> bool:
    """Whether a workspace glob names the directory: `packages/*` is one level, `**` any number."""
    if "**" in glob:
        return fnmatchcase(directory, glob.replace("**", "*"))
    return directory.count("/") == glob.count("/") and fnmatchcase(directory, glob)
