"""A repository's history is read with none of its configuration, by a git that knows nothing but its objects.

The tree is hostile: its `.git/config` could name programs for pagers, filters, file watchers, text
conversion, hooks or fetching. So git runs in a directory of our own with a configuration of our own, on the
repository's object directory; `repository.py` reads refs, HEAD and worktree links.
Fixed arguments, no shell, an empty environment, and never a git that lies in the tree. Objects that an
`alternates` file borrows from elsewhere are read too: they are named by their content.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from seawall.kernel.errors import UsageError
from seawall.kernel.history import Commit

from .repository import ID, Repository, open_repository, resolve

_CHUNK = 1024 * 1024
_LISTED = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Change:
    """One path that one commit changed. `old` are the blobs of its parents, `new` its own.

    Empty where there is none: no such path, or a link or a submodule in its place.
    """

    commit: str
    parents: tuple[str, ...]
    time: int
    path: str
    old: tuple[str, ...]
    new: str


@dataclass(frozen=True, slots=True)
class Log:
    """Commits and changes, oldest first: no commit comes before one of its parents.

    `complete` is false when time or a bound ran out, or git could not read all of it.
    """

    commits: tuple[Commit, ...]
    changes: tuple[Change, ...]
    complete: bool


@dataclass(slots=True)
class Git:
    """git, set up once for one repository, bounded by a deadline (`time.monotonic`)."""

    repository: Repository
    program: str
    home: Path
    deadline: float
    late: bool = field(default=False)

    def hurry(self, seconds: float) -> None:
        """From now on at most so many seconds, if that is earlier."""
        self.deadline = min(self.deadline, time.monotonic() + seconds)

    def log(
        self,
        tips: Sequence[str],
        claimed: Callable[[str], bool],
        most: int,
        most_bytes: int,
        without: Sequence[str] = (),
        since: int = 0,
    ) -> Log:
        """Every commit on a way to `tips` and on none to `without`, and every change of what is `claimed`.

        With `since` (Unix seconds) only commits that landed from then on.

        git is not given the paths: comparing whole trees is several times faster than matching patterns.
        """
        if not tips:
            return Log((), (), complete=True)
        words = [
            "log", "--topo-order", "--raw", "-z", "-c", "--no-abbrev", "--no-renames", "--no-ext-diff",
            "--no-textconv", "--no-color", "--no-show-signature", f"--max-count={most + 1}",
            "--format=tformat:%x01%H %at %P", "--stdin",
            *([f"--max-age={since}"] if since > 0 else ()),
        ]  # fmt: skip
        with self.asked(words, [*tips, *(f"^{name}" for name in without)]) as process:
            output = process.stdout
            commits, changes, whole = (
                _parsed(fields(output, most_bytes), claimed) if output else ([], [], True)
            )
            process.wait() if whole else process.kill()
        complete = whole and process.returncode == 0 and len(commits) <= most
        return Log(tuple(reversed(commits[:most])), tuple(reversed(changes)), complete)

    def commits(self, names: Sequence[str]) -> dict[str, str]:
        """The commit that each of these commits and tags leads to, without those that are not here."""
        lines = self._checked([f"{name}^{{commit}}" for name in names])
        return {
            name: words[0]
            for name, words in zip(names, lines, strict=False)
            if len(words) == 3 and words[1] == "commit"
        }

    def outside(self, tips: Sequence[str], base: str, most: int) -> frozenset[str]:
        """Commits on a way to one of `tips` and on none to `base`, at most so many."""
        words = ["rev-list", f"--max-count={most}", "--stdin"]
        with self.asked(words, [*tips, f"^{base}"]) as process:
            return (
                frozenset(process.stdout.read().decode("ascii", "replace").split())
                if process.stdout
                else frozenset()
            )

    def absent(self, names: Sequence[str]) -> int:
        """How many of these objects are not here, whatever they are."""
        return sum(1 for words in self._checked(names) if len(words) < 3) if names else 0

    def sizes(self, blobs: Sequence[str]) -> dict[str, int]:
        """The size of each blob that exists."""
        return {
            words[0]: int(words[2])
            for words in self._checked(blobs)
            if len(words) == 3 and words[1] == "blob" and words[2].isdigit()
        }

    def _checked(self, names: Sequence[str]) -> list[list[str]]:
        """What git says about each object, in order: id, type, size, or something shorter."""
        with tempfile.TemporaryFile() as output:
            self._wait(["cat-file", "--batch-check"], "\n".join([*names, ""]).encode(), output)
            output.seek(0)
            return [line.split() for line in output.read().decode("ascii", "replace").splitlines()]

    def blobs(self, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """(id, content) of blobs, in order, until the deadline."""
        with self.asked(["cat-file", "--batch"], wanted) as process:
            if process.stdout:
                yield from _batch(process.stdout)

    @contextmanager
    def blob_at(self) -> Iterator[Callable[[str, str], str | None]]:
        """A function that tells which blob is at a path in a commit, empty for none, None for not known."""
        process = self._start(["cat-file", "--batch-check"], subprocess.PIPE, subprocess.PIPE)
        question, answer = process.stdin, process.stdout

        def ask(commit: str, path: str) -> str | None:
            if "\n" in path or question is None or answer is None:
                return None
            try:
                question.write(f"{commit}:{path}\n".encode("utf-8", "surrogateescape"))
                question.flush()
            except OSError:
                return None
            line = answer.readline()
            words = line.split()
            if len(words) == 3 and words[1] == b"blob":
                return words[0].decode("ascii", "replace")
            return "" if line.endswith(b" missing\n") else None

        with self._ended(process):
            yield ask

    @contextmanager
    def contents(self) -> Iterator[Callable[[str, int], bytes | int | None]]:
        """A function from (blob, most bytes) to its content, its size where that is more, else None."""
        process = self._start(["cat-file", "--batch"], subprocess.PIPE, subprocess.PIPE)
        question, answer = process.stdin, process.stdout

        def ask(blob: str, most: int) -> bytes | int | None:
            if question is None or answer is None or not ID.match(blob):
                return None
            try:
                question.write(f"{blob}\n".encode("ascii"))
                question.flush()
            except OSError:
                return None
            return _content(answer, most)

        with self._ended(process):
            yield ask

    def listing(self, commit: str, most: int) -> tuple[tuple[tuple[str, str, str], ...], bool]:
        """(path, mode, id) of what is in the tree of a commit, at most so many, and whether that is all."""
        with self.asked(["ls-tree", "-r", "-z", "--full-tree", commit], ()) as process:
            found: list[tuple[str, str, str]] = []
            whole = True
            for raw in fields(process.stdout, _LISTED) if process.stdout else ():
                about, tab, name = (raw or b"").partition(b"\t")
                words = about.split()
                if not tab or len(words) != 3 or len(found) >= most:
                    whole = False
                    break
                mode, _, id_ = (word.decode("ascii", "replace") for word in words)
                found.append((name.decode("utf-8", "surrogateescape"), mode, id_))
            process.wait() if whole else process.kill()
        return tuple(found), whole and process.returncode == 0

    @contextmanager
    def asked(self, words: Sequence[str], names: Iterable[str]) -> Iterator[subprocess.Popen[bytes]]:
        """git, asked about these names, to be read from while it runs."""
        with tempfile.TemporaryFile() as question:
            question.write("\n".join([*names, ""]).encode())
            question.seek(0)
            process = self._start(words, question, subprocess.PIPE)
            with self._ended(process):
                yield process

    @contextmanager
    def _ended(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """At the deadline at the latest, and when the block is done."""
        try:
            with self._killed_in_time(process):
                yield
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    with suppress(OSError):
                        stream.close()

    def times(self, commits: Sequence[str]) -> dict[str, int]:
        """The author time of each commit, in seconds."""
        with tempfile.TemporaryFile() as output:
            words = ["log", "--no-walk=unsorted", "--no-color", "--no-show-signature", "--format=%H %at",
                     "--ignore-missing", "--stdin"]  # fmt: skip
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
            # Waiting with a timeout would look in steps of up to 50 ms.
            with self._ended(process):
                process.wait()
        return process.returncode == 0

    def _start(
        self, words: Sequence[str], question: IO[bytes] | int, output: IO[bytes] | int
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
    program = _program(repository.top)
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


def _program(tree: Path) -> str | None:
    """git from the usual places, else from PATH, and never one that lies in the tree."""
    usual = shutil.which("git", path=_USUAL)
    if usual:
        return usual
    places = [part for part in os.environ.get("PATH", "").split(os.pathsep) if part.startswith("/")]
    for place in places:
        found = shutil.which("git", path=place)
        if found and not Path(os.path.realpath(found)).is_relative_to(tree):
            return found
    return None


_USUAL = "/usr/bin:/usr/local/bin:/opt/homebrew/bin:/bin"
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


def fields(stream: IO[bytes], most_bytes: int) -> Iterator[bytes | None]:
    """What stands between NULs; None where the bound on bytes cuts it off."""
    rest, read = b"", 0
    while chunk := stream.read(_CHUNK):
        read += len(chunk)
        if read > most_bytes:
            yield None
            return
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole


def _parsed(
    fields: Iterator[bytes | None], claimed: Callable[[str], bool]
) -> tuple[list[Commit], list[Change], bool]:
    """Commits and changes in git's order, newest first, and whether that is all of them.

    Of each commit `-z` gives `\\1ID TIME PARENTS` NUL, then for each path `:modes ids status` NUL path NUL,
    with one colon for each parent.
    """
    commits: list[Commit] = []
    changes: list[Change] = []
    known: dict[bytes, bool] = {}
    for raw in fields:
        if raw is None:
            return commits, changes, False
        text = raw.lstrip(b"\n")
        if text[:1] == b"\1":
            words = text[1:].decode("ascii", "replace").split()
            if len(words) >= 2 and ID.match(words[0]):
                when = int(words[1]) if words[1].lstrip("-").isdigit() else 0
                commits.append(Commit(words[0], tuple(words[2:]), when))
        elif text[:1] == b":":
            name = next(fields, b"") or b""
            if name not in known:
                known[name] = claimed(name.decode("utf-8", "surrogateescape"))
            if known[name] and commits:
                blobs = _blobs(text.decode("ascii", "replace"))
                if len(blobs) >= 2:
                    last, path = commits[-1], name.decode("utf-8", "surrogateescape")
                    changes.append(Change(last.id, last.parents, last.time, path, blobs[:-1], blobs[-1]))
    return commits, changes, True


def _blobs(text: str) -> tuple[str, ...]:
    """`::100644 100644 100644 ID ID ID MM` → the ids, empty for what is no regular file."""
    words = text.lstrip(":").split()
    count = len(text) - len(text.lstrip(":")) + 1
    modes, ids = words[:count], words[count : 2 * count]
    return tuple(
        name if mode.startswith("100") and ID.match(name) else ""
        for mode, name in zip(modes, ids, strict=False)
    )


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


def _content(stream: IO[bytes], most: int) -> bytes | int | None:
    """The next object of `cat-file --batch`; what is larger than `most` is passed over."""
    words = stream.readline(1024).split()
    if len(words) != 3 or not words[2].isdigit():
        return None
    size = int(words[2])
    if words[1] == b"blob" and size <= most:
        data = stream.read(size + 1)
        return data[:-1] if len(data) == size + 1 else None
    left = size + 1
    while left and (part := stream.read(min(left, _CHUNK))):
        left -= len(part)
    return size if words[1] == b"blob" else None


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
        with running.blob_at() as blob_at:
            blob = blob_at(commit, repository.prefix + path)
        if blob is None:
            raise UsageError(f"{path} cannot be read at {revision}", "check the repository: git fsck")
        if not blob or running.sizes([blob]).get(blob, most + 1) > most:
            return None
        return next((data for _, data in running.blobs([blob])), None)
