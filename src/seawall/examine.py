"""Look into a file that is about to be let in, beside the release before it and its own source.

The file is opened once and looked into by a worker process; nothing of it is run. Whatever keeps it from
being looked at is a required check that did not run, and never a pass.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from seawall import __version__
from seawall.adapters.runners.examiner import Examiners, NoAnswer, opened
from seawall.kernel.advisory import Severity
from seawall.kernel.contents import Shape
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.release_diff import Row
from seawall.readers.archives import shape_of

CHECK = "release diff"
"""How policies and reports call this check where it did not run."""


def _engine() -> str:
    try:
        grammar = version("tree-sitter-javascript")
    except PackageNotFoundError:
        grammar = "none"
    return f"release-diff/1 seawall/{__version__} python/{platform.python_version()} javascript/{grammar}"


ENGINE = _engine()
"""What a verdict depends on besides the files: it is kept with it, and another engine looks again."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One archive on this machine, and what its registry says it is.

    With `sha256` (hex) the bytes that are looked at must have that digest. `install_script` is what the
    registry says about it (npm), None where it says nothing.
    """

    path: Path
    filename: str
    ecosystem: str
    name: str
    version: str
    sha256: str = ""
    install_script: bool | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found, what could not be looked at, and the comparison side by side."""

    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    summary: tuple[Row, ...] = field(default=())


class _Shared:
    """The workers of this process, started when the first file comes."""

    examiners: Examiners | None = None


def examine(
    subject: Subject,
    previous: Subject | None = None,
    sdist: Subject | None = None,
    *,
    examiners: Examiners | None = None,
    side_by_side: bool = False,
) -> Examined:
    """What is new in `subject`. Blocking; never raises for what is in the files.

    With `side_by_side` all of both releases is looked at and `summary` is filled; else as little as tells
    whether something is new.
    """
    shape = shape_of(subject.ecosystem, subject.filename)
    if shape is None:
        return _unknown(f"{subject.filename} is no kind of file that is looked into")
    files = [("new", subject, shape)]
    for role, other in (("old", previous), ("source", sdist if shape is not Shape.NPM else None)):
        kind = shape_of(other.ecosystem, other.filename) if other else None
        if other and kind:
            files.append((role, other, kind))
    descriptors: list[int] = []
    try:
        for _, item, _ in files:
            descriptors.append(opened(item.path))
        workers = examiners or _workers()
        return _examined(workers.ask(_question(subject, previous, files, side_by_side), descriptors))
    except NoAnswer as error:
        return _unknown(str(error))
    except OSError as error:
        return _unknown(f"{error.filename or subject.filename}: {error.strerror}")
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def close() -> None:
    """End this process's workers; the next look starts new ones."""
    workers, _Shared.examiners = _Shared.examiners, None
    if workers:
        workers.close()


def _workers() -> Examiners:
    if _Shared.examiners is None:
        _Shared.examiners = Examiners()
    return _Shared.examiners


def _question(
    subject: Subject, previous: Subject | None, files: list[tuple[str, Subject, Shape]], side_by_side: bool
) -> dict[str, Any]:
    return {
        "declared": {
            "ecosystem": subject.ecosystem,
            "name": subject.name,
            "version": subject.version,
            "install_script": subject.install_script,
        },
        "previous": previous.version if previous else "",
        "rows": side_by_side,
        "files": [
            {"role": role, "filename": item.filename, "shape": shape.value, "sha256": item.sha256}
            for role, item, shape in files
        ],
    }


def _examined(answer: Mapping[str, Any]) -> Examined:
    try:
        if "wrong" in answer:
            return _unknown(str(answer["wrong"]))
        findings = tuple(
            Finding(
                **{**item, "severity": Severity(item["severity"]), "advisories": tuple(item["advisories"])}
            )
            for item in answer["findings"]
        )
        rows = tuple(Row(i["about"], i["before"], i["now"], tuple(i["lines"])) for i in answer["rows"])
        unread = tuple(Skipped("comparison", str(why)) for why in answer["unread"])
    except (KeyError, TypeError, ValueError):
        return _unknown("the answer of the process that looked into it cannot be read")
    return Examined(findings, unread, rows)


def _unknown(why: str) -> Examined:
    return Examined(skipped=(Skipped(CHECK, why, "take another release, or ask again later", required=True),))
