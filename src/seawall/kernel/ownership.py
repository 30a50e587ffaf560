"""Who may change, approve and start what a repository runs, as far as files of the tree say so.

Values as written: names of people and teams, never looked up anywhere. Lines count from 1, 0 = unknown.
Source: GitHub's documentation of code owners, of rulesets and of environments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .lockfile import Problem

OWNER_FILES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where code owners stand; the first of these files that is there is the one that counts."""


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """One line: a pattern and its owners (`@user`, `@org/team`, an address), none = nobody owns it."""

    pattern: str
    owners: tuple[str, ...]
    line: int = 0

    def matches(self, path: str) -> bool:
        """It is meant for a file, its path relative to the top with `/`."""
        return owned(self.pattern, path)


@dataclass(frozen=True, slots=True)
class Owners:
    """One CODEOWNERS file, its lines in their order: the last one that matches decides."""

    path: str
    lines: tuple[OwnerLine, ...] = ()
    problems: tuple[Problem, ...] = ()

    def line_for(self, path: str) -> OwnerLine | None:
        """The line that decides about a file, None where none is meant for it."""
        return next((line for line in reversed(self.lines) if line.matches(path)), None)


@dataclass(frozen=True, slots=True)
class DeclaredEnvironment:
    """An environment with those whose approval it demands, as written (`@user`, `team NAME`)."""

    name: str
    reviewers: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Protection:
    """What protects branches or tags. `refs` are their names or patterns, `~DEFAULT_BRANCH`, `~ALL`.

    `approvals` is how many reviews a change takes, -1 = it does not say; `owners_review`: a code owner's
    has to be among them. `pushers` are the only ones who may push, None = it does not say. `bypass` may do
    without.
    """

    target: str
    refs: tuple[str, ...]
    approvals: int = -1
    owners_review: bool | None = None
    pushers: tuple[str, ...] | None = None
    bypass: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody with a level of access: `pull`, `triage`, `push`, `maintain` or `admin`."""

    who: str
    level: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class ForgeSettings:
    """Settings of a repository that an app or a person carries to the forge; the forge's own may differ.

    `access` None: the file does not say who has any.
    """

    path: str
    environments: tuple[DeclaredEnvironment, ...] = ()
    protections: tuple[Protection, ...] = ()
    access: tuple[Access, ...] | None = None
    problems: tuple[Problem, ...] = ()


WRITERS = frozenset(("push", "write", "maintain", "admin"))
"""Levels of access with which one may push."""


def owners_file(files: Sequence[Owners]) -> Owners | None:
    """The one CODEOWNERS file that counts."""
    by_path = {file.path: file for file in files}
    return next((by_path[path] for path in OWNER_FILES if path in by_path), None)


def owned(pattern: str, path: str) -> bool:
    """A pattern of CODEOWNERS is meant for a file: as in `.gitignore`, but `/*` at the end is one level only.

    Takes time in the product of both lengths, whatever is written.
    """
    folder = pattern.endswith("/")
    text = pattern.rstrip("/")
    parts = text.lstrip("/").split("/")
    if not text.strip("/"):
        return False
    if "/" not in text:
        parts = ["**", *parts]
    place = path.split("/")
    if not folder and _run(parts, place):
        return True
    one_level = parts[-1] == "*" and "/" in text and not folder
    return not one_level and _run([*parts, "*", "**"], place)


def _run(parts: Sequence[str], place: Sequence[str]) -> bool:
    """Segments against segments, `**` for any number; the last `**` is all that has to be tried again."""
    at = seen = 0
    star = back = -1
    while seen < len(place):
        if at < len(parts) and parts[at] == "**":
            star, back, at = at, seen, at + 1
        elif at < len(parts) and _segment(parts[at], place[seen]):
            at, seen = at + 1, seen + 1
        elif star >= 0:
            back += 1
            at, seen = star + 1, back
        else:
            return False
    return all(part == "**" for part in parts[at:])


def _segment(pattern: str, name: str) -> bool:
    """`*` is any text without a slash, `?` one character."""
    at = seen = 0
    star = back = -1
    while seen < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, back, at = at, seen, at + 1
        elif at < len(pattern) and pattern[at] in ("?", name[seen]):
            at, seen = at + 1, seen + 1
        elif star >= 0:
            back += 1
            at, seen = star + 1, back
        else:
            return False
    return not pattern[at:].strip("*")
