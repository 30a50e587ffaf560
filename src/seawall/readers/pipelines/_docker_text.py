"""A Dockerfile is instructions of one logical line, some followed by here-documents; each knows its lines.

Source: the Dockerfile reference (parser directives, line continuation, here-documents, comments).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_DIRECTIVE = re.compile(r"#\s*([A-Za-z]+)\s*=\s*(.+?)\s*\Z")
_WORD = re.compile(r"\s*([A-Za-z]+)(?:\s+|\Z)(.*)", re.DOTALL)
_HEREDOC = re.compile(r"<<(-?)\s*(?:\"([\w.]+)\"|'([\w.]+)'|([\w.]+))")
_TAKES_HEREDOC = frozenset({"RUN", "COPY", "ADD"})
_MOST_HEREDOCS = 50


@dataclass(frozen=True, slots=True)
class Heredoc:
    """`<<NAME` with the text that follows, whose first line is `line`. `closed`: its end was there."""

    name: str
    text: str
    line: int
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Instruction:
    """`word` in capitals; `text` behind it, lines joined by a newline that a backslash precedes.

    `lines[n]` is where the n-th line of `text` stands; comments between them are left out.
    """

    word: str
    text: str
    lines: tuple[int, ...]
    heredocs: tuple[Heredoc, ...] = ()

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.lines[0]


def directives(lines: list[str]) -> dict[str, str]:
    """Parser directives (`syntax`, `escape`, `check`): only before anything else, each once."""
    found: dict[str, str] = {}
    for line in lines:
        match = _DIRECTIVE.match(line.strip())
        if not match or match[1].lower() in found:
            break
        found[match[1].lower()] = match[2]
    return found


def instructions(lines: list[str], escape: str = "\\") -> Iterator[Instruction]:
    """The instructions in order; a line that begins with no word is one with an empty word."""
    at = 0
    while at < len(lines):
        start = at
        line = lines[at].strip()
        at += 1
        if not line or line.startswith("#"):
            continue
        parts, numbers = [line], [start + 1]
        while parts[-1].endswith(escape) and at < len(lines):
            following = lines[at].strip()
            at += 1
            if following.startswith("#") or not following:
                continue  # a comment, or an empty line, between the lines of one instruction
            parts[-1] = parts[-1][:-1].rstrip() + " \\"
            parts.append(following)
            numbers.append(at)
        match = _WORD.match("\n".join(parts))
        word, text = (match[1].upper(), match[2]) if match else ("", parts[0])
        heredocs: list[Heredoc] = []
        inner = text.partition(" ")[0].upper() if word == "ONBUILD" else word
        if inner in _TAKES_HEREDOC and "<<" in text:
            at = _heredocs(lines, at, text, heredocs)
        yield Instruction(word, text, tuple(numbers), tuple(heredocs))


def _heredocs(lines: list[str], at: int, text: str, found: list[Heredoc]) -> int:
    """Takes the here-documents that `text` opens; the line behind the last."""
    for opened in list(_HEREDOC.finditer(text))[:_MOST_HEREDOCS]:
        name = opened[2] or opened[3] or opened[4]
        start = at
        while at < len(lines):
            line = lines[at].rstrip("\r")
            if (line.lstrip("\t") if opened[1] else line) == name:
                break
            at += 1
        body = [line.lstrip("\t") if opened[1] else line for line in lines[start:at]]
        found.append(Heredoc(name, "\n".join(body), start + 1, at < len(lines)))
        at += 1
    return at
