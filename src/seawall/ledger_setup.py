"""A ledger is set up once: it gets a name, a key that lies elsewhere, and whoever may vouch for it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.kernel.errors import UsageError
from seawall.kernel.ledger_settings import CopyAt, LedgerSettings, WitnessAt
from seawall.kernel.note import COSIGNATURE, ED25519, Key, NotANote, parse_key

if TYPE_CHECKING:
    from seawall.adapters.signers.ed25519 import Signer

KEY_FILE = "ledger.key"


def new_settings(
    ledger: Path, key: Path, origin: str, *, beside: bool, environment: Mapping[str, str] = environ
) -> LedgerSettings:
    """A name and a key, from the environment or the file `key`, which is made if there is none.

    Empty `origin`: that of the key, or a random one. Raises UsageError when the key cannot be made or used,
    or would lie beside the ledger and `beside` does not allow it.
    """
    from seawall.adapters.signers.ed25519 import signer_of
    from seawall.adapters.signers.key_file import VARIABLE, from_environment, refuse_beside

    given = from_environment(environment)
    if given:
        signer, place = signer_of(given, VARIABLE), ""
    else:
        if not beside:
            refuse_beside(key, ledger)
        signer, place = _signer(key, origin or _random("seawall-ledger"), ED25519), str(key)
    if signer.key.kind != ED25519:
        raise UsageError("that is the key of a witness, not of a ledger", "name another with --key")
    if origin and origin != signer.key.name:
        raise UsageError(
            f"that key is of {signer.key.name}, not of {origin}", "leave out --origin, or name another --key"
        )
    return LedgerSettings(signer.key.name, signer.key, place)


def with_more(
    settings: LedgerSettings, witnesses: Iterable[WitnessAt], copies: Iterable[CopyAt]
) -> LedgerSettings:
    """The settings with further witnesses and copies; a witness that was known gets its new address."""
    return replace(
        settings,
        witnesses=tuple({item.key: item for item in (*settings.witnesses, *witnesses)}.values()),
        copies=tuple(dict.fromkeys((*settings.copies, *copies))),
    )


def keep_settings(path: Path, settings: LedgerSettings) -> None:
    """Write them, in place of those that were there. Raises UsageError."""
    from seawall.adapters.witnesses.copies import write_file
    from seawall.kernel.errors import OutsideError
    from seawall.readers.settings.ledger_toml import written

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(path, written(settings).encode())
    except (OSError, OutsideError) as error:
        raise UsageError(
            f"the settings {path} cannot be written: {error}", "name others with --settings"
        ) from None


def witness_signer(key: Path, name: str) -> Signer:
    """The key of a witness, made if there is none. Raises UsageError."""
    signer = _signer(key, name or _random("seawall-witness"), COSIGNATURE)
    if signer.key.kind != COSIGNATURE:
        raise UsageError(f"{key} is the key of a ledger, not of a witness", "name another with --key")
    return signer


def log_keys(texts: Iterable[str]) -> dict[str, list[Key]]:
    """The public keys of ledgers, by the origin that they sign for: their name. Raises UsageError."""
    logs: dict[str, list[Key]] = {}
    for text in texts:
        key = ledger_key(text)
        logs.setdefault(key.name, []).append(key)
    return logs


def ledger_key(text: str) -> Key:
    """The public key of a ledger in its text form. Raises UsageError."""
    return _public(text, ED25519, "ledger", "seawall ledger init prints it")


def witness_key(text: str) -> Key:
    """The public key of a witness in its text form. Raises UsageError."""
    return _public(text, COSIGNATURE, "witness", "seawall ledger witness prints it when it starts")


def _public(text: str, kind: int, whose: str, advice: str) -> Key:
    try:
        key = parse_key(text.strip())
    except NotANote as error:
        raise UsageError(f"{text!r} is no public key: {error}", advice) from None
    if key.kind != kind:
        raise UsageError(f"{text} is not the key of a {whose}", advice)
    return key


def _signer(path: Path, name: str, kind: int) -> Signer:
    from seawall.adapters.signers.ed25519 import new_secret_key, signer_of
    from seawall.adapters.signers.key_file import read_key, write_key

    if not path.exists():
        try:
            write_key(path, new_secret_key(name, kind).text)
        except NotANote as error:
            raise UsageError(f"{name!r} cannot be a name: {error}", "name it like example.com/team") from None
    return signer_of(read_key(path), str(path))


def _random(prefix: str) -> str:
    return f"{prefix}/{secrets.token_hex(4)}"
