"""A token is made, listed, revoked, or given for what a CI system signed; its secret is told once."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from seawall.kernel.errors import OutsideError, UsageError
from seawall.kernel.gate_settings import GithubTrust
from seawall.kernel.identity import Identity, Proof
from seawall.kernel.token import PREFIX, Token, digest_of, good_name

if TYPE_CHECKING:
    from seawall.adapters.issuers.github import KeyFor
    from seawall.adapters.stores.tokens import TokenStore

DAYS = 90
LONGEST_DAYS = 366
LONGEST_BODY = 32 * 1024
"""Bytes of a request that asks for an exchange."""


def make(
    store: TokenStore,
    name: str,
    now: datetime,
    *,
    days: int = DAYS,
    teams: Sequence[str] = (),
    person: bool = False,
) -> tuple[str, Token]:
    """A new token for `name` and what is kept of it. Raises UsageError for a bad name or a third live one."""
    if not good_name(name):
        raise UsageError(f"{name!r} cannot name a token", "use up to 64 of: a-z 0-9 . _ -")
    if not 1 <= days <= LONGEST_DAYS:
        raise UsageError(f"{days} days are not possible", f"give 1 to {LONGEST_DAYS}")
    if not all(good_name(team) for team in teams) or "forks" in teams:
        raise UsageError("a team cannot be called that", "use a-z 0-9 . _ - and not forks")
    kind = "Person" if person else "Workload"
    who = Identity(f"token:{name}", kind, tuple(dict.fromkeys(teams)), Proof.TOKEN)
    return _kept(store, name, who, now, now + timedelta(days=days))


def _kept(
    store: TokenStore, name: str, who: Identity, now: datetime, expires: datetime, limit: int | None = 2
) -> tuple[str, Token]:
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(digest_of(secret), name, who, now, expires)
    store.add(token, limit=limit)
    return secret, token


def revoke(store: TokenStore, name: str, now: datetime, *, everything: bool = False) -> tuple[Token, ...]:
    """Take back the older live token of `name`, or all of them; which were. Raises UsageError when none is.

    The older one first: after a change-over it is the one that is no longer used.
    """
    live = [token for token in store.all() if token.name == name and token.live(now)]
    if not live:
        raise UsageError(f"{name} has no live token", "seawall firewall token list shows them")
    gone = live if everything else live[-1:]
    store.revoke(tuple(token.digest for token in gone), now)
    return tuple(gone)


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The answer to whoever wanted a short token. `identity` is whose it is, None when there is none."""

    status: int
    body: bytes
    identity: Identity | None = None
    content_type: str = "application/json"


def exchange(
    body: bytes, trusts: Sequence[GithubTrust], key_for: KeyFor, store: TokenStore, now: datetime
) -> Exchanged:
    """A short token for a signed one: `{"token": SIGNED}` → `{"token", "expires", "id", "fork"}`.

    `POST /-/seawall/token`, over https or from this machine. 400 for what is no request, 401 for what proves
    nothing or was used before, 503 when the issuer's keys cannot be had. May wait for the network.
    """
    from seawall.adapters.issuers.github import Unproven, proven

    signed = _signed(body)
    if signed is None:
        return _refused(400, "what was sent is no request for a token", 'send {"token": "…"}')
    try:
        who, trust, proof, until = proven(signed, trusts, key_for, now.timestamp())
    except Unproven as error:
        return _refused(401, str(error), error.advice)
    except OutsideError as error:
        return _refused(503, str(error), error.advice)
    known_until = datetime.fromtimestamp(until, now.tzinfo)
    if not store.use_once(digest_of(proof), known_until, now):
        return _refused(401, "the token was used before", "ask for a new one; each counts once")
    store.prune(now)
    name = who.id.replace(":", "-")
    expires = now + timedelta(minutes=trust.minutes)
    secret, _ = _kept(store, name, who, now, expires, limit=None)
    answer = {"token": secret, "expires": expires.isoformat(), "id": who.id, "fork": who.fork}
    return Exchanged(200, json.dumps(answer).encode(), who)


def _signed(body: bytes) -> str | None:
    if len(body) > LONGEST_BODY:
        return None
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    value = content.get("token") if isinstance(content, dict) else None
    return value if isinstance(value, str) and value else None


def _refused(status: int, error: str, advice: str) -> Exchanged:
    answer: dict[str, object] = {
        "error": f"{error}: {advice}" if advice else error,
        "policy": ["identity/exchange"],
        "evidence": [],
        "allowed_from": None,
        "allowed_version": None,
        "how_to_exempt": advice,
    }
    return Exchanged(status, json.dumps(answer).encode())
