"""A shell file of the tree is one task without a name; its first line says what it is written in.

A script knows where it lies, and so do we: what `cd "$(dirname "$0")/.."` leads to is a place in the tree. It
stands in the text as `$GITHUB_WORKSPACE/PATH`, the name that CI gives the top.
"""

from __future__ import annotations

import re
from posixpath import dirname

from seawall.kernel.limits import Limits
from seawall.kernel.task import Task, TaskFile
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._notes import Notes
from ._scripts import dialect_of, script

_TOP = "$GITHUB_WORKSPACE"
_SELF = r"\"?\$(?:0|\{0\}|BASH_SOURCE|\{BASH_SOURCE(?:\[0\])?(?::-\$0)?\})\"?"
_RESOLVED = rf"(?:{_SELF}|\"?\$\((?:readlink -f|realpath)(?: --)? {_SELF}\)\"?)"
_OWN_DIRECTORY = re.compile(
    rf"\$\(\s?dirname(?: --)? {_RESOLVED}\s?\)|\$\{{(?:0|BASH_SOURCE(?:\[0\])?)%/\*\}}"
)
_TOP_OF_GIT = re.compile(r"\$\(\s?git rev-parse --show-toplevel\s?\)")
_PLACE = r"\$GITHUB_WORKSPACE[\w./-]{0,300}+"
_ENTERED = re.compile(
    rf"\$\(\s?cd (?:-P |-- )?\"?({_PLACE})\"?(?: ?&?>/dev/null(?: 2>&1)?)? ?(?:&&|;) ?pwd(?: -P)?\s?\)"
)
_NAMED = re.compile(
    r"^[ \t]*+(?:(?:readonly|export|declare|local|typeset)(?: -\w+)? )?(?!GITHUB_WORKSPACE=)(\w++)="
    rf"\"?({_PLACE})\"?[ \t]*+$",
    re.MULTILINE,
)
_ASSIGNED = re.compile(r"\b([A-Za-z_]\w*+)\+?=")
_USED = re.compile(r"\$(?:\{(\w++)\}|(\w++))")
_MOST_PLACED = 200_000
_BY_ENDING = {".ps1": "pwsh", ".psm1": "pwsh", ".cmd": "cmd", ".bat": "cmd"}


def read(data: bytes, path: str, limits: Limits) -> TaskFile:
    """What a shell file runs. Never raises; a file for an interpreter that is no shell is a problem."""
    notes = Notes(path, limits)
    try:
        text = decode(data, limits)
    except SyntaxFault as fault:
        notes.fault(fault)
        return TaskFile(path, "sh", problems=notes.problems())
    text = placed(text.replace("\r\n", "\n"), path)
    program = interpreter(text)
    ending = path[path.rfind(".") :].lower() if "." in path.rpartition("/")[2] else ""
    dialect = dialect_of(program) if program else _BY_ENDING.get(ending, "sh")
    if not dialect:
        notes.unsupported(f"a script for {program[:40]} was not read", 1)
        return TaskFile(path, "sh", problems=notes.problems())
    task = Task("", 1, script(text, notes, 1, dialect))
    return TaskFile(path, "sh", (task,), problems=notes.problems())


def placed(text: str, path: str) -> str:
    """The text with its own place, and variables that surely hold a place, written out."""
    if len(text) > _MOST_PLACED or len(path) > 300:
        return text
    own = f"{_TOP}/{dirname(path)}" if dirname(path) else _TOP
    text = _TOP_OF_GIT.sub(lambda _: _TOP, _OWN_DIRECTORY.sub(lambda _: own, text))
    for _ in range(4):  # one names a place, the next one is built from it
        text = _ENTERED.sub(lambda found: found[1], text)
        places = {found[1]: found[2] for found in _NAMED.finditer(text)}
        if not places:
            return text
        times: dict[str, int] = {}
        for found in _ASSIGNED.finditer(text):
            times[found[1]] = times.get(found[1], 0) + 1
        sure = {name: place for name, place in places.items() if times.get(name) == 1}
        before = text
        text = _USED.sub(lambda found, sure=sure: sure.get(found[1] or found[2], found[0]), text)  # type: ignore[misc]
        if text == before:
            break
    return text


def interpreter(text: str) -> str:
    """The program that the first line names (`#!/usr/bin/env -S bash -e` is bash); empty without one."""
    if not text.startswith("#!"):
        return ""
    parts = text[2:1000].partition("\n")[0].split()
    if parts and parts[0].endswith("/env"):
        parts = [one for one in parts[1:] if not one.startswith("-") and "=" not in one]
    return parts[0] if parts else ""


FORMAT = PipelineFormat("shell-file", ("*.sh", "*.bash", "*.zsh", "*.ps1", "*.cmd", "*.bat"), read)
