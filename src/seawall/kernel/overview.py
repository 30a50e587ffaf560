"""An overview is what `seawall setup` has to tell about one machine and one tree."""

from __future__ import annotations

from dataclasses import dataclass

from .client import Gap
from .cooldown import Cooldown


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
    scripts: bool | None
    protected: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """What `seawall setup` tells. `lockfiles` are (manifest, its lockfiles); `registries` are
    (ecosystem, host, role, where)."""

    target: str
    days: int
    clients: tuple[ClientView, ...]
    lockfiles: tuple[tuple[str, tuple[str, ...]], ...]
    pipelines: tuple[str, ...]
    registries: tuple[tuple[str, str, str, str], ...]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]
