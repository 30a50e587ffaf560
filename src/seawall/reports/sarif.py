"""The verdict for code scanning: SARIF 2.1.0.

Source: OASIS SARIF 2.1.0 (errata 01), and what GitHub reads of it: `security-severity`,
`partialFingerprints`. Waived findings are suppressed results; signals are left out; checks that did not run
are tool notifications.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from seawall.kernel.advisory import Severity
from seawall.kernel.decision import Outcome
from seawall.kernel.rule import Rule
from seawall.kernel.verdict import Judged, Verdict

from .plain import neutral

_LEVEL = {
    Outcome.DENY: "error",
    Outcome.INCOMPLETE: "warning",
    Outcome.WARN: "warning",
    Outcome.ALLOW: "note",
}
_SCORE = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.0",
}


def render(verdict: Verdict, rules: Sequence[Rule]) -> str:
    """The document; `rules` give the help texts."""
    shown = [j for j in verdict.findings if not j.finding.signal or j.outcome is not Outcome.ALLOW]
    used = [rule for rule in rules if any(j.finding.rule == rule.id for j in shown)]
    index = {rule.id: number for number, rule in enumerate(used)}
    run = {
        "tool": {
            "driver": {
                "name": "Seawall",
                "semanticVersion": verdict.version or "0",
                "rules": [_rule(rule) for rule in used],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"TARGET": {"description": {"text": "The target of the scan."}}},
        "invocations": [
            {"executionSuccessful": True, "toolExecutionNotifications": list(_notifications(verdict))}
        ],
        "results": [_result(judged, index) for judged in shown],
        "properties": {"decision": verdict.decision.outcome.value, "policy": neutral(verdict.policy)},
    }
    document = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, indent=1)


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.claim},
        "fullDescription": {"text": rule.claim},
        "help": {"text": rule.documentation},
        "defaultConfiguration": {"level": "note" if rule.severity is Severity.INFO else "warning"},
        "properties": {"tags": ["security", "supply-chain"], "security-severity": _SCORE[rule.severity]},
    }


def _notifications(verdict: Verdict) -> Iterable[dict[str, object]]:
    for skipped in verdict.intake.skipped:
        yield {
            "level": "warning" if skipped.required else "note",
            "message": {"text": neutral(f"not checked: {skipped.check}: {skipped.reason}")},
        }


def _result(judged: Judged, index: dict[str, int]) -> dict[str, object]:
    finding = judged.finding
    result: dict[str, object] = {
        "ruleId": finding.rule,
        "level": _LEVEL[judged.outcome],
        "message": {"text": neutral(f"{finding.message}. Fix: {finding.advice}")},
        "locations": [_location(finding.path, finding.line)],
        "partialFingerprints": {"seawall/v1": finding.fingerprint},
        "properties": {
            "security-severity": _SCORE[finding.severity],
            "asset": neutral(finding.asset),
            "advisories": [neutral(name) for name in finding.advisories],
        },
    }
    if finding.rule in index:
        result["ruleIndex"] = index[finding.rule]
    if finding.waived:
        result["suppressions"] = [{"kind": "external", "justification": neutral(finding.waived)}]
    return result


def _location(path: str, line: int) -> dict[str, object]:
    uri = quote((path or ".").encode("utf-8", "surrogateescape"), safe="/")
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": "TARGET"},
            "region": {"startLine": max(1, line)},
        }
    }
