"""poetry is told in the user's `config.toml` and a project's `poetry.toml`; sources are in `pyproject.toml`.

Source: poetry's documentation of configuration and repositories. A source replaces the built-in index when
it is `primary`; `supplemental` and `explicit` ones come besides it. A user's file names no sources.
"""

from __future__ import annotations

from collections.abc import Mapping

from seawall.kernel.client import Configuration, Layer, Role
from seawall.kernel.limits import Limits
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault

from ._draft import NO_VARIABLES, Draft, decoded, key_line, table, tables

_ROLES = {
    "supplemental": Role.EXTRA,
    "secondary": Role.EXTRA,
    "explicit": Role.EXPLICIT,
}


def read(
    data: bytes,
    path: str,
    limits: Limits,
    layer: Layer = Layer.USER,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> Configuration:
    """What such a file says; a `pyproject.toml` is told by its name. Never raises."""
    draft = Draft(path, "poetry", layer, variables)
    try:
        text = decoded(data, limits)
        content = toml.load(text, limits)
    except SyntaxFault as fault:
        return draft.fault(fault)
    if path.rsplit("/", 1)[-1] == "pyproject.toml":
        lines = toml.array_lines(text, "tool.poetry.source")
        sources = tables(table(table(content.get("tool")).get("poetry")).get("source"))
        for position, source in enumerate(sources):
            name, priority = source.get("name"), source.get("priority")
            draft.upstream(
                "poetry",
                source.get("url"),
                _ROLES.get(priority, Role.DEFAULT) if isinstance(priority, str) else Role.DEFAULT,
                key=f"source:{position}",
                line=lines[position] if position < len(lines) else 0,
                name=name if isinstance(name, str) else "",
            )
        return draft.done()
    solver = table(content.get("solver"))
    for key in ("min-release-age", "min-release-age-exclude"):
        if key in solver:
            draft.option(f"solver.{key}", solver[key], key_line(text, key))
    return draft.done()
