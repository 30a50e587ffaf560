"""A repository's history is read with none of its configuration, by a git that knows nothing but its objects.

The tree is hostile: its `.git/config` could name programs for pagers, filters, file watchers, text
conversion, hooks or fetching. So git runs in a directory of our own with a configuration of our own, on the
repository's object directory; refs, HEAD and worktree links are read here. Fixed arguments, no shell, an
empty environment. Objects that an `alternates` file borrows from elsewhere are read too: they are named by
their content.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO

from seawall.kernel.errors import UsageError
from seawall.kernel.finding import Skipped

CHECK = "history of the tree"
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_REF_BYTES = 64 * 1024 * 1024
_LOOSE_REFS = 20_000
_SYMBOLIC = 5


@dataclass(frozen=True, slots=True)
class Repository:
    """Where the objects lie, and what the refs say. `prefix` is the target's path in the work tree."""

    objects: Path
    refs: Mapping[str, str]
    head: str = ""
    prefix: str = ""
    algorithm: str = "sha1"
    shallow: bytes = b""


@dataclass(frozen=True, slots=True)
class Change:
    """One path that one commit changed. `old` are the blobs of its parents, `new` its own; zeros = absent."""

    commit: str
    parents: tuple[str, ...]
    time: int
    path: str
    old: tuple[str, ...]
    new: str


@dataclass(frozen=True, slots=True)
class Log:
    """Changes oldest first. `complete` is false when time or the bound on commits ran out."""

    changes: tuple[Change, ...]
    commits: int
    complete: bool


def open_repository(target: Path) -> Repository | Skipped | None:
    """The repository that `target` lies in; None when there is none; Skipped when it is not safe to read."""
    place = target.resolve()
    for directory in (place, *place.parents):
        link = directory / ".git"
        if not os.path.lexists(link):
            continue
        git_dir = _git_directory(link)
        if isinstance(git_dir, Skipped):
            return git_dir
        prefix = place.relative_to(directory).as_posix()
        return _read(git_dir, "" if prefix == "." else f"{prefix}/")
    return None


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
    if back and Path(back).resolve() == link.resolve():
        return git_dir
    if any(git_dir.is_relative_to(above / ".git") for above in link.parent.parents):
        return git_dir
    return Skipped(CHECK, f".git points to {git_dir}, which does not point back")


def _small(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(4096).decode("utf-8", "replace")
    except OSError:
        return ""


def _read(git_dir: Path, prefix: str) -> Repository | Skipped:
    common_text = _small(git_dir / "commondir").strip()
    common = (git_dir / common_text).resolve() if common_text else git_dir
    config = _small(common / "config").lower()
    if (common / "reftable").is_dir():
        return Skipped(CHECK, "refs are kept in a reftable, which is not read yet")
    if not (common / "objects").is_dir():
        return Skipped(CHECK, ".git holds no objects")
    refs = {**_packed(common / "packed-refs"), **_loose(common)}
    head = _resolved(_small(git_dir / "HEAD").strip(), refs)
    shallow = b""
    if (common / "shallow").is_file():
        shallow = (common / "shallow").read_bytes()[:_REF_BYTES]
    sha256 = re.search(r"^\s*objectformat\s*=\s*sha256\s*$", config, re.MULTILINE)
    algorithm = "sha256" if sha256 else "sha1"
    return Repository(common / "objects", MappingProxyType(refs), head, prefix, algorithm, shallow)


def _packed(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            lines = file.read(_REF_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        commit, _, name = line.partition(" ")
        if _ID.match(commit) and name:
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
            if _ID.match(text):
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
    return text if _ID.match(text) else ""


def resolve(repository: Repository, revision: str) -> str:
    """The commit that a full id or the name of a branch, remote branch or tag stands for, else empty."""
    if _ID.match(revision):
        return revision
    if revision == "HEAD":
        return repository.head
    for prefix in ("", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"):
        found = repository.refs.get(prefix + revision)
        if found:
            return found
    return ""


@dataclass(slots=True)
class Git:
    """git, set up once for one repository, bounded by a deadline (`time.monotonic`)."""

    repository: Repository
    program: str
    home: Path
    deadline: float
    late: bool = field(default=False)

    def log(self, tips: Sequence[str], claimed: Callable[[str], bool], most: int) -> Log:
        """Every change of a path that is `claimed`, on every way to `tips`, oldest first.

        git is not given the paths: comparing whole trees is several times faster than matching patterns.
        """
        words = [
            "log", "--topo-order", "--raw", "-z", "-c", "--no-abbrev", "--no-renames", "--no-ext-diff",
            "--no-textconv", "--no-color", "--no-show-signature", f"--max-count={most + 1}",
            "--format=tformat:%x01%H %at %P", "--stdin",
        ]  # fmt: skip
        with tempfile.TemporaryFile() as output:
            finished = self._wait(words, "\n".join([*tips, ""]).encode(), output)
            output.seek(0)
            commits, changes = _changes(output.read(), claimed)
        return Log(tuple(reversed(changes)), commits, finished and commits <= most)

    def sizes(self, blobs: Sequence[str]) -> dict[str, int]:
        """The size of each blob that exists."""
        with tempfile.TemporaryFile() as output:
            self._wait(["cat-file", "--batch-check"], "\n".join([*blobs, ""]).encode(), output)
            output.seek(0)
            lines = output.read().decode("ascii", "replace").splitlines()
        found = {}
        for line in lines:
            words = line.split()
            if len(words) == 3 and words[1] == "blob" and words[2].isdigit():
                found[words[0]] = int(words[2])
        return found

    def blobs(self, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """(id, content) of blobs, in order, until the deadline."""
        with tempfile.TemporaryFile() as names:
            names.write("\n".join([*wanted, ""]).encode())
            names.seek(0)
            process = self._start(["cat-file", "--batch"], names, subprocess.PIPE)
            try:
                if process.stdout:
                    with self._killed_in_time(process):
                        yield from _batch(process.stdout)
            finally:
                process.kill()
                process.wait()
                if process.stdout:
                    process.stdout.close()

    def at_tips(self, tips: Sequence[str], path: str) -> dict[str, str]:
        """The blob at `path` in each of these commits that has one."""
        if "\n" in path:
            return {}
        with tempfile.TemporaryFile() as output:
            asked = "".join(f"{tip}:{path}\n" for tip in tips)
            self._wait(["cat-file", "--batch-check"], asked.encode("utf-8", "surrogateescape"), output)
            output.seek(0)
            lines = output.read().decode("utf-8", "replace").splitlines()
        found = {}
        for tip, line in zip(tips, lines, strict=False):
            words = line.split()
            if len(words) == 3 and words[1] == "blob":
                found[tip] = words[0]
        return found

    def times(self, commits: Sequence[str]) -> dict[str, int]:
        """The author time of each commit, in seconds."""
        with tempfile.TemporaryFile() as output:
            words = [
                "log",
                "--no-walk=unsorted",
                "--no-color",
                "--no-show-signature",
                "--format=%H %at",
                "--stdin",
            ]
            self._wait(words, "\n".join([*commits, ""]).encode(), output)
            output.seek(0)
            lines = output.read().decode("ascii", "replace").splitlines()
        pairs = (line.split() for line in lines)
        return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].lstrip("-").isdigit()}

    def _wait(self, words: Sequence[str], asked: bytes, output: IO[bytes]) -> bool:
        """Run to the end or to the deadline; whether it ended by itself."""
        with tempfile.TemporaryFile() as question:
            question.write(asked)
            question.seek(0)
            process = self._start(words, question, output)
            try:
                process.wait(max(0.05, self.deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.late = True
                return False
            finally:
                process.kill()
                process.wait()
        return process.returncode == 0

    def _start(
        self, words: Sequence[str], question: IO[bytes], output: IO[bytes] | int
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self.program, *words],
            stdin=question,
            stdout=output,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=_environment(self.repository, self.home),
        )

    @contextmanager
    def _killed_in_time(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        def stop() -> None:
            self.late = True
            process.kill()

        timer = threading.Timer(max(0.05, self.deadline - time.monotonic()), stop)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


@contextmanager
def git(repository: Repository, seconds: float) -> Iterator[Git | None]:
    """git for `repository` for so many seconds; None when git is not installed."""
    program = shutil.which("git", path="/usr/bin:/usr/local/bin:/opt/homebrew/bin:/bin")
    program = program or shutil.which("git")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="seawall-git-") as place:
        home = Path(place)
        (home / "refs").mkdir()
        (home / "objects").mkdir()
        (home / "HEAD").write_text("ref: refs/heads/none\n")
        (home / "config").write_text(_CONFIG[repository.algorithm])
        if repository.shallow:
            (home / "shallow").write_bytes(repository.shallow)
        yield Git(repository, program, home, time.monotonic() + seconds)


_SAFE = "\tbare = true\n\tfsmonitor = false\n[protocol]\n\tallow = never\n"
_CONFIG = {
    "sha1": f"[core]\n\trepositoryformatversion = 0\n{_SAFE}",
    "sha256": f"[core]\n\trepositoryformatversion = 1\n{_SAFE}[extensions]\n\tobjectformat = sha256\n",
}


def _environment(repository: Repository, home: Path) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_DIR": str(home),
        "GIT_OBJECT_DIRECTORY": str(repository.objects),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
        "GIT_PROTOCOL_FROM_USER": "0",
    }


def _changes(output: bytes, claimed: Callable[[str], bool]) -> tuple[int, list[Change]]:
    """Commits seen, and their changes in git's order, newest first.

    Of each commit `-z` gives `\\1ID TIME PARENTS` NUL, then for each path `:modes ids status` NUL path NUL,
    with one colon for each parent.
    """
    commits, changes = 0, []
    commit, parents, when = "", (), 0  # type: tuple[str, tuple[str, ...], int]
    fields = iter(output.split(b"\0"))
    for raw in fields:
        text = raw.lstrip(b"\n")
        if text[:1] == b"\1":
            words = text[1:].decode("ascii", "replace").split()
            if len(words) >= 2 and _ID.match(words[0]):
                commits += 1
                commit, parents = words[0], tuple(words[2:])
                when = int(words[1]) if words[1].lstrip("-").isdigit() else 0
        elif text[:1] == b":":
            path = next(fields, b"").decode("utf-8", "surrogateescape")
            if claimed(path):
                ids = [word for word in text.decode("ascii", "replace").split() if _ID.match(word)]
                if len(ids) >= 2 and commit:
                    changes.append(Change(commit, parents, when, path, tuple(ids[:-1]), ids[-1]))
    return commits, changes


def _batch(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    while True:
        words = stream.readline(1024).split()
        if not words:
            return
        if len(words) == 3 and words[1] == b"blob" and words[2].isdigit():
            size = int(words[2])
            data = stream.read(size)
            if len(data) < size:
                return
            stream.read(1)
            yield words[0].decode("ascii"), data


def read_at(target: Path, revision: str, path: str, most: int = 1024 * 1024) -> bytes | None:
    """The content of a file of the tree at a revision, None when it is not there.

    Raises UsageError when there is no repository that can be read, or no such revision in it.
    """
    repository = open_repository(target)
    if not isinstance(repository, Repository):
        why = repository.reason if repository else "there is no git repository"
        raise UsageError(f"{revision} cannot be read: {why}", "leave out --trust-base, or scan a repository")
    commit = resolve(repository, revision)
    if not commit:
        raise UsageError(
            f"there is no revision {revision!r}", "fetch it, and name a branch, a tag or a full commit"
        )
    with git(repository, 10.0) as running:
        if running is None:
            raise UsageError("git is not installed", "install git")
        if not running.times([commit]):
            raise UsageError(
                f"revision {revision} is not in this clone", "fetch it (actions/checkout: fetch-depth: 0)"
            )
        blob = running.at_tips([commit], repository.prefix + path).get(commit)
        if blob is None or running.sizes([blob]).get(blob, most + 1) > most:
            return None
        return next((data for _, data in running.blobs([blob])), None)
