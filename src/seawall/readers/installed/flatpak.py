"""A flatpak application is fenced in as far as its metadata and their overrides say, and no further.

Who may speak to all of the session's bus, or to the service that starts commands outside, has no fence.
What an override takes away is not counted, what it gives is.
Source: flatpak-metadata(5): `[Application]`, `[Context]` (`filesystems`, `sockets`), `[Session Bus Policy]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from seawall.kernel.code import Firmness
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem
from seawall.kernel.machine import Installed
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from .entries import Found, tool

_PAIR = re.compile(r"([\w.-]{1,120})=(.{0,4000})\Z")
_SOCKETS = {"ssh-auth": "ssh-agent", "gpg-agent": "gpg", "session-bus": "/"}
_SERVICES = {"org.freedesktop.Flatpak": "/", "org.freedesktop.secrets": "keychain"}
_PLACES = {"host": "/", "host-os": "", "host-etc": "", "home": "~", "xdg-config": "~/.config",
           "xdg-data": "~/.local/share", "xdg-cache": "~/.cache"}  # fmt: skip


def read(data: bytes, path: str, limits: Limits, overrides: Sequence[bytes] = ()) -> Found:
    """The application and what it is let into. Never raises."""
    try:
        texts = [decode(one, limits) for one in (data, *overrides)]
    except SyntaxFault as fault:
        return (), (Problem(path, fault.kind, "it was not understood", fault.line),)
    name = ""
    opened: list[str] = []
    for section, key, value in (entry for text in texts for entry in _entries(text)):
        if (section, key) == ("[Application]", "name"):
            name = name or value
        elif (section, key) == ("[Context]", "filesystems"):
            opened += _opened(value)
        elif (section, key) == ("[Context]", "sockets"):
            opened += [_SOCKETS[word] for word in value.split(";") if word in _SOCKETS]
        elif section == "[Session Bus Policy]" and value in ("talk", "own") and key in _SERVICES:
            opened.append(_SERVICES[key])
    code = tool(name, "", path, pin=Firmness.FLOATING, note="flatpak")
    if code is None:
        return (), ()
    fenced = "/" not in opened and "~" not in opened
    return (Installed(replace(code, contained=fenced), tuple(opened) if fenced else None),), ()


def _entries(text: str) -> Iterator[tuple[str, str, str]]:
    """(section, key, value) of every line that is a pair."""
    section = ""
    for line in text.split("\n"):
        pair = _PAIR.match(line.strip())
        if line.startswith("["):
            section = line.strip()
        elif pair:
            yield section, pair[1], pair[2]


def _opened(value: str) -> list[str]:
    found = []
    for word in value.split(";"):
        place = word.strip().removesuffix(":ro").removesuffix(":rw").removesuffix(":create")
        head, slash, rest = place.partition("/")
        if place.startswith(("~", "/")):
            found.append(place.rstrip("/") or "/")
        elif _PLACES.get(head):
            found.append(f"{_PLACES[head]}{slash}{rest}".rstrip("/") or "/")
    return found
