"""What programs rely on: schema `seawall/scan/1`, every key with its type, nothing that acts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from seawall.kernel.decision import Outcome
from seawall.reports.json import render
from simulators.command_line import index, run
from simulators.osv import record
from simulators.repository import BAD, LOCK, Repo, package_lock
from simulators.verdicts import hostile, interval, judged, verdict

OPTIONAL_BOOL = (bool, type(None))
SHAPE: dict[str, Any] = {
    "schema": str,
    "decision": str,
    "assets": [{"purl": str, "path": str, "line": int, "direct": OPTIONAL_BOOL, "dev": bool, "digests": [str]}],
    "decided_by": [{"policy": str, "sentence": str}],
    "feeds": [{"name": str, "as_of": str, "records": int}],
    "findings": [
        {
            "rule": str, "severity": str, "asset": str, "message": str, "advice": str, "path": str, "line": int,
            "fingerprint": str, "advisories": [str], "fixed_in": str, "waived": str, "evidence": dict,
        }
    ],
    "skipped": [{"check": str, "reason": str}],
    "history": [
        {"asset": str, "path": str, "first_commit": str, "first_time": str, "last_commit": str, "last_time": str}
    ],
}  # fmt: skip
"""The interface that others rely on. More keys may come, none of these may go or change."""


def holds(value: Any, shape: Any, where: str = "$") -> None:
    if isinstance(shape, dict):
        assert isinstance(value, dict), where
        for key, inner in shape.items():
            assert key in value, f"{where}.{key} is missing"
            holds(value[key], inner, f"{where}.{key}")
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        for number, item in enumerate(value):
            holds(item, shape[0], f"{where}[{number}]")
    else:
        assert isinstance(value, shape), f"{where} is {value!r}"
        if shape is int:
            assert not isinstance(value, bool), where


TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "data").mkdir()
    index(tmp_path / "data" / "advisories.db", record("GHSA-left-0001", "npm", "left", ("1.0.0",)))
    repo = Repo(tmp_path / "repo")
    repo.commit({f"web/{LOCK}": package_lock(left="1.0.0", axios="1.14.1")})
    repo.commit({f"web/{LOCK}": package_lock(left="1.0.0")})
    repo.commit({"tools/requirements.txt": "six==1.16.0 --hash=sha256:" + "0" * 64 + "\n", LOCK: BAD})
    return run("scan", repo.path, "--offline", "--format", "json", code=1, capsys=capsys).answer


def test_the_interface(answer: dict[str, Any]) -> None:
    holds(answer, SHAPE)
    assert answer["schema"] == "seawall/scan/1"
    assert answer["decision"] == "deny"
    assert all(answer[key] for key in SHAPE), "every list holds something here"


def test_the_interface_of_every_answer() -> None:
    for outcome in Outcome:
        holds(json.loads(render(verdict(outcome, history=(interval(),)))), SHAPE)
        holds(json.loads(render(hostile(outcome))), SHAPE)
        assert json.loads(render(verdict(outcome)))["decision"] == outcome.value


def test_paths_are_relative_to_the_target(answer: dict[str, Any]) -> None:
    for table in ("assets", "findings", "history"):
        for item in answer[table]:
            assert not item["path"].startswith(("/", "..")), item
    assert {h["path"] for h in answer["history"]} == {f"web/{LOCK}", LOCK}


def test_times_are_rfc_3339_in_utc(answer: dict[str, Any]) -> None:
    assert TIME.fullmatch(answer["time"])
    for feed in answer["feeds"]:
        assert TIME.fullmatch(feed["as_of"]), feed
    for item in answer["history"]:
        assert TIME.fullmatch(item["first_time"])
        assert TIME.fullmatch(item["last_time"])


def test_digests_name_their_algorithm(answer: dict[str, Any]) -> None:
    digests = [d for asset in answer["assets"] for d in asset["digests"]]
    assert "sha512:" + "00" * 64 in digests
    assert "sha256:" + "0" * 64 in digests
    for digest in digests:
        assert re.fullmatch(r"sha512:[0-9a-f]{128}|sha256:[0-9a-f]{64}", digest)


def test_names_are_purls_and_rules_have_a_family(answer: dict[str, Any]) -> None:
    assert {"pkg:npm/axios@1.14.1", "pkg:npm/left@1.0.0", "pkg:pypi/six@1.16.0"} <= {
        a["purl"] for a in answer["assets"]
    }
    assert {h["asset"] for h in answer["history"]} == {"pkg:npm/axios@1.14.1"}
    for finding in answer["findings"]:
        assert re.fullmatch(r"[a-z]+/[a-z-]+", finding["rule"])
        assert finding["severity"] in ("critical", "high", "medium", "low", "info")
        assert re.fullmatch(r"[0-9a-f]{32}", finding["fingerprint"])


def test_a_waived_finding_says_why() -> None:
    answer = json.loads(render(verdict(findings=(judged(waived="because (me, until 2027-01-01)"),))))
    assert answer["findings"][0]["waived"].startswith("because")


def test_it_is_ascii_and_every_reader_of_json_takes_it() -> None:
    text = render(hostile())
    assert text.isascii()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", text)
    answer = json.loads(text)
    json.dumps(answer, ensure_ascii=False).encode("utf-8")
    assert "\x1b[31m" in answer["findings"][0]["message"], "what was found is told as it is"
    assert "caf\\u{dce9}" in answer["findings"][0]["message"], "but for what is no text"


def test_characters_beyond_the_basic_plane_are_kept() -> None:
    answer = json.loads(
        render(verdict(findings=(judged(message="\U0001f40b \\ud800 x"), judged(path="a\udc80"))))
    )
    assert answer["findings"][0]["message"] == "\U0001f40b \\ud800 x"
    assert answer["findings"][1]["path"] == "a\\u{dc80}"
