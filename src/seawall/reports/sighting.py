"""What the firewall itself saw of a release, for a person and for a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from seawall.kernel.sighting import Examined, Sighting

from . import release_diff
from .plain import neutral

_NOTHING: Mapping[str, str] = MappingProxyType({})


def lines(
    files: Sequence[Sighting], examined: Sequence[Examined], beside: Mapping[str, str] = _NOTHING
) -> Iterator[str]:
    """When its files were first offered here, and what was found in them, two spaces in.

    `beside` names the file with which each is compared side by side.
    """
    yield "  this firewall saw:"
    for item in files:
        said = f"; published {_when(item.published)}, says the registry" if item.published else ""
        yield f"    {neutral(item.filename)}: first offered here {_when(item.first)}{said}"
        yield from (f"      {neutral(digest)}" for digest in item.digests[:2])
    for verdict in examined:
        yield from _inside(verdict, beside.get(verdict.filename, ""))


def _inside(verdict: Examined, before: str) -> Iterator[str]:
    looked = f" on {_when(verdict.at)}" if verdict.at else ""
    yield ""
    yield f"  inside {neutral(verdict.filename)}, looked at{looked}:"
    if before:
        yield release_diff.header(before, verdict.filename)
    yield from release_diff.lines(verdict.summary, verdict.findings, verdict.skipped)
    if not (verdict.summary or verdict.findings or verdict.skipped):
        yield "  nothing that speaks against it"


def document(
    files: Sequence[Sighting], examined: Sequence[Examined], beside: Mapping[str, str] = _NOTHING
) -> dict[str, object]:
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
                "beside": beside.get(verdict.filename) or None,
                **release_diff.document(verdict.summary, verdict.findings, verdict.skipped),
            }
            for verdict in examined
        ],
    }


def _when(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
