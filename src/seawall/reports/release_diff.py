"""Two releases side by side: what was in the one before, what is in this one, and what that means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.release_diff import Row

from .plain import neutral, shortened

_ABOUT, _SIDE, _WIDTH = 18, 34, 110


def header(before: str, now: str) -> str:
    """What stands in which column."""
    return f"  {'':<{_ABOUT}}{shortened(before, _SIDE - 2):<{_SIDE}}{shortened(now, _WIDTH)}"


def lines(rows: Sequence[Row], findings: Sequence[Finding], skipped: Sequence[Skipped]) -> Iterator[str]:
    """The table, two spaces in, then what was found, then what could not be looked at.

    A row whose two sides are the same stands in one column; rows about nothing are left out.
    """
    for row in rows:
        if not (row.before or row.now or row.lines):
            continue
        before, now = shortened(row.before or "-", _SIDE - 2), shortened(row.now or "-", _WIDTH)
        yield f"  {row.about:<{_ABOUT}}{before:<{_SIDE}}{now}"
        yield from (f"  {'':<{_ABOUT}}{shortened(line, _WIDTH)}" for line in row.lines)
    yield ""
    for item in findings:
        yield f"  {item.rule}: {neutral(item.message)}"
        yield f"    {neutral(item.advice)}"
    if not findings and rows:
        yield "  Nothing in it is unusual beside that; this does not say that it is good."
    for skip in skipped:
        yield f"  not looked at: {neutral(skip.check)}: {neutral(skip.reason)}"


def document(
    rows: Sequence[Row], findings: Sequence[Finding], skipped: Sequence[Skipped]
) -> dict[str, object]:
    """The same as JSON values."""
    return {
        "compared": [
            {"about": r.about, "before": r.before, "now": r.now, "lines": list(r.lines)} for r in rows
        ],
        "findings": [
            {
                "rule": f.rule,
                "severity": f.severity.word,
                "signal": f.signal,
                "message": f.message,
                "advice": f.advice,
                "path": f.path,
                "line": f.line,
            }
            for f in findings
        ],
        "skipped": [{"check": s.check, "reason": s.reason, "required": s.required} for s in skipped],
    }
