"""A token is known by its digest alone, and opens the door until it expires or is revoked."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from .identity import Identity

PREFIX = "swt_"
"""Begins every token, so that people and secret scanners recognise one."""

LONGEST = 512
"""Characters of a credential that is looked at; a longer one is no token of ours."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_BASIC = 2_048


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token. Times are aware UTC; `revoked` is None while it is not.

    `name` is what people call it; `digest` the SHA-256 of the token as it is sent.
    """

    digest: bytes
    name: str
    identity: Identity
    created: datetime
    expires: datetime
    revoked: datetime | None = None

    def live(self, now: datetime) -> bool:
        """It opens the door at that moment."""
        return self.revoked is None and now < self.expires

    def ended(self, now: datetime) -> str:
        """The sentence that says since when it does not count, empty while it does."""
        if self.revoked is not None:
            return f"the token {self.name} was revoked on {self.revoked:%Y-%m-%d %H:%M} UTC"
        if now >= self.expires:
            return f"the token {self.name} expired on {self.expires:%Y-%m-%d %H:%M} UTC"
        return ""


def digest_of(secret: str) -> bytes:
    """What is kept of a token: 32 bytes. A token has 256 random bits, so one round is enough."""
    return sha256(secret.encode("utf-8", "surrogateescape")).digest()


def good_name(name: str) -> bool:
    """A token may be called that: up to 64 of `a-z 0-9 . _ -`, a letter or digit first."""
    return _NAME.fullmatch(name) is not None


def candidates(authorization: str) -> Iterator[str]:
    """What in an `Authorization` header may be a token: of `Bearer` the word, of `Basic` password then user.

    pip, uv and poetry send it as user or password, npm, pnpm and yarn as `Bearer` (RFC 7617, RFC 6750).
    """
    scheme, _, rest = authorization.partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer" and rest:
        yield rest
    elif scheme.lower() == "basic" and 0 < len(rest) <= _BASIC:
        try:
            pair = b64decode(rest, validate=True).decode("utf-8")
        except (NotBase64, ValueError):
            return
        user, _, password = pair.partition(":")
        yield from (word for word in (password, user) if word)
