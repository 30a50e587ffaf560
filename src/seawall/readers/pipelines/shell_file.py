"""A shell file of the tree is one task without a name; its first line says what it is written in."""

from __future__ import annotations

from seawall.kernel.limits import Limits
from seawall.kernel.task import Task, TaskFile
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._notes import Notes
from ._scripts import dialect_of, script

_BY_ENDING = {".ps1": "pwsh", ".psm1": "pwsh", ".cmd": "cmd", ".bat": "cmd"}


def read(data: bytes, path: str, limits: Limits) -> TaskFile:
    """What a shell file runs. Never raises; a file for an interpreter that is no shell is a problem."""
    notes = Notes(path, limits)
    try:
        text = decode(data, limits)
    except SyntaxFault as fault:
        notes.fault(fault)
        return TaskFile(path, "sh", problems=notes.problems())
    text = text.replace("\r\n", "\n")
    program = interpreter(text)
    ending = path[path.rfind(".") :].lower() if "." in path.rpartition("/")[2] else ""
    dialect = dialect_of(program) if program else _BY_ENDING.get(ending, "sh")
    if not dialect:
        notes.unsupported(f"a script for {program[:40]} was not read", 1)
        return TaskFile(path, "sh", problems=notes.problems())
    task = Task("", 1, script(text, notes, 1, dialect))
    return TaskFile(path, "sh", (task,), problems=notes.problems())


def interpreter(text: str) -> str:
    """The program that the first line names (`#!/usr/bin/env -S bash -e` is bash); empty without one."""
    if not text.startswith("#!"):
        return ""
    parts = text[2:1000].partition("\n")[0].split()
    if parts and parts[0].endswith("/env"):
        parts = [one for one in parts[1:] if not one.startswith("-") and "=" not in one]
    return parts[0] if parts else ""


FORMAT = PipelineFormat("shell-file", ("*.sh", "*.bash", "*.zsh", "*.ps1", "*.cmd", "*.bat"), read)
