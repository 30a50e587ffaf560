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

    `installs` are requirements that the tool installs for it (tox `deps`, nox `session.install`), as written;
    the script holds them too, as the command that the tool runs for them (`python -m pip install …`), so
    that order and line are kept. `env` is what it sets. `passes` are the names (globs) of the only variables
    that reach it from outside, None = all of them. `directory` is relative to the file's, empty = the tool's.
    """

    name: str
    line: int
    script: Script = NO_SCRIPT
    needs: tuple[str, ...] = ()
    installs: tuple[str, ...] = ()
    env: tuple[Setting, ...] = ()
    directory: str = ""
    passes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A Makefile, justfile, noxfile, tox settings, `package.json` scripts or a shell script of the tree.

    `kind` is `make`, `just`, `nox`, `tox`, `npm` or `sh` (one task with an empty name). `default` is the task
    that is run when none is named. `includes` are files whose tasks count as its own, relative to its
    directory; one that may be absent has a `-` before it. Of a `package.json`, `name` is the package's and
    `workspaces` its globs.
    """

    path: str
    kind: str
    tasks: tuple[Task, ...] = ()
    default: str = ""
    problems: tuple[Problem, ...] = ()
    includes: tuple[str, ...] = ()
    name: str = ""
    workspaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mount:
    """What a build or a service gets from outside: `secret`, `ssh`, `bind`, `cache`, `volume` or `socket`.

    `source` of a secret is its id; `image` is the image or stage that a bind mount comes from; `variable`
    the environment variable through which a secret is given.
    """

    kind: str
    source: str
    target: str = ""
    line: int = 0
    image: str = ""
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """One RUN, COPY or ADD of a Dockerfile. `fetched` is the address that an ADD downloads.

    `instruction` is the word; `ONBUILD RUN` and the like run in the builds that start from this image.
    `image` is the image or stage (name or number) of a COPY's `--from`; `network` RUN's `--network`.
    """

    instruction: str
    line: int
    script: Script = NO_SCRIPT
    mounts: tuple[Mount, ...] = ()
    fetched: str = ""
    checksum: str = ""
    image: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One FROM and what follows it. `arguments` are its ARG names, `env` its ENV.

    `image` is filled in with the defaults of ARGs before the first FROM. `starts` is what a container of it
    runs (ENTRYPOINT, CMD, HEALTHCHECK), not the build. `user` is the last USER, empty = the image's.
    """

    image: str
    name: str
    line: int
    layers: tuple[Layer, ...] = ()
    arguments: tuple[str, ...] = ()
    env: tuple[Setting, ...] = ()
    starts: Script = NO_SCRIPT
    user: str = ""


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """What builds an image. `frontend` is the image of its `# syntax=` line.

    `arguments` are the ARG names before the first FROM.
    """

    path: str
    stages: tuple[Stage, ...] = ()
    frontend: str = ""
    problems: tuple[Problem, ...] = ()
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a compose file. `builds` is its context directory, `dockerfile` as written.

    `secrets` are those it gets when it runs, `build_secrets` those of its build. `network` is
    `network_mode`, `stage` the build's target; `needs` are services started before it; it starts only when
    one of its `profiles` is named, if it has any; `starts` is its `command` and `entrypoint`.
    """

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
    needs: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    build_secrets: tuple[str, ...] = ()
    stage: str = ""
    starts: Script = NO_SCRIPT


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

    `location` without credentials; `local` and `meta` stay as they are. `script` is what local hooks run,
    `languages` how each hook is set up (empty = as its repository says), `images` those that local hooks
    run in.
    """

    location: str
    rev: str
    line: int
    hooks: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    script: Script = NO_SCRIPT
    languages: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HookFile:
    """A `.pre-commit-config.yaml`."""

    path: str
    repositories: tuple[HookRepository, ...] = ()
    problems: tuple[Problem, ...] = ()
