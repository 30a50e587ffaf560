"""CODEOWNERS is read as GitHub reads it: a line that it would refuse counts for nothing, and is told.

Source: GitHub's documentation of code owners (syntax, exceptions, 3 MB). Sections are GitLab's.
"""

from __future__ import annotations

import re
from dataclasses import replace

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.ownership import OwnerLine, Owners
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._github import Draft

_LARGEST = 3 * 1024 * 1024
_WORD = re.compile(r"(?:\\.|[^\s\\]|\\(?=\s|\Z))+")
_OWNER = re.compile(r"@[\w.-]+(?:/[\w.-]+)?\Z|[^@\s]+@[^@\s]+\.[^@\s]+\Z", re.ASCII)
_SECTION = re.compile(r"\^?\[")


def read(data: bytes, path: str, limits: Limits) -> Owners:
    """What a CODEOWNERS file says."""
    draft = Draft(path, limits)
    try:
        text = decode(data, replace(limits, file_bytes=min(limits.file_bytes, _LARGEST)))
    except SyntaxFault as fault:
        draft.problem(fault.kind, fault.message, fault.line)
        return Owners(path, problems=draft.problems())
    lines = []
    for number, written in enumerate(text.split("\n"), 1):
        line = written.strip()
        if line and not line.startswith("#") and (found := _line(draft, line, number)):
            lines.append(found)
    return Owners(path, tuple(lines), draft.problems())


def _line(draft: Draft, line: str, number: int) -> OwnerLine | None:
    if _SECTION.match(line):
        draft.problem(ProblemKind.UNSUPPORTED, "sections are GitLab's; GitHub skips the line", number)
        return None
    pattern, *rest = _WORD.findall(line)
    owners: list[str] = []
    for word in rest:
        if word.startswith("#"):
            break
        if not _OWNER.match(word):
            draft.problem(ProblemKind.MALFORMED, "an owner that is none; GitHub skips the line", number)
            return None
        owners.append(word)
    if pattern.startswith(("!", "\\#")) or re.search(r"(?<!\\)[\[\]]", pattern):
        draft.problem(
            ProblemKind.UNSUPPORTED, "a pattern with `!`, `[` or `\\#`; GitHub skips the line", number
        )
        return None
    return OwnerLine(re.sub(r"\\(.)", r"\1", pattern), tuple(owners), number)


FORMAT = PipelineFormat("codeowners", ("CODEOWNERS",), read)
