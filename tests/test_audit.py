"""An audit through the firewall is answered from this machine, in the shapes that clients read."""

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.adapters.feeds.index import Filled, build, row_of
from seawall.audit import audit
from seawall.kernel.advisory import Affected, VersionRange
from seawall.kernel.dialect import Audit
from seawall.kernel.intake import FeedState
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.reports.npm_audit import vulnerable
from simulators.osv import record

ASKED = (("axios", ("1.14.1", "1.14.0")), ("left", ("1.0.0", "1.1.0", "2.0.0")), ("good", ("1.0.0",)))


def indexed(path: Path, *records: dict[str, Any], covers: tuple[str, ...] = ("npm",)) -> Path:
    rows = [row_of(json.dumps(item).encode(), "osv:npm", "x.json", DEFAULT_LIMITS) for item in records]
    state = FeedState("osv:npm", "2026-01-01T00:00:00Z", len(rows), covers, "here")
    build(rows, [Filled(state, "2026-01-01T00:00:00Z")], path)  # type: ignore[arg-type]
    return path


@pytest.fixture
def index(tmp_path: Path) -> Path:
    flaw = record("GHSA-1", "npm", "left", (), aliases=["CVE-1"])
    spans = [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "1.5.0"}]}]
    flaw["affected"][0] |= {"ranges": spans}
    flaw["affected"][0].pop("versions", None)
    return indexed(tmp_path / "advisories.db", flaw)


def test_the_bulk_shape(index: Path) -> None:
    said = audit(Audit(ASKED, "bulk"), index)
    assert said.status == 200
    got = json.loads(said.body)
    assert got.keys() == {"axios", "left"}
    (flaw,) = got["left"]
    assert flaw["vulnerable_versions"] == ">=1.0.0 <1.5.0"
    assert flaw["url"] == "https://github.com/advisories/GHSA-1"
    assert flaw["severity"] in ("low", "moderate", "high", "critical")
    (malware,) = got["axios"]
    assert malware["severity"] == "critical"
    assert malware["title"].startswith("Malware: axios 1.14.1")
    assert set(malware["vulnerable_versions"].split(" || ")) == {"1.14.1", "0.30.4"}
    assert isinstance(flaw["id"], int)
    assert flaw["id"] != malware["id"]


def test_the_older_shape(index: Path) -> None:
    got = json.loads(audit(Audit(ASKED, "quick"), index).body)
    (flaw,) = [item for item in got["advisories"].values() if item["module_name"] == "left"]
    assert flaw["patched_versions"] == ">=1.5.0"
    assert [item["version"] for item in flaw["findings"]] == ["1.0.0", "1.1.0"]
    assert flaw["cves"] == ["CVE-1"]
    assert got["metadata"]["totalDependencies"] == 6
    assert (
        sum(got["metadata"]["vulnerabilities"].values()) == len(got["actions"]) == len(got["advisories"]) == 2
    )
    for action in got["actions"]:
        assert str(action["resolves"][0]["id"]) in got["advisories"]


def test_ids_stay_the_same(index: Path) -> None:
    first, second = (audit(Audit(packages, "bulk"), index).body for packages in (ASKED, ASKED))
    assert first == second


def test_nothing_is_wrong(index: Path) -> None:
    assert audit(Audit((("good", ("1.0.0",)),), "bulk"), index).body == b"{}"


def test_without_advisories_nothing_is_called_clean(tmp_path: Path) -> None:
    for path in (tmp_path / "none.db", indexed(tmp_path / "pypi.db", covers=("PyPI",))):
        said = audit(Audit(ASKED, "bulk"), path)
        assert said.status == 503
        assert "no advisories for npm" in json.loads(said.body)["error"]


def span(*events: tuple[str, str]) -> VersionRange:
    return VersionRange("SEMVER", events)


@pytest.mark.parametrize(
    ("versions", "spans", "expected"),
    [
        (("1.0.0", "2.0.0"), (), "1.0.0 || 2.0.0"),
        ((), (span(("introduced", "0")),), "*"),
        (("1.0.0",), (span(("introduced", "0")),), "1.0.0"),
        ((), (span(("introduced", "0"), ("fixed", "1.0.0")),), "<1.0.0"),
        ((), (span(("introduced", "1.0.0"), ("last_affected", "1.2.0")),), ">=1.0.0 <=1.2.0"),
        ((), (span(("introduced", "1.0.0")),), ">=1.0.0"),
        (
            (),
            (span(("introduced", "0"), ("fixed", "1.0.0"), ("introduced", "2.0.0"), ("fixed", "2.1.0")),),
            "<1.0.0 || >=2.0.0 <2.1.0",
        ),
        (("1.0.0", "9.0.0"), (span(("introduced", "0"), ("fixed", "2.0.0")),), "<2.0.0 || 9.0.0"),
        ((), (), "<0.0.0"),
    ],
)
def test_ranges(versions: tuple[str, ...], spans: tuple[VersionRange, ...], expected: str) -> None:
    assert vulnerable([Affected("npm", "a", versions, spans)]) == expected
