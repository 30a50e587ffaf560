"""The verdict for programs: schema `seawall/scan/1`. Keys are only ever added.

docs/reports.md describes every key. Strings are as found; JSON's own escapes keep them harmless. Only
bytes that are no text at all are written out, because JSON cannot hold them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from seawall.kernel.asset import package_purl
from seawall.kernel.finding import Finding
from seawall.kernel.verdict import Judged, Verdict

from .plain import as_text

SCHEMA = "seawall/scan/1"


def render(verdict: Verdict) -> str:
    """The whole verdict as one JSON document, ASCII only, ending without a newline."""
    found = document(verdict)
    text = json.dumps(found, indent=1)
    return json.dumps(as_text(found), indent=1) if "\\ud" in text else text


def document(verdict: Verdict) -> dict[str, object]:
    """The whole verdict as JSON values."""
    intake = verdict.intake
    return {
        "schema": SCHEMA,
        "version": verdict.version,
        "target": verdict.target,
        "time": intake.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "decision": verdict.decision.outcome.value,
        "decided_by": [{"policy": by.policy, "sentence": by.sentence} for by in verdict.decision.decided_by],
        "policy": verdict.policy,
        "feeds": [
            {"name": f.name, "as_of": f.as_of, "records": f.records, "covers": list(f.covers)}
            for f in intake.feeds
        ],
        "findings": [_finding(item) for item in verdict.findings],
        "baselined": verdict.baselined,
        "skipped": [
            {"check": s.check, "reason": s.reason, "advice": s.advice, "required": s.required}
            for s in intake.skipped
        ],
        "history": list(_history(verdict)),
        "gaps": [{"client": g.client, "what": g.what, "fix": g.fix, "where": g.where} for g in verdict.gaps],
        "ignored_waivers": [
            {"rule": w.rule, "asset": w.asset, "author": w.author, "line": w.line}
            for w in intake.ignored_waivers
        ],
        "next_command": verdict.next_command,
        "assets": list(_assets(verdict)),
    }


def _finding(judged: Judged) -> dict[str, object]:
    finding = judged.finding
    return {
        "rule": finding.rule,
        "severity": finding.severity.word,
        "asset": finding.asset,
        "message": finding.message,
        "advice": finding.advice,
        "path": finding.path,
        "line": finding.line,
        "fingerprint": finding.fingerprint,
        "advisories": list(finding.advisories),
        "fixed_in": finding.fixed_in,
        "waived": finding.waived,
        "evidence": _evidence(finding),
        "outcome": judged.outcome.value,
        "policy": judged.policy,
        "signal": finding.signal,
    }


def _evidence(finding: Finding) -> Mapping[str, object]:
    return dict(finding.detail)


def _history(verdict: Verdict) -> Iterator[dict[str, object]]:
    for interval in verdict.intake.history:
        yield {
            "asset": package_purl(*interval.key),
            "path": interval.path,
            "first_commit": interval.first_commit,
            "first_time": interval.first_time,
            "last_commit": interval.last_commit,
            "last_time": interval.last_time,
            "removed_commit": interval.removed_commit,
            "removed_time": interval.removed_time,
            "advisories": list(interval.advisories),
            "gone": interval.gone,
        }


def _assets(verdict: Verdict) -> Iterator[dict[str, object]]:
    for document_ in verdict.intake.documents:
        for pin in document_.pins:
            yield {
                "purl": pin.purl,
                "path": pin.path,
                "line": pin.line,
                "direct": pin.direct,
                "dev": pin.dev,
                "digests": list(pin.digests),
            }
