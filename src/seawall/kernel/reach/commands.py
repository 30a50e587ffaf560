"""What the commands of a script bring in, call and leave behind. Pure: words in, values out.

A command is taken apart by running.py; a table here says who knows its program. What a program is not known
to do is not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from seawall.kernel.code import Code
from seawall.kernel.shell import Script

from . import (
    agents,
    containers,
    fetched,
    installs_bun,
    installs_javascript,
    installs_languages,
    installs_projects,
    installs_python,
    installs_system,
    models,
)
from .call import Call
from .called import calls
from .effect import Effect
from .effects import effects
from .ground import Ground
from .running import Run, runs_of
from .scene import Scene, Where, switched, tree_of

__all__ = ["At", "Call", "Effect", "calls_of", "codes_of", "effects_of"]

Finder = Callable[[Run, Scene], Iterator[Code]]


@dataclass(frozen=True, slots=True)
class At:
    """Where a script stands: `line` is the line of the file `path` on which its first line stands.

    `step` is the step's index in its job, -1 = not in a step. `via` is the chain of tasks that lead here.
    `env` are the variables it is given, values as written.
    """

    path: str
    line: int
    step: int = -1
    via: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()


def codes_of(script: Script, cwd: str, ground: Ground, at: At) -> tuple[Code, ...]:
    """The third-party code that a script brings in, with lines of the file, in the order of its commands.

    `cwd` is the directory it starts in, relative to the tree's top (`.` = the top, `?` = not known).
    """
    if not script.commands:
        return ()
    runs = runs_of(script, cwd, at.env)
    ci = at.step >= 0 or bool(switched(dict(at.env), "CI"))
    where = Where(at.path, at.line, at.step, at.via, ci)
    scene = Scene(tree_of(ground), where, runs, containers.built(runs))
    wrapped = {run.program for run in runs if run.program == run.command.function}
    functions = {command.function for command in script.commands} - wrapped
    found: list[Code] = []
    for run in runs:
        finder = _FINDERS.get(run.program)
        if finder is not None and run.written not in functions and not _asks_for_help(run):
            found.extend(finder(run, scene))
    found.extend(fetched.fetched(script, scene))
    found.sort(key=lambda code: code.line)
    return tuple(dict.fromkeys(found))


def _asks_for_help(run: Run) -> bool:
    return run.texts in (["--version"], ["--help"], ["-h"], ["-V"], ["-v"], ["version"], ["help"])


def calls_of(script: Script, cwd: str) -> tuple[Call, ...]:
    """The tree's own tasks that a script starts, with lines of the script."""
    return tuple(dict.fromkeys(calls(runs_of(script, cwd)))) if script.commands else ()


def effects_of(script: Script) -> tuple[Effect, ...]:
    """What the commands of a script leave behind, with lines of the script."""
    return tuple(effects(script))


def _build(run: Run, scene: Scene) -> Iterator[Code]:
    """`python -m build`; what is only called `build` is somebody's own."""
    if {"python", "pipx", "uvx", "uv"} & set(run.under):
        yield from installs_projects.build(run, scene)


def _uvx(run: Run, scene: Scene) -> Iterator[Code]:
    yield from installs_python.uvx(run, scene, run.args)


def _python(run: Run, scene: Scene) -> Iterator[Code]:
    yield from installs_python.setup_py(run, scene)
    yield from models.python(run, scene)


def _npx(run: Run, scene: Scene) -> Iterator[Code]:
    yield from installs_javascript.npx(run, scene, run.args)


def _pnpx(run: Run, scene: Scene) -> Iterator[Code]:
    yield from installs_javascript.npx(run, scene, run.args, "pnpx")


def _bunx(run: Run, scene: Scene) -> Iterator[Code]:
    yield from installs_bun.bunx(run, scene, run.args)


_FINDERS: dict[str, Finder] = {
    "pip": installs_python.pip,
    "pipx": installs_python.pipx,
    "uv": installs_projects.uv,
    "uvx": _uvx,
    "poetry": installs_projects.poetry,
    "pdm": installs_projects.pdm,
    "pipenv": installs_projects.pipenv,
    "hatch": installs_projects.hatch,
    "rye": installs_projects.rye,
    "build": _build,
    "pyproject-build": installs_projects.build,
    "conda": installs_projects.conda,
    "mamba": installs_projects.conda,
    "micromamba": installs_projects.conda,
    "conda-lock": installs_projects.conda_lock,
    "pixi": installs_projects.pixi,
    "npm": installs_javascript.npm,
    "npx": _npx,
    "pnpm": installs_javascript.pnpm,
    "pnpx": _pnpx,
    "yarn": installs_javascript.yarn,
    "yarnpkg": installs_javascript.yarn,
    "bun": installs_bun.bun,
    "bunx": _bunx,
    "deno": installs_bun.deno,
    "corepack": installs_bun.corepack,
    "cargo": installs_languages.cargo,
    "cross": installs_languages.cargo,
    "rustup": installs_languages.rustup,
    "go": installs_languages.go,
    "gem": installs_languages.gem,
    "bundle": installs_languages.bundle,
    "bundler": installs_languages.bundle,
    "docker": containers.docker,
    "podman": containers.docker,
    "nerdctl": containers.docker,
    "apptainer": containers.apptainer,
    "singularity": containers.apptainer,
    "hf": models.hub,
    "huggingface-cli": models.hub,
    "vllm": models.serve,
    "vllm.entrypoints.openai.api_server": models.serve,
    "sglang.launch_server": models.serve,
    "text-generation-launcher": models.serve,
    "ollama": models.ollama,
    "llm": models.llm,
    "spacy": models.spacy,
    "python": _python,
    "pypy": _python,
    **dict.fromkeys(installs_system.PROGRAMS, installs_system.system),
    **dict.fromkeys(installs_languages.OTHERS, installs_languages.other),
    "composer": installs_languages.composer,
    "dotnet": installs_languages.dotnet,
    **dict.fromkeys(agents.PROGRAMS, agents.agent),
}
