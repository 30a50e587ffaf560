"""The tree of one commit is read out of a repository's objects, as its checkout would lie on a disk.

No filter, hook or attribute has a say: the bytes are those that were committed. A submodule is an empty
directory, as in a checkout that did not ask for it. A link that stays in the tree is followed once.
"""

from __future__ import annotations

import errno
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import TypeVar

from seawall.adapters.disk.listing import Listing
from seawall.adapters.disk.tree import Claiming, Walk, claimer
from seawall.kernel.errors import UsageError
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.readers.format import Environment, Format

from .git import Git, git
from .repository import Repository, open_repository, spelled

LINK = "120000"
_BYTES_OF_LINK, _HOPS = 4096, 16
_T = TypeVar("_T")
_Kind = TypeVar("_Kind", bound=Claiming)
Ask = Callable[[str, int], bytes | int | None]
Entry = tuple[str, str]
"""(mode, id) of a file or link in a tree of git's."""


def is_file(mode: str) -> bool:
    """A regular file or a link: what a directory of a checkout holds beside directories."""
    return mode.startswith("100") or mode == LINK


@dataclass(slots=True)
class Objects:
    """The files of one commit by path, and where their bytes are asked. A `Source` of a walk.

    `links` are where links lead, as read so far.
    """

    entries: dict[str, Entry]
    ask: Ask
    seen: frozenset[str] = frozenset()
    links: dict[str, str] = field(default_factory=dict)
    _paths: list[str] = field(default_factory=list)

    def moved(self) -> None:
        """Forget where links lead and which paths there are: `entries` are others now."""
        self.links.clear()
        self._paths.clear()

    @property
    def paths(self) -> list[str]:
        """All paths in order."""
        if not self._paths:
            self._paths = sorted(self.entries)
        return self._paths

    def read(self, path: str, limits: Limits) -> bytes | Problem:
        """The bytes of one file, bounded; a Problem where it cannot be read."""
        place = self.place(path)
        if isinstance(place, Problem):
            return place
        return content(self.ask(self.entries[place][1], limits.file_bytes), path, limits)

    def parsed(self, path: str, reader: Callable[[bytes, str, Limits], _T], limits: Limits) -> _T | Problem:
        """What a reader makes of one file; a Problem where it cannot be read."""
        data = self.read(path, limits)
        return data if isinstance(data, Problem) else reader(data, path, limits)

    def claims(self, formats: tuple[_Kind, ...]) -> Sequence[tuple[str, _Kind]]:
        """The files that these formats claim, in the order of paths."""
        claim = claimer(formats)
        return [(path, item) for path in sorted(self.seen) if (item := claim(path)) is not None]

    def place(self, path: str) -> str | Problem:
        """Where the bytes of a path lie: there, or where the link at that place leads."""
        entry = self.entries.get(path)
        if entry is None:
            return Problem(path, ProblemKind.UNREADABLE, os.strerror(errno.ENOENT))
        if entry[0] != LINK:
            return path
        inside = self.led(path)
        if not inside or self.entries.get(inside, ("", ""))[0] == LINK:
            return Problem(path, ProblemKind.OUTSIDE, "a link that leads out of the tree")
        if inside in self.entries:
            return inside
        if self._through_a_link(inside):
            return Problem(path, ProblemKind.UNREADABLE, os.strerror(errno.ENOTDIR))
        return Problem(path, ProblemKind.UNREADABLE, "a link that leads nowhere")

    def _through_a_link(self, path: str) -> bool:
        return any(self.entries.get(folder, ("", ""))[0] == LINK for folder in _above(path)) and (
            self.is_folder(path) or self._final(path) in self.entries
        )

    def led(self, path: str) -> str:
        """The place in the tree that a link names; empty for one that leads out of it."""
        if path not in self.links:
            data = self.ask(self.entries[path][1], _BYTES_OF_LINK)
            text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else "/"
            inside = normpath(join(dirname(path), text))
            outside = text.startswith("/") or inside.startswith("..") or inside == "."
            self.links[path] = "" if outside else inside
        return self.links[path]

    def is_folder(self, path: str) -> bool:
        """Whether a path is a directory, however many links lead there."""
        start = f"{self._final(path)}/"
        at = bisect_left(self.paths, start)
        return start != "/" and at < len(self.paths) and self.paths[at].startswith(start)

    def leads_to_folder(self, path: str) -> bool:
        """Whether a link lies there that leads to a directory of the tree."""
        return self.entries[path][0] == LINK and bool(self.led(path)) and self.is_folder(path)

    def _final(self, path: str) -> str:
        """The path with every link on the way followed; empty when it leads out, nowhere or too far."""
        for _ in range(_HOPS):
            link = next((p for p in (*_above(path), path) if self.entries.get(p, ("", ""))[0] == LINK), None)
            if link is None:
                return path
            there = self.led(link)
            if not there:
                return ""
            path = normpath(join(there, path[len(link) + 1 :])) if path != link else there
        return ""


def _above(path: str) -> Iterator[str]:
    """Every directory on the way to a path, the top-most first."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def content(found: bytes | int | None, path: str, limits: Limits) -> bytes | Problem:
    """What git answered about a blob, as a walk says it."""
    if isinstance(found, bytes):
        return found
    if found is None:
        return Problem(path, ProblemKind.UNREADABLE, "its content is not in this clone")
    message = f"{found} bytes; at most {limits.file_bytes} are read"
    return Problem(path, ProblemKind.TOO_LARGE, message)


def below(prefix: str, entries: Iterable[tuple[str, str, str]]) -> dict[str, Entry]:
    """Files and links under a directory (`a/b/`, empty for all), by their path from there."""
    size = len(prefix)
    return {
        path[size:]: (mode, id_) for path, mode, id_ in entries if is_file(mode) and path[:size] == prefix
    }


@contextmanager
def tree_at(
    target: Path,
    revision: str,
    formats: Sequence[Format],
    environments: Sequence[Environment],
    limits: Limits,
    exclude: Iterable[str] = (),
) -> Iterator[tuple[Walk, str]]:
    """What a walk over a checkout of the revision would see under `target`, and the commit's id.

    `target` lies in a repository or is a bare one. Raises UsageError when it does not, or there is no such
    revision here.
    """
    repository = _opened(target, revision)
    with git(repository, limits.history_seconds * 10) as running:
        if running is None:
            raise UsageError("git is not installed", "install git")
        commit = found_commit(running, repository, revision)
        listed, whole = running.listing(commit, limits.tree_files * 2)
        with running.contents() as ask:
            found = Objects(below(repository.prefix, listed), ask)
            yield walked(found, target, formats, Listing(environments, limits, tuple(exclude)), whole), commit


def _opened(target: Path, revision: str) -> Repository:
    repository = open_repository(target)
    if isinstance(repository, Repository):
        return repository
    why = repository.reason if repository else "there is no git repository"
    raise UsageError(f"{revision} cannot be read: {why}", "name a repository, or leave out --at")


def found_commit(running: Git, repository: Repository, revision: str) -> str:
    """The id of the commit that a revision names. Raises UsageError when it is not here."""
    words = spelled(repository, revision)
    found = running.commits([words]) if words else {}
    if not found:
        raise UsageError(
            f"there is no revision {revision!r}", "fetch it, and name a branch, a tag or a commit"
        )
    return found[words]


def walked(
    found: Objects, root: Path, formats: Sequence[Format], listing: Listing, whole: bool = True
) -> Walk:
    """A walk whose bytes come from git."""
    files, problems = listing.of(path for path in found.paths if not found.leads_to_folder(path))
    found.seen = files
    if not whole:
        problems = (*problems, Problem(".", ProblemKind.UNREADABLE, "git could not list all of the tree"))
    claims = claimer(tuple(formats))
    claimed = tuple((path, item) for path in sorted(files) if (item := claims(path)) is not None)
    return Walk(
        root,
        files,
        claimed[: listing.limits.documents],
        problems=problems,
        formats=tuple(formats),
        source=found,
    )
