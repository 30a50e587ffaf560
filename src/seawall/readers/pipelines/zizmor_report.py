"""zizmor's report becomes hygiene notes. Source: its `json-v1` output format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from seawall.kernel.advisory import Severity
from seawall.kernel.hygiene import HygieneNote
from seawall.kernel.limits import Limits
from seawall.readers.syntax import json
from seawall.readers.syntax.text import decode

_SEVERITY = {
    "informational": Severity.INFO,
    "low": Severity.LOW,
    "medium": Severity.MEDIUM,
    "high": Severity.HIGH,
}
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
_LONGEST = 200


def read_report(data: bytes, limits: Limits) -> tuple[HygieneNote, ...]:
    """The notes of a report, in its order. Raises SyntaxFault for what is no report.

    A finding without an id or a place in a file is left out: nobody could act on it.
    """
    found = json.load(decode(data, limits), limits)
    return tuple(_notes(found)) if isinstance(found, list) else ()


def _notes(found: list[object]) -> Iterator[HygieneNote]:
    for item in found:
        if not isinstance(item, dict) or not _ID.fullmatch(str(item.get("ident"))):
            continue
        said = _mapping(item.get("determinations"))
        place = _primary(item.get("locations"))
        if place is None:
            continue
        path, line, what = place
        yield HygieneNote(
            rule=f"zizmor/{item['ident']}",
            severity=_SEVERITY.get(str(said.get("severity")).lower(), Severity.LOW),
            confidence=str(said.get("confidence")).lower()[:20],
            claim=str(item.get("desc"))[:_LONGEST],
            what=what[:_LONGEST],
            path=path,
            line=line,
        )


def _primary(locations: object) -> tuple[str, int, str] | None:
    """(path, line, words) of the place that the finding is about; zizmor's rows count from 0."""
    for item in locations if isinstance(locations, list) else ():
        symbolic = _mapping(_mapping(item).get("symbolic"))
        if symbolic.get("kind") != "Primary":
            continue
        local = _mapping(_mapping(symbolic.get("key")).get("Local"))
        start = _mapping(
            _mapping(_mapping(_mapping(item).get("concrete")).get("location")).get("start_point")
        )
        path, row = local.get("verbatim_path"), start.get("row")
        if isinstance(path, str) and isinstance(row, int):
            return path.removeprefix("./"), row + 1, str(symbolic.get("annotation"))
    return None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
