"""What a rule, a package version or an advisory means, from what is on this machine."""

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.kernel.rule import Rule
from seawall.rules import RULES
from simulators.command_line import Done, index, run
from simulators.osv import record


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture
def explain(capsys: pytest.CaptureFixture[str]) -> Any:
    def ask(*words: object, code: int = 0) -> Done:
        return run("explain", *words, code=code, capsys=capsys)

    return ask


@pytest.fixture
def data(place: Path) -> Path:
    semver = [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.1"}]}]
    return index(
        place / "data" / "advisories.db",
        record("GHSA-left-0001", "npm", "left", ranges=semver, aliases=["CVE-2026-1"],
               severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]),
        record("MAL-2026-9", "npm", "left", ("3.0.0",)),
        record("GHSA-gone-0001", "npm", "left", ("1.0.0",), withdrawn="2026-02-03T04:05:06Z"),
        record("PYSEC-2026-1", "PyPI", "some-thing", ("1.0",)),
        ecosystems=("npm", "PyPI"),
    )  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_explains_itself(explain: Any, rule: Rule) -> None:
    done = explain(rule.id)
    assert done.first.startswith(f"{rule.id}  ({rule.severity.word}")
    assert rule.claim in done.out
    for part in ("Why:", "Attack:", "Fix:"):
        assert part in done.out
    answer = explain(rule.id, "--format", "json").answer
    assert (answer["schema"], answer["rule"], answer["signal"]) == ("seawall/explain/1", rule.id, rule.signal)


def test_malware_without_any_data(explain: Any) -> None:
    done = explain("pkg:npm/axios@1.14.1")
    assert done.out.splitlines() == [
        "axios 1.14.1  (npm)",
        "",
        "  MAL-2026-2307, axios-npm-2026-03: malware",
        "    axios 1.14.1 / 0.30.4 maintainer takeover with phantom dependency plain-crypto-js",
        "  go to axios 1.14.0",
    ]
    answer = explain("pkg:npm/axios@1.14.1", "--format", "json").answer
    assert answer["advisories"][0]["malicious"] is True
    assert (answer["last_good"], answer["asked"]) == ("1.14.0", ["catalog"])


def test_nothing_known_is_not_called_good(explain: Any, data: Path) -> None:
    done = explain("pkg:npm/nobody@1.0.0")
    assert "Nothing is known against it in the built-in catalog and the index" in done.out
    assert "that does not say that it is good" in done.out
    data.unlink()
    done = explain("pkg:npm/nobody@1.0.0")
    assert "Nothing is known against it in the built-in catalog;" in done.out
    assert done.out.rstrip().endswith("For more: seawall sync")


def test_a_version_with_a_flaw(explain: Any, data: Path) -> None:
    done = explain("pkg:npm/left@1.0.0")
    assert "GHSA-left-0001, CVE-2026-1: vulnerability, critical" in done.out
    assert "fixed in 2.0.1" in done.out
    assert "MAL-2026-9" not in done.out
    assert "GHSA-gone-0001" not in done.out, "what was withdrawn counts for nothing"


def test_a_name_without_a_version_is_told_everything(explain: Any, data: Path) -> None:
    assert explain("pkg:npm/left").out.splitlines()[2:] == [
        "  MAL-2026-9: malware",
        "    A flaw in left",
        "    versions: 3.0.0",
        "  GHSA-left-0001, CVE-2026-1: vulnerability, critical",
        "    A flaw in left",
        "    versions: from 0 to before 2.0.1",
    ]


def test_names_are_spelled_as_their_ecosystem_does(explain: Any, data: Path) -> None:
    assert "PYSEC-2026-1" in explain("pkg:pypi/Some_Thing@1.0").out


@pytest.mark.parametrize("name", ["GHSA-left-0001", "CVE-2026-1"])
def test_an_advisory_by_any_of_its_names(explain: Any, data: Path, name: str) -> None:
    done = explain(name)
    assert done.first == "GHSA-left-0001  (vulnerability, published 2026-01-01)"
    assert "also known as CVE-2026-1" in done.out
    answer = explain(name, "--format", "json").answer
    assert answer["advisory"] == name
    assert answer["record"]["packages"] == ["npm: left"]


def test_an_advisory_that_was_withdrawn(explain: Any, data: Path) -> None:
    assert "withdrawn 2026-02-03T04:05:06Z: it counts for nothing" in explain("GHSA-gone-0001").out


@pytest.mark.parametrize("name", ["MAL-2026-2307", "axios-npm-2026-03"])
def test_an_attack_of_the_past(explain: Any, name: str) -> None:
    done = explain(name)
    assert "npm: axios 1.14.1, go to 1.14.0" in done.out
    assert "from 2026-03-31T00:21:00Z to 2026-03-31T03:15:00Z" in done.out
    assert "sources:" in done.out
    assert explain(name, "--format", "json").answer["attack"]["id"] == "axios-npm-2026-03"


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ("GHSA-nobody-knows", "and there is no index yet"),
        ("packages/misspelt", "is no rule, no package URL"),
        ("pkg:npm", "is no package URL"),
        ("", "is no rule"),
    ],
)
def test_what_is_not_known(explain: Any, about: str, says: str) -> None:
    done = explain(about, code=2)
    assert says in done.err
    assert done.out == ""


def test_another_index_and_one_that_is_broken(explain: Any, data: Path, place: Path) -> None:
    moved = data.rename(place / "other.db")
    assert "GHSA-left-0001" in explain("pkg:npm/left@1.0.0", "--index", moved).out
    moved.write_bytes(b"rubbish" * 500)
    done = explain("pkg:npm/left@1.0.0", "--index", moved, code=4)
    assert "seawall sync" in done.err


def test_explaining_writes_nothing(explain: Any, place: Path) -> None:
    explain("pkg:npm/axios@1.14.1")
    assert list((place / "data").iterdir()) == []
    assert json.loads(explain("pkg:npm/axios@1.14.1", "--format", "json").out)
