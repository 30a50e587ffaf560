"""Tokens tell when they end, some of them openly, and files of tokens are much alike.

Source: RFC 7519 (the `exp` claim is read without a check, for its time only); RFC 5280 through
`cryptography`, where it is installed.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from seawall.kernel.credential import moment, moment_of

from ._draft import Draft, literal

_LONGEST = 16_384
_MOST_VALUES = 20_000
_SECRET = re.compile(
    r"(?i)(?:token|secret|password|passwd|passphrase|api[_-]?key|private[_-]?key|access[_-]?key(?:_?secret)?"
    r"|secret[_-]?key|auth|authkey|credential|_key|\Akey|pat)\Z"
)
_TABLE = re.compile(r"(?i)(?:tokens|passwords|secrets)\Z")
"""Below such a key the names are their owner's, and every text is a secret."""
_RENEWS = re.compile(r"(?i)refresh[_-]?token\Z")
_ENDS = frozenset(
    {"expiresat", "expires_at", "expiry", "expiry_date", "expires", "expiration", "expires_on", "expireson",
     "token_expiry", "expires-at", "expirydate", "expirationdate", "expiration_date"}
)  # fmt: skip


def jwt_expiry(token: object) -> str:
    """When a JSON Web Token ends; empty when it does not say so, or is none."""
    if not isinstance(token, str) or len(token) > _LONGEST:
        return ""
    parts = token.strip().split(".")
    if len(parts) != 3 or not parts[0].startswith("eyJ"):
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return ""
    return expiry(claims.get("exp")) if isinstance(claims, dict) else ""


def expiry(value: object) -> str:
    """A time as it is written in files of tokens: seconds, milliseconds, or ISO 8601."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return moment(value) if abs(value) < 1e16 else ""
    if not isinstance(value, str):
        return ""
    if re.fullmatch(r"[0-9]{9,13}", value):
        return moment(int(value))
    return moment_of(value)


def certificate_expiry(data: bytes) -> str:
    """When an X.509 certificate in PEM ends; empty where it cannot be read or `cryptography` is not here."""
    try:
        from cryptography import x509
    except ImportError:
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # certificates that are odd are read all the same
        try:
            found = x509.load_pem_x509_certificate(data[:_LONGEST])
            return moment(found.not_valid_after_utc.timestamp())
        except (ValueError, TypeError, OverflowError, x509.InvalidVersion):
            return ""


@dataclass(frozen=True, slots=True)
class Login:
    """One object of a file in which secrets stand. `where` are the keys that lead to it, `keys` theirs."""

    where: tuple[str, ...]
    keys: tuple[str, ...]
    expires: str = ""
    renews: bool = False


def logins(value: object) -> Iterator[Login]:
    """Every object below `value` that holds a secret, in order."""
    pending: list[tuple[tuple[str, ...], object]] = [((), value)]
    seen = 0
    while pending and seen < _MOST_VALUES:
        where, item = pending.pop(0)
        seen += 1
        if isinstance(item, dict):
            found = _login(where, item)
            if found:
                yield found
            pending += [((*where, str(k)), v) for k, v in item.items() if isinstance(v, dict | list)]
        elif isinstance(item, list):
            pending += [(where, v) for v in item if isinstance(v, dict | list)]


def _login(where: tuple[str, ...], item: dict[str, object]) -> Login | None:
    every = bool(where and _TABLE.search(where[-1]))
    keys = tuple(str(k) for k, value in item.items() if (every or _is_secret(str(k))) and literal(value))
    if not keys:
        return None
    renews = any(_RENEWS.search(key) for key in keys)
    told = [expiry(value) for key, value in item.items() if str(key).lower() in _ENDS]
    told += [jwt_expiry(item[key]) for key in keys if not _RENEWS.search(key)]
    return Login(where, keys, next((one for one in told if one), ""), renews)


def _is_secret(key: str) -> bool:
    return bool(_SECRET.search(key)) and "public" not in key.lower()


def keep_logins(draft: Draft, value: object, name: str = "") -> None:
    """Keep every object that holds a secret, by `name` or by the keys that lead to it."""
    for found in logins(value):
        called = found.where[-1] if found.where else ""
        note = "it renews itself" if found.renews else ""
        draft.keep(name or called or found.keys[0], expires=found.expires, renews=found.renews, note=note)
