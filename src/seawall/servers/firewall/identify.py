"""Who asks is found out first, and a credential that is not known is refused, never ignored."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hmac import compare_digest
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Protocol

from seawall.kernel.errors import PolicyError
from seawall.kernel.gate_settings import GateSettings
from seawall.kernel.identity import Identity, address
from seawall.kernel.leading import COMMIT_HEADER, PLACE_HEADER, RUN_HEADER
from seawall.kernel.token import LONGEST, Token, candidates, digest_of

ANONYMOUS = "identity/anonymous"
"""The policy of a refusal of somebody who sent no credential at all."""

_CLAIM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}")
_HOPS = 16


class Tokens(Protocol):
    """Whatever can find a token by its digest."""

    def find(self, digest: bytes) -> Token | None:
        """The token of that digest, live or not."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nobody is let in under this claim. `error` is a sentence without any secret."""

    status: int
    error: str
    advice: str
    policy: str

    @property
    def body(self) -> bytes:
        """The JSON that goes to the client."""
        answer: dict[str, object] = {
            "error": f"{self.error}: {self.advice}",
            "policy": [self.policy],
            "evidence": [],
            "allowed_from": None,
            "allowed_version": None,
            "how_to_exempt": self.advice,
        }
        return json.dumps(answer).encode()

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """(lower-case name, value) pairs that belong to it."""
        challenge = (("www-authenticate", 'Basic realm="seawall"'),) if self.status == 401 else ()
        return (("content-type", "application/json"), *challenge)


def identify(
    client_host: str,
    headers: Mapping[str, str],
    tls: bool,
    settings: GateSettings,
    tokens: Tokens | None,
    now: datetime,
) -> Identity | Refusal:
    """Who asks. `client_host` is the address of the connection, header names are lower case.

    A credential that is sent must be a live token, whatever else is known; over plain http it is taken from
    this machine only. Without one the address counts, where `settings.anonymous` allows it. What the headers
    say of a run counts together with a token or from this machine. Cheap enough for every request: a
    database is asked at most every few seconds for one token.
    """
    host, tls = _behind_proxies(client_host, headers, tls, settings.listen.proxies)
    # What a proxy passes on without saying for whom did not begin on this machine.
    here = _loopback(host) and not (settings.listen.proxies and _listed(host, settings.listen.proxies))
    said = headers.get("authorization", "")
    if said:
        if not (tls or here):
            return _PLAIN
        found = _known(said, tokens, now)
        return found if isinstance(found, Refusal) else _told(found, host, headers)
    if not settings.anonymous:
        return _NOBODY
    who = address(host)
    return _told(who, host, headers) if here else who


_PLAIN = Refusal(
    403,
    "a token came over plain http from another machine",
    "revoke it, for it was readable on the way, and use https",
    "identity/plain-http",
)
_NOBODY = Refusal(
    401,
    "this firewall serves nobody without a token",
    "send one as the password of the registry's address: seawall firewall token add NAME makes one",
    ANONYMOUS,
)
_UNKNOWN = Refusal(
    401,
    "this firewall does not know the credential that was sent",
    "take it out of the client's settings, or make a token: seawall firewall token add NAME",
    "identity/unknown-token",
)


def _known(said: str, tokens: Tokens | None, now: datetime) -> Identity | Refusal:
    for word in candidates(said):
        if len(word) > LONGEST:
            continue
        digest = digest_of(word)
        token = tokens.find(digest) if tokens is not None else None
        if token is None or not compare_digest(token.digest, digest):
            continue
        if token.live(now):
            return token.identity
        advice = f"make a new one: seawall firewall token add {token.name}"
        return Refusal(401, token.ended(now), advice, "identity/ended-token")
    return _UNKNOWN


def _told(who: Identity, host: str, headers: Mapping[str, str]) -> Identity:
    """`who` with what the request says of its run; what a CI system signed is never overwritten."""
    run, commit, place = (_claim(headers, name) for name in (RUN_HEADER, COMMIT_HEADER, PLACE_HEADER))
    place = who.place or place or host
    run, commit = who.run or run, who.commit or commit
    if (place, run, commit) == (who.place, who.run, who.commit):
        return who
    return replace(who, place=place, run=run, commit=commit)


def _claim(headers: Mapping[str, str], name: str) -> str:
    text = headers.get(name, "")
    return text if text and _CLAIM.fullmatch(text) else ""


def check_proxies(settings: GateSettings) -> None:
    """Raise PolicyError when a listed proxy is no address and no network."""
    for text in settings.listen.proxies:
        try:
            ip_network(text, strict=False)
        except ValueError:
            raise PolicyError(
                f"listen.proxies names {text!r}, which is no address", "write addresses or networks"
            ) from None


def _behind_proxies(
    client: str, headers: Mapping[str, str], tls: bool, proxies: tuple[str, ...]
) -> tuple[str, bool]:
    """The nearest address that is no listed proxy, and whether the way to the first proxy was encrypted.

    `X-Forwarded-For` is read from the right, and only as far as listed proxies wrote it.
    """
    forwarded = headers.get("x-forwarded-for", "")
    if not proxies or not _listed(client, proxies):
        return client, tls
    tls = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower() == "https"
    hops = [part.strip() for part in forwarded.split(",")[-_HOPS:]]
    for hop in reversed(hops):
        bare = _address(hop)
        if not bare:
            break
        client = bare
        if not _listed(bare, proxies):
            break
    return client, tls


@lru_cache(maxsize=4_096)
def _listed(host: str, proxies: tuple[str, ...]) -> bool:
    try:
        found = ip_address(host)
    except ValueError:
        return False
    return any(found in network for network in _networks(proxies))


@lru_cache(maxsize=16)
def _networks(proxies: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text, strict=False) for text in proxies)


def _address(text: str) -> str:
    """An address without port and brackets, empty for anything else."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ip_address(bare))
    except ValueError:
        return ""


@lru_cache(maxsize=4_096)
def _loopback(host: str) -> bool:
    try:
        found = ip_address(host)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback
