"""Shell text inside other files is parsed where it stands: its commands get the lines of the file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from posixpath import join, normpath

from seawall.kernel.shell import NO_SCRIPT, Command, Script, Word

from ._notes import Notes

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "eval"})
_DOUBLE = re.compile(r"[\\\"`]|\$(?!\{[A-Za-z_]\w*\})")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_DIALECTS = {
    "sh": "sh", "bash": "sh", "dash": "sh", "ash": "sh", "zsh": "sh", "ksh": "sh", "busybox": "sh",
    "pwsh": "pwsh", "powershell": "pwsh", "cmd": "cmd", "python": "python", "python3": "python",
}  # fmt: skip


def dialect_of(program: str) -> str:
    """The dialect of an interpreter (`/bin/bash`, `python3.12`), empty when it is none of ours."""
    name = program.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
    return _DIALECTS.get(name) or ("python" if name.startswith("python") else "")


def script(text: str, notes: Notes, line: int, dialect: str = "sh") -> Script:
    """`text`, whose first line is line `line` of the file. What was not understood goes to the notes."""
    return _placed(text, notes, lambda own: line + own - 1 if own else line, dialect)


def script_at(text: str, notes: Notes, lines: Sequence[int], dialect: str = "sh") -> Script:
    """`text`, whose n-th line stands at `lines[n]` of the file; lines past the end are the last of them."""

    def place(own: int) -> int:
        return lines[min(max(own, 1), len(lines)) - 1] if lines else 0

    return _placed(text, notes, place, dialect)


def one_line(text: str, notes: Notes, line: int, dialect: str = "sh") -> Script:
    """`text`, all of which stands at one line of the file (a JSON string)."""
    return _placed(text, notes, lambda _: line, dialect)


def command(
    words: Iterable[str], notes: Notes, line: int, condition: str = "", directory: str = ""
) -> Script:
    """A script of one command whose words no shell splits (an exec form, `session.run`).

    What the words give to a shell (`bash -c TEXT`) is parsed.
    """
    written = list(words)
    if not written:
        return NO_SCRIPT
    if not any(one.rpartition("/")[2] in _SHELLS for one in written):
        made = tuple(word_of(word) for word in written)
        return Script((Command(made, line, condition=condition, directory=directory),))
    found = one_line(" ".join(_quoted(one) for one in written), notes, line)
    commands = (
        replace(
            one,
            condition=" and ".join(part for part in (condition, one.condition) if part),
            directory=one.directory if one.directory.startswith(("/", "$", "?")) or not directory
            else normpath(join(directory, one.directory)),
        )
        for one in found.commands
    )  # fmt: skip
    return replace(found, commands=tuple(commands))


def _quoted(word: str) -> str:
    """The word for a shell; `${NAME}` in it stays a variable."""
    if "${" not in word:
        return shlex.quote(word)
    return '"' + _DOUBLE.sub(r"\\\g<0>", word) + '"'


def word_of(text: str) -> Word:
    """A word; `${NAME}` in it is a variable."""
    names = tuple(dict.fromkeys(_VARIABLE.findall(text))) if "$" in text else ()
    return Word(text, not names, variables=names)


def _placed(text: str, notes: Notes, place: Callable[[int], int], dialect: str) -> Script:
    from seawall.readers.syntax.shell import parse_script

    if not text.strip():
        return NO_SCRIPT
    if not notes.takes_script(len(text), place(1)):
        return Script(dialect=dialect)
    found = parse_script(text, notes.limits, dialect)
    for problem in found.problems:
        notes.add(problem.kind, problem.message, place(problem.line))
    return replace(
        found,
        commands=tuple(
            replace(
                one, line=place(one.line), heredoc_line=place(one.heredoc_line) if one.heredoc_line else 0
            )
            for one in found.commands
        ),
        traces=tuple(place(one) for one in found.traces),
        problems=(),
    )


def joined(scripts: Iterable[Script]) -> Script:
    """Scripts that run one after another, each in a shell of its own."""
    commands: list[Command] = []
    traces: list[int] = []
    dialect = ""
    for one in scripts:
        dialect = dialect or one.dialect
        traces += one.traces
        before = len(commands)
        commands += [_moved(item, before) for item in one.commands] if before else one.commands
    return Script(tuple(commands), tuple(traces), dialect or "sh")


def _moved(item: Command, by: int) -> Command:
    if item.piped_from < 0 and item.inside < 0 and item.within < 0:
        return item
    return replace(
        item,
        piped_from=item.piped_from + by if item.piped_from >= 0 else -1,
        inside=item.inside + by if item.inside >= 0 else -1,
        within=item.within + by if item.within >= 0 else -1,
    )
