"""`seawall firewall token`: make, list and revoke the tokens of a firewall."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Streams

if TYPE_CHECKING:
    from seawall.adapters.stores.tokens import TokenStore
    from seawall.kernel.token import Token

DATABASE = "gate.db"


def arguments(parser: ArgumentParser) -> None:
    """The words behind `seawall firewall token`."""
    add = parser.add_argument
    add("do", choices=("add", "list", "revoke"), help="add NAME, list, revoke NAME")
    add("name", nargs="?", default="", metavar="NAME", help="what the token is called: a-z 0-9 . _ -")
    add("--format", choices=("text", "json"), default="text", help="what is printed (default: text)")
    options(parser)


def options(parser: ArgumentParser) -> None:
    """The options of `seawall firewall token`."""
    add = parser.add_argument
    add("--days", type=int, default=90, metavar="N", help="token add: how long it counts (default: 90)")
    add("--team", action="append", default=[], metavar="NAME", help="token add: a team that it belongs to")
    add("--person", action="store_true", help="token add: it is a person's, not a job's or a service's")
    add("--all", action="store_true", help="token revoke: every live one of that name, not only the older")


def run_words(parsed: Namespace, words: Sequence[str], streams: Streams) -> int:
    """The same for words that were parsed with others' options: `add NAME`, `list`, `revoke NAME`."""
    from seawall.kernel.errors import UsageError

    if not words or len(words) > 2:
        raise UsageError("token needs to know what to do", "write: add NAME, list, or revoke NAME")
    parsed.do, parsed.name = words[0], words[1] if len(words) > 1 else ""
    return run(parsed, streams)


def run(parsed: Namespace, streams: Streams, data: Path | None = None) -> int:
    """Do it in the database of `data`, or of the usual data directory."""
    from seawall.adapters.disk.places import data_directory
    from seawall.adapters.stores.tokens import TokenStore
    from seawall.kernel.errors import UsageError

    if parsed.do not in ("add", "list", "revoke"):
        raise UsageError(f"token does not know {parsed.do!r}", "write: add NAME, list, or revoke NAME")
    if parsed.do != "list" and not parsed.name:
        raise UsageError(f"{parsed.do} needs a name", f"write: seawall firewall token {parsed.do} NAME")
    if parsed.do == "list" and parsed.name:
        raise UsageError("list takes no name", "write: seawall firewall token list")
    store = TokenStore((data or data_directory()) / DATABASE)
    try:
        do = {"add": _add, "list": _list, "revoke": _revoke}[parsed.do]
        return do(parsed, streams, store, datetime.now(UTC))
    finally:
        store.close()


def _add(parsed: Namespace, streams: Streams, store: TokenStore, now: datetime) -> int:
    from seawall.tokens import make

    secret, token = make(store, parsed.name, now, days=parsed.days, teams=parsed.team, person=parsed.person)
    if parsed.format == "json":
        streams.result(json.dumps({"schema": "seawall/token/1", "token": secret, **_shown(token, now)}))
        return 0
    streams.result(secret)
    streams.note(f"{token.name} counts until {token.expires:%Y-%m-%d %H:%M} UTC; it is shown this once")
    return 0


def _list(parsed: Namespace, streams: Streams, store: TokenStore, now: datetime) -> int:
    tokens = store.all()
    if parsed.format == "json":
        answer = {"schema": "seawall/tokens/1", "tokens": [_shown(token, now) for token in tokens]}
        streams.result(json.dumps(answer, indent=2))
        return 0
    streams.result(_table(tokens, now) if tokens else "no tokens")
    return 0


def _revoke(parsed: Namespace, streams: Streams, store: TokenStore, now: datetime) -> int:
    from seawall.tokens import revoke

    gone = revoke(store, parsed.name, now, everything=parsed.all)
    if parsed.format == "json":
        answer = {"schema": "seawall/tokens/1", "revoked": [_shown(token, now) for token in gone]}
        streams.result(json.dumps(answer, indent=2))
        return 0
    for token in gone:
        streams.result(f"revoked {token.name}, made on {token.created:%Y-%m-%d %H:%M} UTC")
    streams.note("a firewall that runs refuses it within five seconds")
    return 0


def _shown(token: Token, now: datetime) -> dict[str, object]:
    return {
        "name": token.name,
        "id": token.identity.id,
        "kind": token.identity.kind,
        "teams": list(token.identity.teams),
        "by": token.identity.proof.value,
        "fork": token.identity.fork,
        "created": token.created.isoformat(timespec="seconds"),
        "expires": token.expires.isoformat(timespec="seconds"),
        "revoked": token.revoked.isoformat(timespec="seconds") if token.revoked else None,
        "live": token.live(now),
    }


def _table(tokens: Sequence[Token], now: datetime) -> str:
    rows = [("NAME", "KIND", "TEAMS", "MADE", "STATE")]
    for token in tokens:
        state = token.ended(now).partition(f"{token.name} ")[2] or f"until {token.expires:%Y-%m-%d}"
        teams = ",".join(token.identity.teams) or "-"
        made = f"{token.created:%Y-%m-%d}"
        rows.append((token.name, token.identity.kind.lower(), teams, made, state.removeprefix("was ")))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
