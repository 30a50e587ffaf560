"""A syntax fault is the one way in which the shared parsers say no; format readers turn it into a problem."""

from __future__ import annotations

from seawall.kernel.lockfile import Problem, ProblemKind


class SyntaxFault(Exception):
    """The text is not what its format promises. `line` counts from 1, 0 = unknown."""

    def __init__(self, kind: ProblemKind, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.line = line

    def at(self, path: str) -> Problem:
        """The same fault as a value."""
        return Problem(path, self.kind, self.message, self.line)
