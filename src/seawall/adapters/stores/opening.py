"""A database that is not sound, not ours or newer than we are is never written to.

Every store of Seawall is one SQLite file with an `application_id`, a `user_version` that counts migrations,
and write-ahead logging, so that readers never wait. A store says in a `Layout` what is its own. Errors:
StoreError, with the way to recover. Source: SQLite's documentation of PRAGMAs and of WAL.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from seawall.kernel.errors import CorruptError, StoreError


@dataclass(frozen=True, slots=True)
class Layout:
    """What one kind of database is, and what its messages advise.

    Migration n brings a file from version n to n + 1. `elsewhere` helps when the file cannot be opened or is
    locked, `newer` when a newer Seawall wrote it, `recover` when it is corrupt (`{path}` is replaced); `busy`
    while it is used. `private`: a new file can be read by its owner only.
    """

    application_id: int
    migrations: tuple[tuple[str, ...], ...]
    elsewhere: str
    newer: str
    recover: str
    busy: str
    private: bool = False


def open_database(
    path: Path,
    layout: Layout,
    *,
    synchronous: str = "NORMAL",
    read_only: bool = False,
    any_thread: bool = False,
    existing: bool = False,
) -> sqlite3.Connection:
    """A connection to the database at `path`, made if there is none and brought up to date if it is older.

    `synchronous` is `NORMAL` (a crash of the machine may lose the last transactions, never the file) or
    `FULL` (what is committed is on the disk). `read_only` neither makes nor migrates; `existing` writes to
    what is there already, and to nothing else. `any_thread`: the caller takes care that one thread at a time
    uses it. Raises StoreError when the file is another program's, was written by a newer Seawall, cannot be
    opened, or stays locked for 5 s, and CorruptError.
    """
    try:
        if read_only or existing:
            connection = _connect_existing(path, "ro" if read_only else "rw", any_thread=any_thread)
        else:
            connection = _connect(path, layout, any_thread=any_thread)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path} cannot be opened: {error}", layout.elsewhere) from None
    try:
        _refuse(connection, path, layout, filled=read_only or existing, migrate=not read_only)
        if not read_only:
            _prepare(connection, layout, synchronous)
    except sqlite3.OperationalError as error:
        connection.close()
        raise StoreError(f"{path} cannot be used: {error}", layout.elsewhere) from None
    except sqlite3.DatabaseError as error:
        connection.close()
        raise corrupt(path, layout, str(error)) from None
    except StoreError:
        connection.close()
        raise
    return connection


@contextmanager
def guarded(path: Path, layout: Layout) -> Iterator[None]:
    """What SQLite says while a store is used becomes a StoreError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreError(f"{path}: {error}", layout.busy) from None
    except sqlite3.DatabaseError as error:
        raise corrupt(path, layout, str(error)) from None


def check_integrity(connection: sqlite3.Connection, path: Path, layout: Layout) -> None:
    """SQLite reads all of the file. Raises StoreError with the first thing that is wrong."""
    with guarded(path, layout):
        faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    if faults != ["ok"]:
        raise corrupt(path, layout, faults[0])


def corrupt(path: Path, layout: Layout, why: str) -> CorruptError:
    """The error that says that a file is not sound."""
    return CorruptError(f"the store {path} is corrupt: {why}", layout.recover.format(path=path))


def _connect_existing(path: Path, mode: str, *, any_thread: bool) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(address, timeout=5.0, uri=True, check_same_thread=not any_thread)


def _connect(path: Path, layout: Layout, *, any_thread: bool) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if layout.private:
        # SQLite gives the files beside it (WAL, shared memory) the same permissions. A file that is there is
        # not opened here: closing it would give back the locks of every other connection of this process
        # (POSIX), and the next process to close the database would take the WAL away from under them.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    return sqlite3.connect(path, timeout=5.0, isolation_level="DEFERRED", check_same_thread=not any_thread)


def _refuse(
    connection: sqlite3.Connection, path: Path, layout: Layout, *, filled: bool, migrate: bool
) -> None:
    """Raises StoreError for a file that is not ours to use. `filled`: an empty one neither."""
    known = len(layout.migrations)
    version, owner, tables = _about(connection)
    if owner != layout.application_id and (owner or tables):
        raise StoreError(f"{path} is another program's database", layout.elsewhere)
    if version > known:
        raise StoreError(
            f"{path} was written by a newer Seawall (version {version}; this one knows {known})",
            layout.newer,
        )
    if filled and not owner and not tables:
        raise StoreError(f"{path} holds nothing: it was emptied, or never written to", layout.elsewhere)
    if not migrate and version < known:
        raise StoreError(
            f"{path} was written by an older Seawall (version {version}; this one knows {known})",
            "start what writes it once, so that it is brought up to date",
        )


def _about(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """The version, whose it is, and how many tables and indexes it has."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    return version, owner, int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _prepare(connection: sqlite3.Connection, layout: Layout, synchronous: str) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    if synchronous == "FULL":
        connection.execute("PRAGMA fullfsync = 1")  # macOS: a plain fsync may stay in the drive
    version = _about(connection)[0]
    while version < len(layout.migrations):
        version = _migrate(connection, layout)


def _migrate(connection: sqlite3.Connection, layout: Layout) -> int:
    """One step forward, or none when another process has just made it; the version afterwards."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version < len(layout.migrations):
            for statement in layout.migrations[version]:
                connection.execute(statement)
            version += 1
            connection.execute(f"PRAGMA application_id = {layout.application_id}")
            connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    except sqlite3.Error:
        connection.rollback()
        raise
    return version
