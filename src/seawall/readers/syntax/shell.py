"""A shell script is read by the shell's grammar; what the grammar cannot read is said, and nothing is run.

Scripts inside a script (`bash -c`, `eval`, a here-document for a shell) are read as the shell would read
them. Needs tree-sitter and tree-sitter-bash (extra `reach`); without them a problem says so.
Source: POSIX.1-2024, Shell Command Language; the Bash manual; GitHub's expression syntax.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.shell import Command, Script, Word

from .shell_frame import Findings, Frame
from .shell_lines import plain_commands
from .shell_speaking import Spoken, Written, spoken_by, traces
from .shell_text import Prepared, prepare
from .shell_tree import Walk
from .shell_words import Variables, counts_in

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_DIALECTS = {
    "": "sh", "sh": "sh", "bash": "sh", "zsh": "sh", "dash": "sh", "ksh": "sh", "ash": "sh",
    "pwsh": "pwsh", "powershell": "pwsh", "cmd": "cmd", "bat": "cmd", "batch": "cmd",
    "python": "python", "python3": "python",
}  # fmt: skip
_SHEBANG_TRACE = re.compile(r"#![^\n]*\b(?:bash|sh|zsh|dash|ksh)\s+-[a-z]*x")
_MISSING = "a script was not read: pip install 'seawall[reach]'"
_MOST_BROKEN = 20 * 1024**2 * 20
"""What parts with errors in them may cost, each the square of its bytes: their parsing takes that long."""
_DEEPEST = 8


def parse_script(text: str, limits: Limits, dialect: str = "sh") -> Script:
    """All commands of a script, lines counted from 1. Never raises; linear in the text.

    `dialect` is a shell's name as a workflow gives it (`bash`, `pwsh`, `cmd`, `python` …). What was not
    understood is among `problems`, with an empty path.
    """
    known = _DIALECTS.get(dialect.strip().lower(), "")
    if not known:
        message = f"scripts for {dialect[:40]!r} are not read"
        return Script((), (), dialect[:40], (Problem("", ProblemKind.UNSUPPORTED, message, 1),))
    findings = Findings(limits)
    if len(text) > limits.script_bytes:
        message = f"{len(text)} characters; only the first {limits.script_bytes} were read"
        findings.problem(ProblemKind.TOO_LARGE, message, text.count("\n", 0, limits.script_bytes) + 1)
        text = text[: limits.script_bytes]
    if known == "python":
        words = (Word("python"), Word("-"))
        findings.add(Command(words=words, line=1, heredoc=text, heredoc_line=1))
    elif known == "sh":
        _read_shell(text, findings)
    else:
        message = f"{known} was not parsed by a grammar: only plain command lines were recognised"
        findings.problem(ProblemKind.UNSUPPORTED, message, 1)
        _add_plain(text, known, findings, 1)
    commands = tuple(findings.commands)
    return Script(commands, _traces(text, known, commands), known, tuple(findings.problems))


def _traces(text: str, dialect: str, commands: tuple[Command, ...]) -> tuple[int, ...]:
    if dialect != "sh":
        return ()
    lines = {command.line for command in commands if traces(command)}
    if _SHEBANG_TRACE.match(text):
        lines.add(1)
    return tuple(sorted(lines))


@lru_cache(maxsize=1)
def _parser() -> Parser | None:
    try:
        import tree_sitter_bash
        from tree_sitter import Language, Parser
    except ImportError:
        return None
    return Parser(Language(tree_sitter_bash.language()))


def _read_shell(text: str, findings: Findings) -> None:
    parser = _parser()
    if parser is None:
        findings.problem(ProblemKind.NOT_INSTALLED, _MISSING, 1)
        return
    _Reading(parser, findings, budget=max(64 * 1024, len(text))).read(text, Frame(), 1, 0, "")


class _Reading:
    """One script with the scripts inside it."""

    def __init__(self, parser: Parser, findings: Findings, budget: int) -> None:
        self.parser = parser
        self.findings = findings
        self.budget = budget
        self.broken = _MOST_BROKEN
        self.depth = 0
        self.inner = 4 * budget
        self.written = Written()

    def read(self, text: str, frame: Frame, first: int, last: int, directory: str) -> None:
        """Reads a text whose first line is `first`; lines behind `last` (unless 0) are said to be there."""
        ready = prepare(text, first, last)
        if ready.holds_nul:
            self.findings.problem(ProblemKind.ENCODING, "holds NUL characters", first)
        variables = Variables(counts=counts_in(text), budget=self.budget)
        walk = Walk(self.findings, variables, frame, self._spoken)
        walk.directory = directory
        before = set(self.findings.unread)
        self.findings.unread.clear()
        start = len(self.findings.commands)
        read = 0
        for part in ready.steps():
            if self.findings.full or not self._step(part, walk):
                break
            read += len(part.plain)
        if read < len(ready.plain) and not self.findings.full:
            _add_plain(ready.text(read, len(ready.source)), "sh", self.findings, ready.line(read))
        self._around_errors(ready, start, frame)
        self.findings.unread = before

    def _step(self, part: Prepared, walk: Walk) -> bool:
        if self.broken <= 0:
            message = "too many errors: the rest was read line by line, without the shell's grammar"
            self.findings.problem(ProblemKind.TOO_MANY, message, part.first)
            return False
        root = _parsed(self.parser, part.plain)
        said = len(self.findings.problems)
        walk.run(part, root)
        if root.has_error:
            self.broken -= len(part.plain) ** 2
            if len(self.findings.problems) == said:
                self.findings.problem(ProblemKind.MALFORMED, "the shell's grammar found an error", part.first)
        return True

    def _around_errors(self, ready: Prepared, start: int, frame: Frame) -> None:
        """Lines that hold an error are read once more, plainly: what stands on them is not lost."""
        if not self.findings.unread:
            return
        have = {(command.line, command.texts) for command in self.findings.commands[start:]}
        lines = ready.text(0, len(ready.source)).split("\n")
        for number in sorted(self.findings.unread):
            index = number - ready.first
            if not 0 <= index < len(lines):
                continue
            for command in plain_commands(lines[index], "sh", number):
                if (number, command.texts) in have:
                    continue
                self.findings.add(
                    replace(command, piped_from=-1, condition=frame.condition, within=frame.within)
                )

    def _spoken(self, index: int, frame: Frame, directory: str, lines: tuple[int, ...]) -> None:
        """A command that runs a script which is written out here: that script is read too."""
        commands = self.findings.commands
        spoken = spoken_by(commands, index, self.written, lines)
        self.written.note(commands, index)
        if spoken is None or not spoken.text.strip():
            return
        command = commands[index]
        self.inner -= len(spoken.text)
        if self.depth >= _DEEPEST or self.inner < 0:
            message = "scripts inside scripts were not read any further"
            self.findings.problem(ProblemKind.TOO_DEEP, message, command.line)
            return
        self.depth += 1
        self._inside(spoken, replace(_bare(frame), within=index), directory)
        self.depth -= 1

    def _inside(self, spoken: Spoken, frame: Frame, directory: str) -> None:
        last = spoken.line + spoken.text.count("\n")
        if spoken.dialect == "sh":
            self.read(spoken.text, frame, spoken.line, last, directory)
            return
        message = f"{spoken.dialect} was not parsed by a grammar: only plain command lines were recognised"
        self.findings.problem(ProblemKind.UNSUPPORTED, message, spoken.line)
        start = len(self.findings.commands)
        _add_plain(spoken.text, spoken.dialect, self.findings, spoken.line)
        for at in range(start, len(self.findings.commands)):
            held = self.findings.commands[at]
            self.findings.commands[at] = replace(held, condition=frame.condition, within=frame.within)


_MOST_REPAIRS = 20


def _parsed(parser: Parser, text: bytes) -> Node:
    """The tree of a text, with the ends of commands that the grammar overlooks.

    Where a pipeline of three commands or more ends a line and the next line is redirected, tree-sitter-bash
    0.25 reads both lines as one command. A semicolon in place of that newline says the same and is seen.
    """
    root = parser.parse(text).root_node
    for _ in range(_MOST_REPAIRS if text.count(b"|") > 1 and (b">" in text or b"<" in text) else 0):
        at = _overlooked(root, text)
        if at < 0:
            break
        text = text[:at] + b";" + text[at + 1 :]
        root = parser.parse(text).root_node
    return root


def _overlooked(root: Node, text: bytes) -> int:
    """Where a newline that is not escaped stands between the words of one command, -1 = nowhere."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.type == "command":
            end = -1
            for child in node.children:
                gap = text[end : child.start_byte].replace(b"\\\n", b"  ") if end >= 0 else b""
                if b"\n" in gap:
                    return end + gap.index(b"\n")
                end = child.end_byte
        waiting.extend(node.children)
    return -1


def _bare(frame: Frame) -> Frame:
    """The place of a script that a command runs: the command's condition, none of its redirects."""
    return Frame(
        condition=frame.condition, function=frame.function, substituted=frame.substituted, inside=frame.inside
    )


def _add_plain(text: str, dialect: str, findings: Findings, first: int) -> None:
    start = len(findings.commands)
    for command in plain_commands(text, dialect, first):
        fed = command.piped_from + start if command.piped_from >= 0 else -1
        if findings.add(replace(command, piped_from=fed)) < 0:
            return
