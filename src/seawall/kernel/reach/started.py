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
from seawall.kernel.shell import Word
from seawall.kernel.task import Compose, Dockerfile, HookFile, Layer

from .commands import At, codes_of
from .edge import TargetKind
from .following import services_of
from .steps import Run, Tree
from .using import action_firmness, image_code

Keys = frozenset[tuple[TargetKind, str]]
_BUILDERS = ("docker/build-push-action", "docker/bake-action", "redhat-actions/buildah-build")
_ARGUMENTS = ("build-args", "set")
_SECRETS = ("secrets", "secret-envs", "ssh", "secret-files")
_MOST_CODES = 500


@dataclass(frozen=True, slots=True)
class Started:
    """Code items with what each is given, where it is contained."""

    codes: tuple[tuple[Code, Keys], ...] = ()
    problems: tuple[Problem, ...] = ()


NOTHING = Started()


def started_by(run: Run, tree: Tree) -> Started:
    """Everything that the builds, services and hooks of one step bring in."""
    by_action = _by_action(run, tree) if run.used is not None else NOTHING
    if not run.starts:
        return by_action
    found = [*by_action.codes]
    arguments, secrets = _given(run)
    for start in run.starts:
        via = (*run.via, *start.via)
        if isinstance(start.started, Dockerfile):
            found += _build(start.started, run.top, via, tree, arguments, secrets)
        elif isinstance(start.started, Compose):
            found += [
                (code, frozenset()) for code in _compose_codes(start.started, start.call.name, run.top, via)
            ]
        else:
            found += [(code, frozenset()) for code in hook_codes(start.started, run.top, via)]
    return Started(tuple(dict.fromkeys(found))[:_MOST_CODES], by_action.problems)


def _by_action(run: Run, tree: Tree) -> Started:
    name = run.used.name.lower() if run.used else ""
    if name == "pre-commit/action":
        found = [hooks for hooks in tree.ground.hooks if "/" not in hooks.path]
        hooks = dict.fromkeys(code for one in found for code in hook_codes(one, run.top, run.via))
        return Started(tuple((code, frozenset()) for code in hooks))
    if name not in _BUILDERS:
        return NOTHING
    context = run.value("context", ".") or "."
    file = run.value("file") or run.value("containerfiles") or join(context, "Dockerfile")
    dockerfile = tree.dockerfiles.get(normpath(file))
    if dockerfile is None:
        message = f"builds {file[:100]}, which was not read"
        return Started(problems=(Problem(run.path, ProblemKind.UNSUPPORTED, message, run.line),))
    arguments, secrets = _inputs(run, _ARGUMENTS), _inputs(run, _SECRETS)
    via = (*run.via, run.step.uses)
    return Started(tuple(_build(dockerfile, run.top, via, tree, arguments, secrets))[:_MOST_CODES])


def _inputs(run: Run, names: tuple[str, ...]) -> Keys:
    return frozenset((one.kind, one.name.upper()) for name in names for one in run.inputs.get(name, ()))


def _build(
    file: Dockerfile, step: int, via: tuple[str, ...], tree: Tree, arguments: Keys, secrets: Keys
) -> list[tuple[Code, Keys]]:
    """Code of a build with what it is given: a mounted secret is seen by the layer that mounts it."""
    return [
        (code, arguments | secrets if mounted else arguments)
        for code, mounted in _codes(file, step, via, tree)
    ]


_PASSED = re.compile(r"--(build-arg|secret|ssh)(?:=(.*))?\Z", re.DOTALL)
_FROM_VARIABLE = re.compile(r"\benv=([A-Za-z_]\w*)")


def _given(run: Run) -> tuple[Keys, Keys]:
    """What `docker build` in a script hands in: by its arguments, and by secrets that are mounted."""
    found: dict[str, set[tuple[TargetKind, str]]] = {"build-arg": set(), "secret": set(), "ssh": set()}
    for piece in run.pieces:
        for command in piece.script.commands:
            for way, word, value in _handed(command.words):
                names = {*word.variables, *_FROM_VARIABLE.findall(value)}
                names |= {value} if way == "build-arg" and "=" not in value else set()
                held = [one for name in names for one in run.env.get(name, ()) or run.given.env.get(name, ())]
                held += run.spoken if word.expressions else ()
                found[way] |= {(one.kind, one.name.upper()) for one in held}
    return frozenset(found["build-arg"]), frozenset(found["secret"] | found["ssh"])


def _handed(words: tuple[Word, ...]) -> Iterator[tuple[str, Word, str]]:
    """(way, word that holds the value, value) of each option that hands something into a build."""
    for at, word in enumerate(words):
        match = _PASSED.match(word.text)
        if match is None:
            continue
        if match[2] is not None:
            yield match[1], word, match[2]
        elif at + 1 < len(words):
            yield match[1], words[at + 1], words[at + 1].text


def dockerfile_codes(file: Dockerfile, step: int, via: tuple[str, ...], tree: Tree) -> list[Code]:
    """The images that a Dockerfile starts from or copies out of, and what its layers install."""
    return [code for code, _ in _codes(file, step, via, tree)]


def _codes(file: Dockerfile, step: int, via: tuple[str, ...], tree: Tree) -> list[tuple[Code, bool]]:
    stages = {stage.name.lower() for stage in file.stages if stage.name}
    found: list[tuple[Code, bool]] = []
    if file.frontend:
        found.append((image_code(file.frontend, file.path, 1, step, contained=True), True))
    for stage in file.stages:
        mounts = [any(mount.kind in ("secret", "ssh") for mount in layer.mounts) for layer in stage.layers]
        if stage.image.lower() not in stages and stage.image.lower() != "scratch":
            found.append((image_code(stage.image, file.path, stage.line, step, contained=True), any(mounts)))
        for layer, mounted in zip(stage.layers, mounts, strict=True):
            found += [(code, mounted) for code in _layer(layer, file.path, step, stages, tree)]
    return [(replace(code, via=via), mounted) for code, mounted in found]


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
