"""A Python file of the tree that a job calls may start programs; those with literal words are one task.

What it imports and does itself is not followed here. The syntax tree is read, nothing is run.
"""

from __future__ import annotations

import ast

from seawall.kernel.limits import Limits
from seawall.kernel.task import Task, TaskFile
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._notes import Notes
from ._python_commands import Definition, Reading, Source, parse
from ._scripts import joined


def read(data: bytes, path: str, limits: Limits) -> TaskFile:
    """The programs that a Python file starts, in any of its functions. Never raises."""
    notes = Notes(path, limits)
    try:
        tree = parse(decode(data, limits), notes)
    except SyntaxFault as fault:
        notes.fault(fault)
        return TaskFile(path, "python", problems=notes.problems())
    source = Source(notes)
    source.learn(tree)
    reading = Reading(source)
    reading.entered = set(source.functions)  # each is read once, whoever calls it
    for node in ast.walk(tree):
        if isinstance(node, Definition):
            reading.read(node.body)
    reading.read(tree.body)
    task = Task("", 1, joined(reading.scripts))
    return TaskFile(path, "python", (task,), problems=notes.problems())


FORMAT = PipelineFormat("python-file", (), read)
