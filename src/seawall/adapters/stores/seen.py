"""What was first seen of every file outlives the registry's memory, and so does what was found in it.

Part of the firewall's database (`gate.py`). Only what is new is written, in one transaction for each name.
Safe to share between threads. Errors: StoreError, and whoever decides without an answer allows nothing.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from seawall.kernel.advisory import Severity
from seawall.kernel.errors import StoreError
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.release_diff import Row
from seawall.kernel.sighting import Examined, NameSeen, Sighting

from .gate import LAYOUT, open_gate
from .opening import corrupt, guarded

_FILES = "SELECT filename, version, digests, published, first, origin FROM seen_file"
_EXAMINED = "SELECT filename, version, digest, engine, said, at FROM examined"

_DIGESTS = "SELECT digests FROM seen_file WHERE ecosystem = ? AND name = ? AND filename = ?"
_MORE_DIGESTS = "UPDATE seen_file SET digests = ? WHERE ecosystem = ? AND name = ? AND filename = ?"

_OF_NOW = (
    "DELETE FROM newest_time WHERE at > :now",
    "UPDATE seen_file SET published = :now WHERE published > :now",
    "UPDATE seen_file SET first = :now WHERE first > :now",
    "UPDATE seen_name SET changed = :now WHERE changed > :now",
    "UPDATE examined SET at = :now WHERE at > :now",
    "UPDATE clock_ahead SET accepted = ahead WHERE :now",
)


class SeenStore:
    """The tables of what was seen. Close it when done."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.path = path

    def of_name(self, ecosystem: str, name: str) -> NameSeen:
        """Everything that was seen under a name."""
        with self._using():
            rows = self._connection.execute(f"{_FILES} WHERE ecosystem = ? AND name = ?", (ecosystem, name))
            files = {row[0]: _sighting(row) for row in rows}
            about = self._connection.execute(
                "SELECT document, changed FROM seen_name WHERE ecosystem = ? AND name = ?", (ecosystem, name)
            ).fetchone()
        return NameSeen(files, about[0], _time(about[1])) if about else NameSeen(files)

    def keep(
        self, ecosystem: str, name: str, files: Iterable[Sighting], document: str, now: datetime
    ) -> None:
        """Remember files that were not seen before, and that the name's document is now `document`.

        What is remembered of a file already stays as it is.
        """
        rows = [
            (
                ecosystem,
                name,
                item.filename,
                item.version,
                " ".join(item.digests),
                item.published.timestamp() if item.published else None,
                item.first.timestamp(),
                item.origin,
            )
            for item in files
        ]
        with self._using(), self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO seen_file VALUES (?,?,?,?,?,?,?,?)", rows)
            self._connection.execute(
                "INSERT OR REPLACE INTO seen_name VALUES (?, ?, ?, ?)",
                (ecosystem, name, document, now.timestamp()),
            )

    def add_digests(self, ecosystem: str, name: str, filename: str, digests: Iterable[str]) -> None:
        """Remember further digests of a file, of algorithms of which none was known."""
        key = (ecosystem, name, filename)
        with self._using(), self._connection:
            row = self._connection.execute(_DIGESTS, key).fetchone()
            if row is None:
                return
            known = str(row[0]).split()
            algorithms = {digest.partition(":")[0] for digest in known}
            more = [digest for digest in digests if digest.partition(":")[0] not in algorithms]
            if more:
                self._connection.execute(_MORE_DIGESTS, (" ".join([*known, *more]), *key))

    def examined(self, ecosystem: str, name: str, engine: str = "") -> tuple[Examined, ...]:
        """What was found in files of a name by `engine`, empty = by any."""
        question = f"{_EXAMINED} WHERE ecosystem = ? AND name = ? AND (? = '' OR engine = ?)"
        with self._using():
            rows = self._connection.execute(question, (ecosystem, name, engine, engine)).fetchall()
            return tuple(self._examined(row) for row in rows)

    def verdict(self, ecosystem: str, name: str, filename: str, digest: str, engine: str) -> Examined | None:
        """What `engine` found in the file of that name with these bytes, None where it never looked."""
        question = (
            f"{_EXAMINED} WHERE ecosystem = ? AND name = ? AND filename = ? AND digest = ? AND engine = ?"
        )
        with self._using():
            row = self._connection.execute(question, (ecosystem, name, filename, digest, engine)).fetchone()
            return self._examined(row) if row else None

    def keep_verdict(self, ecosystem: str, name: str, verdict: Examined, now: datetime) -> None:
        """Remember what was found in a file, in place of what the same engine said before."""
        row = (
            ecosystem,
            name,
            verdict.filename,
            verdict.digest,
            verdict.engine,
            verdict.version,
            _written(verdict),
            now.timestamp(),
        )
        with self._using(), self._connection:
            self._connection.execute("INSERT OR REPLACE INTO examined VALUES (?,?,?,?,?,?,?,?)", row)

    def newest(self) -> datetime | None:
        """The latest time that was ever written here."""
        with self._using():
            row = self._connection.execute("SELECT at FROM newest_time").fetchone()
        return _time(row[0]) if row else None

    def keep_newest(self, now: datetime) -> None:
        """It is `now`, unless it was later once."""
        with self._using(), self._connection:
            self._connection.execute(
                "INSERT INTO newest_time VALUES (1, ?) ON CONFLICT (only) DO UPDATE"
                " SET at = max(at, excluded.at)",
                (now.timestamp(),),
            )

    def keep_ahead(self, origin: tuple[str, str], seconds: float) -> None:
        """By how many seconds this machine's clock is ahead of what (ecosystem, origin) says.

        What was accepted before counts for as long as it is so.
        """
        with self._using(), self._connection:
            self._connection.execute(
                "INSERT INTO clock_ahead VALUES (?, ?, ?, 0) ON CONFLICT DO UPDATE"
                " SET ahead = excluded.ahead, accepted = min(accepted, max(excluded.ahead, 0))",
                (*origin, seconds),
            )

    def ahead(self) -> dict[tuple[str, str], tuple[float, float]]:
        """By how many seconds it was last ahead of each (ecosystem, origin), and how many of them a person
        has accepted."""
        with self._using():
            rows = self._connection.execute("SELECT ecosystem, origin, ahead, accepted FROM clock_ahead")
            return {(ecosystem, origin): (ahead, accepted) for ecosystem, origin, ahead, accepted in rows}

    def nothing_after(self, now: datetime) -> None:
        """For whoever says that the clock is right: what was written later than `now` is of now, and by how
        much it is ahead of others is right.

        Nothing that was seen becomes older by it than it is.
        """
        with self._using(), self._connection:
            for change in _OF_NOW:
                self._connection.execute(change, {"now": now.timestamp()})

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _using(self) -> Iterator[None]:
        try:
            with self._lock, guarded(self.path, LAYOUT):
                yield
        except UnicodeEncodeError as error:
            raise StoreError(f"{self.path}: a name that is no text cannot be kept: {error.reason}") from None

    def _examined(self, row: tuple[str, str, str, str, str, float]) -> Examined:
        filename, version, digest, engine, said, at = row
        try:
            document = json.loads(said)
            findings = tuple(_finding(item) for item in document["findings"])
            skipped = tuple(Skipped(**item) for item in document["skipped"])
            summary = tuple(
                Row(about, before, now, tuple(lines)) for about, before, now, lines in document["summary"]
            )
        except (ValueError, TypeError, KeyError):
            raise corrupt(self.path, LAYOUT, f"what was found in {filename} cannot be read") from None
        return Examined(filename, version, digest, engine, findings, skipped, _time(at), summary)


def open_seen(path: Path, *, read_only: bool = False) -> SeenStore:
    """The store in the firewall's database at `path`. Raises StoreError when it cannot be used."""
    return SeenStore(open_gate(path, any_thread=True, read_only=read_only), path)


def _sighting(row: tuple[str, str, str, float | None, float, str]) -> Sighting:
    filename, version, digests, published, first, origin = row
    then = None if published is None else _time(published)
    return Sighting(filename, version, tuple(digests.split()), then, _time(first), origin)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


_FIELDS = (
    "rule", "asset", "message", "advice", "path", "line", "fingerprint", "signal", "fixed_in", "waived",
)  # fmt: skip


def _written(verdict: Examined) -> str:
    findings = [
        {
            **{name: getattr(item, name) for name in _FIELDS},
            "severity": int(item.severity),
            "advisories": list(item.advisories),
            "detail": dict(item.detail),
        }
        for item in verdict.findings
    ]
    skipped = [
        {"check": item.check, "reason": item.reason, "advice": item.advice, "required": item.required}
        for item in verdict.skipped
    ]
    summary = [(row.about, row.before, row.now, row.lines) for row in verdict.summary]
    document = {"findings": findings, "skipped": skipped, "summary": summary}
    return json.dumps(document, separators=(",", ":"), default=str)


def _finding(item: dict[str, object]) -> Finding:
    values = {name: item[name] for name in _FIELDS}
    advisories, detail, severity = item["advisories"], item["detail"], item["severity"]
    if not isinstance(advisories, list) or not isinstance(detail, dict) or not isinstance(severity, int):
        raise TypeError("not a finding")
    return Finding(
        severity=Severity(severity),
        advisories=tuple(advisories),
        detail=detail,
        **values,  # type: ignore[arg-type]
    )
