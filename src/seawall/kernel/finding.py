"""A finding is a rule's evidence with a name that stays the same while the defect stays the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from .advisory import Severity


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a rule yields. `message` says what is wrong here, `advice` what to do, each one line.

    `severity` None takes the rule's default. `subject` makes the fingerprint stable when one rule speaks
    twice about one asset and file (e.g. the advisory id); `detail` is small, JSON-ready and free of secrets.
    `under` is the id under which another tool's word is passed on, empty = the rule's own.
    """

    message: str
    advice: str
    asset: str = ""
    path: str = ""
    line: int = 0
    severity: Severity | None = None
    advisories: tuple[str, ...] = ()
    fixed_in: str = ""
    subject: str = ""
    detail: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    under: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect at one place. `waived` is the waiver's reason, empty when it is not waived."""

    rule: str
    severity: Severity
    asset: str
    message: str
    advice: str
    path: str
    line: int
    fingerprint: str
    signal: bool = False
    advisories: tuple[str, ...] = ()
    fixed_in: str = ""
    waived: str = ""
    detail: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


SAMPLE_DIRECTORIES = frozenset(
    {"fixtures", "fixture", "__fixtures__", "testdata", "test-data", "test_data", "__snapshots__"}
)
"""Directories of samples that tests read and nobody installs."""

_ALWAYS_SERIOUS = frozenset(
    {
        "packages/known-malware",
        "packages/malware-in-history",
        "packages/credential-in-source",
        "tools/literal-secret",
    }
)


def softened(finding: Finding) -> Finding:
    """The finding, as information only when it lies among test samples; malware and credentials stay."""
    if finding.rule in _ALWAYS_SERIOUS or finding.severity is Severity.INFO:
        return finding
    return replace(finding, severity=Severity.INFO) if among_samples(finding.path) else finding


def among_samples(path: str) -> bool:
    """The file lies in a directory of samples."""
    return not SAMPLE_DIRECTORIES.isdisjoint(part.lstrip(".") for part in path.split("/")[:-1])


@dataclass(frozen=True, slots=True)
class Skipped:
    """A check that could not run, and why; never a pass. `required` ones make a verdict incomplete."""

    check: str
    reason: str
    advice: str = ""
    required: bool = False


def fingerprint(rule: str, asset: str, path: str, subject: str) -> str:
    """32 hex characters that survive a moved line: SHA-256 over rule, asset, path and subject."""
    joined = "\0".join((rule, asset, path, subject))
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:32]
