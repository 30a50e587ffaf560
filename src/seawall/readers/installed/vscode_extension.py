"""An extension of VS Code and its kin says in its package.json who publishes it and when it starts.

Editors renew extensions by themselves, so one floats unless it is pinned.
Source: VS Code's extension manifest (`publisher`, `activationEvents`, `extensionPack`), `extensions.json` and
`.obsolete` beside the extensions.
"""

from __future__ import annotations

from seawall.kernel.code import CodeKind, Firmness
from seawall.kernel.discretion import NO_GUARD
from seawall.kernel.limits import Limits
from seawall.kernel.machine import Installed
from seawall.readers.syntax import json
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from .entries import Found, parsed, tool

_AT_ONCE = ("*", "onStartupFinished")


def read(data: bytes, path: str, limits: Limits, pinned: frozenset[str] = frozenset()) -> Found:
    """The extension. `pinned` are the lower-case names that the editor does not renew. Never raises."""
    content, wrong = parsed(data, path, limits)
    name, publisher = content.get("name"), content.get("publisher")
    if not (isinstance(name, str) and isinstance(publisher, str)):
        return wrong
    full = f"{publisher}.{name}"
    code = tool(
        full,
        content.get("version"),
        path,
        kind=CodeKind.EXTENSION,
        pin=Firmness.VERSION if full.lower() in pinned else Firmness.FLOATING,
        when=_starts(content.get("activationEvents")),
        note=_brings(content),
    )
    return ((Installed(code),), ()) if code else wrong


def _starts(events: object) -> str:
    words = [event for event in events if isinstance(event, str)] if isinstance(events, list) else []
    at_once = any(word in _AT_ONCE for word in words)
    return "when the editor starts" if at_once else "when the editor opens what it is for"


def _brings(content: dict[str, object]) -> str:
    names: list[str] = []
    for key in ("extensionPack", "extensionDependencies"):
        listed = content.get(key)
        names += [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []
    kept = NO_GUARD.names(names)
    more = f" and {len(kept) - 4} more" if len(kept) > 4 else ""
    return f"brings along {', '.join(kept[:4])}{more}" if kept else ""


def pinned_in(data: bytes, limits: Limits) -> frozenset[str]:
    """The extensions that the editor was told not to renew, by `extensions.json`."""
    found = set()
    for item in _loaded(data, limits, list):
        metadata = item.get("metadata") if isinstance(item, dict) else None
        identifier = item.get("identifier") if isinstance(item, dict) else None
        if isinstance(metadata, dict) and metadata.get("pinned") is True and isinstance(identifier, dict):
            found.add(str(identifier.get("id")).lower())
    return frozenset(found)


def obsolete_in(data: bytes, limits: Limits) -> frozenset[str]:
    """The directories of extensions that are no longer used, by `.obsolete`."""
    return frozenset(str(key) for key in _loaded(data, limits, dict))


def _loaded(data: bytes, limits: Limits, kind: type[list[object]] | type[dict[str, object]]) -> list[object]:
    try:
        value = json.load(decode(data, limits), limits)
    except SyntaxFault:
        return []
    return list(value) if isinstance(value, kind) else []
