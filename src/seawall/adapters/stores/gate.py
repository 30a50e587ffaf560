"""The firewall's own database: whom it knows, and what it saw; one list of migrations for all of its stores.

It holds digests of tokens and never a token. Whoever adds a table appends a migration here.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from .opening import Layout, open_database

GATE_FILE = "gate.db"
"""Its name in the data directory."""

_TOKENS = (
    """
    CREATE TABLE token (
        digest BLOB PRIMARY KEY,
        name TEXT NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        teams TEXT NOT NULL,
        proof TEXT NOT NULL,
        place TEXT NOT NULL,
        run TEXT NOT NULL,
        source TEXT NOT NULL,
        fork INTEGER NOT NULL,
        created REAL NOT NULL,
        expires REAL NOT NULL,
        revoked REAL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX token_name ON token (name)",
    """
    CREATE TABLE used_proof (
        digest BLOB PRIMARY KEY,
        until REAL NOT NULL
    ) WITHOUT ROWID
    """,
)

_SEEN = (
    """
    CREATE TABLE seen_file (
        ecosystem TEXT NOT NULL,
        name TEXT NOT NULL,
        filename TEXT NOT NULL,
        version TEXT NOT NULL,
        digests TEXT NOT NULL,
        published REAL,
        first REAL NOT NULL,
        origin TEXT NOT NULL,
        PRIMARY KEY (ecosystem, name, filename)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE seen_name (
        ecosystem TEXT NOT NULL,
        name TEXT NOT NULL,
        document TEXT NOT NULL,
        changed REAL NOT NULL,
        PRIMARY KEY (ecosystem, name)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE examined (
        ecosystem TEXT NOT NULL,
        name TEXT NOT NULL,
        filename TEXT NOT NULL,
        digest TEXT NOT NULL,
        engine TEXT NOT NULL,
        version TEXT NOT NULL,
        said TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (ecosystem, name, filename, digest, engine)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE newest_time (only INTEGER PRIMARY KEY CHECK (only = 1), at REAL NOT NULL)",
)

_CLOCKS = (
    """
    CREATE TABLE clock_ahead (
        ecosystem TEXT NOT NULL,
        origin TEXT NOT NULL,
        ahead REAL NOT NULL,
        accepted REAL NOT NULL,
        PRIMARY KEY (ecosystem, origin)
    ) WITHOUT ROWID
    """,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_TOKENS, _SEEN, _CLOCKS)
"""Migration n brings the file from version n to n + 1. Never edited, only added to."""

LAYOUT = Layout(
    application_id=0x5EA3A12,
    migrations=MIGRATIONS,
    elsewhere="name a writable data directory with SEAWALL_DATA",
    newer="update Seawall, or name another data directory with SEAWALL_DATA",
    recover="move it away (mv {path} {path}.corrupt) and put a backup in its place, or make tokens anew",
    busy="free it, or name another data directory with SEAWALL_DATA",
    private=True,
)


def open_gate(path: Path, *, any_thread: bool = False, read_only: bool = False) -> sqlite3.Connection:
    """A connection to the firewall's database at `path`. Raises StoreError as `open_database` does."""
    return open_database(path, LAYOUT, any_thread=any_thread, read_only=read_only)
