"""A container is read through a source of bytes, and hands out its members one after the other.

Nobody opens a path here: whoever holds the descriptor gives a function that reads from it, so what is judged
is what is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from seawall.kernel.lockfile import ProblemKind
from seawall.readers.syntax.fault import SyntaxFault

HEAD = 64
"""So much is read of a member in any case: enough to tell machine code from text."""


@dataclass(frozen=True, slots=True)
class Source:
    """`size` bytes; `read(at, length)` gives them, fewer only behind the end."""

    size: int
    read: Callable[[int, int], bytes]


def source_of(data: bytes) -> Source:
    """Bytes that are already here."""
    return Source(len(data), lambda at, length: data[at : at + length])


class Kind(StrEnum):
    """What a member would become on a disk."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Member:
    """One member. `name` as it is written; `target` is where a link leads.

    `data` is its content where `whole`, else its first bytes. `executable`: it carries an executable bit.
    """

    name: str
    kind: Kind
    size: int
    data: bytes = b""
    whole: bool = False
    executable: bool = False
    target: str = ""


Wanted = Callable[[str, int], bool]
"""(name, size) → whether the whole content is wanted."""

_DRIVE = re.compile(r"[A-Za-z]:")


def strays(name: str) -> str:
    """Why a member of that name would not land below the place where it is unpacked, empty if it would."""
    plain = name.replace("\\", "/")
    if plain.startswith("/") or _DRIVE.match(plain):
        return "an absolute path"
    if ".." in plain.split("/"):
        return "a path that leads upwards"
    return ""


def link_strays(name: str, target: str) -> bool:
    """A link at `name` leads out of the place where it is unpacked."""
    plain = target.replace("\\", "/")
    if plain.startswith("/") or _DRIVE.match(plain):
        return True
    depth = len([part for part in name.split("/")[:-1] if part not in ("", ".")])
    for part in plain.split("/"):
        depth += -1 if part == ".." else 0 if part in ("", ".") else 1
        if depth < 0:
            return True
    return False


def name_of(raw: bytes) -> str:
    """A member's name as text. Raises SyntaxFault for one that is none, or that systems read differently."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise SyntaxFault(ProblemKind.ENCODING, f"a file name is not UTF-8: {raw[:80]!r}") from None
    if not name or any(ord(character) < 32 or ord(character) == 127 for character in name):
        raise SyntaxFault(ProblemKind.MALFORMED, f"a file name with control characters: {name[:80]!r}")
    if len(raw) > 4_096:
        raise SyntaxFault(ProblemKind.TOO_LARGE, f"a file name of {len(raw)} bytes")
    return name


class Names:
    """Every name once: which of two members counts is for each unpacker to choose, so there must be one."""

    def __init__(self, limit: int) -> None:
        self._seen: set[str] = set()
        self._limit = limit
        self._count = 0

    def again(self, name: str) -> bool:
        """A member before had this name. Raises SyntaxFault when there are too many members."""
        self._count += 1
        if self._count > self._limit:
            raise SyntaxFault(ProblemKind.TOO_MANY, f"more than {self._limit} files")
        folded = "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
        known = folded in self._seen
        self._seen.add(folded)
        return known
