"""Show what is in an archive on this machine, beside an older one and beside its source."""

from __future__ import annotations

import json
from pathlib import Path

from seawall.adapters.disk.bundle import bundled
from seawall.examine import Examined, Subject, examine
from seawall.kernel.errors import UsageError
from seawall.reports import release_diff as report
from seawall.reports.plain import neutral

SCHEMA = "seawall/archive/1"


def is_archive(about: str) -> bool:
    """The word is the path of an archive that can be looked into."""
    return about.lower().endswith((".whl", ".tgz", ".tar.gz", ".zip", ".tar.bz2")) and Path(about).is_file()


def compare(about: Path, against: Path | None, source: Path | None) -> tuple[str, str, Examined]:
    """(text, JSON, what was found). Raises UsageError for a file that cannot be named so."""
    new = _subject(about)
    old = _subject(against) if against else None
    if source is not None and source.is_dir():
        with bundled(source) as archive:
            beside = Subject(archive, f"{source.resolve().name}.tar.gz", "PyPI", "", "")
            found = examine(new, old, beside, side_by_side=True)
    else:
        found = examine(new, old, _subject(source) if source else None, side_by_side=True)
    lines = [neutral(new.filename) + (f"  beside {neutral(old.filename)}" if old else ""), ""]
    lines += report.lines(found.summary, found.findings, found.skipped)
    document = {
        "schema": SCHEMA,
        "file": new.filename,
        "against": old.filename if old else None,
        **report.document(found.summary, found.findings, found.skipped),
    }
    return "\n".join(lines), json.dumps(document, indent=1), found


def _subject(path: Path) -> Subject:
    """The archive at `path`; what it is called and which version it is, it says itself."""
    if not path.is_file():
        raise UsageError(f"{path} is no file", "name a wheel, a source archive or an npm tarball")
    ecosystem = "npm" if path.name.lower().endswith(".tgz") else "PyPI"
    return Subject(path.resolve(), path.name, ecosystem, "", "")
