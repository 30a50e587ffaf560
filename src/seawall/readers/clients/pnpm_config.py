"""pnpm is told in YAML: in the user's `config.yaml` (since 11) and in a project's `pnpm-workspace.yaml`.

Source: pnpm's documentation of settings. An `.npmrc` still names registries and credentials for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from seawall.kernel.client import Configuration, Layer, Role
from seawall.kernel.limits import Limits
from seawall.readers.syntax import yaml
from seawall.readers.syntax.fault import SyntaxFault

from ._draft import NO_VARIABLES, Draft, decoded, is_camel


def read(
    data: bytes,
    path: str,
    limits: Limits,
    layer: Layer = Layer.USER,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> Configuration:
    """What such a file says. Never raises; an empty file says nothing."""
    draft = Draft(path, "pnpm-yaml", layer, variables)
    try:
        text = decoded(data, limits)
        content = yaml.load(text, limits) if text.strip() else None
    except SyntaxFault as fault:
        return draft.fault(fault) if data.strip() else draft.done()
    if not isinstance(content, yaml.Mapping):
        return draft.done()
    for key, value in content.items():
        if is_camel(key):
            draft.option(key, value, content.lines.get(key, 0))
    registries = content.get("registries")
    if isinstance(registries, yaml.Mapping):
        for name, url in registries.items():
            role = Role.SCOPE if name.startswith("@") else Role.DEFAULT
            line = registries.lines.get(name, 0)
            scope = name if role is Role.SCOPE else ""
            if role is Role.SCOPE or name == "default":
                draft.upstream("pnpm", url, role, key=f"registries.{name}", line=line, scope=scope)
    draft.upstream(
        "pnpm",
        content.get("registry"),
        Role.DEFAULT,
        key="registry",
        line=content.lines.get("registry", 0),
    )
    return draft.done()
