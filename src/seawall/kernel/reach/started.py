"""What container builds, sets of services and hooks bring in, where a step starts them.

R11: a build sees its build arguments and the secrets that are mounted into it; hooks run in the job itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from posixpath import dirname, join, normpath

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.task import Compose, Dockerfile, HookFile, Layer

from .commands import At, codes_of
from .edge import TargetKind
from .following import services_of
from .steps import Run, Tree
from .using import action_firmness, image_code

Keys = frozenset[tuple[TargetKind, str]]
_BUILDERS = ("docker/build-push-action", "docker/bake-action", "redhat-actions/buildah-build")
_GIVEN = ("build-args", "secrets", "secret-envs", "ssh", "secret-files")
_MOST_CODES = 500


@dataclass(frozen=True, slots=True)
class Started:
    """Code items with what each is given, where it is contained."""

    codes: tuple[tuple[Code, Keys], ...] = ()
    problems: tuple[Problem, ...] = ()


NOTHING = Started()


def started_by(run: Run, tree: Tree) -> Started:
    """Everything that the builds, services and hooks of one step bring in."""
    if run.used is not None:
        return _by_action(run, tree)
    found: list[tuple[Code, Keys]] = []
    given = _given(run)
    for start in run.starts:
        via = (*run.via, *start.via)
        if isinstance(start.started, Dockerfile):
            found += [(code, given) for code in dockerfile_codes(start.started, run.top, via, tree)]
        elif isinstance(start.started, Compose):
            found += [
                (code, frozenset()) for code in _compose_codes(start.started, start.call.name, run.top, via)
            ]
        else:
            found += [(code, frozenset()) for code in hook_codes(start.started, run.top, via)]
    return Started(tuple(dict.fromkeys(found))[:_MOST_CODES])


def _by_action(run: Run, tree: Tree) -> Started:
    if run.used is None:
        return NOTHING
    name = run.used.name.lower()
    if name == "pre-commit/action":
        found = [hooks for hooks in tree.ground.hooks if "/" not in hooks.path]
        hooks = dict.fromkeys(code for one in found for code in hook_codes(one, run.top, run.via))
        return Started(tuple((code, frozenset()) for code in hooks))
    if name not in _BUILDERS:
        return NOTHING
    context = run.value("context", ".") or "."
    file = run.value("file") or run.value("containerfiles") or join(context, "Dockerfile")
    path = normpath(file)
    dockerfile = tree.dockerfiles.get(path)
    if dockerfile is None:
        problem = Problem(
            run.path, ProblemKind.UNSUPPORTED, f"builds {file[:100]}, which was not read", run.line
        )
        return Started(problems=(problem,))
    given = frozenset((one.kind, one.name.upper()) for key in _GIVEN for one in run.inputs.get(key, ()))
    codes = dockerfile_codes(dockerfile, run.top, (*run.via, run.step.uses), tree)
    return Started(tuple((code, given) for code in codes)[:_MOST_CODES])


_PASSED = re.compile(r"--(?:build-arg|secret|ssh)\b")


def _given(run: Run) -> Keys:
    """What a `docker build` of a script hands in: variables and expressions of the words that hand over."""
    found = set()
    for piece in run.pieces:
        for command in piece.script.commands:
            texts = " ".join(command.texts)
            if not _PASSED.search(texts):
                continue
            variables = {name for word in command.words for name in word.variables}
            variables |= set(re.findall(r"env=([A-Za-z_]\w*)", texts))
            variables |= set(re.findall(r"--build-arg[= ]([A-Za-z_]\w*)(?= |\Z)", texts))
            for variable in variables:
                for one in run.env.get(variable, ()) or run.given.env.get(variable, ()):
                    found.add((one.kind, one.name.upper()))
            if any(word.expressions for word in command.words):
                found |= {(one.kind, one.name.upper()) for one in run.spoken}
    return frozenset(found)


def dockerfile_codes(file: Dockerfile, step: int, via: tuple[str, ...], tree: Tree) -> list[Code]:
    """The images that a Dockerfile starts from or copies out of, and what its layers install."""
    stages = {stage.name.lower() for stage in file.stages if stage.name}
    found: list[Code] = []
    if file.frontend:
        found.append(image_code(file.frontend, file.path, 1, step, contained=True))
    for stage in file.stages:
        if stage.image.lower() not in stages and stage.image.lower() != "scratch":
            found.append(image_code(stage.image, file.path, stage.line, step, contained=True))
        for layer in stage.layers:
            found += _layer(layer, file.path, step, stages, tree)
    return [replace(code, via=via) for code in found]


def _layer(layer: Layer, path: str, step: int, stages: set[str], tree: Tree) -> Iterator[Code]:
    image = layer.image
    if image and image.lower() not in stages and not image.isdigit():
        yield image_code(image, path, layer.line, step, contained=True)
    if layer.fetched:
        pin = Firmness.HASH if layer.checksum else Firmness.NONE
        yield Code(CodeKind.SCRIPT, layer.fetched, pin, path, layer.line, step, runs="import", contained=True)
    if layer.script.commands:
        at = At(path, 1, step, (), ())
        for code in codes_of(layer.script, dirname(path) or ".", tree.ground, at):
            yield replace(code, contained=True)


def _compose_codes(file: Compose, service: str, step: int, via: tuple[str, ...]) -> Iterator[Code]:
    for one in services_of(file, service):
        if one.image and not one.builds:
            socket = one.privileged or any(mount.kind == "socket" for mount in one.mounts)
            code = image_code(one.image, file.path, one.line, step, contained=not socket)
            yield replace(code, via=via)


def hook_codes(file: HookFile, step: int, via: tuple[str, ...]) -> Iterator[Code]:
    """The repositories of hooks, by their `rev`, and what their hooks need beside."""
    for one in file.repositories:
        if one.location in ("local", "meta", "builtin"):
            for package in one.dependencies:
                pin = (
                    Firmness.VERSION
                    if "==" in package or package.count("@") > package.startswith("@")
                    else Firmness.FLOATING
                )
                yield Code(
                    CodeKind.HOOK, package, pin, file.path, one.line, step, packages=(package,), via=via
                )
            continue
        pin = action_firmness(one.location, one.rev, frozenset())
        yield Code(CodeKind.HOOK, one.location, pin, file.path, one.line, step, one.rev, via=via)
