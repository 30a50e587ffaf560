"""`.yarnrc.yml` is read by yarn 2 and later, `.yarnrc` by yarn 1; they share nothing but the name.

Source: yarn's documentation of `.yarnrc.yml`. Keys of `npmRegistries` are addresses without a scheme
(`//registry.example`), keys of `npmScopes` are scopes without their `@`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from seawall.kernel.client import Configuration, Layer, Role
from seawall.kernel.limits import Limits
from seawall.readers.syntax import yaml
from seawall.readers.syntax.fault import SyntaxFault

from ._draft import NO_VARIABLES, Draft, decoded, is_camel, lines_of, plain_scope

_SECRETS = ("npmAuthToken", "npmAuthIdent")
_V1_LINE = re.compile(r"(?P<quote>\"?)(?P<key>[^\s\"]+)(?P=quote)\s+(?P<value>.+)")


def read(
    data: bytes,
    path: str,
    limits: Limits,
    layer: Layer = Layer.USER,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> Configuration:
    """What a `.yarnrc.yml` says. Never raises; an empty file says nothing."""
    draft = Draft(path, "yarnrc", layer, variables)
    try:
        text = decoded(data, limits)
        content = yaml.load(text, limits) if text.strip() else None
    except SyntaxFault as fault:
        return draft.fault(fault)
    if not isinstance(content, yaml.Mapping):
        return draft.done()
    for key, value in content.items():
        if is_camel(key):
            draft.option(key, value, content.lines.get(key, 0))
    own = tuple(draft.credential(name) for name in _SECRETS if content.get(name))
    draft.upstream(
        "yarn",
        content.get("npmRegistryServer"),
        Role.DEFAULT,
        key="npmRegistryServer",
        line=content.lines.get("npmRegistryServer", 0),
        credentials=own,
    )
    _scopes(draft, content.get("npmScopes"))
    _registries(draft, content.get("npmRegistries"))
    return draft.done()


def _scopes(draft: Draft, scopes: object) -> None:
    if not isinstance(scopes, yaml.Mapping):
        return
    for name, about in scopes.items():
        scope = plain_scope(name)
        if scope and isinstance(about, yaml.Mapping):
            key = f"npmScopes/{name}"
            own = tuple(draft.credential(f"{key}/{secret}") for secret in _SECRETS if about.get(secret))
            draft.upstream(
                "yarn",
                about.get("npmRegistryServer"),
                Role.SCOPE,
                key=f"{key}/npmRegistryServer",
                line=scopes.lines.get(name, 0),
                scope=scope,
                credentials=own,
            )


def _registries(draft: Draft, registries: object) -> None:
    if not isinstance(registries, yaml.Mapping):
        return
    for address, about in registries.items():
        prefix = re.sub(r"\A(?:https?:)?//", "", address).rstrip("/")
        if isinstance(about, yaml.Mapping) and prefix:
            for secret_key in _SECRETS:
                if about.get(secret_key):
                    draft.credential(f"npmRegistries\n{address}\n{secret_key}", f"{prefix}/")


def read_v1(
    data: bytes,
    path: str,
    limits: Limits,
    layer: Layer = Layer.USER,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> Configuration:
    """What a `.yarnrc` of yarn 1 says: a key, a space and a value on each line. Never raises."""
    draft = Draft(path, "yarnrc-v1", layer, variables)
    try:
        text = decoded(data, limits)
    except SyntaxFault as fault:
        return draft.fault(fault)
    for number, raw in enumerate(lines_of(text), 1):
        found = _V1_LINE.fullmatch(raw.strip())
        if not found or raw.lstrip().startswith("#"):
            continue
        key, value = found["key"].rstrip(":"), found["value"].strip().strip('"')
        if key == "registry":
            draft.upstream("yarn", value, Role.DEFAULT, key=key, line=number)
        elif key.startswith("@") and key.endswith(":registry"):
            scope = key.removesuffix(":registry")
            draft.upstream("yarn", value, Role.SCOPE, key=key, line=number, scope=scope)
        else:
            draft.option(key.lstrip("-").removeprefix("install."), value, number)
    return draft.done()


def secret(data: bytes, key: str, limits: Limits, variables: Mapping[str, str] = NO_VARIABLES) -> str:
    """The value under a key path (`npmScopes/acme/npmAuthToken`), for the moment in which it is needed."""
    try:
        value = yaml.load(decoded(data, limits), limits)
    except SyntaxFault:
        return ""
    # An address holds slashes itself, so its path is divided by line ends.
    for step in key.split("\n") if "\n" in key else key.split("/"):
        value = value.get(step) if isinstance(value, yaml.Mapping) else None
    return Draft("", "yarnrc", Layer.USER, variables).expanded(value) if isinstance(value, str) else ""
