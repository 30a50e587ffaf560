"""Who a pseudonym stands for is kept apart from the ledger, and is gone when it is erased.

One SQLite file holds, for each principal, a random key and the names that were turned into pseudonyms under
it. It is the only place where they stand as they are. `erase` deletes the key and the names, and rewrites the
file, so that nothing of them is left in it; a copy of the ledger itself never held them. Errors: StoreError.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from seawall.kernel.errors import StoreError
from seawall.kernel.leaf import Pseudonyms, pseudonym

from .opening import Layout, guarded, open_database

APPLICATION_ID = 0x5EA3A13
"""Marks the file as the names of a ledger (SQLite `application_id`)."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE principals (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, key BLOB NOT NULL)",
        """
        CREATE TABLE names (
            pseudonym BLOB PRIMARY KEY, principal INTEGER NOT NULL REFERENCES principals (id),
            kind TEXT NOT NULL, name TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        "CREATE INDEX names_principal ON names (principal)",
        "CREATE INDEX names_name ON names (name)",
    ),
)
"""Migration n brings the file from version n to n + 1. Never edited, only added to."""

LAYOUT = Layout(
    application_id=APPLICATION_ID,
    migrations=MIGRATIONS,
    elsewhere="make the place writable, or name another data directory with SEAWALL_DATA",
    newer="update Seawall, or name another data directory with SEAWALL_DATA",
    recover="put a backup in its place, or move it away (mv {path} {path}.corrupt): the ledger stays sound,"
    " but nobody can say any more whom its older entries mean",
    busy="free the disk or the file; until then nothing is recorded, and nothing is handed out",
    private=True,
)

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Named:
    """Whom or what a pseudonym stands for; `principal` is the id of the identity it belongs to."""

    pseudonym: str
    principal: str
    kind: str
    name: str


class NameStore:
    """The keys and the names. Used by one thread at a time; any number of processes may use the file."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def pseudonyms(self, wanted: Iterable[tuple[str, str, str, str]]) -> list[Pseudonyms]:
        """Those of each (principal, place, run, commit); what is new is durable when this returns."""
        found = []
        with self._guard():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for principal, *others in wanted:
                    found.append(self._pseudonyms(_text(principal), list(map(_text, others))))
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise
        return found

    def named(self, hidden: str) -> Named | None:
        """Whom a pseudonym (32 hex digits) stands for; None when it is not known, or was erased."""
        try:
            value = bytes.fromhex(hidden)
        except ValueError:
            return None
        return next(self._select("pseudonym = ?", value), None)

    def find(self, name: str, kind: str = "") -> list[Named]:
        """Every pseudonym of a name: a host has one for each principal that was seen there."""
        return [item for item in self._select("names.name = ?", name) if kind in ("", item.kind)]

    def all(self) -> list[Named]:
        """Everything that is known."""
        return list(self._select("1"))

    def knows_any(self) -> bool:
        """Somebody is known."""
        with self._guard():
            return self._connection.execute("SELECT 1 FROM principals LIMIT 1").fetchone() is not None

    def faults(self) -> list[str]:
        """The pseudonyms that are not those of their name under their key."""
        with self._guard():
            rows = self._connection.execute(
                "SELECT names.pseudonym, kind, names.name, key FROM names"
                " LEFT JOIN principals ON principals.id = principal ORDER BY 1"
            ).fetchall()
        return [
            bytes(value).hex()
            for value, kind, name, key in rows
            if key is None or pseudonym(bytes(key), kind, name) != bytes(value).hex()
        ]

    def erase(self, principal: str) -> int:
        """Forget a principal: the key, and every name that belongs to it. The number of names that were.

        Afterwards nothing of them is in the file. Raises StoreError when a reader keeps the old state open;
        then it is to be called again.
        """
        with self._guard():
            with self._connection:
                names = self._connection.execute(
                    "DELETE FROM names WHERE principal = (SELECT id FROM principals WHERE name = ?)",
                    (principal,),
                ).rowcount
                self._connection.execute("DELETE FROM principals WHERE name = ?", (principal,))
            # Deleting leaves copies where pages were split; only a new file is free of them.
            self._connection.execute("VACUUM")
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StoreError(
                f"{self.path}: erased, but an older state is still being read", "erase once more"
            )
        return names

    def changed_elsewhere(self) -> int:
        """A number that is another one after another process has written."""
        with self._guard():
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def _pseudonyms(self, principal: str, others: list[str]) -> Pseudonyms:
        connection = self._connection
        row = connection.execute("SELECT id, key FROM principals WHERE name = ?", (principal,)).fetchone()
        if row is None:
            key = secrets.token_bytes(_KEY_BYTES)
            added = connection.execute("INSERT INTO principals (name, key) VALUES (?, ?)", (principal, key))
            row = (added.lastrowid, key)
        owner, key = int(row[0]), bytes(row[1])
        hidden = []
        for kind, name in zip(("who", "place", "run", "commit"), (principal, *others), strict=True):
            value = pseudonym(key, kind, name) if name or kind == "who" else ""
            hidden.append(value)
            if value:
                connection.execute(
                    "INSERT INTO names VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (bytes.fromhex(value), owner, kind, name),
                )
        return Pseudonyms(*hidden)

    def _select(self, where: str, *values: object) -> Iterator[Named]:
        query = (
            "SELECT pseudonym, principals.name, kind, names.name FROM names"  # noqa: S608
            f" JOIN principals ON principals.id = principal WHERE {where} ORDER BY 2, 3, 4"
        )
        with self._guard():
            rows = self._connection.execute(query, values).fetchall()
        return (Named(bytes(row[0]).hex(), *row[1:]) for row in rows)

    def _guard(self) -> AbstractContextManager[None]:
        return guarded(self.path, LAYOUT)


def _text(name: str) -> str:
    """What can be stored: half characters are written as escapes."""
    return name.encode(errors="backslashreplace").decode()


def open_names(path: Path, *, write: bool = False, existing: bool = False) -> NameStore:
    """The names at `path`; with `write` the file is made if there is none, with `existing` it is not.

    Raises StoreError when there is none to read, when it is corrupt, another program's or of a newer Seawall.
    """
    if (existing or not write) and not path.exists():
        raise StoreError(f"there are no names at {path}", "they are kept beside the ledger by the firewall")
    connection = open_database(
        path, LAYOUT, synchronous="FULL", read_only=not write, any_thread=True, existing=existing
    )
    if write:
        connection.execute("PRAGMA secure_delete = ON")
    return NameStore(connection, path)
