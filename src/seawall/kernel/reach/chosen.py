"""Which tasks of one task file run, and in which order, when one of them is asked for by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from seawall.kernel.task import Task, TaskFile

MOST_TASKS = 2_000
"""At most so many tasks are followed from one call."""

_LOADING = frozenset({"make", "just"})
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


Known = Mapping[str, Sequence[tuple[TaskFile, Task]]]
"""The tasks of a file and of those that it includes, by name."""


def known_in(files: Iterable[TaskFile]) -> Known:
    """The tasks of these files by name; the first file is the one that is called."""
    known: dict[str, list[tuple[TaskFile, Task]]] = {}
    for file in files:
        for task in file.tasks:
            known.setdefault(task.name, []).append((file, task))
    return known


def chosen(file: TaskFile, name: str, known: Known) -> tuple[tuple[TaskFile, Task], ...]:
    """The tasks that run for `name`, those needed before it first, each once; empty when there is none.

    Cycles end where they close. What make and just run while they load a file runs for every name.
    """
    if file.kind == "npm":
        return tuple((file, task) for task in _scripts(file, name))
    if file.kind not in _LOADING:
        return tuple(_with_needs(known, file.kind, name or ("" if "" in known else file.default)))
    found = _with_needs(known, file.kind, name or file.default) if name or file.default else []
    return (*known.get("", ()), *found) if found else ()


def unmet(file: TaskFile, tasks: Iterable[tuple[TaskFile, Task]], known: Known) -> list[str]:
    """Names that these tasks need and that no task has; what make needs and is no task is a file."""
    sure = file.kind != "make"
    needs = {need for _, task in tasks for need in task.needs if sure or "$" in need}
    return sorted(need for need in needs if not _found(known, file.kind, need))


def _scripts(file: TaskFile, name: str) -> list[Task]:
    named = {task.name: task for task in file.tasks}
    wanted = _LIFE_CYCLES.get(name, ())
    if name not in ("install", "publish"):
        wanted = wanted or (f"pre{name}", name, f"post{name}")
    return [named[one] for one in wanted if one in named]


def _with_needs(known: Known, kind: str, wanted: str) -> list[tuple[TaskFile, Task]]:
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


def _found(known: Known, kind: str, name: str) -> Sequence[tuple[TaskFile, Task]]:
    if name in known:
        return known[name]
    if kind == "make":
        return _by_pattern(known, name)
    if kind == "nox":
        parts = (name.partition("(")[0], name.rpartition("-")[0])
        return next((known[one] for one in parts if one and one in known), ())
    return known.get("*", ()) if kind == "tox" else ()


def _by_pattern(known: Known, name: str) -> Sequence[tuple[TaskFile, Task]]:
    """Make's choice among pattern rules: the shortest stem. A rule that takes everything is none of them."""
    fitting = [one for one in known if "%" in one and one != "%" and _stem(one, name)]
    return known[min(fitting, key=lambda one: len(_stem(one, name)))] if fitting else []


def _stem(pattern: str, name: str) -> str:
    before, percent, after = pattern.partition("%")
    fits = percent and name.startswith(before) and name.endswith(after)
    return name[len(before) : len(name) - len(after)] if fits and len(name) > len(before + after) else ""
