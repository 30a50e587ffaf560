"""Where a repository's objects lie and what its refs say, read as files and without its configuration.

A `.git` that could lead into another repository of this machine is not followed. Only regular files are read,
each with a bound.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from seawall.kernel.finding import Skipped

CHECK = "history of the tree"
ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
"""A full object id, SHA-1 or SHA-256."""

_REF_BYTES = 64 * 1024 * 1024
_LOG_BYTES = 4 * 1024 * 1024
_LOOSE_REFS = 20_000
_SYMBOLIC = 5


@dataclass(frozen=True, slots=True)
class Repository:
    """Where the objects lie, and what the refs say. `prefix` is the target's path in the work tree `top`.

    `left` are commits that were checked out here once, whether or not a branch still holds them.
    """

    objects: Path
    refs: Mapping[str, str]
    head: str = ""
    prefix: str = ""
    algorithm: str = "sha1"
    shallow: bytes = b""
    left: tuple[str, ...] = ()
    top: Path = Path("/")


def work_tree(target: Path) -> Path | None:
    """The top of the work tree that `target` lies in, None when it lies in none."""
    place = target.resolve()
    return next((d for d in (place, *place.parents) if os.path.lexists(d / ".git")), None)


def is_bare(target: Path) -> bool:
    """Whether `target` is itself a repository without a work tree, told by what git looks for in one."""
    place = target.resolve()
    return (
        work_tree(place) is None
        and (place / "objects").is_dir()
        and (place / "refs").is_dir()
        and bool(_small(place / "HEAD").strip())
    )


def open_repository(target: Path) -> Repository | Skipped | None:
    """The repository that `target` lies in, or that it is itself (a bare one).

    None when there is none; Skipped when it is not safe to read.
    """
    top = work_tree(target)
    if top is None:
        return _read(target.resolve(), "", target.resolve()) if is_bare(target) else None
    git_dir = _git_directory(top / ".git")
    if isinstance(git_dir, Skipped):
        return git_dir
    prefix = target.resolve().relative_to(top).as_posix()
    return _read(git_dir, "" if prefix == "." else f"{prefix}/", top)


def _git_directory(link: Path) -> Path | Skipped:
    if link.is_symlink():
        return Skipped(CHECK, ".git is a link; it could lead into any repository of this machine")
    if link.is_dir():
        return link
    text = _small(link)
    if not text.startswith("gitdir:"):
        return Skipped(CHECK, ".git is no repository")
    git_dir = (link.parent / text.removeprefix("gitdir:").strip()).resolve()
    # Whoever wrote the file could point it at any repository of this machine: it must be known there too.
    back = _small(git_dir / "gitdir").strip()
    if back and (git_dir / back).resolve() == link.resolve():
        return git_dir
    if any(git_dir.is_relative_to(above / ".git") for above in link.parent.parents):
        return git_dir
    return Skipped(CHECK, f".git points to {git_dir}, which does not point back")


def _small(path: Path, most: int = 4096) -> str:
    """The text of a regular file, up to so many bytes; empty when it is anything else."""
    return _bytes(path, most).decode("utf-8", "replace")


def _bytes(path: Path, most: int) -> bytes:
    try:
        # Without O_NONBLOCK a pipe under this name would be waited for, for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return b""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        # Asked of the descriptor: a directory under the name cannot even be wrapped into a file.
        os.close(descriptor)
        return b""
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(most)
        except OSError:
            return b""


def _read(git_dir: Path, prefix: str, top: Path) -> Repository | Skipped:
    common_text = _small(git_dir / "commondir").strip()
    common = (git_dir / common_text).resolve() if common_text else git_dir
    if common_text and not git_dir.resolve().is_relative_to(common / "worktrees"):
        return Skipped(CHECK, f".git says that it belongs to {common}, which does not know of it")
    if (common / "reftable").is_dir():
        return Skipped(CHECK, "refs are kept in a reftable, which is not read yet")
    if not (common / "objects").is_dir():
        return Skipped(CHECK, ".git holds no objects")
    refs = {**_packed(common / "packed-refs"), **_loose(common)}
    head = _resolved(_small(git_dir / "HEAD").strip(), refs)
    left = dict.fromkeys([*_checked_out(git_dir), *_checked_out(common)])
    # The length of an id tells the algorithm; the tree's configuration is not asked.
    long = any(len(commit) == 64 for commit in (head, *refs.values()))
    return Repository(
        objects=common / "objects",
        refs=MappingProxyType(refs),
        head=head,
        prefix=prefix,
        algorithm="sha256" if long else "sha1",
        shallow=_bytes(common / "shallow", _REF_BYTES),
        left=tuple(left),
        top=top,
    )


def _checked_out(git_dir: Path) -> Iterator[str]:
    """Every commit that HEAD stood at, from the log that git keeps of it."""
    for line in _small(git_dir / "logs" / "HEAD", _LOG_BYTES).splitlines():
        commit = line.split(" ", 2)[1:2]
        if commit and ID.match(commit[0]) and set(commit[0]) != {"0"}:
            yield commit[0]


def _packed(path: Path) -> dict[str, str]:
    found = {}
    for line in _small(path, _REF_BYTES).splitlines():
        commit, _, name = line.partition(" ")
        if ID.match(commit) and name:
            found[name] = commit
    return found


def _loose(common: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    symbolic: dict[str, str] = {}
    for directory, folders, files in os.walk(common / "refs"):
        folders.sort()
        for file in sorted(files):
            path = Path(directory) / file
            if path.is_symlink() or len(found) >= _LOOSE_REFS:
                continue
            name = path.relative_to(common).as_posix()
            text = _small(path).strip()
            if ID.match(text):
                found[name] = text
            elif text.startswith("ref:"):
                symbolic[name] = text
    for name, text in symbolic.items():
        found[name] = _resolved(text, found)
    return {name: commit for name, commit in found.items() if commit}


def _resolved(text: str, refs: Mapping[str, str]) -> str:
    for _ in range(_SYMBOLIC):
        if not text.startswith("ref:"):
            break
        text = refs.get(text.removeprefix("ref:").strip(), "")
    return text if ID.match(text) else ""


_STEPS = re.compile(r"(?:[~^]\d{0,6}){1,20}\Z")
_SHORT = re.compile(r"[0-9a-f]{4,64}\Z")


def spelled(repository: Repository, revision: str) -> str:
    """A revision (`v1.2`, `main~3`, `HEAD^2`, `abc1234`) in words that a git without refs understands.

    Empty where no ref has the name; whether there is such a commit is git's to say.
    """
    start = min((revision.find(sign) for sign in "~^" if sign in revision), default=len(revision))
    name, steps = revision[:start], revision[start:]
    if steps and not _STEPS.match(steps):
        return ""
    found = resolve(repository, name)
    if not found and _SHORT.match(name):
        found = name
    return found + steps if found else ""


def resolve(repository: Repository, revision: str) -> str:
    """The commit that a full id or the name of a branch, remote branch or tag stands for, else empty."""
    if ID.match(revision):
        return revision
    if revision == "HEAD":
        return repository.head
    for prefix in ("", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"):
        found = repository.refs.get(prefix + revision)
        if found:
            return found
    return ""
