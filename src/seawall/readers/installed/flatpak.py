"""A flatpak application is fenced in as far as its metadata say, and no further.

Source: flatpak-metadata(5): `[Application] name`, `[Context] filesystems` and `sockets`; a path that begins
with `!` is taken away.
"""

from __future__ import annotations

import re
from dataclasses import replace

from seawall.kernel.code import Firmness
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem
from seawall.kernel.machine import Installed
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from .entries import Found, tool

_PAIR = re.compile(r"([\w-]{1,60})=(.{0,4000})\Z")
_PLACES = {"host": "/", "host-os": "", "host-etc": "", "home": "~", "xdg-config": "~/.config",
           "xdg-data": "~/.local/share", "xdg-cache": "~/.cache"}  # fmt: skip


def read(data: bytes, path: str, limits: Limits) -> Found:
    """The application and what of the home directory it is let into. Never raises."""
    try:
        text = decode(data, limits)
    except SyntaxFault as fault:
        return (), (Problem(path, fault.kind, "it was not understood", fault.line),)
    section, name = "", ""
    opened: list[str] = []
    for line in text.split("\n"):
        pair = _PAIR.match(line.strip())
        if line.startswith("["):
            section = line.strip()
        elif pair and (section, pair[1]) == ("[Application]", "name"):
            name = pair[2]
        elif pair and (section, pair[1]) == ("[Context]", "filesystems"):
            opened += _opened(pair[2])
    code = tool(name, "", path, pin=Firmness.FLOATING, note="flatpak")
    if code is None:
        return (), ()
    fenced = "/" not in opened and "~" not in opened
    return (Installed(replace(code, contained=fenced), tuple(opened) if fenced else None),), ()


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
