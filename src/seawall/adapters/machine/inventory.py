"""A home directory is looked through once, and nothing of it is started."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from seawall.kernel.finding import Skipped
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem
from seawall.kernel.machine import Inventory

from .home import Home
from .installed_here import keep_installed, keep_tools
from .kept_credentials import (
    Keeping,
    keep_clients,
    keep_elsewhere,
    keep_files,
    keep_ssh,
    keep_stores,
    variables,
)


def inventory(
    root: Path, limits: Limits, environment: Mapping[str, str] | None = None, system: Path | None = None
) -> Inventory:
    """Everything in the home directory `root`.

    `environment` is the session's, None where the directory is not that of whoever asks. `system` is where
    the machine's own directories begin, None where they are not looked at. Raises TargetError.
    """
    with Home(root) as home:
        keeping = Keeping(home, limits, [], [])
        keep_files(keeping)
        if environment is not None:
            keep_elsewhere(keeping, environment, root)
        keep_clients(keeping)
        keep_ssh(keeping)
        keep_stores(keeping)
        tools, guards = keep_tools(keeping)
        installed = keep_installed(keeping, system)
    kept = keeping.credentials
    if environment is not None:
        kept += variables(environment)
    return Inventory(
        credentials=tuple(dict.fromkeys(kept)),
        tools=tools,
        installed=installed,
        skipped=tuple(_skipped(keeping.problems)),
        guards=MappingProxyType(guards),
    )


def _skipped(problems: Iterable[Problem]) -> Iterator[Skipped]:
    seen: set[tuple[str, str]] = set()
    for one in problems:
        if (one.path, one.message) not in seen:
            seen.add((one.path, one.message))
            where = f"{one.path}:{one.line}" if one.line else one.path
            yield Skipped(where, one.message)


def belongs_to(root: Path) -> int:
    """The user id of whoever owns a home directory. Raises TargetError."""
    with Home(root) as home:
        return home.owner
