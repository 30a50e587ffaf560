"""`bunfig.toml` tells bun under `[install]` where packages come from and how old they must be, in seconds.

Source: bun's documentation of bunfig.toml. A registry is an address, or a table with `url` and a `token` or
`username` and `password`.
"""

from __future__ import annotations

from collections.abc import Mapping

from seawall.kernel.client import Configuration, Layer, Role
from seawall.kernel.limits import Limits
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault

from ._draft import NO_VARIABLES, Draft, decoded, key_line, plain_scope, table

_SECRETS = ("token", "password")


def read(
    data: bytes,
    path: str,
    limits: Limits,
    layer: Layer = Layer.USER,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> Configuration:
    """What a `bunfig.toml` says. Never raises."""
    draft = Draft(path, "bunfig", layer, variables)
    try:
        text = decoded(data, limits)
        install = table(toml.load(text, limits).get("install"))
    except SyntaxFault as fault:
        return draft.fault(fault)
    for key in ("minimumReleaseAge", "minimumReleaseAgeExcludes"):
        if key in install:
            draft.option(key, install[key], key_line(text, key))
    if "registry" in install:
        _registry(draft, install["registry"], Role.DEFAULT, key="registry", line=key_line(text, "registry"))
    for name, about in table(install.get("scopes")).items():
        scope = plain_scope(name)
        line = key_line(text, name)
        if scope:
            _registry(draft, about, Role.SCOPE, key=f"scopes/{name}", line=line, scope=scope)
    return draft.done()


def _registry(draft: Draft, about: object, role: Role, *, key: str, line: int, scope: str = "") -> None:
    details = table(about)
    own = tuple(draft.credential(f"{key}/{name}") for name in _SECRETS if details.get(name))
    url = details.get("url") if details else about
    draft.upstream("bun", url, role, key=f"{key}/url", line=line, scope=scope, credentials=own)


def secret(data: bytes, key: str, limits: Limits, variables: Mapping[str, str] = NO_VARIABLES) -> str:
    """The value under a key path below `[install]`; `…/password` answers `user:password`."""
    try:
        value: object = toml.load(decoded(data, limits), limits).get("install")
    except SyntaxFault:
        return ""
    *path, last = key.split("/")
    for step in path:
        value = table(value).get(step)
    if last == "url" and isinstance(value, str):
        return value
    found = table(value).get(last)
    user = table(value).get("username")
    draft = Draft("", "bunfig", Layer.USER, variables)
    if not isinstance(found, str):
        return ""
    if last == "password":
        return f"{draft.expanded(user) if isinstance(user, str) else ''}:{draft.expanded(found)}"
    return draft.expanded(found)
