"""An origin is a registry that the firewall fetches from; who owns a name is asked nobody else about it.

Origins are written down once, when the firewall is set up, and never read from the clients again: after that
the clients' registry *is* the firewall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from .asset import package_name
from .client import CredentialPlace


@dataclass(frozen=True, slots=True)
class Origin:
    """One registry of one ecosystem (`npm`, `PyPI`, `Hugging Face`).

    `name` is how configuration, metrics and the ledger call it. `url` has no credential. `owns` are patterns
    of names (`@acme/*`, `acme-*`, PyPI names folded) that are asked of this one only and of no other.
    `credentials` says where its credential is kept, never what it is. `files` are further hosts
    (`host[:port]`) that its files may be fetched from; empty = wherever its documents point, over TLS or,
    for an origin on this machine, on this machine.
    """

    ecosystem: str
    name: str
    url: str = field(repr=False)
    owns: tuple[str, ...] = ()
    credentials: tuple[CredentialPlace, ...] = ()
    files: tuple[str, ...] = ()


def route(ecosystem: str, name: str, origins: Sequence[Origin]) -> tuple[Origin, ...]:
    """Whom to ask for `name`, in order: its owner alone, else all that own nothing or something else.

    Where several claim a name the most exact pattern wins, then the first origin.
    """
    mine = [item for item in origins if item.ecosystem == ecosystem]
    folded = package_name(ecosystem, name)
    claims = [
        (pattern.count("*") == 0, len(pattern), -place, item)
        for place, item in enumerate(mine)
        for pattern in item.owns
        if fnmatchcase(folded, package_name(ecosystem, pattern))
    ]
    if claims:
        return (max(claims, key=lambda claim: claim[:3])[3],)
    return tuple(mine)


def owned(ecosystem: str, name: str, origins: Sequence[Origin]) -> bool:
    """Some origin owns the name: it must not be told to any other one."""
    folded = package_name(ecosystem, name)
    return any(
        fnmatchcase(folded, package_name(ecosystem, pattern))
        for item in origins
        if item.ecosystem == ecosystem
        for pattern in item.owns
    )
