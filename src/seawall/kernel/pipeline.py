"""A pipeline is what a forge runs for a repository: workflows of jobs of steps, and the actions they use.

Values as written: no expression is evaluated, nothing is fetched. Lines count from 1, 0 = unknown.
Source: GitHub's workflow syntax and metadata syntax for actions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .lockfile import Problem
from .shell import Script


@dataclass(frozen=True, slots=True)
class Setting:
    """One name with its value as written and its line: an entry of `env`, `with`, `secrets`, `outputs` …

    `name` is empty where one expression stands for the whole block (`env: ${{ fromJSON(…) }}`). What should
    be text and is a list or a mapping is written out on one line, so that no reference is lost.
    """

    name: str
    value: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Permissions:
    """A `permissions` block. `every` is `read-all`, `write-all` or empty; `scopes` are (scope, level).

    `{}` is no scope at all: nothing is granted.
    """

    every: str = ""
    scopes: tuple[tuple[str, str], ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Trigger:
    """What starts a workflow (`push`, `pull_request_target` …) and its filters as written.

    `filters` are (name, values), e.g. ("branches", ("main",)), ("types", ("opened",)).
    """

    name: str
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class InputScript:
    """A script that an action is given as the input `name` and runs; `line` is that of its first line."""

    name: str
    script: Script
    line: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One step. Exactly one of `uses` and `run` is set, where the file is sound; neither: it only waits.

    `index` is its place among the job's steps, those of `parallel` groups counted one by one. `run_line` is
    the line of the file on which the script's first line stands; `script` is `run` parsed. `condition` is
    the `if` as written, without `${{ }}` when that is all of it. `shell` is the step's own; a default
    of the job or workflow is there. `continues`: a failure of it may be passed over. `background`: it runs
    beside the steps that follow. `scripts` are those that its action is known to run of its inputs.
    """

    index: int
    line: int
    name: str = ""
    id: str = ""
    uses: str = ""
    run: str = ""
    run_line: int = 0
    script: Script | None = None
    shell: str = ""
    inputs: tuple[Setting, ...] = ()
    env: tuple[Setting, ...] = ()
    condition: str = ""
    directory: str = ""
    continues: bool = False
    background: bool = False
    scripts: tuple[InputScript, ...] = ()


@dataclass(frozen=True, slots=True)
class Container:
    """An image that a job or a service runs in; `name` is the service's, empty for the job's own."""

    image: str
    name: str = ""
    env: tuple[Setting, ...] = ()
    credentials: tuple[Setting, ...] = ()
    volumes: tuple[str, ...] = ()
    options: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One job: steps of its own, or `uses` of a reusable workflow.

    `runs_on` are the labels as written, a group as `group:NAME`. `environment` is its name as written, may
    hold an expression. `secrets` are what a reusable workflow is given; `inherits` is `secrets: inherit`.
    `matrix` are (axis, values) with `include` and `exclude` as axes of rendered text; where one expression
    stands for a whole matrix, its axis has no name. `cache_mode` is the job's own `cache-mode` as written,
    which replaces the workflow's.
    """

    id: str
    line: int
    name: str = ""
    needs: tuple[str, ...] = ()
    condition: str = ""
    runs_on: tuple[str, ...] = ()
    environment: str = ""
    permissions: Permissions | None = None
    env: tuple[Setting, ...] = ()
    container: Container | None = None
    services: tuple[Container, ...] = ()
    outputs: tuple[Setting, ...] = ()
    matrix: tuple[tuple[str, tuple[str, ...]], ...] = ()
    directory: str = ""
    shell: str = ""
    steps: tuple[Step, ...] = ()
    uses: str = ""
    inputs: tuple[Setting, ...] = ()
    secrets: tuple[Setting, ...] = ()
    inherits: bool = False
    cache_mode: str = ""


@dataclass(frozen=True, slots=True)
class Workflow:
    """One file of `.github/workflows`. `cache_mode` is the workflow's `cache-mode` as written.

    A `cache-mode` is `read`, `write`, `write-only` or `none`; without one, triggers of low trust such as
    `pull_request_target` only read. `called_inputs` and `called_secrets` are what `workflow_call` takes
    (name, `required` or empty), `called_outputs` what it gives back (name, value).
    """

    path: str
    name: str = ""
    triggers: tuple[Trigger, ...] = ()
    permissions: Permissions | None = None
    env: tuple[Setting, ...] = ()
    directory: str = ""
    shell: str = ""
    jobs: tuple[Job, ...] = ()
    called_inputs: tuple[Setting, ...] = ()
    called_secrets: tuple[Setting, ...] = ()
    called_outputs: tuple[Setting, ...] = ()
    cache_mode: str = ""
    problems: tuple[Problem, ...] = ()

    def triggered_by(self, *names: str) -> bool:
        """One of these triggers starts it."""
        return any(trigger.name in names for trigger in self.triggers)


@dataclass(frozen=True, slots=True)
class Action:
    """One `action.yml`. `using` is `composite`, `docker`, `node20` …; `image` is a docker action's.

    `inputs` are (name, default); `entry` are its main, pre and post files or its entry points.
    """

    path: str
    name: str = ""
    using: str = ""
    image: str = ""
    inputs: tuple[Setting, ...] = ()
    outputs: tuple[Setting, ...] = ()
    env: tuple[Setting, ...] = ()
    entry: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class LockedAction:
    """One line of a lock of actions: `name` (`owner/repo[/path]`), the ref as used, and the commit it is.

    `uses` are the actions that it uses itself, as `name@ref` of this lock.
    """

    name: str
    ref: str
    commit: str
    line: int = 0
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionsLock:
    """A file that pins the actions of workflows, those that actions use included.

    `tool` is what writes it: `gh actions-lock` is GitHub's own, which the runner obeys; a lock of any other
    tool only tells what was meant. `workflows` are (path, its direct `name@ref`): only these are locked.
    """

    path: str
    locked: tuple[LockedAction, ...] = ()
    tool: str = ""
    workflows: tuple[tuple[str, tuple[str, ...]], ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """One entry of an update robot's settings: what, where, how long it waits (days, -1 = not at all).

    `ecosystem` as the robot calls it, `*` = all that it knows. `runs_code`: it may run code of the packages.
    """

    ecosystem: str
    directories: tuple[str, ...] = ()
    cooldown: int = -1
    line: int = 0
    runs_code: bool = False


@dataclass(frozen=True, slots=True)
class Updates:
    """What an update robot was told. `registries` are private ones that it logs in to, by name.

    `secrets` are those it logs in with. `robot` is `dependabot` or `renovate`.
    """

    path: str
    updates: tuple[Update, ...] = ()
    registries: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    robot: str = "dependabot"
    problems: tuple[Problem, ...] = ()


_RUNS = re.compile(
    r"(?:\A|/)(?:\.github/workflows/|\.pre-commit-config\.|(?:docker-)?compose\.|(?:Docker|Container)file)"
    r"|\.[Dd]ockerfile\Z"
)


def may_run(path: str) -> bool:
    """A file of this path may make a place where something runs: a workflow, an image, a hook, services.

    Told by its name alone, so that a tree without any of them costs nothing.
    """
    return _RUNS.search(path) is not None
