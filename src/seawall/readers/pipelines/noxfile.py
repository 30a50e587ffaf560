"""A noxfile says what each session installs and runs; its syntax tree is read, and it is never run.

What a session installs stands in its script as the command that nox runs for it. Source: nox's documentation
of `nox.session`, the session object and `nox.options`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seawall.kernel.limits import Limits
from seawall.kernel.task import Task, TaskFile
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._notes import Notes
from ._python_commands import Definition, Reading, Source, parse
from ._scripts import command, joined

_SESSIONS = frozenset({"nox.session", "nox_uv.session", "nox_poetry.session"})
_UV = ("uv", "pip", "install")


def read(data: bytes, path: str, limits: Limits) -> TaskFile:
    """What a noxfile's sessions run. Never raises."""
    notes = Notes(path, limits)
    try:
        tree = parse(decode(data, limits), notes)
    except SyntaxFault as fault:
        notes.fault(fault)
        return TaskFile(path, "nox", problems=notes.problems())
    source = Source(notes)
    source.learn(tree)
    options = _options(source, tree)
    tasks: list[Task] = []
    default: list[str] = []
    for session, decorator in _sessions(source, tree):
        if notes.full(len(tasks), "sessions", session.lineno):
            break
        tasks.append(_task(source, session, decorator, options))
        if _keyword(source, decorator, "default") != ["False"]:
            default.append(tasks[-1].name)
    chosen = tuple(options.get("sessions", default))
    if tasks:
        tasks.append(Task("", tasks[0].line, needs=chosen))
    return TaskFile(path, "nox", tuple(tasks), problems=notes.problems())


def _options(source: Source, tree: ast.Module) -> dict[str, list[str]]:
    """What is assigned to `nox.options`."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            name = source.dotted(node.targets[0])
            if name.startswith("nox.options."):
                found[name.removeprefix("nox.options.")] = source.texts([node.value])
    return found


def _sessions(source: Source, tree: ast.Module) -> Iterator[tuple[Definition, ast.expr]]:
    for node in tree.body:
        if isinstance(node, Definition):
            for decorator in node.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if source.dotted(called) in _SESSIONS:
                    yield node, decorator


def _keyword(source: Source, decorator: ast.expr, name: str) -> list[str]:
    if not isinstance(decorator, ast.Call):
        return []
    values = [one.value for one in decorator.keywords if one.arg == name]
    return source.texts(values)


def _task(source: Source, function: Definition, decorator: ast.expr, options: dict[str, list[str]]) -> Task:
    backend = _keyword(source, decorator, "venv_backend") or options.get("default_venv_backend", [])
    session = function.args.args[0].arg if function.args.args else ""
    reading = Reading(source, session)
    if any("uv" in one for one in backend):
        reading.installer = _UV
    groups = _keyword(source, decorator, "uv_groups")
    if groups or (isinstance(decorator, ast.Call) and source.dotted(decorator.func).startswith("nox_uv.")):
        flags = [word for group in groups for word in ("--group", group)]
        reading.scripts.append(command(["uv", "sync", "--locked", *flags], source.notes, function.lineno))
    reading.read(function.body)
    names = _keyword(source, decorator, "name")
    needs = [one.partition("{")[0].rstrip("-") for one in _keyword(source, decorator, "requires")]
    return Task(
        names[0] if names else function.name, function.lineno, joined(reading.scripts),
        tuple(dict.fromkeys([*needs, *reading.needs])), tuple(reading.installs), tuple(reading.env),
    )  # fmt: skip


FORMAT = PipelineFormat("noxfile", ("noxfile.py",), read)
