"""A tree whose paths are known already is seen as a walk over it would have seen it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.readers.format import Environment

from .tree import NOT_ENTERED, excluder


@dataclass(slots=True)
class Listing:
    """Which paths of a tree a walk sees: not those in caches, environments, too deep or left out."""

    environments: Sequence[Environment]
    limits: Limits
    exclude: Sequence[str] = ()
    _closed: frozenset[str] = field(init=False)
    _excluded: Callable[[str], bool] = field(init=False)
    _folders: dict[str, bool] = field(init=False, default_factory=dict)
    _deep: dict[str, None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._closed = NOT_ENTERED | {name for item in self.environments for name in item.roots}
        self._excluded = excluder(tuple(self.exclude))

    def sees(self, path: str) -> bool:
        """Whether a file at this path is seen."""
        return self._open(path.rpartition("/")[0]) and not self._excluded(path)

    def of(self, paths: Iterable[str]) -> tuple[frozenset[str], tuple[Problem, ...]]:
        """Those of the files that are seen, and what was not looked into because of a bound."""
        found: list[str] = []
        most = self.limits.tree_files
        problems: list[Problem] = []
        for path in paths:
            if self.sees(path):
                found.append(path)
                if len(found) >= most:
                    message = f"more than {most} files; the rest was not seen"
                    problems.append(Problem(".", ProblemKind.TOO_MANY, message))
                    break
        message = f"deeper than {self.limits.tree_depth} directories"
        problems += [Problem(path, ProblemKind.TOO_DEEP, message) for path in self._deep]
        return frozenset(found), tuple(problems)

    def _open(self, folder: str) -> bool:
        """Whether a walk would enter this directory, looked at from the top down to the first closed one."""
        if folder in self._folders:
            return self._folders[folder]
        end = 0
        while folder and end >= 0:
            end = folder.find("/", end + 1)
            part = folder if end < 0 else folder[:end]
            if part not in self._folders:
                self._folders[part] = self._entered(part)
            if not self._folders[part]:
                return False
        return True

    def _entered(self, folder: str) -> bool:
        """The same where all directories above are entered."""
        if folder.rpartition("/")[2] in self._closed or self._excluded(folder):
            return False
        if folder.count("/") >= self.limits.tree_depth:
            self._deep[folder] = None
            return False
        return True
