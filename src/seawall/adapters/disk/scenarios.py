"""Scenarios lie in a directory, one TOML each or one directory with a `scenario.toml`; some ship with us.

Strangers write them: files are opened as those of any tree, bounded, and no link leads out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from seawall.kernel.errors import TargetError, UsageError
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.lockfile import Problem
from seawall.kernel.scenario import Scenario
from seawall.readers.scenarios.scenario_toml import read as read_scenario

from .tree import read

MAIN = "scenario.toml"
_MOST = 2_000
_SMALL = replace(DEFAULT_LIMITS, file_bytes=8 * 1024 * 1024, values=200_000)
_ADVICE = "how scenarios are written: docs/scenarios.md"


def scenarios_in(place: Path, limits: Limits = _SMALL) -> tuple[Scenario, ...]:
    """Every scenario of a directory, or the one in a file, in the order of their names.

    Raises TargetError where there is none, UsageError with file and line where one cannot be used.
    """
    if place.is_file():
        return (_one(place.parent, place.name, place.stem, limits),)
    if not place.is_dir():
        raise TargetError(f"{place} is neither a directory nor a file", "name a directory of scenarios")
    found = tuple(_one(root, path, name, limits) for root, path, name in _named(place))
    if not found:
        raise TargetError(f"{place}: there is no .toml file in it", "name a directory of scenarios")
    names = [scenario.id for scenario in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UsageError(f"{place}: two scenarios are called {twice}", "rename one of the files")
    return found


def shipped_scenarios() -> tuple[Scenario, ...]:
    """Those that come with Seawall: the attacks of the past, and what only looks like one."""
    return scenarios_in(Path(str(files("seawall"))) / "data" / "scenarios")


def _named(place: Path) -> Iterator[tuple[Path, str, str]]:
    """(directory, path of the scenario in it, name) of each; nothing is looked for inside of one."""
    pending, count = [place], 0
    while pending:
        folder = pending.pop(0)
        if (folder / MAIN).is_file():
            yield folder, MAIN, folder.name
            continue
        for entry in sorted(folder.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                pending.append(entry)
            elif entry.suffix == ".toml" and entry.is_file():
                count += 1
                if count > _MOST:
                    raise UsageError(f"{place}: more than {_MOST} scenarios", "name a smaller directory")
                yield folder, entry.name, entry.stem


def _one(root: Path, path: str, name: str, limits: Limits) -> Scenario:
    def beside(other: str) -> bytes | Problem:
        return read(root, other, limits)

    data = read(root, path, limits)
    found = data if isinstance(data, Problem) else read_scenario(data, path, name, limits, beside)
    if isinstance(found, Problem):
        where = f"{root / path}:{found.line}" if found.line else str(root / path)
        raise UsageError(f"{where}: {found.message}", _ADVICE)
    return found
