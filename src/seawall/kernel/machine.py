"""An inventory is what lies in a person's home directory: what opens something, and whose code runs there.

Nothing of it was started. Paths begin with `~`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .code import Code
from .credential import Credential
from .discretion import Guard
from .finding import Skipped
from .tool import ToolFile


@dataclass(frozen=True, slots=True)
class Installed:
    """One thing that is installed for a person, or that runs at every start of a shell.

    `opened` is None where nothing fences it in; else what its fence lets it get at, as its configuration
    says: paths (`~/.aws`) and kinds of credentials (`ssh-agent`).
    """

    code: Code
    opened: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that was found. `guards` tell what of a file must not be repeated, by its path."""

    credentials: tuple[Credential, ...] = ()
    tools: tuple[ToolFile, ...] = ()
    installed: tuple[Installed, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    guards: Mapping[str, Guard] = field(default_factory=lambda: MappingProxyType({}), repr=False)
