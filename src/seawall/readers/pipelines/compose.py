"""A compose file says which containers start together, from which images or builds, and what each is given.

Source: the Compose Specification. Values of variables are kept only where they say nothing secret.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.pipeline import Setting
from seawall.kernel.shell import Script
from seawall.kernel.task import Compose, Mount, Service
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax import yaml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._notes import Notes, clean, setting, table, words
from ._scripts import command, one_line

_SOCKETS = ("/docker.sock", "/containerd.sock", "/podman.sock", "/crio.sock")
_MERGE = "<<"
_MOST_ENTRIES = 1_000


def read(data: bytes, path: str, limits: Limits) -> Compose:
    """What a compose file starts. Never raises."""
    notes = Notes(path, limits)
    try:
        value = yaml.load(decode(data, limits), limits)
        if not isinstance(value, dict):
            raise SyntaxFault(ProblemKind.MALFORMED, "a compose file is a mapping", 1)
    except SyntaxFault as fault:
        notes.fault(fault)
        return Compose(path, problems=notes.problems())
    if value.get("include"):
        notes.unsupported("what it includes is not followed", _line(value, "include"))
    services = tuple(_services(value.get("services"), notes))
    secrets = tuple(_secrets(value.get("secrets")))
    return Compose(path, services, secrets, notes.problems())


def _line(value: object, key: str) -> int:
    return value.lines.get(key, value.line) if isinstance(value, yaml.Mapping) else 0


def _merged(value: object) -> Mapping[str, object]:
    """The mapping with what `<<` brings in under its own keys; one level, as everybody writes it."""
    own = table(value)
    if _MERGE not in own:
        return own
    merge = own[_MERGE]
    found: dict[str, object] = {}
    for one in reversed(merge if isinstance(merge, list) else [merge]):
        found.update(table(one))
    return {**found, **{key: item for key, item in own.items() if key != _MERGE}}


def _services(value: object, notes: Notes) -> Iterator[Service]:
    if value is not None and not isinstance(value, dict):
        notes.malformed("`services` is not a mapping")
    for count, (name, told) in enumerate(table(value).items()):
        line = _line(value, name)
        if notes.full(count, "services", line):
            return
        if isinstance(told, dict):
            yield _service(name, told, line, notes)
        elif name != _MERGE:
            notes.malformed("a service is not a mapping", line)


def _service(name: str, told: object, line: int, notes: Notes) -> Service:
    own = _merged(told)
    if "extends" in own:
        notes.unsupported("`extends` is not followed", _line(told, "extends"))
    build = own.get("build")
    builds = (
        _merged(build) if isinstance(build, dict) else {"context": build} if isinstance(build, str) else {}
    )
    if "dockerfile_inline" in builds:
        notes.unsupported("`dockerfile_inline` is not followed", line)
    given = [*_mounts(told, own), *_build_mounts(builds, line)]
    return Service(
        name=name, line=line, image=clean(_text(own.get("image"))),
        builds=clean(_text(builds.get("context")) or ("." if builds else "")),
        dockerfile=clean(_text(builds.get("dockerfile"))), stage=_text(builds.get("target"))[:200],
        env=tuple(_environment(own.get("environment"), line)),
        env_files=tuple(_env_files(own.get("env_file"))),
        mounts=tuple(given), secrets=tuple(_names(own.get("secrets"))),
        build_secrets=tuple(_names(builds.get("secrets"))), privileged=own.get("privileged") is True,
        network=_text(own.get("network_mode"))[:200], needs=tuple(_names(own.get("depends_on"))),
        profiles=tuple(words(own.get("profiles"))[:_MOST_ENTRIES]), starts=_starts(told, own, line, notes),
    )  # fmt: skip


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _names(value: object) -> Iterator[str]:
    """Names in a list, as keys of a mapping, or as `source` of the long form."""
    for one in list(value)[:_MOST_ENTRIES] if isinstance(value, list | dict) else []:
        name = _text(one.get("source")) if isinstance(one, dict) else _text(one)
        if name:
            yield clean(name)


def _environment(value: object, line: int) -> Iterator[Setting]:
    if isinstance(value, dict):
        for key, item in list(_merged(value).items())[:_MOST_ENTRIES]:
            yield setting(key, item, _line(value, key) or line)
    elif isinstance(value, list):
        at = value.lines if isinstance(value, yaml.Sequence) else []
        for index, item in enumerate(value[:_MOST_ENTRIES]):
            name, equals, text = _text(item).partition("=")
            if name:
                yield setting(name, text if equals else "${" + name + "}", at[index] if at else line)


def _env_files(value: object) -> Iterator[str]:
    for one in [value] if isinstance(value, str) else value if isinstance(value, list) else []:
        path = _text(one.get("path")) if isinstance(one, dict) else _text(one)
        if path:
            yield clean(path)


def _mounts(told: object, own: Mapping[str, object]) -> Iterator[Mount]:
    """The volumes of a service; the socket of a container daemon is the machine itself."""
    value = own.get("volumes")
    for index, one in enumerate(value[:_MOST_ENTRIES] if isinstance(value, list) else []):
        lines = value.lines if isinstance(value, yaml.Sequence) else []
        line = lines[index] if index < len(lines) else _line(told, "volumes")
        if isinstance(one, dict):
            source, target, kind = _text(one.get("source")), _text(one.get("target")), _text(one.get("type"))
        else:
            source, _, rest = _text(one).partition(":")
            target, kind = rest.partition(":")[0], ""
        if source or target:
            kind = kind or ("bind" if source.startswith((".", "/", "~", "$")) else "volume")
            kind = "socket" if source.endswith(_SOCKETS) or target.endswith(_SOCKETS) else kind
            yield Mount(kind[:20], clean(source), clean(target), line)


def _build_mounts(builds: Mapping[str, object], line: int) -> Iterator[Mount]:
    for one in _names(builds.get("secrets")):
        yield Mount("secret", one, line=line)
    for one in _names(builds.get("ssh")):
        yield Mount("ssh", one.partition("=")[0], line=line)


def _starts(told: object, own: Mapping[str, object], line: int, notes: Notes) -> Script:
    """`entrypoint` with the words of `command` behind it; as lists no shell splits them."""
    entry, told_command = own.get("entrypoint"), own.get("command")
    at = _line(told, "entrypoint" if entry else "command") or line
    if isinstance(entry, list):
        return command([*words(entry), *words(told_command)], notes, at)
    if isinstance(told_command, list) and not entry:
        return command(words(told_command), notes, at)
    parts = [one for one in (entry, told_command) if isinstance(one, str)]
    behind = shlex.join(words(told_command)) if isinstance(told_command, list) else ""
    return one_line(" ".join([*parts, behind]).replace("$$", "$"), notes, at)


def _secrets(value: object) -> Iterator[Setting]:
    """The secrets of the file: where each comes from, as `environment:NAME`, `file:PATH` or `external`."""
    for name, told in list(table(value).items())[:_MOST_ENTRIES]:
        own = _merged(told)
        origin = next(
            (f"{kind}:{clean(_text(own[kind]))}" for kind in ("environment", "file") if _text(own.get(kind))),
            "external" if own.get("external") else "",
        )
        yield Setting(name, origin, _line(value, name))


FORMAT = PipelineFormat(
    "compose",
    (
        "compose.yaml", "compose.yml", "compose.*.yaml", "compose.*.yml", "docker-compose.yaml",
        "docker-compose.yml", "docker-compose.*.yaml", "docker-compose.*.yml",
    ),
    read,
)  # fmt: skip
