"""What the firewall itself saw of a release, for a person and for a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from seawall.kernel.release_diff import Row
from seawall.kernel.sighting import Examined, Sighting

from .plain import neutral

_LONGEST = 60


def lines(files: Sequence[Sighting], examined: Sequence[Examined]) -> Iterator[str]:
    """When its files were first offered here, and what was found in them, two spaces in."""
    yield "  this firewall saw:"
    for item in files:
        said = f", which the registry said was of {_when(item.published)}" if item.published else ""
        yield f"    {neutral(item.filename)} first on {_when(item.first)}{said}"
        yield from (f"      {neutral(digest)}" for digest in item.digests[:2])
    for verdict in examined:
        yield from _inside(verdict)


def _inside(verdict: Examined) -> Iterator[str]:
    looked = f" on {_when(verdict.at)}" if verdict.at else ""
    yield f"    inside {neutral(verdict.filename)}, looked at{looked}:"
    for finding in verdict.findings:
        where = f" ({finding.path}:{finding.line})" if finding.path and finding.line else ""
        yield f"      {finding.severity.word}  {neutral(finding.message)}{neutral(where)}"
    for missed in verdict.skipped:
        yield f"      not looked at: {neutral(missed.check)}, {neutral(missed.reason)}"
    if not verdict.findings and not verdict.skipped:
        yield "      nothing that speaks against it"
    yield from _side_by_side(verdict.summary)


def _side_by_side(rows: Sequence[Row]) -> Iterator[str]:
    """The release before it on the left, this one on the right."""
    if not rows:
        return
    cells = [(neutral(row.about), _cut(row.before), _cut(row.now), row.lines) for row in rows]
    first, second = (max(len(cell[column]) for cell in cells) for column in (0, 1))
    for about, before, now, more in cells:
        yield f"      {about:<{first}}  {before:<{second}}  {now}".rstrip()
        yield from (f"      {'':<{first}}  {_cut(line)}" for line in more)


def _cut(text: str) -> str:
    shown = neutral(text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def document(files: Sequence[Sighting], examined: Sequence[Examined]) -> dict[str, object]:
    """The same as JSON-ready values."""
    return {
        "files": [
            {
                "file": item.filename,
                "version": item.version,
                "digests": list(item.digests),
                "published": item.published.isoformat() if item.published else None,
                "first_seen": item.first.isoformat(),
                "origin": item.origin,
            }
            for item in files
        ],
        "examined": [
            {
                "file": verdict.filename,
                "digest": verdict.digest,
                "engine": verdict.engine,
                "at": verdict.at.isoformat() if verdict.at else None,
                "findings": [
                    {
                        "rule": item.rule,
                        "severity": item.severity.word,
                        "message": item.message,
                        "path": item.path,
                        "line": item.line,
                        "signal": item.signal,
                    }
                    for item in verdict.findings
                ],
                "skipped": [{"check": s.check, "reason": s.reason} for s in verdict.skipped],
                "compared": [
                    {"about": row.about, "before": row.before, "now": row.now, "lines": list(row.lines)}
                    for row in verdict.summary
                ],
            }
            for verdict in examined
        ],
    }


def _when(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
