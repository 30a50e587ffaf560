"""A launch line of a tool is a command like any other: what it brings in is asked of those who read commands.

`npx`, `uvx`, `docker run` and their like resolve at every start, and what a lockfile of the tree holds is
held; scripts of the tree and programs of the machine are not brought in.
"""

from __future__ import annotations

from posixpath import dirname
from typing import TYPE_CHECKING

from .code import Code, CodeKind, Firmness
from .reach.ground import Ground
from .shell import Script
from .tool import Launch

if TYPE_CHECKING:
    from .reach.running import Run

NOTHING = Ground()
"""The ground where nothing is known of the tree."""

_KINDS = frozenset({CodeKind.TOOL, CodeKind.IMAGE, CodeKind.SCRIPT, CodeKind.SOURCE})
_LOCAL = (".", "/", "~", "$", "file:")
_FOLDERS = ("hooks",)


def brought(launch: Launch, path: str, ground: Ground = NOTHING) -> tuple[Code, ...]:
    """Everything that a launch brings in, installs too, with lines of the file at `path`."""
    # What reads commands is large, and most trees launch nothing.
    from .reach.commands import At, codes_of

    script = Script(launch.commands)
    return codes_of(script, folder_of(path), ground, At(path, 1)) if launch.commands else ()


def fetched(launch: Launch, path: str, ground: Ground = NOTHING) -> tuple[Code, ...]:
    """Those of them that are fetched in order to be run at once, and nothing else is."""
    return tuple(code for code in brought(launch, path, ground) if _is_fetched(code))


def _is_fetched(code: Code) -> bool:
    runs_with = code.kind is CodeKind.PACKAGES and code.name.startswith(("uv run", "pipx run"))
    local = code.packages[:1] and code.packages[0].startswith(_LOCAL)
    return (code.kind in _KINDS or runs_with) and not local


def programs(launch: Launch) -> tuple[Run, ...]:
    """Every program that a launch starts, without the wrappers around it."""
    from .reach.running import runs_of

    return runs_of(Script(launch.commands), ".")


def subject(code: Code) -> str:
    """What is brought in, by the name that a person looks for: without runner, version and credentials."""
    return code.packages[0] if code.packages else code.name


def from_git(code: Code) -> bool:
    """It comes from a repository, and not from a registry."""
    name = subject(code)
    return code.kind in (CodeKind.TOOL, CodeKind.SOURCE, CodeKind.PACKAGES) and (
        code.pin in (Firmness.SHA, Firmness.TAG, Firmness.BRANCH) or name.startswith(("git+", "github:"))
    )


def folder_of(path: str) -> str:
    """The directory in which a tool runs what its file at `path` names, `.` = the top."""
    parts = dirname(path).split("/") if dirname(path) else []
    for at, part in enumerate(parts):
        if part.startswith(".") or (part in _FOLDERS and at == len(parts) - 1):
            parts = parts[:at]
            break
    return "/".join(parts) or "."
