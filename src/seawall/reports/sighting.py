"""What the firewall itself saw of a release, for a person and for a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from seawall.kernel.sighting import Examined, Sighting

from . import release_diff
from .plain import neutral


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
    yield ""
    yield f"  inside {neutral(verdict.filename)}, looked at{looked}:"
    yield from release_diff.lines(verdict.summary, verdict.findings, verdict.skipped)
    if not (verdict.summary or verdict.findings or verdict.skipped):
        yield "  nothing that speaks against it"


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
                **release_diff.document(verdict.summary, verdict.findings, verdict.skipped),
            }
            for verdict in examined
        ],
    }


def _when(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
