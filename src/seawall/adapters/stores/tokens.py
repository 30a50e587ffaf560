"""Tokens are kept as digests; a stolen database opens no door."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from seawall.kernel.errors import UsageError
from seawall.kernel.identity import Identity, Proof
from seawall.kernel.token import Token

from .gate import LAYOUT, open_gate
from .opening import guarded

LIVE_AT_A_TIME = 2
"""How many live tokens one name may have: the old one and the new one while they are changed over."""

_FRESH_SECONDS = 3.0
_REMEMBERED = 4_096
_KEPT = timedelta(days=90)
_COLUMNS = "digest, name, id, kind, teams, proof, place, run, source, fork, created, expires, revoked"


class TokenStore:
    """The tokens of one firewall, safe to share between threads. What was looked up holds for 3 s.

    A token that another process revokes is refused within that time, one that this object revokes at once.
    """

    def __init__(self, path: Path, fresh_seconds: float = _FRESH_SECONDS) -> None:
        self.path = path
        self._connection = open_gate(path, any_thread=True)
        self._lock = threading.Lock()
        self._fresh = fresh_seconds
        self._known: dict[bytes, tuple[float, Token | None]] = {}

    def find(self, digest: bytes) -> Token | None:
        """The token of that digest, whether it is live or not."""
        held = self._known.get(digest)
        if held is not None and time.monotonic() < held[0]:
            return held[1]
        with self._using() as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM token WHERE digest = ?", (digest,)).fetchone()  # noqa: S608
        found = _token(row) if row else None
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[digest] = (time.monotonic() + self._fresh, found)
        return found

    def add(self, token: Token, *, limit: int | None = LIVE_AT_A_TIME) -> None:
        """Keep a token. Raises UsageError when its name has `limit` live ones already."""
        with self._using() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            live = connection.execute(
                "SELECT count(*) FROM token WHERE name = ? AND revoked IS NULL AND expires > ?",
                (token.name, token.created.timestamp()),
            ).fetchone()[0]
            if limit is not None and live >= limit:
                raise UsageError(
                    f"{token.name} has {live} live tokens already",
                    f"revoke the older one first: seawall firewall token revoke {token.name}",
                )
            marks = ",".join("?" * 13)
            connection.execute(f"INSERT INTO token ({_COLUMNS}) VALUES ({marks})", _row(token))  # noqa: S608
        self._known.clear()

    def all(self) -> tuple[Token, ...]:
        """Every token that is kept, by name and then the newest first."""
        with self._using() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM token ORDER BY name, created DESC"  # noqa: S608
            ).fetchall()
        return tuple(_token(row) for row in rows)

    def revoke(self, digests: tuple[bytes, ...], now: datetime) -> int:
        """Take tokens back; how many were live until then."""
        with self._using() as connection, connection:
            done = sum(
                connection.execute(
                    "UPDATE token SET revoked = ? WHERE digest = ? AND revoked IS NULL AND expires > ?",
                    (now.timestamp(), digest, now.timestamp()),
                ).rowcount
                for digest in digests
            )
        self._known.clear()
        return done

    def use_once(self, digest: bytes, until: datetime, now: datetime) -> bool:
        """Remember until then that a proof was used; False when it was used before."""
        with self._using() as connection, connection:
            connection.execute("DELETE FROM used_proof WHERE until < ?", (now.timestamp(),))
            made = connection.execute(
                "INSERT OR IGNORE INTO used_proof (digest, until) VALUES (?, ?)", (digest, until.timestamp())
            )
            return made.rowcount == 1

    def prune(self, now: datetime) -> int:
        """Forget short tokens that have expired, and others 90 days after they ended; how many."""
        with self._using() as connection, connection:
            gone = connection.execute(
                "DELETE FROM token WHERE (proof = ? AND expires < ?) OR expires < ? OR revoked < ?",
                (Proof.OIDC.value, now.timestamp(), *[(now - _KEPT).timestamp()] * 2),
            )
            return gone.rowcount

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock, guarded(self.path, LAYOUT):
            yield self._connection


def _row(token: Token) -> tuple[object, ...]:
    who = token.identity
    revoked = token.revoked.timestamp() if token.revoked else None
    times = (token.created.timestamp(), token.expires.timestamp(), revoked)
    teams = json.dumps(list(who.teams))
    known = (who.id, who.kind, teams, who.proof.value, who.place, who.run, who.commit, int(who.fork))
    return (token.digest, token.name, *known, *times)


def _token(row: tuple[object, ...]) -> Token:
    digest, name, id_, kind, teams, proof, place, run, source, fork, created, expires, revoked = row
    who = Identity(
        id=str(id_),
        kind=str(kind),
        teams=tuple(json.loads(str(teams))),
        proof=Proof(str(proof)),
        place=str(place),
        run=str(run),
        commit=str(source),
        fork=bool(fork),
    )
    ended = None if revoked is None else _moment(revoked)
    assert isinstance(digest, bytes)  # noqa: S101
    return Token(digest, str(name), who, _moment(created), _moment(expires), ended)


def _moment(seconds: object) -> datetime:
    return datetime.fromtimestamp(float(str(seconds)), UTC)
