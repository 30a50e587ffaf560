"""What was not understood in a task or container file, each sentence once; values made fit to keep."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.pipeline import Setting
from seawall.readers.syntax.fault import SyntaxFault

MOST_TASKS = 20_000
"""Of tasks, sessions, recipes, layers, services or hooks in one file."""
HIDDEN = "***"
"""Stands for a literal value under a name that says that it is secret."""
_MOST_SCRIPTS = 10_000
_KINDS_OF_PROBLEM = 30
_TEXT_CHARACTERS = 4096
_WORDS = re.compile(r"([\s\"'=,]+)")
_SECRET_NAME = re.compile(
    r"(?i)(?:secret|passwo?r?d|passphrase|token|credential|private|api_?key|access_?key|auth(?!or)|signing"
    r"|_key\Z|\Akey\Z|_pat\Z|_pwd\Z|_pass\Z|\Apass\Z|cert(?:ificate)?(?:_|\Z)|dsn\Z)"
)


@dataclass(slots=True)
class Notes:
    """The problems of one file while it is read; the same sentence is kept once, with its count."""

    path: str
    limits: Limits
    _scripts: int = 0
    _characters: int = 0
    _found: dict[tuple[ProblemKind, str], list[int]] = field(default_factory=dict)

    def add(self, kind: ProblemKind, message: str, line: int = 0) -> None:
        """Notes what was not understood at a line of the file."""
        key = (kind, message)
        if key not in self._found and len(self._found) >= _KINDS_OF_PROBLEM:
            key = (ProblemKind.TOO_MANY, "more is not understood in this file than is listed")
        self._found.setdefault(key, []).append(line)

    def unsupported(self, message: str, line: int = 0) -> None:
        """Notes what this reader knows and does not follow."""
        self.add(ProblemKind.UNSUPPORTED, message, line)

    def malformed(self, message: str, line: int = 0) -> None:
        """Notes what the format does not allow."""
        self.add(ProblemKind.MALFORMED, message, line)

    def fault(self, fault: SyntaxFault, line: int = 0) -> None:
        """Notes why a shared parser gave up; `line` is where its text begins, 0 = at the file's top."""
        self.add(fault.kind, clean(fault.message), fault.line + max(line - 1, 0))

    def takes_script(self, characters: int, line: int) -> bool:
        """Whether one more script is parsed; says so when not. All scripts of a file share one budget."""
        self._scripts += 1
        self._characters += characters
        if self._scripts <= _MOST_SCRIPTS and self._characters <= self.limits.source_bytes:
            return True
        self.add(ProblemKind.TOO_MANY, "too many or too long scripts; the rest was not read", line)
        return False

    def full(self, count: int, what: str, line: int = 0) -> bool:
        """Whether no more are taken; says so."""
        if count < MOST_TASKS:
            return False
        self.add(ProblemKind.TOO_MANY, f"more than {MOST_TASKS} {what}; the rest was not read", line)
        return True

    def problems(self) -> tuple[Problem, ...]:
        """Everything noted, as values, in the order in which it was noted."""
        return tuple(
            Problem(self.path, kind, message + (f" ({len(lines)} times)" if len(lines) > 1 else ""), lines[0])
            for (kind, message), lines in self._found.items()
        )


def clean(value: str) -> str:
    """`value`, cut to a bounded length, with the userinfo of every URL in it removed."""
    value = value[:_TEXT_CHARACTERS]
    if "@" not in value or "//" not in value:
        return value
    return "".join(_without_userinfo(word) for word in _WORDS.split(value))


def _without_userinfo(word: str) -> str:
    scheme, slashes, rest = word.partition("//")
    return (
        scheme + slashes + rest.rpartition("@")[2] if slashes and "/" not in rest.partition("@")[0] else word
    )


def looks_secret(name: str) -> bool:
    """Whether a variable's name says that its value is a secret (`NPM_TOKEN`, `DB_PASSWORD`)."""
    return bool(_SECRET_NAME.search(name[:200]))


def setting(name: str, value: object, line: int) -> Setting:
    """A variable and its value as written; a literal under a secret-looking name is not kept."""
    text = clean(value) if isinstance(value, str) else "" if value is None else str(value).lower()
    if text and looks_secret(name) and "$" not in text and "{" not in text:
        text = HIDDEN
    return Setting(name[:_TEXT_CHARACTERS], text, line)


def table(value: object) -> dict[str, object]:
    """`value` if it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def words(value: object) -> list[str]:
    """The strings of a list, or the one string that stands where a list may."""
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
