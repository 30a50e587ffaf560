"""A script is the commands in it: what is run, with which words, fed by what, under which condition.

Readers make these values with a real grammar; nothing here was expanded or run. Lines count from 1 within the
script. A GitHub expression (`${{ … }}`) inside a word stands there as written.
"""

from __future__ import annotations

from dataclasses import dataclass

from .lockfile import Problem


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its quotes removed. `literal`: what the program gets is surely this text.

    A substitution, glob or expression makes it not literal, and so does a variable, unless the same script
    surely gave it a constant before: then `text` holds that. `expressions` are the inner texts of GitHub
    expressions in it, `variables` the names it expands, replaced or not.
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
    None = none; `heredoc_line` is its first line and `heredoc_variables` are what it expands. `condition`:
    why it might not run (`if`, `||`, `case`, a loop, a function's body, `&&` behind a test), as few words as
    written, empty = always; `&&` behind what has to succeed anyway is none. `function`: the function whose
    body holds it. `substituted`: it stands in `$(…)`, `<(…)` or backticks, and `inside` is the index of the
    command that uses its output. `within`: it is part of a script that the command of that index runs
    (`bash -c`, `eval`, a here-document for a shell), -1 = none. `directory` is where `cd` led before it:
    empty = where the script began, relative to that or absolute, beginning with `$GITHUB_WORKSPACE` for the
    checkout's top, `?` = not known.
    """

    words: tuple[Word, ...]
    line: int
    assignments: tuple[tuple[str, Word], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    piped_from: int = -1
    heredoc: str | None = None
    heredoc_line: int = 0
    heredoc_variables: tuple[str, ...] = ()
    condition: str = ""
    function: str = ""
    substituted: bool = False
    inside: int = -1
    within: int = -1
    directory: str = ""

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

    `dialect` is `sh` (bash, sh and what reads alike), `pwsh`, `cmd` or `python`; what is not `sh` may hold
    commands that were recognised line by line, and says so in `problems`.
    """

    commands: tuple[Command, ...] = ()
    traces: tuple[int, ...] = ()
    dialect: str = "sh"
    problems: tuple[Problem, ...] = ()


NO_SCRIPT = Script()
