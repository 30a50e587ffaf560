"""A task is a named piece of work that a job, a person or an agent starts: `make test`, a hook.

Task files and container files are followed from the commands that call them; nothing is run to find out.
"""

from __future__ import annotations

from dataclasses import dataclass

from .lockfile import Problem
from .pipeline import Setting
from .shell import NO_SCRIPT, Script


@dataclass(frozen=True, slots=True)
class Task:
    """`script` is what it runs, with lines of the file (not of the script); `needs` are tasks run before it.

    `installs` are requirements it installs that are no shell command (tox `deps`, nox `session.install`),
    as written. `env` is what it sets or passes on.
    """

    name: str
    line: int
    script: Script = NO_SCRIPT
    needs: tuple[str, ...] = ()
    installs: tuple[str, ...] = ()
    env: tuple[Setting, ...] = ()
    directory: str = ""


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A Makefile, justfile, noxfile, tox settings, `package.json` scripts or a shell script of the tree.

    `kind` is `make`, `just`, `nox`, `tox`, `npm` or `sh` (one task with an empty name). `default` is the task
    that is run when none is named.
    """

    path: str
    kind: str
    tasks: tuple[Task, ...] = ()
    default: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Mount:
    """What a build or a service gets from outside: `secret`, `ssh`, `bind`, `cache` or `socket`."""

    kind: str
    source: str
    target: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Layer:
    """One RUN, COPY or ADD of a Dockerfile. `fetched` is the address that an ADD downloads."""

    instruction: str
    line: int
    script: Script = NO_SCRIPT
    mounts: tuple[Mount, ...] = ()
    fetched: str = ""
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One FROM and what follows it. `image` as written; `arguments` are its ARG names, `env` its ENV."""

    image: str
    name: str
    line: int
    layers: tuple[Layer, ...] = ()
    arguments: tuple[str, ...] = ()
    env: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """What builds an image. `frontend` is the image of its `# syntax=` line."""

    path: str
    stages: tuple[Stage, ...] = ()
    frontend: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a compose file. `builds` is its context directory, `dockerfile` as written."""

    name: str
    line: int
    image: str = ""
    builds: str = ""
    dockerfile: str = ""
    env: tuple[Setting, ...] = ()
    env_files: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    secrets: tuple[str, ...] = ()
    privileged: bool = False
    network: str = ""


@dataclass(frozen=True, slots=True)
class Compose:
    """What starts containers together; `secrets` are (name, where it comes from)."""

    path: str
    services: tuple[Service, ...] = ()
    secrets: tuple[Setting, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class HookRepository:
    """One repository of pre-commit hooks: `rev` as written, `dependencies` its hooks' additional ones.

    `location` without credentials; `local` and `meta` stay as they are. `script` is what local hooks run.
    """

    location: str
    rev: str
    line: int
    hooks: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    script: Script = NO_SCRIPT


@dataclass(frozen=True, slots=True)
class HookFile:
    """A `.pre-commit-config.yaml`."""

    path: str
    repositories: tuple[HookRepository, ...] = ()
    problems: tuple[Problem, ...] = ()
