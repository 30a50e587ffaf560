"""Where the tables and keys of a TOML file that a person wrote stand; only messages depend on it."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[(\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*[\"']?([\w.-]+)[\"']?\s*=")


class Lines:
    """The lines of one text, counted from 1; 0 for what is not found."""

    def __init__(self, text: str) -> None:
        self._tables: dict[tuple[str, int], int] = {}
        self._keys: dict[tuple[str, int, str], int] = {}
        table, place = "", 0
        counts: dict[str, int] = {}
        for number, line in enumerate(text.split("\n"), 1):
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                table = header[2]
                place = counts.get(table, 0) if header[1] else 0
                counts[table] = place + 1
                self._tables.setdefault((table, place), number)
            elif key:
                self._keys.setdefault((table, place, key[1]), number)

    def table(self, name: str, place: int = 0) -> int:
        """The line of `[name]`, or of the `[[name]]` that is number `place`, counted from 0."""
        return self._tables.get((name, place), 0)

    def key(self, table: str, place: int, key: str) -> int:
        """The line at which a key of a table is set, else that of the table."""
        return self._keys.get((table, place, key), 0) or self.table(table, place)
