"""A credential is read in the moment of a request, for the host that it was set for, and shown to nobody."""

from __future__ import annotations

import base64
import netrc
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from seawall.kernel.client import KEYRING, Configuration, CredentialPlace, Layer, Machine, Upstream
from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.readers.clients import bunfig, npmrc, pip_conf, uv_toml, yarn_config
from seawall.readers.clients import environment as variables

from .clients import home_of
from .files import read
from .keyring import Keyring


@dataclass(frozen=True, slots=True)
class Credential:
    """What goes into the `Authorization` header of a request to `host`, and to no other host."""

    host: str
    authorization: str = field(repr=False)

    def __str__(self) -> str:
        return f"a credential for {self.host}"


def credential_for(
    upstream: Upstream,
    machine: Machine,
    environment: Mapping[str, str] = os.environ,
    limits: Limits = DEFAULT_LIMITS,
) -> Credential | None:
    """The credential that the user's clients would send to this upstream, None when they have none.

    Asked in this order: the places of the upstream (userinfo in its address, a token for its host and
    path), uv's variables for a named index, `.netrc` for PyPI clients. Only places of the machine, the user
    and the environment are looked at, and only for https, or http on this machine.
    """
    if not _may_carry(upstream):
        return None
    known = {place.path for place in machine.configurations}
    for place in upstream.credentials:
        if place.where and place.where not in known:
            continue
        value = _authorization(_Asked(place, upstream, environment, limits))
        if value:
            return Credential(upstream.host, value)
    value = _uv_variables(upstream, environment) or _from_netrc(upstream, environment)
    return Credential(upstream.host, value) if value else None


def credential_at(
    places: Sequence[CredentialPlace],
    ecosystem: str,
    url: str,
    environment: Mapping[str, str] = os.environ,
    limits: Limits = DEFAULT_LIMITS,
    keyring: Keyring | None = None,
) -> Credential | None:
    """The credential of a registry of which it is only known where its credential is kept.

    A place is one of a client's (an npmrc's key, a variable that holds an address), or one of ours: a
    variable or a whole file that holds a token, or `user:password`, or a user of `keyring`. Raises
    OutsideError when a keyring that is named does not have it.
    """
    kept = [place for place in places if place.where == KEYRING]
    places = [place for place in places if place.where != KEYRING]
    named = next((p.key for p in places if not p.where and p.key.startswith("UV_INDEX_")), "")
    upstream = Upstream(
        ecosystem,
        "uv" if named else "",
        url,
        name=named.removeprefix("UV_INDEX_").removesuffix("_PASSWORD"),
        credentials=tuple(replace(place, where=_absolute(place.where, environment)) for place in places),
        host=urlsplit(url).netloc.lower(),
    )
    files = {place.where for place in upstream.credentials if place.where}
    machine = Machine(configurations=tuple(Configuration(path, "", Layer.USER) for path in sorted(files)))
    found = credential_for(upstream, machine, environment, limits)
    if found or not _may_carry(upstream):
        return found
    for place in upstream.credentials:
        value = _plain(place, environment)
        if value:
            return Credential(upstream.host, value)
    if kept and keyring is not None:
        return Credential(upstream.host, _from_keyring(kept[0], upstream, keyring))
    return None


def _from_keyring(place: CredentialPlace, upstream: Upstream, keyring: Keyring) -> str:
    """As pip and uv look for it: under the whole address, then under the host. npm and hubs want tokens."""
    services = (place.prefix,) if place.prefix else (upstream.url, upstream.host)
    password = keyring.password(services, place.key)
    if upstream.ecosystem == "PyPI":
        password = f"{place.key}:{password}"
    value = _as_header("pair" if ":" in password else "token", password)
    if not value or not value.isascii() or " " in value.partition(" ")[2]:
        raise OutsideError(f"what the keyring has for {place.key} is no credential", "look at the entry")
    return value


def _absolute(path: str, environment: Mapping[str, str]) -> str:
    return str(home_of(environment) / path[2:]) if path.startswith("~/") else path


def _plain(place: CredentialPlace, environment: Mapping[str, str]) -> str:
    if place.where:
        data = read(Path(place.where)) if not place.key else b""
        value = data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
    else:
        value = environment.get(place.key, "")
    value = value.strip()
    if "://" in value or " " in value or place.key.startswith("UV_INDEX_"):
        return ""
    return _as_header("pair" if ":" in value else "token", value)


def _may_carry(upstream: Upstream) -> bool:
    parts = urlsplit(upstream.url)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return bool(upstream.host) and (parts.scheme == "https" or (parts.scheme == "http" and local))


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question: what stands at this place for this upstream?"""

    place: CredentialPlace
    upstream: Upstream
    environment: Mapping[str, str]
    limits: Limits


def _authorization(asked: _Asked) -> str:
    place = asked.place
    if not place.where:
        return _from_variable(place.key, asked.upstream, asked.environment)
    data = read(Path(place.where))
    if not isinstance(data, bytes):
        return ""
    name = Path(place.where).name
    find = next((find for endings, find in _BY_NAME if name.endswith(endings)), _from_npmrc)
    return find(asked, data)


def _from_yarn(asked: _Asked, data: bytes) -> str:
    secret = yarn_config.secret(data, asked.place.key, asked.limits, asked.environment)
    return _as_header("ident" if asked.place.key.endswith("npmAuthIdent") else "token", secret)


def _from_bun(asked: _Asked, data: bytes) -> str:
    secret = bunfig.secret(data, asked.place.key, asked.limits, asked.environment)
    if asked.place.key.endswith("/url"):
        return _userinfo([secret], asked.upstream)
    return _as_header("pair" if asked.place.key.endswith("/password") else "token", secret)


def _from_uv(asked: _Asked, data: bytes) -> str:
    return _userinfo(uv_toml.urls(data, asked.place.key, asked.limits), asked.upstream)


def _from_pip(asked: _Asked, data: bytes) -> str:
    return _userinfo(pip_conf.urls(data, asked.place.key, asked.limits), asked.upstream)


def _from_variable(name: str, upstream: Upstream, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "")
    for ending, kind in ((":_authToken", "token"), (":_auth", "basic"), ("_AUTH_TOKEN", "token")):
        if name.endswith(ending):
            return _as_header(kind, value)
    return _userinfo([variables.url_with_userinfo(environment, name, upstream.host)], upstream)


def _from_npmrc(asked: _Asked, data: bytes) -> str:
    key = asked.place.key
    secret = npmrc.secret(data, key, asked.limits, asked.environment)
    if key.endswith(":_authToken"):
        return _as_header("token", secret)
    if key.endswith(":_auth"):
        return _as_header("basic", secret)
    if key.endswith(":_password"):
        user_key = f"{key.removesuffix(':_password')}:username"
        user = npmrc.secret(data, user_key, asked.limits, asked.environment)
        try:
            return _as_header("pair", f"{user}:{base64.b64decode(secret, validate=True).decode()}")
        except ValueError:
            return ""
    return _userinfo([secret], asked.upstream)


_BY_NAME: tuple[tuple[str | tuple[str, ...], Callable[[_Asked, bytes], str]], ...] = (
    ((".yml", ".yaml"), _from_yarn),
    ("bunfig.toml", _from_bun),
    (".toml", _from_uv),
    ("pip.conf", _from_pip),
)


def _userinfo(urls: list[str], upstream: Upstream) -> str:
    for url in urls:
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower() + (f":{parts.port}" if parts.port else "")
        except ValueError:
            continue
        if host == upstream.host and parts.username is not None:
            return _as_header("pair", f"{unquote(parts.username)}:{unquote(parts.password or '')}")
    return ""


def _uv_variables(upstream: Upstream, environment: Mapping[str, str]) -> str:
    if upstream.client != "uv" or not upstream.name:
        return ""
    stem = f"UV_INDEX_{re.sub('[^A-Za-z0-9]', '_', upstream.name).upper()}"
    password = environment.get(f"{stem}_PASSWORD", "")
    return _as_header("pair", f"{environment.get(f'{stem}_USERNAME', '')}:{password}") if password else ""


def _from_netrc(upstream: Upstream, environment: Mapping[str, str]) -> str:
    if upstream.ecosystem != "PyPI":
        return ""
    path = Path(environment.get("NETRC") or home_of(environment) / ".netrc")
    if not isinstance(read(path), bytes):
        return ""
    try:
        # Only a host's own entry: `default` would go to any host.
        found = netrc.netrc(path).hosts.get(urlsplit(upstream.url).hostname or "")
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return ""
    return _as_header("pair", f"{found[0] or found[1]}:{found[2]}") if found else ""


def _as_header(kind: str, secret: str) -> str:
    # What a variable left open, or what would end the header's line, is no credential.
    if not secret.strip(":") or "${" in secret or re.search(r"[\r\n\0]", secret):
        return ""
    if kind == "token":
        return f"Bearer {secret}"
    if kind == "pair" or (kind == "ident" and ":" in secret):
        return f"Basic {base64.b64encode(secret.encode()).decode()}"
    return f"Basic {secret}"
