"""R2 ends where a step takes away what was left: `rm key.pem`, `docker logout`, a keychain deleted."""

from __future__ import annotations

from collections.abc import Iterable
from posixpath import basename

from seawall.kernel.shell import Command

from .importing import program_of
from .steps import Course, Run

NEVER = 1 << 30
_REMOVES = frozenset(("rm", "shred", "srm", "unlink", "del", "erase", "remove-item", "ri"))
_UNDOES = {
    "keychain": ("security", "delete-keychain"),
    "registry": ("docker", "logout"),
}
"""What is taken away by a command of its own, by the kind of thing."""


def taken_away(what: str, course: Course, order: int, after: int) -> int:
    """The order of the run that takes away what the run `order` left, NEVER = it stays until the job ends.

    `what` is the file as written, or a kind of `_UNDOES`. The answer is `order` itself where the same script
    does so from the line `after` of the file on: then nothing that runs later finds it.
    """
    if not what:
        return NEVER
    for run in course.runs[order:]:
        if any(_takes_away(command, what) for command in _commands(run, after if run.order == order else 0)):
            return run.order
    return NEVER


def _commands(run: Run, after: int) -> Iterable[Command]:
    return (
        command
        for piece in run.pieces
        for command in piece.script.commands
        if not command.condition and piece.line + command.line - 1 >= after
    )


def _takes_away(command: Command, what: str) -> bool:
    program, words = program_of(command), command.texts[1:]
    if what in _UNDOES:
        tool, verb = _UNDOES[what]
        return program == tool and verb in words
    if program not in _REMOVES:
        return False
    return any(
        word == what or (len(basename(what)) > 2 and basename(word) == basename(what)) for word in words
    )
