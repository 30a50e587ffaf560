"""An overview is what `seawall setup` has to tell about one machine and one tree."""

from __future__ import annotations

from dataclasses import dataclass

from .client import Gap
from .cooldown import Cooldown, Scripts


@dataclass(frozen=True, slots=True)
class ClientView:
    """One client as it stands. `used_in` are files of the tree that it installs from.

    `cooldown` is the weakest one among the directories in which it is used.
    """

    name: str
    version: str
    path: str
    note: str
    used_in: tuple[str, ...]
    cooldown: Cooldown
    scripts: Scripts
    protected: bool


@dataclass(frozen=True, slots=True)
class Use:
    """A client at work in one place: in a directory of the tree (`path` is what it installs from), or here.

    `waits` and `scripts` are what it does there when it is told by that place alone: by the repository as
    in CI, or by the machine's and the user's own files.
    """

    client: str
    version: str
    directory: str = ""
    path: str = ""
    waits: bool = False
    scripts: bool | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """What `seawall setup` tells. `lockfiles` are (manifest, its lockfiles); `registries` are
    (ecosystem, host, role, where). `uses` are in the repository, `here` are the machine's clients."""

    target: str
    days: int
    clients: tuple[ClientView, ...]
    lockfiles: tuple[tuple[str, tuple[str, ...]], ...]
    pipelines: tuple[str, ...]
    registries: tuple[tuple[str, str, str, str], ...]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]
    uses: tuple[Use, ...] = ()
    here: tuple[Use, ...] = ()
