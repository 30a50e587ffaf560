"""One SQLite file holds what Seawall keeps between runs; a file that is not sound is never written to.

The URL is `sqlite:///PATH` (absolute: `sqlite:////var/lib/…`). Write-ahead logging, so that readers never
wait; migrations run in one transaction each and only forward. Errors: StoreError, with the way to recover.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from seawall.kernel.errors import StoreError, UsageError

from .opening import Layout, check_integrity, guarded, open_database

APPLICATION_ID = 0x5EA3A11
"""Marks the file as Seawall's (SQLite `application_id`)."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE cached (
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            value BLOB NOT NULL,
            until REAL NOT NULL,
            PRIMARY KEY (kind, key)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX cached_until ON cached (until)",
    ),
)
"""Migration n brings the file from version n to n + 1. Never edited, only added to."""

LAYOUT = Layout(
    application_id=APPLICATION_ID,
    migrations=MIGRATIONS,
    elsewhere="name a writable place with --store sqlite:///PATH or SEAWALL_STORE",
    newer="update Seawall, or name another store with --store",
    recover="move it away (mv {path} {path}.corrupt) and run again, or put a backup in its place;"
    " it holds only answers that can be asked for again",
    busy="free it, or name another with --store",
)

_ASK_AT_ONCE = 500


class SqliteStore:
    """The store of one user or machine. Also a `Cache` (kernel/cache.py)."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def cached(self, kind: str, keys: Iterable[str], now: datetime) -> dict[str, bytes]:
        """Those of `keys` that are held and not past their time."""
        wanted = list(dict.fromkeys(keys))
        found: dict[str, bytes] = {}
        with self._guard():
            for start in range(0, len(wanted), _ASK_AT_ONCE):
                part = wanted[start : start + _ASK_AT_ONCE]
                marks = ",".join("?" * len(part))
                rows = self._connection.execute(
                    f"SELECT key, value FROM cached WHERE kind = ? AND until > ? AND key IN ({marks})",  # noqa: S608
                    (kind, now.timestamp(), *part),
                )
                found.update((str(key), bytes(value)) for key, value in rows)
        return found

    def remember(self, kind: str, values: Mapping[str, bytes], until: datetime) -> None:
        """Hold `values` until then; older values under the same keys are replaced."""
        rows = [(kind, key, value, until.timestamp()) for key, value in values.items()]
        with self._guard(), self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO cached VALUES (?, ?, ?, ?)", rows)

    def prune(self, now: datetime) -> None:
        """Drop what is past its time."""
        with self._guard(), self._connection:
            self._connection.execute("DELETE FROM cached WHERE until < ?", (now.timestamp(),))

    def check(self) -> dict[str, object]:
        """What the file holds, after SQLite has read all of it. Raises StoreError when it is not sound."""
        check_integrity(self._connection, self.path, LAYOUT)
        with self._guard():
            rows = self._connection.execute("SELECT kind, count(*) FROM cached GROUP BY kind").fetchall()
            version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        size = self.path.stat().st_size
        return {"path": str(self.path), "version": version, "bytes": size, "cached": dict(rows)}

    def backup(self, target: Path) -> None:
        """A sound copy of the store at `target`, made while others go on writing."""
        if target.exists() or target.is_symlink():
            raise UsageError(f"{target} exists already", "name a file that does not exist yet")
        try:
            with sqlite3.connect(target) as copy:
                self._connection.backup(copy)
            copy.close()
        except sqlite3.Error as error:
            raise StoreError(
                f"no backup written to {target}: {error}", "check the path and free space"
            ) from None

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def _guard(self) -> AbstractContextManager[None]:
        return guarded(self.path, LAYOUT)


def path_of(url: str) -> Path:
    """The file that `sqlite:///…` names. Raises UsageError for any other kind of URL."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or len(url) == len(prefix):
        raise UsageError(f"{url!r} is not a store", "write sqlite:///PATH, or sqlite:////ABSOLUTE/PATH")
    return Path(url.removeprefix(prefix)).expanduser()


def writable(path: Path) -> bool:
    """The file, and the files that SQLite keeps beside it, can be written."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def open_store(path: Path) -> SqliteStore:
    """The store at `path`, made if there is none and brought up to date if it is older.

    Raises StoreError when the file is corrupt, is not Seawall's, was written by a newer Seawall, cannot
    be opened, or stays locked for 5 s.
    """
    return SqliteStore(open_database(path, LAYOUT), path)
