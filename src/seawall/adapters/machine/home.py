"""A home directory is opened once, and nothing is read that does not lie in it.

Every directory on the way is opened without following links; a link is followed by us, and only to a place
that lies in the same home directory. What is no regular file is never opened: a pipe or a device under a name
is not waited for.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import join, normpath
from types import TracebackType

from seawall.kernel.errors import TargetError
from seawall.kernel.lockfile import Problem, ProblemKind

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_HOPS = 8
MOST_NAMES = 5_000
_MOST_FOUND = 500
_READS = ((0o040, 0o010), (0o004, 0o001))
"""(may read, may pass through) of the group, and of everybody."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How a file or directory is guarded, as kernel/credential.py says it."""

    mode: str
    owner_only: bool
    readable: bool
    directory: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """The bytes of one file, and how it is guarded."""

    data: bytes
    seen: Seen

    def __repr__(self) -> str:
        return f"Kept({self.seen!r})"


class _Outside(Exception):
    """A link leads out of the home directory."""


class Home:
    """One person's home directory. Paths are relative to it with `/`. Close it when done."""

    def __init__(self, root: Path) -> None:
        try:
            self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it cannot be opened"
            raise TargetError(f"the home directory {root}: {why}", "name a directory") from None
        self.owner = os.fstat(self._root).st_uid
        self._places = {os.path.normpath(root.absolute()), os.path.realpath(root)}

    def __enter__(self) -> Home:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._root)

    def read(self, path: str, most: int) -> Kept | Problem | None:
        """A file of at most `most` bytes; None where there is none, a problem where it cannot be read."""
        opened = self._opened(path)
        if not isinstance(opened, tuple):
            return opened
        descriptor, seen = opened
        with os.fdopen(descriptor, "rb") as file:
            try:
                data = file.read(most + 1)
            except OSError as error:
                return Problem(path, ProblemKind.UNREADABLE, error.strerror or "it cannot be read")
        if len(data) > most:
            return Problem(path, ProblemKind.TOO_LARGE, f"more than {most} bytes")
        return Kept(data, seen)

    def _opened(self, path: str) -> tuple[int, Seen] | Problem | None:
        """An open descriptor of a regular file."""
        found = self._found(path)
        if not isinstance(found, tuple):
            return found
        descriptor, passed = found
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            return Problem(path, ProblemKind.UNREADABLE, "it is a directory where a file belongs")
        return descriptor, self._seen(status, passed)

    def seen(self, path: str) -> Seen | None:
        """How a file or directory is guarded; None where there is none that could be looked at."""
        found = self._found(path)
        if not isinstance(found, tuple):
            return None
        descriptor, passed = found
        try:
            return self._seen(os.fstat(descriptor), passed)
        finally:
            os.close(descriptor)

    def names(self, path: str, most: int = MOST_NAMES) -> tuple[list[str], Problem | None]:
        """The names in a directory, sorted, at most `most`, and a problem where these are not all."""
        found = self._found(path) if path else (os.dup(self._root), [])
        if not isinstance(found, tuple):
            return [], found
        descriptor, _ = found
        names: list[str] = []
        try:
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    if len(names) >= most:
                        message = f"more than {most} names; the rest was not looked at"
                        return sorted(names), Problem(path or ".", ProblemKind.TOO_MANY, message)
                    names.append(entry.name)
        except NotADirectoryError:
            return [], None
        except OSError as error:
            return [], Problem(path or ".", ProblemKind.UNREADABLE, error.strerror or "it cannot be read")
        finally:
            os.close(descriptor)
        return sorted(names), None

    def matching(self, place: str, problems: list[Problem]) -> Iterator[str]:
        """The paths that a place stands for: `*` is one name. At most 500."""
        if "*" not in place:
            yield place
            return
        found = [""]
        for part in place.split("/"):
            found = [path for above in found for path in self._below(above, part, problems)][:_MOST_FOUND]
        yield from found

    def _below(self, above: str, part: str, problems: list[Problem]) -> Sequence[str]:
        if "*" not in part:
            return (join(above, part),)
        names, problem = self.names(above)
        if problem:
            problems.append(problem)
        dots = part.startswith(".")
        fitting = (n for n in names if fnmatchcase(n, part) and (dots or not n.startswith(".")))
        return [join(above, name) for name in fitting]

    def _found(self, path: str) -> tuple[int, list[os.stat_result]] | Problem | None:
        """(descriptor, the directories on the way) of a regular file or directory."""
        try:
            return self._descend(path)
        except _Outside:
            return Problem(path, ProblemKind.OUTSIDE, "a link that leads out of the home directory")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it cannot be opened"
            return Problem(path, ProblemKind.UNREADABLE, why)

    def _descend(self, path: str) -> tuple[int, list[os.stat_result]] | Problem:
        parts = path.split("/")
        for _ in range(_HOPS):
            if not path or any(part in ("", ".", "..") or "\0" in part for part in parts):
                raise FileNotFoundError
            place, passed = os.dup(self._root), [os.fstat(self._root)]
            try:
                for number, part in enumerate(parts):
                    status = os.lstat(part, dir_fd=place)
                    if stat.S_ISLNK(status.st_mode):
                        target = self._within("/".join(parts[:number]), os.readlink(part, dir_fd=place))
                        parts = [*target.split("/"), *parts[number + 1 :]]
                        break
                    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                        return Problem(path, ProblemKind.UNREADABLE, "not a regular file")
                    deeper = os.open(part, _FLAGS, dir_fd=place)
                    os.close(place)
                    place = deeper
                    passed.append(os.fstat(place))
                else:
                    found, place = place, -1
                    return found, passed[:-1]
            finally:
                if place >= 0:
                    os.close(place)
        return Problem(path, ProblemKind.OUTSIDE, "links that lead on and on")

    def _within(self, folder: str, target: str) -> str:
        """Where a link in `folder` leads, as a path below the home directory. Raises _Outside."""
        if target.startswith("/"):
            for place in self._places:
                with suppress(ValueError):
                    return Path(os.path.normpath(target)).relative_to(place).as_posix()
            raise _Outside
        inside = normpath(join(folder, target))
        if inside == ".." or inside.startswith(("../", "/")):
            raise _Outside
        return inside

    def _seen(self, status: os.stat_result, passed: Sequence[os.stat_result]) -> Seen:
        directory = stat.S_ISDIR(status.st_mode)
        open_ = any(
            status.st_mode & reads and all(above.st_mode & enters for above in passed)
            for reads, enters in _READS
        )
        own = self.owner in (0, status.st_uid)  # its owner may change the mode, and root need not
        return Seen(
            mode=f"{stat.S_IMODE(status.st_mode):04o}",
            owner_only=not open_,
            readable=own or bool(status.st_mode & _READS[1][0]),
            directory=directory,
        )
