"""A script is the commands in it: what is run, with which words, fed by what, under which condition.

Readers make these values with a real grammar; nothing here was expanded or run. Lines count from 1 within the
script. A GitHub expression (`${{ … }}`) inside a word stands there as written.
"""

from __future__ import annotations

from dataclasses import dataclass

from .lockfile import Problem


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its quotes removed. `literal`: no variable, substitution, glob or expression is in it.

    `expressions` are the inner texts of GitHub expressions in it, `variables` the names it expands.
    """

    text: str
    literal: bool = True
    expressions: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Redirect:
    """`operator` as written (`>`, `>>`, `2>&1`, `<`, `<<<`); `target` is empty for descriptor copies."""

    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command. `words[0]` is the program as written; wrappers such as `sudo` are not removed.

    `assignments` are those before the program (or the whole command). `piped_from`: index, in the script's
    `commands`, of the command whose output is this one's input, -1 = none. `heredoc`: the text fed to it,
    None = none. `condition`: why it might not run (`if`, `&&`, `||`, `case`, a loop, a function's body), as
    few words as written, empty = always. `function`: the function whose body holds it. `substituted`: it
    stands in `$(…)`, `<(…)` or backticks, and `inside` is the index of the command that uses its output.
    """

    words: tuple[Word, ...]
    line: int
    assignments: tuple[tuple[str, Word], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    piped_from: int = -1
    heredoc: str | None = None
    condition: str = ""
    function: str = ""
    substituted: bool = False
    inside: int = -1

    @property
    def program(self) -> str:
        """The program as written, empty for a command of assignments alone."""
        return self.words[0].text if self.words else ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The words as plain texts."""
        return tuple(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Script:
    """All commands of one script in the order in which they stand. `traces`: lines of `set -x`.

    `fresh`: indexes of commands at which a shell of its own begins, in the first directory and with none of
    the variables set before (each line of a Makefile's recipe, each command of a task).

    `dialect` is `sh` (bash, sh and what reads alike), `pwsh`, `cmd` or `python`; what is not `sh` may hold
    commands that were recognised line by line, and says so in `problems`.
    """

    commands: tuple[Command, ...] = ()
    traces: tuple[int, ...] = ()
    dialect: str = "sh"
    problems: tuple[Problem, ...] = ()
    fresh: tuple[int, ...] = ()


NO_SCRIPT = Script()
