"""A tree that goes back in time, commit by commit, and knows what of it must be read again.

Files are read and parsed once for each content. A content that says the same to its reader as the one before
gives the very value of before, so that whoever compares values by identity sees what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from posixpath import dirname
from typing import TypeVar, cast

from seawall.adapters.disk.listing import Listing
from seawall.adapters.disk.tools import is_tool
from seawall.adapters.disk.tree import Claiming, Walk, claimer
from seawall.adapters.vcs.line import Changed
from seawall.adapters.vcs.objects import LINK, Entry, Objects, content
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, Problem
from seawall.kernel.reach.again import outline
from seawall.reach import WHEN_CALLED
from seawall.readers.format import Format, PipelineFormat
from seawall.readers.lockfiles import FORMATS as LOCKFILES
from seawall.readers.pipelines import FORMATS as PIPELINES

_T = TypeVar("_T")
_Kind = TypeVar("_Kind", bound=Claiming)
_Reader = Callable[[bytes, str, Limits], object]
_SKILL = "SKILL.md"


class Names(frozenset[str]):
    """All paths of a tree: tells of each whether it is there, and keeps which were asked. It lists none."""

    __slots__ = ("asked", "has")

    has: Callable[[str], bool]
    asked: set[str]

    @classmethod
    def of(cls, has: Callable[[str], bool]) -> Names:
        """Names of which `has` tells whether they are there."""
        made = cls()
        made.has, made.asked = has, set()
        return made

    def __contains__(self, path: object) -> bool:
        name = str(path)
        self.asked.add(name)
        return self.has(name)


@dataclass(frozen=True, slots=True)
class Moved:
    """What one commit changed: what runs there, which files are there, tools of editors and agents."""

    jobs: bool = False
    files: bool = False
    tools: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    """What a reader made of a content. `said` is what of it counts."""

    blob: str
    noun: object
    said: object


class MovingTree:
    """The tree of one commit. A `Source` of walks."""

    def __init__(self, objects: Objects, listing: Listing, root: Path) -> None:
        self._objects, self._listing, self._root = objects, listing, root
        self._known: dict[str, dict[_Reader, _Known]] = {}
        self._through: dict[str, set[str]] = {}
        self._pipelines, self._locks = claimer(PIPELINES), claimer(LOCKFILES)
        self._claimed: dict[str, PipelineFormat] = {}
        self._locked: dict[str, Format] = {}
        self._tools: set[str] = set()
        self.names = Names.of(self._has)

    def restart(self, entries: dict[str, Entry]) -> None:
        """The tree of another commit; what is known of contents stays known."""
        self._objects.entries = entries
        self._objects.moved()
        self._claimed.clear()
        self._locked.clear()
        self._tools.clear()
        for path in entries:
            self._claim(path)

    def back(self, changes: Iterable[Changed], limits: Limits) -> Moved:
        """The tree before a commit's changes, and what of it is not as it was."""
        changed = [one for one in changes if one[1] != one[2]]
        links = self._put_back(changed)
        jobs = files = tools = links
        for path, before, after in changed:
            tools = tools or self._is_tool(path)
            if (before is None) != (after is None):
                decides = self._claim(path)
                asked = path in self.names.asked
                files = files or asked
                jobs = jobs or decides or asked
            jobs = self._reread(path, limits) or jobs
        return Moved(jobs, files, tools)

    def _put_back(self, changes: Sequence[Changed]) -> bool:
        """The entries as they were; whether a link was among them."""
        entries, links, moved = self._objects.entries, False, False
        for path, before, after in changes:
            if before is None:
                entries.pop(path, None)
            else:
                entries[path] = before
            links = links or any(entry is not None and entry[0] == LINK for entry in (before, after))
            moved = moved or before is None or after is None
        if links or moved:
            self._objects.moved()
        return links

    def walk(self, limits: Limits) -> Walk:
        """What a walk would see of what runs."""
        locked = tuple(sorted(self._locked.items(), key=itemgetter(0)))[: limits.documents]
        return Walk(self._root, self.names, locked, formats=LOCKFILES, source=self)

    def tool_walk(self, limits: Limits) -> Walk:
        """What a walk would see of files of editors and agents."""
        paths = set(self._tools)
        near = self._skills()
        if near:
            paths |= {path for path in self._objects.entries if path.startswith(near) and self._has(path)}
        claimed = tuple((path, item) for path, item in self.walk(limits).claimed if path in paths)
        return Walk(self._root, frozenset(paths), claimed, formats=LOCKFILES, source=self)

    def read(self, path: str, limits: Limits) -> bytes | Problem:
        """The bytes of one file, bounded; a Problem where it cannot be read."""
        return self._objects.read(path, limits)

    def parsed(self, path: str, reader: Callable[[bytes, str, Limits], _T], limits: Limits) -> _T | Problem:
        """What a reader makes of one file: the value of before where it says the same."""
        place = self._objects.place(path)
        if isinstance(place, Problem):
            return place
        if place != path:
            self._through.setdefault(place, set()).add(path)
        blob = self._objects.entries[place][1]
        known = self._known.setdefault(path, {}).get(reader)
        if known is None or known.blob != blob:
            data = content(self._objects.ask(blob, limits.file_bytes), path, limits)
            if isinstance(data, Problem):
                return data
            noun = reader(data, path, limits)
            said: object = outline(noun) if isinstance(noun, Document) else noun
            known = _Known(blob, known.noun if known and known.said == said else noun, said)
            self._known[path][reader] = known
        return cast("_T", known.noun)

    def claims(self, formats: tuple[_Kind, ...]) -> Sequence[tuple[str, _Kind]]:
        """The files that the formats of pipelines claim, in the order of paths."""
        del formats
        return cast("Sequence[tuple[str, _Kind]]", sorted(self._claimed.items(), key=itemgetter(0)))

    def _has(self, path: str) -> bool:
        objects = self._objects
        return path in objects.entries and self._listing.sees(path) and not objects.leads_to_folder(path)

    def _claim(self, path: str) -> bool:
        """Note what claims a path, or that it is gone; whether that is a file which decides what runs."""
        pipeline, lock, tool = self._pipelines(path), self._locks(path), is_tool(path)
        if pipeline is None and lock is None and not tool:
            return False
        self._claimed.pop(path, None)
        self._locked.pop(path, None)
        self._tools.discard(path)
        if self._has(path):
            if pipeline is not None:
                self._claimed[path] = pipeline
            if lock is not None:
                self._locked[path] = lock
            if tool:
                self._tools.add(path)
        return lock is not None or (pipeline is not None and pipeline.id not in WHEN_CALLED)

    def _skills(self) -> tuple[str, ...]:
        """The directories of skills, as the beginning of a path."""
        folders = {dirname(path) for path in self._tools if path.rpartition("/")[2] == _SKILL}
        return tuple(f"{folder}/" if folder else "" for folder in folders)

    def _is_tool(self, path: str) -> bool:
        return is_tool(path) or path.startswith(self._skills())

    def _reread(self, path: str, limits: Limits) -> bool:
        """Whether what was read of a path, or through a link to it, says something else now."""
        changed = False
        for name in (path, *self._through.get(path, ())):
            for reader, known in tuple(self._known.get(name, {}).items()):
                changed = self.parsed(name, reader, limits) is not known.noun or changed
        return changed
