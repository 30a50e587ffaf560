"""A home directory → which code there can get at which of its owner's credentials.

Files are read and never run; no value of a credential leaves the reader that sees it. The session's variables
count where the directory is that of whoever asks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from seawall.adapters.machine.clients import home_of
from seawall.adapters.machine.inventory import belongs_to, inventory
from seawall.kernel.errors import TargetError
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.reach.edge import Reach
from seawall.kernel.reach.machine import machine_reach


@dataclass(frozen=True, slots=True)
class MachineOrder:
    """What a person asked for. `home` None is that of whoever asks; another's has to be named.

    `system` is where the machine's own directories begin; they count with one's own home directory only.
    """

    home: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    limits: Limits = DEFAULT_LIMITS
    system: Path = Path("/")


def machine(order: MachineOrder, now: datetime) -> Reach:
    """Everything that code on the machine can get at. Raises TargetError for no home directory."""
    own = home_of(order.environment)
    home = order.home if order.home is not None else own
    if order.home is None and belongs_to(home) != os.geteuid():
        raise TargetError(
            f"the home directory {home} belongs to somebody else",
            "name it: seawall reach --machine DIRECTORY",
        )
    mine = os.path.realpath(home) == os.path.realpath(own)
    found = inventory(home, order.limits, order.environment if mine else None, order.system if mine else None)
    return machine_reach(found, now)
