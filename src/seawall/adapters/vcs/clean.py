"""Whether what was read of a tree is what its newest commit holds, told from bytes and not by git's index.

A filter of the tree (line ends, large files) makes bytes others than those committed: then they count as
changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from seawall.adapters.disk.listing import Listing
from seawall.adapters.disk.tree import Claiming, claimer, read
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem

from .git import git
from .objects import Objects, below
from .repository import Repository

_SECONDS = 5.0
_T = TypeVar("_T")
_Kind = TypeVar("_Kind", bound=Claiming)


@dataclass(slots=True, eq=False)
class OnDisk:
    """The files of a tree on disk, each with the id that git would give it once it is read. A `Source`."""

    root: Path
    files: frozenset[str]
    algorithm: str = "sha1"
    ids: dict[str, str] = field(default_factory=dict)

    def read(self, path: str, limits: Limits) -> bytes | Problem:
        """The bytes of one file, bounded; a Problem where it cannot be read."""
        data = read(self.root, path, limits)
        self.ids[path] = "" if isinstance(data, Problem) else self._id(data)
        return data

    def parsed(self, path: str, reader: Callable[[bytes, str, Limits], _T], limits: Limits) -> _T | Problem:
        """What a reader makes of one file; a Problem where it cannot be read."""
        data = self.read(path, limits)
        return data if isinstance(data, Problem) else reader(data, path, limits)

    def claims(self, formats: tuple[_Kind, ...]) -> Sequence[tuple[str, _Kind]]:
        """The files that these formats claim, in the order of paths."""
        claim = claimer(formats)
        return [(path, item) for path in sorted(self.files) if (item := claim(path)) is not None]

    def _id(self, data: bytes) -> str:
        found = hashlib.new(self.algorithm, usedforsecurity=False)
        found.update(b"blob %d\0" % len(data))
        found.update(data)
        return found.hexdigest()


def committed(
    repository: Repository, seen: OnDisk, listing: Listing, decides: Callable[[str], bool], limits: Limits
) -> str:
    """The id of HEAD when all that was read is its, no file of it is missing and none that `decides` is new.

    Else empty.
    """
    if not repository.head:
        return ""
    with git(repository, _SECONDS) as running:
        if running is None:
            return ""
        entries, whole = running.listing(repository.head, limits.tree_files * 2)
        with running.contents() as ask:
            objects = Objects(below(repository.prefix, entries), ask)
            same = whole and _same(objects, seen.ids) and _all_there(objects, seen.files, listing)
    new = (path for path in seen.files if path not in objects.entries)
    return repository.head if same and not any(decides(path) for path in new) else ""


def _same(objects: Objects, ids: dict[str, str]) -> bool:
    for path, id_ in ids.items():
        place = objects.place(path)
        if isinstance(place, Problem):
            if id_ or path not in objects.entries:
                return False
        elif objects.entries[place][1] != id_:
            return False
    return True


def _all_there(objects: Objects, files: Iterable[str], listing: Listing) -> bool:
    lost = objects.entries.keys() - files
    return all(not listing.sees(path) or objects.leads_to_folder(path) for path in lost)
