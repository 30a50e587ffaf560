"""Ed25519 as notes use it: a key signs texts, or, as a witness's, a time and a text, never both.

The arithmetic is that of `cryptography`, imported where it is used. Source: RFC 8032; C2SP signed-note and
tlog-cosignature.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from seawall.kernel.checkpoint import cosignature, cosigned, split_cosignature
from seawall.kernel.errors import UsageError
from seawall.kernel.note import (
    COSIGNATURE,
    ED25519,
    Key,
    NotANote,
    Note,
    SecretKey,
    Signature,
    parse_secret_key,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class WrongSignature(ValueError):
    """A signature that says it is of a known key is not: the note is forged or broken."""


@dataclass(frozen=True, slots=True)
class Signed:
    """`key` vouches for a note; `time` is when, in Unix seconds, 0 where the kind of key has no time."""

    key: Key
    time: int = 0


class Signer:
    """A private key that can be used and not read."""

    def __init__(self, key: Key, private: Ed25519PrivateKey) -> None:
        self.key = key
        self._private = private

    def sign(self, text: str) -> Signature:
        """The signature of a log over a note's text."""
        if self.key.kind != ED25519:
            raise ValueError("a witness's key signs no texts by themselves")
        return Signature(self.key.name, self.key.id, self._private.sign(text.encode()))

    def cosign(self, text: str, time: int) -> Signature:
        """The signature of a witness: at `time` (Unix seconds) this was the newest that it had seen."""
        if self.key.kind != COSIGNATURE:
            raise ValueError("a log's key signs nothing as a witness")
        value = cosignature(time, self._private.sign(cosigned(text, time)))
        return Signature(self.key.name, self.key.id, value)


def new_secret_key(name: str, kind: int = ED25519) -> SecretKey:
    """A fresh key. Raises NotANote when `name` cannot be a key's name."""
    seed = secrets.token_bytes(32)
    return SecretKey(name, kind, Key(name, kind, _public(seed)).id, seed)


def signer_of(text: str, where: str) -> Signer:
    """The signer in a key's text form; `where` says in an error whence it came, the text never is."""
    try:
        secret = parse_secret_key(text.strip())
        key = Key(secret.name, secret.kind, _public(secret.seed))
        if key.id != secret.id:
            raise NotANote("its id does not belong to its name and key")
    except NotANote as error:
        raise UsageError(f"the key in {where} cannot be used: {error}", _MAKE) from None
    return Signer(key, _ed25519().Ed25519PrivateKey.from_private_bytes(secret.seed))


_MAKE = "make one with: seawall ledger init"


def signed_by(note: Note, keys: Iterable[Key]) -> tuple[Signed, ...]:
    """Those of `keys` that vouch for `note`, each with its latest time.

    Raises WrongSignature when a signature says it is of one of them and is not. Others are passed over.
    """
    found = []
    for key in keys:
        times = [_time(key, note.text, item) for item in note.by(key)]
        if times:
            found.append(Signed(key, max(times)))
    return tuple(found)


def _time(key: Key, text: str, signature: Signature) -> int:
    from cryptography.exceptions import InvalidSignature

    try:
        time, value = split_cosignature(signature.value) if key.kind == COSIGNATURE else (0, signature.value)
        message = cosigned(text, time) if key.kind == COSIGNATURE else text.encode()
        _ed25519().Ed25519PublicKey.from_public_bytes(key.public).verify(value, message)
    except (InvalidSignature, NotANote, ValueError):
        raise WrongSignature(f"a signature that says it is of {key.name} is not") from None
    return time


def _public(seed: bytes) -> bytes:
    return bytes(_ed25519().Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def _ed25519() -> ModuleType:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise UsageError(
            "the ledger's signatures need the library cryptography",
            "install Seawall with it: pip install 'seawall[ledger]'",
        ) from None
    return ed25519
