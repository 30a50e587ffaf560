"""Where a command stands in its script decides what it means: under which condition, fed by what, in what.

Values of the walk over a script's tree, and the findings that all its parts share.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.shell import Command, Redirect, Word

_MOST_CONDITION = 200
_MOST_PROBLEMS = 20


@dataclass(slots=True)
class Pipe:
    """One pipeline while it is walked: `last` is the command that writes into the next one."""

    last: int = -1
    above: Pipe | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What holds for the commands at one place.

    `all` redirects are for each of them. `tail` redirects, the `heredoc` (text, line, variables) and `more`
    words, which stand behind a redirect, belong to the last one.
    """

    condition: str = ""
    function: str = ""
    repeated: bool = False
    substituted: bool = False
    inside: int = -1
    within: int = -1
    all: tuple[Redirect, ...] = ()
    tail: tuple[Redirect, ...] = ()
    heredoc: tuple[str, int, tuple[str, ...]] | None = None
    more: tuple[Word, ...] = ()
    pipe: Pipe | None = None
    fed_by: int = -1
    depth: int = 0

    def under(self, condition: str) -> Frame:
        """The same place, under one more condition."""
        joined = f"{self.condition}; {condition}" if self.condition else condition
        return replace(self, condition=joined[:_MOST_CONDITION])

    def before_last(self) -> Frame:
        """The place of commands that are followed by others of the same list or pipe."""
        return replace(self, tail=(), heredoc=None, more=()) if self.tail or self.heredoc else self

    def in_all(self) -> Frame:
        """The place of commands inside something compound: its redirects are those of each."""
        if not self.tail and not self.heredoc and not self.more:
            return self
        return replace(self, all=(*self.tail, *self.all), tail=(), heredoc=None, more=())


@dataclass(slots=True)
class Findings:
    """What all parts of one script share: its commands so far, problems and bounds."""

    limits: Limits
    commands: list[Command] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unread: set[int] = field(default_factory=set)
    full: bool = False

    def problem(self, kind: ProblemKind, message: str, line: int) -> None:
        """Say what was not understood; twenty times are enough."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Problem("", kind, message, line))

    def add(self, command: Command) -> int:
        """Keep a command; its index, -1 when there are too many already."""
        if len(self.commands) >= self.limits.commands:
            if not self.full:
                self.full = True
                message = f"more than {self.limits.commands} commands; the rest was not read"
                self.problem(ProblemKind.TOO_MANY, message, command.line)
            return -1
        self.commands.append(command)
        return len(self.commands) - 1
