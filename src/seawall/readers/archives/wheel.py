"""A wheel is unpacked into the place where Python looks for code, so its root is that place.

Source: the binary distribution format (PyPA specifications; PEP 427), and the `site` module's `.pth` files.
"""

from __future__ import annotations

import re

from seawall.kernel.contents import Contents, Hook, Shape
from seawall.kernel.limits import Limits
from seawall.readers.containers.member import Source

from ._draft import Draft, Memory, described, modules

_SPREAD = re.compile(r"[^/]+\.data/(?:purelib|platlib)/")
_DATA = re.compile(r"[^/]+\.data/data/(?:lib/python[\d.]*/site-packages|Lib/site-packages)/", re.IGNORECASE)
_INFO = re.compile(r"[^/]+\.dist-info/")
_RUNS = re.compile(rb"^import[ \t].*", re.MULTILINE)
_CUSTOM = re.compile(r"(sitecustomize|usercustomize)(?:\.py|/__init__\.py)\Z")
_COMMAND = re.compile(r"^\s*([\w.-]+)\s*=", re.MULTILINE)
_MOST_CODE = 2_000


def place(name: str) -> str:
    """Where a member is installed; the version in the name of the metadata's directory is left out."""
    name = _SPREAD.sub("", name, count=1) if _SPREAD.match(name) else name
    name = _DATA.sub("", name, count=1) if _DATA.match(name) else name
    return _INFO.sub(".dist-info/", name, count=1) if _INFO.match(name) else name


def read(source: Source, filename: str, limits: Limits, memory: Memory) -> Contents:
    """The contents of a wheel."""
    draft = Draft(Shape.WHEEL, filename, limits, memory, place)
    draft.fill(source)
    said = described(draft, ".dist-info/METADATA", "metadata")
    _hooks(draft)
    return draft.contents(
        name=said.name,
        version=said.version,
        dependencies=said.dependencies,
        elsewhere=said.elsewhere,
        commands=_commands(draft.texts.get(".dist-info/entry_points.txt", b"")),
        loaded=modules(draft.files),
    )


def _hooks(draft: Draft) -> None:
    """What runs at every start of Python once the wheel is installed."""
    for path in draft.files:
        custom = _CUSTOM.match(path)
        if custom:
            draft.hooks.append(Hook("sitecustomize", path, custom[1], (path,)))
        elif path.endswith(".pth") and "/" not in path:
            lines = _RUNS.findall(draft.texts.get(path, b""))
            if lines:
                code = b"\n".join(lines)
                draft.hooks.append(Hook(".pth", path, code.decode("utf-8", "replace")[:_MOST_CODE], (path,)))
                draft.add(code, path)


def _commands(text: bytes) -> tuple[str, ...]:
    part = text.decode("utf-8", "replace").partition("[console_scripts]")[2].partition("\n[")[0]
    return tuple(_COMMAND.findall(part))[:100]
