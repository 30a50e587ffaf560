"""`ledger.toml` says what a ledger is called, whose key signs it, and who outside can vouch for it.

origin = "ledger.example/team"
public = "ledger.example/team+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
key = "/home/me/.config/seawall/ledger.key"   # left out: SEAWALL_LEDGER_KEY

[[witness]]
url = "https://witness.example/w"
key = "witness.example/w+…"

[[copy]]
place = "git:https://git.example/team/ledger-copies"
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from seawall.kernel.errors import PolicyError
from seawall.kernel.ledger_settings import LedgerSettings, copy_at, witness_at
from seawall.kernel.limits import Limits
from seawall.kernel.note import ED25519, NotANote, parse_key
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

_KEYS = frozenset({"origin", "public", "key", "witness", "copy"})
_ADVICE = "correct it, or make a new one with: seawall ledger init"


def read(data: bytes, path: str, limits: Limits) -> LedgerSettings:
    """The settings in `data`. Raises PolicyError: with half of its settings a ledger is not vouched for."""
    try:
        table = toml.load(decode(data, limits), limits)
        unknown = sorted(set(table) - _KEYS)
        if unknown:
            raise ValueError(f"{unknown[0]!r} means nothing here; known are {', '.join(sorted(_KEYS))}")
        public = parse_key(_word(table, "public"))
        if public.kind != ED25519:
            raise ValueError("public is not the key of a ledger")
        return LedgerSettings(
            _word(table, "origin"),
            public,
            _word(table, "key") if "key" in table else "",
            tuple(witness_at(_word(row, "url"), _word(row, "key")) for row in _rows(table, "witness")),
            tuple(copy_at(_word(row, "place")) for row in _rows(table, "copy")),
        )
    except SyntaxFault as fault:
        problem = fault.at(path)
        raise PolicyError(f"{path}:{problem.line}: {problem.message}", _ADVICE) from None
    except NotANote as error:
        raise PolicyError(f"{path}: the key in public cannot be used: {error}", _ADVICE) from None
    except ValueError as error:
        raise PolicyError(f"{path}: {error}", _ADVICE) from None


def written(settings: LedgerSettings) -> str:
    """The text of a `ledger.toml` with these settings."""
    lines = ["# Made by: seawall ledger init", f"origin = {_quoted(settings.origin)}"]
    lines.append(f"public = {_quoted(settings.public.text)}")
    if settings.key:
        lines.append(f"key = {_quoted(settings.key)}")
    for witness in settings.witnesses:
        lines += ["", "[[witness]]", f"url = {_quoted(witness.url)}", f"key = {_quoted(witness.key.text)}"]
    for copy in settings.copies:
        lines += ["", "[[copy]]", f"place = {_quoted(copy.text)}"]
    return "\n".join(lines) + "\n"


def _word(table: Mapping[str, object], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value or any(character < " " for character in value):
        raise ValueError(f"{key} must be a text on one line")
    return value


def _rows(table: Mapping[str, object], name: str) -> Iterator[Mapping[str, object]]:
    rows = table.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"write [[{name}]]")
    known = {"witness": {"url", "key"}, "copy": {"place"}}[name]
    for row in rows:
        unknown = sorted(set(row) - known)
        if unknown:
            raise ValueError(f"{unknown[0]!r} means nothing in [[{name}]]")
        yield row


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
