"""Clients are told by environment variables too, each with its own prefix.

Sources: the documentation of npm (`npm_config_*`, in any case, `_` for `-`), pnpm 11 (`pnpm_config_*`), yarn
(`YARN_*`), pip (`PIP_*`), uv (`UV_*`), poetry (`POETRY_*`) and bun (`BUN_CONFIG_REGISTRY`, npm's registry).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from seawall.kernel.client import Configuration, CredentialPlace, Layer, Role

from ._draft import Draft, has_userinfo

ENVIRONMENT = "environment"
_NPM = re.compile(r"npm_config_(?P<key>.+)\Z", re.IGNORECASE)
_PNPM = re.compile(r"(?:pnpm_config|PNPM_CONFIG)_(?P<key>.+)\Z")
_PLAIN_NAMES = (
    ("yarn-environment", re.compile(r"(?:YARN|yarn)_(?P<key>.+)\Z")),
    ("pip-environment", re.compile(r"PIP_(?P<key>.+)\Z")),
    ("uv-environment", re.compile(r"UV_(?P<key>EXCLUDE_NEWER)\Z")),
)


def read(environment: Mapping[str, str]) -> tuple[Configuration, ...]:
    """What the variables say to each client, one configuration per prefix that is used."""
    drafts = (
        _npm(environment),
        _prefixed(environment, "pnpm-environment", _PNPM),
        *(_prefixed(environment, format_, pattern) for format_, pattern in _PLAIN_NAMES),
        _poetry(environment),
    )
    _indexes(environment, drafts)
    found = (draft.done() for draft in drafts)
    return tuple(item for item in found if item.options or item.upstreams or item.credentials)


def _draft(format_: str) -> Draft:
    return Draft(ENVIRONMENT, format_, Layer.ENVIRONMENT)


def _npm(environment: Mapping[str, str]) -> Draft:
    draft = _draft("npm-environment")
    for name, value in environment.items():
        found = _NPM.match(name)
        if not found or not value:
            continue
        key = found["key"]
        prefix = re.match(r"//(.+?)/?:(?:_authToken|_auth|_password)\Z", key)
        scope = re.match(r"(@[^/\s:]+):registry\Z", key)
        if prefix:
            draft.credential(name, f"{prefix[1]}/")
        elif scope:
            draft.upstream("npm", value, Role.SCOPE, key=name, scope=scope[1])
        elif key.lower() == "registry":
            draft.upstream("npm", value, Role.DEFAULT, key=name)
        else:
            draft.option(key.lower(), value)
    return draft


def _prefixed(environment: Mapping[str, str], format_: str, pattern: re.Pattern[str]) -> Draft:
    draft = _draft(format_)
    for name, value in environment.items():
        found = pattern.match(name)
        if found and value:
            draft.option(found["key"].lower(), value)
    return draft


def _poetry(environment: Mapping[str, str]) -> Draft:
    draft = _draft("poetry-environment")
    for key in ("min-release-age", "min-release-age-exclude"):
        value = environment.get(f"POETRY_SOLVER_{key.upper().replace('-', '_')}")
        if value:
            draft.option(f"solver.{key}", value)
    return draft


_ADDRESSES = (
    ("PIP_INDEX_URL", "pip", Role.DEFAULT),
    ("PIP_EXTRA_INDEX_URL", "pip", Role.EXTRA),
    ("PIP_FIND_LINKS", "pip", Role.FILES),
    ("UV_DEFAULT_INDEX", "uv", Role.DEFAULT),
    ("UV_INDEX_URL", "uv", Role.DEFAULT),
    ("UV_INDEX", "uv", Role.EXTRA),
    ("UV_EXTRA_INDEX_URL", "uv", Role.EXTRA),
    ("UV_FIND_LINKS", "uv", Role.FILES),
    ("YARN_NPM_REGISTRY_SERVER", "yarn", Role.DEFAULT),
    ("YARN_REGISTRY", "yarn", Role.DEFAULT),
    ("BUN_CONFIG_REGISTRY", "bun", Role.DEFAULT),
)


def _indexes(environment: Mapping[str, str], drafts: tuple[Draft, ...]) -> None:
    by_format = {draft.format: draft for draft in drafts}
    for variable, client, role in _ADDRESSES:
        draft = by_format.get(f"{client}-environment", by_format["npm-environment"])
        for word in environment.get(variable, "").split():
            name, url = _named(word) if variable in ("UV_INDEX", "UV_DEFAULT_INDEX") else ("", word)
            own: tuple[CredentialPlace, ...] = ()
            if client == "yarn" and "YARN_NPM_AUTH_TOKEN" in environment:
                own = (CredentialPlace("", "YARN_NPM_AUTH_TOKEN"),)
            draft.upstream(client, url, role, key=variable, name=name, credentials=own)


def _named(word: str) -> tuple[str, str]:
    found = re.match(r"([A-Za-z0-9_.-]+)=(.+)\Z", word)
    return (found[1], found[2]) if found else ("", word)


def url_with_userinfo(environment: Mapping[str, str], variable: str, host: str) -> str:
    """The address of that host in a variable as it is written, for the moment of a request."""
    for word in environment.get(variable, "").split():
        url = _named(word)[1]
        if has_userinfo(url) and host in url.lower():
            return url
    return ""
