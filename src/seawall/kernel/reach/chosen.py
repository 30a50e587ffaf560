"""Which tasks of one task file run, and in which order, when one of them is asked for by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seawall.kernel.task import Task, TaskFile

MOST_TASKS = 2_000
"""At most so many tasks are followed from one call."""

_LIFE_CYCLES = {
    "install": ("preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"),
    "publish": (
        "prepublishOnly", "prepack", "preprepare", "prepare", "postprepare", "postpack", "publish",
        "postpublish",
    ),
    "pack": ("prepack", "preprepare", "prepare", "postprepare", "postpack"),
    "version": ("preversion", "version", "postversion"),
}  # fmt: skip
"""The scripts that npm runs by itself (npm's "scripts" page, "Life Cycle Operation Order")."""


def chosen(file: TaskFile, name: str, others: Iterable[TaskFile] = ()) -> tuple[tuple[TaskFile, Task], ...]:
    """The tasks that run for `name`, those needed before it first, each once; empty when there is none.

    `others` are files that it includes. Cycles end where they close.
    """
    if file.kind == "npm":
        return tuple((file, task) for task in _scripts(file, name))
    known = _by_name((file, *others))
    wanted = name or ("" if "" in known else file.default)
    return tuple(_with_needs(known, file.kind, wanted))


def unmet(file: TaskFile, name: str, others: Iterable[TaskFile], files: frozenset[str]) -> list[str]:
    """Names that the tasks for `name` need and that are neither a task nor a file of the tree."""
    known = _by_name((file, *others))
    return sorted(
        {
            need
            for _, task in chosen(file, name, others)
            for need in task.needs
            if not _found(known, file.kind, need) and need not in files and "$" in need
        }
    )


def _scripts(file: TaskFile, name: str) -> list[Task]:
    named = {task.name: task for task in file.tasks}
    wanted = _LIFE_CYCLES.get(name, ())
    if name not in ("install", "publish"):
        wanted = wanted or (f"pre{name}", name, f"post{name}")
    return [named[one] for one in wanted if one in named]


_Known = Mapping[str, list[tuple[TaskFile, Task]]]


def _by_name(files: Iterable[TaskFile]) -> _Known:
    known: dict[str, list[tuple[TaskFile, Task]]] = {}
    for file in files:
        for task in file.tasks:
            known.setdefault(task.name, []).append((file, task))
    return known


def _with_needs(known: _Known, kind: str, wanted: str) -> list[tuple[TaskFile, Task]]:
    """Depth first without recursion: what a task needs stands before it."""
    order: list[tuple[TaskFile, Task]] = []
    entered: set[str] = set()
    waiting: list[tuple[str, bool]] = [(wanted, False)]
    while waiting and len(order) < MOST_TASKS:
        name, needs_are_done = waiting.pop()
        found = _found(known, kind, name)
        if needs_are_done:
            order += found
        elif name not in entered:
            entered.add(name)
            waiting.append((name, True))
            stem = _stem(found[0][1].name, name) if found else ""
            needs = [need.replace("%", stem, 1) for _, task in found for need in task.needs]
            waiting += [(need, False) for need in reversed(needs) if need not in entered]
    return order


def _found(known: _Known, kind: str, name: str) -> list[tuple[TaskFile, Task]]:
    if name in known:
        return known[name]
    if kind == "make":
        return _by_pattern(known, name)
    if kind == "nox":
        return known.get(name.partition("(")[0], []) or known.get(name.rpartition("-")[0], [])
    return known.get("*", []) if kind == "tox" else []


def _by_pattern(known: _Known, name: str) -> list[tuple[TaskFile, Task]]:
    """Make's choice among pattern rules: the shortest stem. A rule that takes everything is none of them."""
    fitting = [one for one in known if "%" in one and one != "%" and _stem(one, name)]
    return known[min(fitting, key=lambda one: len(_stem(one, name)))] if fitting else []


def _stem(pattern: str, name: str) -> str:
    before, percent, after = pattern.partition("%")
    fits = percent and name.startswith(before) and name.endswith(after)
    return name[len(before) : len(name) - len(after)] if fits and len(name) > len(before + after) else ""
