"""Strict INI: sections, pairs, comments and indented lines that go on. Anything else breaks the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.syntax.fault import SyntaxFault

_SECTION = re.compile(r"\[[ \t]*([^\[\]=\r\n]{1,200}?)[ \t]*\][ \t]*(?:[#;].*)?\Z")
_PAIR = re.compile(r"([\w.\-/@+ ]{1,100}?)[ \t]*[=:][ \t]*(.*)\Z", re.DOTALL)


@dataclass(slots=True)
class Section:
    """`pairs` by lower-case key, with the line of each in `lines`."""

    name: str
    line: int
    pairs: dict[str, str] = field(default_factory=dict, repr=False)
    lines: dict[str, int] = field(default_factory=dict)


def sections(text: str, limits: Limits) -> list[Section]:
    """Every section; what stands before the first has the name "". Raises SyntaxFault without words."""
    found = [Section("", 0)]
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        header = _SECTION.match(line)
        if header:
            found.append(Section(header[1], number))
        elif not (raw[:1] in " \t" and found[-1].pairs):
            pair = _PAIR.match(line)
            if pair is None or line.startswith("["):
                raise SyntaxFault(ProblemKind.MALFORMED, "", number)
            key = pair[1].strip().lower()
            found[-1].pairs[key] = pair[2].strip()
            found[-1].lines[key] = number
        else:
            _goes_on(found[-1], line, number)
        if len(found) > limits.nesting * 100:
            raise SyntaxFault(ProblemKind.TOO_MANY, "", number)
    return found


def _goes_on(section: Section, line: str, number: int) -> None:
    """An indented line is a pair below the key before it (`s3 =` of AWS), or the rest of its value."""
    pair = _PAIR.match(line)
    if pair and pair[1].strip().lower() not in section.pairs:
        section.pairs[pair[1].strip().lower()] = pair[2].strip()
        section.lines[pair[1].strip().lower()] = number
