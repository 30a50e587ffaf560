"""What is in a file that is about to be let in is looked at, beside the release before it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seawall.kernel.finding import Finding, Skipped

ENGINE = "none"
"""Names what looks into files; a verdict of another engine does not count."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One file on this machine. `sha256` is in hexadecimal."""

    path: Path
    filename: str
    ecosystem: str
    name: str
    version: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found, and what could not be looked at."""

    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def examine(subject: Subject, previous: Subject | None, source: Subject | None) -> Examined:
    """Nothing looks into files yet, and that is said."""
    del previous, source
    return Examined(skipped=(Skipped(f"what is in {subject.filename}", "nothing looks into files yet"),))
