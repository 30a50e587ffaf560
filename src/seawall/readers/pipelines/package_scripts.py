"""The scripts of a package.json run by name, and some of them whenever the tree itself is installed.

Which of them a life cycle runs is known in `kernel/reach/chosen.py`. Source: npm's "scripts" page.
"""

from __future__ import annotations

from collections.abc import Iterator

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.task import Task, TaskFile
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax import json
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._notes import Notes, clean, table, words
from ._scripts import one_line

_MOST_WORKSPACES = 1_000


def read(data: bytes, path: str, limits: Limits) -> TaskFile:
    """What the scripts of a package.json run. Never raises."""
    notes = Notes(path, limits)
    try:
        text = decode(data, limits)
        manifest = json.load(text, limits)
        if not isinstance(manifest, dict):
            raise SyntaxFault(ProblemKind.MALFORMED, "a manifest is an object", 1)
    except SyntaxFault as fault:
        notes.fault(fault)
        return TaskFile(path, "npm", problems=notes.problems())
    tasks = tuple(_tasks(manifest, text, notes))
    name, globs = manifest.get("name"), manifest.get("workspaces")
    globs = globs.get("packages") if isinstance(globs, dict) else globs
    return TaskFile(
        path, "npm", tasks, problems=notes.problems(), name=clean(name) if isinstance(name, str) else "",
        workspaces=tuple(words(globs)[:_MOST_WORKSPACES]),
    )  # fmt: skip


def _tasks(manifest: dict[str, object], text: str, notes: Notes) -> Iterator[Task]:
    scripts = manifest.get("scripts")
    if scripts is not None and not isinstance(scripts, dict):
        notes.malformed("`scripts` is not an object")
    lines = json.KeyLines(text)
    lines.line_of("scripts", "{")
    for count, (name, value) in enumerate(table(scripts).items()):
        line = lines.line_of(name)
        if notes.full(count, "scripts", line):
            return
        if name.startswith("//"):
            continue  # how people write comments there
        if isinstance(value, str):
            yield Task(name, line, one_line(value, notes, line))
        else:
            notes.malformed("`scripts` holds something that is no text", line)


FORMAT = PipelineFormat("package-scripts", ("package.json",), read)
