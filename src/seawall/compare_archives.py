"""Show what is in an archive on this machine, beside an older one and beside its source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from seawall.adapters.disk.bundle import bundled
from seawall.examine import Examined, Subject, examine
from seawall.kernel.contents import Shape
from seawall.kernel.errors import UsageError
from seawall.kernel.finding import Skipped
from seawall.readers.archives import shape_of
from seawall.reports import release_diff as report
from seawall.reports.plain import neutral

SCHEMA = "seawall/archive/1"
UNREADABLE = "releases/unreadable"
"""The rule about an archive that cannot be judged, because not all of it can be read or not in one way."""


def is_archive(about: str) -> bool:
    """The word is the path of an archive that can be looked into."""
    return about.lower().endswith((".whl", ".tgz", ".tar.gz", ".zip", ".tar.bz2")) and Path(about).is_file()


def compare(about: Path, against: Path | None, source: Path | None) -> tuple[str, str, Examined]:
    """(text, JSON, what was found). Raises UsageError for a file that cannot be named so."""
    new = _subject(about)
    old = _subject(against) if against else None
    beside: Subject | None = None
    if source is not None and source.is_dir():
        with bundled(source) as archive:
            beside = Subject(archive, f"{source.resolve().name}.tar.gz", "PyPI", "", "")
            found = examine(new, old, beside, side_by_side=True)
    else:
        beside = _subject(source) if source else None
        found = examine(new, old, beside, side_by_side=True)
    left = tuple(_left_out(new, old, beside))
    found = replace(found, skipped=(*found.skipped, *left))
    lines = [neutral(new.filename) + (f"  beside {neutral(old.filename)}" if old else ""), ""]
    lines += report.lines(found.summary, found.findings, found.skipped)
    document = {
        "schema": SCHEMA,
        "file": new.filename,
        "against": old.filename if old else None,
        "complete": complete(found),
        **report.document(found.summary, found.findings, found.skipped),
    }
    return "\n".join(lines), json.dumps(document, indent=1), found


def complete(found: Examined) -> bool:
    """All of what was asked for was looked at: the archive, and what it was to be held against."""
    return not found.skipped and not any(item.rule == UNREADABLE for item in found.findings)


def _left_out(new: Subject, old: Subject | None, source: Subject | None) -> Iterator[Skipped]:
    """What `examine` leaves out without a word, because nothing of it can be held against `new`."""
    for other in (old, source):
        if other and shape_of(other.ecosystem, other.filename) is None:
            yield Skipped("comparison", f"{other.filename} is no kind of file that is looked into")
    if source and shape_of(new.ecosystem, new.filename) is Shape.NPM:
        yield Skipped("comparison", "an npm tarball is not held against its source yet")


def _subject(path: Path) -> Subject:
    """The archive at `path`; what it is called and which version it is, it says itself."""
    if not path.is_file():
        raise UsageError(f"{path} is no file", "name a wheel, a source archive or an npm tarball")
    ecosystem = "npm" if path.name.lower().endswith(".tgz") else "PyPI"
    return Subject(path.resolve(), path.name, ecosystem, "", "")
