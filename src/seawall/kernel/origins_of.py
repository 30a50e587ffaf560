"""The origins of a firewall are what the user's own clients are set up with; what cannot be asked is refused.

An upstream that is left out in silence would let its names fall through to the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from .asking import registries
from .client import LOCAL, CredentialPlace, Machine, Project, Role, Upstream, configured
from .origin import Origin

_BUILT_IN = {"npm": "npm", "PyPI": "pypi", "Hugging Face": "huggingface"}


class Unusable(Exception):
    """A client is told to ask somebody whom the firewall cannot ask; the message says where, not whom."""


def origins_of(machine: Machine, hub: Upstream | None = None) -> tuple[tuple[Origin, ...], tuple[str, ...]]:
    """Whom the clients ask, as origins in order, and sentences about what was left out. Raises Unusable.

    npm: the scopes, which own their names, and the default. PyPI: additional indexes before the default, as
    uv takes them, and last those that clients come with: a name that an internal index knows is not asked of
    a public one. `hub` is the hub of Hugging Face, if there is one.
    """
    known = registries(machine, Project())
    notes = [*machine.notes, *_left_out(machine)]
    chosen: list[Upstream] = []
    for mine in known.upstreams.values():
        defaults = [item for item in mine if item.role is Role.DEFAULT]
        ordered = [*(item for item in mine if item.role is not Role.DEFAULT), *defaults]
        chosen += sorted(ordered, key=lambda item: item.host in known.public)
    chosen += [hub] if hub else []
    for item in (*configured(machine), *([hub] if hub else [])):
        _refuse(item)
    return tuple(_named(chosen)), tuple(dict.fromkeys(notes))


def _refuse(item: Upstream) -> None:
    if item.role not in (Role.DEFAULT, Role.SCOPE, Role.EXTRA) or item.url == LOCAL:
        return
    where = f"{item.where}:{item.line}" if item.line else item.where
    if not item.url or not item.host or "${" in item.url:
        raise Unusable(f"{where} names a registry for {item.client} that is not understood")
    parts = urlsplit(item.url)
    if parts.scheme != "https" and not _is_here(parts.hostname or ""):
        raise Unusable(f"{where} names a registry for {item.client} that is asked without TLS")
    if parts.query:
        raise Unusable(f"{where} names a registry for {item.client} whose address has a question mark")


def _left_out(machine: Machine) -> Iterator[str]:
    for item in configured(machine):
        if item.url == LOCAL:
            yield f"{item.client}: a directory in {item.where} is not asked by the firewall"
        elif item.role is Role.FILES:
            yield f"{item.client}: the page of links in {item.where} is not asked by the firewall"
        elif item.role is Role.EXPLICIT:
            yield (
                f"{item.client}: an index in {item.where} is only for packages that name it, and is not"
                " asked; name it as [[upstream]] with what it owns"
            )


def _named(items: Sequence[Upstream]) -> Iterator[Origin]:
    taken: set[tuple[str, str]] = set()
    for item in items:
        word = _word(item)
        name, number = word, 1
        while (item.ecosystem, name) in taken:
            number += 1
            name = f"{word}-{number}"
        taken.add((item.ecosystem, name))
        yield Origin(
            ecosystem=item.ecosystem,
            name=name,
            url=item.url,
            owns=(f"{item.scope}/*",) if item.scope else (),
            credentials=tuple(dict.fromkeys(_places(item))),
        )


def _places(item: Upstream) -> Iterator[CredentialPlace]:
    yield from (replace(place, prefix="") for place in item.credentials)
    if item.client == "uv" and item.name:
        yield CredentialPlace("", f"UV_INDEX_{re.sub('[^A-Za-z0-9]', '_', item.name).upper()}_PASSWORD")


def _word(item: Upstream) -> str:
    """How metrics and the ledger call it: its own name, its scope, or its host."""
    if item.built_in:
        return _BUILT_IN[item.ecosystem]
    text = item.name or item.scope or item.host
    word = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:36] or "registry"
    return "registry" if word == "cache" else word


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
