"""`pip.conf` is an INI file: `[global]` is for every command, `[install]` for one and stronger.

Source: pip's documentation of configuration files, and Python's configparser, with which pip reads them:
`=` or `:`, a value may go on in lines that are indented, `_` and `-` in a key are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from seawall.kernel.client import Configuration, Layer, Role
from seawall.kernel.limits import Limits
from seawall.readers.syntax.fault import SyntaxFault

from ._draft import NO_VARIABLES, Draft, decoded, lines_of

_ROLES = {"index-url": Role.DEFAULT, "extra-index-url": Role.EXTRA, "find-links": Role.FILES}


def read(
    data: bytes,
    path: str,
    limits: Limits,
    layer: Layer = Layer.USER,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> Configuration:
    """What a `pip.conf` says to `pip install`. Never raises. pip puts no variables into it."""
    del variables
    draft = Draft(path, "pip", layer)
    try:
        text = decoded(data, limits)
    except SyntaxFault as fault:
        return draft.fault(fault)
    for section, key, value, line in settings(text):
        if section not in ("global", "install"):
            continue
        draft.option(key if section == "global" else f"install.{key}", value, line)
        role = _ROLES.get(key)
        if role is not None:
            for url in value.split():
                draft.upstream("pip", url, role, key=f"{section}.{key}", line=line)
    return draft.done()


def settings(text: str) -> Iterator[tuple[str, str, str, int]]:
    """(section, key, value, line) of every setting; lines that belong to none are passed over."""
    section, key, started = "", "", 0
    parts: list[str] = []
    for number, raw in enumerate([*lines_of(text), "["], 1):
        line = raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        if raw[:1] in " \t" and key:
            parts.append(line)
            continue
        if key:
            yield section, key, "\n".join(part for part in parts if part), started
            key = ""
        header = re.match(r"\[([^\]]+)\]", line)
        if header:
            section = header[1].strip()
            continue
        name, found, value = _divided(line)
        if found and name and section:
            key, started, parts = name, number, [value]


def _divided(line: str) -> tuple[str, bool, str]:
    found = re.search(r"[=:]", line)
    if not found:
        return "", False, ""
    name = line[: found.start()].strip().lower().replace("_", "-").removeprefix("--")
    return name, True, line[found.end() :].strip()


def urls(data: bytes, key: str, limits: Limits) -> list[str]:
    """The addresses that stand under `section.key` as they are written, for the moment of a request."""
    try:
        text = decoded(data, limits)
    except SyntaxFault:
        return []
    found = [value for section, name, value, _ in settings(text) if f"{section}.{name}" == key]
    return found[-1].split() if found else []
