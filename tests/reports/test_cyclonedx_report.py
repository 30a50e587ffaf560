"""CycloneDX 1.6, valid by the schema that the standard's own library ships."""

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from seawall.kernel.decision import Outcome
from seawall.kernel.lockfile import Pin
from seawall.reports.cyclonedx import render
from simulators.verdicts import DANGEROUS, MATCH, PIN, hostile, lockfile, verdict

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


def document(of: Any) -> Any:
    text = render(of)
    assert text.isascii()
    assert VALIDATOR.validate_str(text) is None
    return json.loads(text)


@pytest.mark.parametrize("outcome", Outcome)
def test_it_is_valid(outcome: Outcome) -> None:
    document(verdict(outcome))
    document(verdict(outcome, findings=(), documents=(), matches={}))
    document(hostile(outcome))


def test_the_schema_refuses_what_is_wrong() -> None:
    wrong = document(verdict())
    wrong["components"][0]["type"] = "thing"
    assert VALIDATOR.validate_str(json.dumps(wrong)) is not None


def test_what_came_in_and_what_is_known_against_it() -> None:
    found = document(verdict(Outcome.DENY))
    assert found["specVersion"] == "1.6"
    (component,) = found["components"]
    assert (component["purl"], component["bom-ref"]) == ("pkg:npm/left@1.0.0",) * 2
    assert component["hashes"] == [{"alg": "SHA-512", "content": "ab" * 64}]
    assert {"name": "seawall:direct", "value": "true"} in component["properties"]
    (flaw,) = found["vulnerabilities"]
    assert (flaw["id"], flaw["ratings"]) == ("GHSA-1", [{"severity": "high", "score": 7.5}])
    assert flaw["affects"] == [{"ref": "pkg:npm/left@1.0.0"}]
    assert found["dependencies"] == [{"ref": "target", "dependsOn": ["pkg:npm/left@1.0.0"]}]
    assert found["metadata"]["properties"] == [{"name": "seawall:decision", "value": "deny"}]
    assert found["metadata"]["timestamp"] == "2026-11-20T12:30:00Z"


def test_a_package_in_many_files_is_one_component() -> None:
    more = tuple(lockfile(PIN, path=f"{n}/package-lock.json") for n in range(5))
    found = document(verdict(documents=more))
    assert len(found["components"]) == 1


def test_spellings_that_are_one_package() -> None:
    other = Pin("npm", "LEFT", "1.0.0", "x")
    found = document(verdict(documents=(lockfile(other, PIN),), matches={PIN.key: (MATCH,)}))
    assert [c["purl"] for c in found["components"]] == ["pkg:npm/left@1.0.0"]
    assert len(found["vulnerabilities"]) == 1


@pytest.mark.parametrize(
    ("pin", "expected"),
    [
        (Pin("npm", "@scope/x", "1.0.0", "p"), {"group": "@scope", "name": "x", "purl": "pkg:npm/%40scope/x@1.0.0"}),
        (Pin("Go", "github.com/a/b", "v1.2.3", "p"), {"group": "github.com/a", "name": "b", "purl": "pkg:golang/github.com/a/b@v1.2.3"}),
        (Pin("npm", "x", "1.0.0", "p", dev=True), {"scope": "excluded"}),
        (Pin("npm", "x", "", "p"), {"version": "", "purl": "pkg:npm/x"}),
    ],
)  # fmt: skip
def test_a_component(pin: Pin, expected: dict[str, str]) -> None:
    (component,) = document(verdict(documents=(lockfile(pin),), matches={}))["components"]
    assert {key: component[key] for key in expected} == expected


@pytest.mark.parametrize("digest", ["sha512:zz", "h1:abc=", "md4:" + "a" * 32, "sha256:" + "a" * 63, ""])
def test_a_digest_that_the_format_does_not_know_is_left_out(digest: str) -> None:
    (component,) = document(verdict(documents=(lockfile(Pin("npm", "x", "1", "p", digests=(digest,))),)))[
        "components"
    ]
    assert "hashes" not in component


def test_the_same_tree_gives_the_same_document() -> None:
    assert render(verdict()) == render(verdict())
    assert render(verdict())[:300] != render(verdict(documents=()))[:300]


def test_nothing_acts_or_hides() -> None:
    text = json.dumps(document(hostile()), ensure_ascii=False)
    assert not [c for c in DANGEROUS if c in text]
    text.encode("utf-8")
