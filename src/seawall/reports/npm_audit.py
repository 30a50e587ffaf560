"""An audit's answer names each flaw once, with the range that npm's clients compare versions with.

Two shapes: of npm's bulk endpoint (npm, pnpm), and the older one (yarn 1). Ids are numbers there: ours are
made of the advisory's own id and stay the same. Source: npm's metavuln-calculator, yarn 1's audit.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seawall.kernel.advisory import Affected, Match, Severity, VersionRange
from seawall.kernel.matching import is_affected

from .plain import shortened

_WORDS = {
    Severity.INFO: "info",
    Severity.LOW: "low",
    Severity.MEDIUM: "moderate",
    Severity.HIGH: "high",
    Severity.CRITICAL: "critical",
}
_NOTHING = "<0.0.0"
_EVERYTHING = "*"
_LONGEST = 200
_PAGES = (("GHSA-", "https://github.com/advisories/"), ("", "https://osv.dev/vulnerability/"))


@dataclass(frozen=True, slots=True)
class Flaw:
    """One flaw of one package, the versions of it that somebody has, and what records say of all."""

    match: Match
    versions: tuple[str, ...]
    affected: tuple[Affected, ...]


def bulk(flaws: Sequence[Flaw]) -> bytes:
    """name → its flaws."""
    found: dict[str, list[dict[str, object]]] = {}
    for flaw in flaws:
        found.setdefault(flaw.match.key[1], []).append(_entry(flaw))
    return json.dumps(found).encode()


def quick(flaws: Sequence[Flaw], packages: int) -> bytes:
    """The older shape: what is to be done, the flaws by id, and how many there are."""
    counts = Counter(_WORDS[flaw.match.severity] for flaw in flaws)
    document = {
        "actions": [_review(flaw) for flaw in flaws],
        "advisories": {str(_number(flaw)): _advisory(flaw) for flaw in flaws},
        "muted": [],
        "metadata": {
            "vulnerabilities": {word: counts[word] for word in _WORDS.values()},
            "dependencies": packages,
            "devDependencies": 0,
            "optionalDependencies": 0,
            "totalDependencies": packages,
        },
    }
    return json.dumps(document).encode()


def _entry(flaw: Flaw) -> dict[str, object]:
    return {
        "id": _number(flaw),
        "url": _page(flaw.match.ids),
        "title": _title(flaw.match),
        "severity": _WORDS[flaw.match.severity],
        "vulnerable_versions": vulnerable(flaw.affected),
        "cwe": ["CWE-506"] if flaw.match.malicious else [],
        "cvss": {"score": flaw.match.score or 0, "vectorString": None},
    }


def _advisory(flaw: Flaw) -> dict[str, object]:
    fixed = flaw.match.fixed_in
    return {
        **_entry(flaw),
        "module_name": flaw.match.key[1],
        "patched_versions": f">={fixed}" if fixed else _NOTHING,
        "overview": _title(flaw.match),
        "recommendation": f"Upgrade to {fixed} or later" if fixed else "No version is known to be good",
        "findings": [{"version": version, "paths": [flaw.match.key[1]]} for version in flaw.versions],
        "cves": [name for name in flaw.match.ids if name.startswith("CVE-")],
        "access": "public",
    }


def _review(flaw: Flaw) -> dict[str, object]:
    name = flaw.match.key[1]
    resolved = {"id": _number(flaw), "path": name, "dev": False, "optional": False, "bundled": False}
    return {"action": "review", "module": name, "resolves": [resolved]}


def _number(flaw: Flaw) -> int:
    """31 bits of the digest over the package's name and the advisory's id."""
    text = f"{flaw.match.key[1]} {flaw.match.ids[0]}"
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:4]) >> 1


def _page(ids: Iterable[str]) -> str:
    return next(f"{page}{name}" for start, page in _PAGES for name in ids if name.startswith(start))


def _title(match: Match) -> str:
    words = "Malware: " if match.malicious else ""
    return shortened(f"{words}{match.summary or match.ids[0]}", _LONGEST) + f" ({match.ids[0]})"


def vulnerable(affected: Iterable[Affected]) -> str:
    """The range of versions that the records name, as npm's semver reads it."""
    parts: dict[str, None] = {}
    for said in affected:
        spans = [span for span in said.ranges if not (said.versions and _unbounded(span))]
        parts.update(dict.fromkeys(text for span in spans for text in _spans(span)))
        ranged = Affected(said.ecosystem, said.name, (), tuple(spans))
        parts.update(dict.fromkeys(v for v in said.versions if not (spans and is_affected(ranged, v))))
    return _EVERYTHING if _EVERYTHING in parts else " || ".join(parts) or _NOTHING


def _unbounded(span: VersionRange) -> bool:
    return all(event == ("introduced", "0") for event in span.events)


def _spans(span: VersionRange) -> Iterable[str]:
    start: str | None = None
    for event, version in span.events:
        if event == "introduced" and start is None:
            start = "" if version == "0" else f">={version}"
        elif event in ("fixed", "last_affected") and start is not None:
            end = f"<{version}" if event == "fixed" else f"<={version}"
            yield f"{start} {end}".strip()
            start = None
    if start is not None:
        yield start or _EVERYTHING
