"""A tree is walked once and its files are opened once, without ever leaving it.

Files are found with `scandir`, links to directories are not entered, and a file is opened relative to its
directory's descriptor, refusing links on the way. What is no regular file is not read.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from pathlib import Path
from posixpath import basename, dirname, join, normpath
from typing import Protocol, TypeVar, cast

from seawall.kernel.errors import TargetError
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Problem, ProblemKind
from seawall.readers.format import Environment, Format

NOT_ENTERED = frozenset(
    {".git", ".hg", ".svn", ".tox", ".nox", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
)
"""Directories that hold no packages, only caches and histories."""


_NEVER_LINKED = frozenset({".github", ".github/workflows"})
"""Directories that tell what runs: a link in the place of one is said."""


@dataclass(frozen=True, slots=True)
class Found:
    """An environment: where it is, what it is, and the files in it that are wanted."""

    root: str
    environment: Environment
    files: tuple[str, ...]


class Claiming(Protocol):
    """Any kind of format: it claims files by `globs`, as `readers.format.Format` explains them."""

    @property
    def globs(self) -> tuple[str, ...]:
        """File name patterns."""
        ...


_Kind = TypeVar("_Kind", bound=Claiming)
_T = TypeVar("_T")


class Source(Protocol):
    """Where the bytes of a tree come from: a disk is the usual one, a version control's objects another."""

    def read(self, path: str, limits: Limits) -> bytes | Problem:
        """The bytes of one file, bounded; a Problem where it cannot be read."""
        ...

    def parsed(self, path: str, reader: Callable[[bytes, str, Limits], _T], limits: Limits) -> _T | Problem:
        """What a reader makes of one file; who gave the same bytes before may give the same value."""
        ...

    def claims(self, formats: tuple[_Kind, ...]) -> Sequence[tuple[str, _Kind]]:
        """The files that these formats claim, in the order of paths."""
        ...


@dataclass(frozen=True, slots=True)
class Walk:
    """Everything that was seen in a tree, before anything is read.

    Paths are relative to `root` with `/`; a name that is not UTF-8 is kept with surrogate escapes. `source`
    is where the bytes come from when the tree does not lie on disk.
    """

    root: Path
    files: frozenset[str]
    claimed: tuple[tuple[str, Format], ...]
    environments: tuple[Found, ...] = ()
    problems: tuple[Problem, ...] = ()
    formats: tuple[Format, ...] = ()
    source: Source | None = None

    def read(self, path: str, limits: Limits) -> bytes | Problem:
        """The bytes of one file, bounded; a Problem where it cannot be read."""
        return self.source.read(path, limits) if self.source else read(self.root, path, limits)

    def parsed(self, path: str, reader: Callable[[bytes, str, Limits], _T], limits: Limits) -> _T | Problem:
        """What a reader makes of one file; a Problem where it cannot be read."""
        if self.source:
            return self.source.parsed(path, reader, limits)
        data = read(self.root, path, limits)
        return data if isinstance(data, Problem) else reader(data, path, limits)

    def claims(self, formats: tuple[_Kind, ...]) -> Sequence[tuple[str, _Kind]]:
        """The files that these formats claim, in the order of paths."""
        if self.source:
            return self.source.claims(formats)
        claim = claimer(formats)
        return [(path, item) for path in sorted(self.files) if (item := claim(path)) is not None]


@dataclass(slots=True)
class _State:
    limits: Limits
    excluded: Callable[[str], bool]
    files: list[str] = field(default_factory=list)
    environments: list[tuple[str, Environment, list[str]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    full: bool = False


def walk(
    target: Path,
    formats: Sequence[Format],
    environments: Sequence[Environment],
    limits: Limits,
    exclude: Iterable[str] = (),
    others: Callable[[str], bool] = lambda _path: False,
) -> Walk:
    """What lies under `target`, which is a directory or one file. Raises TargetError when it is neither.

    `others` tells of the whole path of a single file that it is read elsewhere, so that it is not unknown.
    """
    try:
        kind = target.stat().st_mode
    except OSError as error:
        raise TargetError(f"{target}: {error.strerror or error}", "name a directory or a file") from None
    if stat.S_ISREG(kind):
        return _single(target, formats, limits, others)
    if not stat.S_ISDIR(kind):
        raise TargetError(f"{target} is neither a directory nor a file", "name a directory or a file")
    state = _State(limits, excluder(tuple(exclude)))
    roots = {name: e for e in environments for name in e.roots}
    own = roots.get(target.absolute().name)
    if own is not None:
        _walk_environment(os.fspath(target), "", own, state)
    else:
        _walk_tree(os.fspath(target), roots, state)
    claims = claimer(tuple(formats))
    claimed = [(path, claims(path)) for path in sorted(state.files)]
    return Walk(
        target,
        frozenset(state.files),
        tuple((path, item) for path, item in claimed if item is not None)[: limits.documents],
        tuple(
            Found(root, e, tuple(sorted(files)))
            for root, e, files in sorted(state.environments, key=lambda x: x[0])
        ),
        tuple(state.problems),
        tuple(formats),
    )


def _single(target: Path, formats: Sequence[Format], limits: Limits, others: Callable[[str], bool]) -> Walk:
    name, folder = target.name, target.parent
    item = claimer(tuple(formats))(name)
    if item is None and others(target.absolute().as_posix()):
        return Walk(folder, frozenset({name}), (), (), (), tuple(formats))
    if item is None:
        head = read(folder, name, limits)
        start = head[:4096] if isinstance(head, bytes) else b""
        item = next((f for f in formats if f.sniff(start)), None)
    if item is None:
        problem = Problem(name, ProblemKind.UNSUPPORTED, "no format that is known here")
        return Walk(folder, frozenset({name}), (), (), (problem,), tuple(formats))
    return Walk(folder, frozenset({name}), ((name, item),), (), (), tuple(formats))


def _walk_tree(top: str, roots: Mapping[str, Environment], state: _State) -> None:
    pending = [(top, "", 0)]
    while pending and not state.full:
        directory, relative, depth = pending.pop()
        for entry in _entries(directory, relative, state):
            path = f"{relative}{entry.name}"
            if state.excluded(path):
                continue
            if not _is_directory(entry):
                _see(path, entry, state)
            elif entry.name in roots:
                _walk_environment(entry.path, path, roots[entry.name], state)
            elif entry.name not in NOT_ENTERED:
                if depth >= state.limits.tree_depth:
                    state.problems.append(
                        _problem(path, ProblemKind.TOO_DEEP, f"deeper than {depth} directories")
                    )
                else:
                    pending.append((entry.path, f"{path}/", depth + 1))


def _see(path: str, entry: os.DirEntry[str], state: _State) -> None:
    if not (entry.is_file(follow_symlinks=False) or _is_file_link(entry)):
        if path in _NEVER_LINKED and entry.is_symlink():
            what = "a link to a directory, which is not entered: what runs from there is not known"
            state.problems.append(_problem(path, ProblemKind.UNREADABLE, what))
        return
    state.files.append(path)
    if len(state.files) >= state.limits.tree_files and not state.full:
        state.full = True
        state.problems.append(
            _problem(
                ".", ProblemKind.TOO_MANY, f"more than {state.limits.tree_files} files; the rest was not seen"
            )
        )


def _walk_environment(top: str, root: str, environment: Environment, state: _State) -> None:
    """Every wanted file below, links not followed; a root inside a root belongs to the outer one."""
    wanted: list[str] = []
    pending = [(top, "", 0)]
    while pending and not state.full:
        directory, relative, depth = pending.pop()
        for entry in _entries(directory, join(root, relative), state):
            path = f"{relative}{entry.name}"
            if _is_directory(entry):
                if depth < state.limits.tree_depth and entry.name not in NOT_ENTERED:
                    pending.append((entry.path, f"{path}/", depth + 1))
            elif environment.wanted(path) and entry.is_file(follow_symlinks=False):
                wanted.append(path)
                state.full = state.full or len(wanted) >= state.limits.tree_files
    if wanted:
        state.environments.append((root, environment, wanted))


def _entries(directory: str, relative: str, state: _State) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError as error:
        why = error.strerror or str(error)
        state.problems.append(_problem(relative or ".", ProblemKind.UNREADABLE, f"the directory: {why}"))
        return []


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_file_link(entry: os.DirEntry[str]) -> bool:
    """A link to anything but a directory; where it leads is looked at when it is read, and said."""
    try:
        return entry.is_symlink() and not entry.is_dir()
    except OSError:
        return True


def _problem(path: str, kind: ProblemKind, message: str) -> Problem:
    return Problem(path, kind, message)


def claimer(formats: tuple[_Kind, ...]) -> Callable[[str], _Kind | None]:
    """path → the first format whose globs claim it. Exact names are looked up, the rest is one pattern."""
    return cast("Callable[[str], _Kind | None]", _claimer(formats))


@lru_cache(maxsize=8)
def _claimer(formats: tuple[Claiming, ...]) -> Callable[[str], Claiming | None]:
    exact: dict[str, Claiming] = {}
    patterns: list[tuple[str, bool, Claiming]] = []
    for item in formats:
        for glob in item.globs:
            if not any(character in glob for character in "*?[/"):
                exact.setdefault(glob, item)
            else:
                patterns.append((glob, "/" in glob, item))
    named = [
        f"(?P<g{i}>{'(?:.*/)?' if deep else ''}{translate(g)})" for i, (g, deep, _) in enumerate(patterns)
    ]
    by_name = _any([text for text, (_, deep, _) in zip(named, patterns, strict=True) if not deep])
    by_path = _any([text for text, (_, deep, _) in zip(named, patterns, strict=True) if deep])

    def claim(path: str) -> Claiming | None:
        name = basename(path)
        if name in exact:
            # A workflow may be called `action.yml`: where a file lies says more than its name.
            return next((item for glob, deep, item in patterns if deep and _ends(path, glob)), exact[name])
        for pattern, text in ((by_name, name), (by_path, path)):
            found = pattern.match(text) if pattern else None
            if found and found.lastgroup:
                return patterns[int(found.lastgroup[1:])][2]
        return None

    return claim


def _ends(path: str, glob: str) -> bool:
    """The last parts of a path are those of a glob, one for one."""
    return fnmatchcase("/".join(path.split("/")[-glob.count("/") - 1 :]), glob)


def _any(alternatives: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(alternatives), re.DOTALL) if alternatives else None


def excluder(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """Patterns as in .gitignore, the simple ones: `vendor/`, `*.lock`, `a/**`, `/top.txt`."""
    if not globs:
        return lambda _path: False
    pattern = re.compile("|".join(f"(?:{_exclusion(glob)})" for glob in globs))
    return lambda path: pattern.match(path) is not None


def _exclusion(glob: str) -> str:
    text = glob.strip().rstrip("/")
    anchored = "/" in text
    text = text.lstrip("/")
    if text.endswith("/**"):
        text = text[:-3]
    body = "".join(_part(piece) for piece in re.split(r"(\*\*/?|\*|\?)", text))
    return f"{'' if anchored else '(?:.*/)?'}{body}(?:/.*)?\\Z"


def _part(piece: str) -> str:
    return {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece))


def read(root: Path, relative: str, limits: Limits) -> bytes | Problem:
    """The bytes of one file of the tree: opened once, no link followed out of the tree, bounded.

    A link that stays inside the tree is followed once. Anything else is a Problem, never an exception.
    """
    try:
        descriptor = _open(root, relative)
    except _Outside:
        return _problem(relative, ProblemKind.OUTSIDE, "a link that leads out of the tree")
    except (OSError, ValueError) as error:
        return _problem(relative, ProblemKind.UNREADABLE, getattr(error, "strerror", None) or str(error))
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        # Asked of the descriptor: a directory under the name cannot even be wrapped into a file.
        os.close(descriptor)
        return _problem(relative, ProblemKind.UNREADABLE, "not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        try:
            data = file.read(limits.file_bytes + 1)
        except OSError as error:
            return _problem(relative, ProblemKind.UNREADABLE, error.strerror or str(error))
    if len(data) > limits.file_bytes:
        size = max(status.st_size, len(data))
        return _problem(
            relative, ProblemKind.TOO_LARGE, f"{size} bytes; at most {limits.file_bytes} are read"
        )
    return data


class _Outside(Exception):
    pass


_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def _open(root: Path, relative: str) -> int:
    """A descriptor of the file, every directory on the way opened without following links."""
    parts = relative.split("/")
    if not relative or any(part in ("", ".", "..") for part in parts):
        raise ValueError("not a path inside the tree")
    place = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            deeper = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=place)
            os.close(place)
            place = deeper
        if stat.S_ISLNK(os.lstat(parts[-1], dir_fd=place).st_mode):
            return _open_link(root, relative, os.readlink(parts[-1], dir_fd=place))
        return os.open(parts[-1], _FLAGS, dir_fd=place)
    finally:
        os.close(place)


def _open_link(root: Path, relative: str, target: str) -> int:
    inside = normpath(join(dirname(relative), target))
    if target.startswith("/") or inside.startswith("..") or inside == ".":
        raise _Outside
    try:
        if stat.S_ISLNK(os.lstat(root / inside).st_mode):
            raise _Outside
    except OSError as error:
        raise OSError(error.errno, "a link that leads nowhere") from None
    return _open(root, inside)


def read_documents(walked: Walk, limits: Limits) -> tuple[Document, ...]:
    """Everything that the walk claimed, read in the order of paths, and what those files include.

    What the walk could not see is a document of its own that holds the problems.
    """
    documents = list(_claimed_documents(walked, limits))
    documents += _included(documents, walked, limits)
    documents += [_read_environment(found, walked.root, limits) for found in walked.environments]
    if walked.problems:
        documents.append(Document(".", "tree", DocumentKind.LOCKFILE, "", problems=walked.problems))
    return tuple(documents)


def _claimed_documents(walked: Walk, limits: Limits) -> Iterator[Document]:
    for path, item in walked.claimed:
        yield _read_one(walked, path, item, limits)


def _read_one(walked: Walk, path: str, item: Format, limits: Limits) -> Document:
    data = walked.read(path, limits)
    if isinstance(data, Problem):
        return Document(path, item.id, item.kind, item.ecosystem, problems=(data,))
    return item.read(data, path, limits)


def _included(documents: Sequence[Document], walked: Walk, limits: Limits) -> list[Document]:
    """Files that requirements files pull in under names that no format claims; each is read once."""
    known = {path for path, _ in walked.claimed}
    formats = {item.id: item for item in walked.formats}
    found: list[Document] = []
    pending = list(documents)
    while pending and len(found) < limits.includes:
        document = pending.pop(0)
        for include in document.includes:
            path = normpath(join(dirname(document.path), include.target))
            item = formats.get(document.format)
            if include.relation == "workspace" or item is None or path in known or path not in walked.files:
                continue
            known.add(path)
            read_now = _read_one(walked, path, item, limits)
            found.append(read_now)
            pending.append(read_now)
    return found


def _read_environment(found: Found, root: Path, limits: Limits) -> Document:
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    for path in found.files:
        data = read(root, join(found.root, path), limits)
        if isinstance(data, Problem):
            problems.append(data)
        else:
            files[path] = data
    document = found.environment.read(found.root or ".", files, limits)
    if not problems:
        return document
    return Document(
        document.path,
        document.format,
        document.kind,
        document.ecosystem,
        pins=document.pins,
        hooks=document.hooks,
        problems=(*document.problems, *problems),
        facts=document.facts,
    )
