"""`uv.toml`, and the `[tool.uv]` of a `pyproject.toml`, name indexes and a date or age limit.

Source: uv's documentation of settings and indexes. An index with `default = true` replaces the built-in one;
an `explicit` index is asked only for packages that name it.
"""

from __future__ import annotations

from collections.abc import Mapping

from seawall.kernel.client import Configuration, Layer, Role
from seawall.kernel.limits import Limits
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault

from ._draft import NO_VARIABLES, Draft, decoded, key_line, table, tables, texts


def read(
    data: bytes,
    path: str,
    limits: Limits,
    layer: Layer = Layer.USER,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> Configuration:
    """What a `uv.toml` or `pyproject.toml` (told by the name) says to uv. Never raises.

    The format is `uv`, or `pyproject` for one in which nothing is said to uv.
    """
    draft = Draft(path, "uv", layer, variables)
    try:
        text = decoded(data, limits)
        content: Mapping[str, object] = toml.load(text, limits)
    except SyntaxFault as fault:
        return draft.fault(fault)
    in_project = path.rsplit("/", 1)[-1] == "pyproject.toml"
    if in_project and not isinstance(table(content.get("tool")).get("uv"), dict):
        draft.format = "pyproject"  # uv passes it over and looks further up
    top = table(table(content.get("tool")).get("uv")) if in_project else content
    for key in ("exclude-newer", "exclude-newer-package"):
        if key in top:
            draft.option(key, top[key], key_line(text, key))
    for part in (top, table(top.get("pip"))):
        for key, role in (("index-url", Role.DEFAULT), ("extra-index-url", Role.EXTRA)):
            for url in texts(part.get(key)):
                draft.upstream("uv", url, role, key=key, line=key_line(text, key))
        for url in texts(part.get("find-links")):
            draft.upstream("uv", url, Role.FILES, key="find-links", line=key_line(text, "find-links"))
    _indexes(draft, top, text, in_project=in_project)
    return draft.done()


def _indexes(draft: Draft, top: Mapping[str, object], text: str, *, in_project: bool) -> None:
    lines = toml.array_lines(text, "tool.uv.index" if in_project else "index")
    for position, index in enumerate(tables(top.get("index"))):
        name = index.get("name")
        role = Role.EXTRA
        if index.get("default") is True:
            role = Role.DEFAULT
        elif index.get("explicit") is True:
            role = Role.EXPLICIT
        known = name if isinstance(name, str) else ""
        line = lines[position] if position < len(lines) else 0
        draft.upstream("uv", index.get("url"), role, key=f"index:{position}", line=line, name=known)


def urls(data: bytes, key: str, limits: Limits) -> list[str]:
    """The addresses under one key of a user's `uv.toml` as written, for the moment of a request."""
    try:
        content = toml.load(decoded(data, limits), limits)
    except SyntaxFault:
        return []
    if key.startswith("index:"):
        return [url for item in tables(content.get("index")) if isinstance(url := item.get("url"), str)]
    return [url for part in (content, table(content.get("pip"))) for url in texts(part.get(key))]
