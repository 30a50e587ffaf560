"""SARIF 2.1.0, valid by its schema (tests/data/sarif), as code scanning takes it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from seawall.kernel.decision import Outcome
from seawall.kernel.finding import Skipped
from seawall.reports.sarif import render
from seawall.rules import RULES
from simulators.verdicts import DANGEROUS, hostile, judged, verdict

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "sarif" / "sarif-2.1.0.schema.json").read_text())


def document(of: Any) -> Any:
    text = render(of, RULES)
    assert text.isascii()
    found = json.loads(text)
    jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(found)
    return found


@pytest.mark.parametrize("outcome", Outcome)
def test_it_is_valid(outcome: Outcome) -> None:
    document(verdict(outcome))
    document(verdict(outcome, findings=(), documents=(), matches={}))
    document(hostile(outcome))


def test_the_schema_refuses_what_is_wrong() -> None:
    wrong = document(verdict())
    wrong["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate(wrong)


def test_every_rule_can_be_described() -> None:
    run = document(verdict(findings=tuple(judged(rule=rule.id) for rule in RULES)))["runs"][0]
    assert [r["id"] for r in run["tool"]["driver"]["rules"]] == [rule.id for rule in RULES]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_result() -> None:
    run = document(verdict(Outcome.DENY, findings=(judged(Outcome.DENY),)))["runs"][0]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("packages/vulnerable", "error")
    assert result["message"]["text"] == "left 1.0.0 has GHSA-1: a flaw. Fix: update left to 1.0.1"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "package-lock.json", "uriBaseId": "TARGET"}
    assert place["region"] == {"startLine": 7}
    assert len(result["partialFingerprints"]["seawall/v1"]) == 32
    assert "suppressions" not in result


def test_waived_findings_are_suppressed_and_signals_left_out() -> None:
    findings = (
        judged(waived="because (me, until 2027-01-01)"),
        judged(Outcome.ALLOW, "packages/young-release", signal=True),
        judged(Outcome.DENY, "packages/provenance-lost", signal=True),
    )
    results = document(verdict(findings=findings))["runs"][0]["results"]
    assert [r["ruleId"] for r in results] == ["packages/vulnerable", "packages/provenance-lost"]
    assert results[0]["suppressions"] == [
        {"kind": "external", "justification": "because (me, until 2027-01-01)"}
    ]


def test_what_was_not_checked_is_told() -> None:
    run = document(verdict(Outcome.INCOMPLETE, skipped=(Skipped("x", "y", "z", required=True),)))["runs"][0]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert (note["level"], note["message"]["text"]) == ("warning", "not checked: x: y")
    assert run["properties"]["decision"] == "incomplete"


@pytest.mark.parametrize("path", ["a b/c#d?e.json", "c:d", "caf\udce9", "ü/x", "%41", "a//b", ""])
def test_a_path_is_a_reference_that_leads_back(path: str) -> None:
    result = document(verdict(findings=(judged(path=path),)))["runs"][0]["results"][0]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri, errors="surrogateescape") == (path or ".")
    assert ":" not in uri.split("/")[0]


def test_nothing_acts_or_hides() -> None:
    text = json.dumps(document(hostile()), ensure_ascii=False)
    assert not [c for c in DANGEROUS if c in text]
    text.encode("utf-8")
