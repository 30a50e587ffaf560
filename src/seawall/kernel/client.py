"""A client is a package manager on a machine, and a gap is what comes in through it unasked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """One way in that nothing guards. `what` is a sentence, `fix` the command or setting that closes it.

    `where` is the configuration file that was looked at, or a path of the tree, empty when there is none.
    """

    client: str
    what: str
    fix: str
    where: str = ""
