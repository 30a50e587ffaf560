import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.advisory import Advisory, Affected, VersionRange
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.readers.advisories.osv import affected_from, read_outline, read_record

RECORD: dict[str, Any] = {
    "schema_version": "1.7.0",
    "id": "GHSA-aaaa-bbbb-cccc",
    "modified": "2026-01-02T03:04:05.678Z",
    "published": "2026-01-01T00:00:00Z",
    "aliases": ["CVE-2026-1"],
    "summary": "It breaks",
    "details": "# Long\nstory",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "npm", "name": "left", "purl": "pkg:npm/left"},
            "ranges": [
                {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.1"}]},
                {"type": "GIT", "repo": "https://git.example/x", "events": [{"introduced": "0"}]},
            ],
            "versions": ["1.0.0"],
        }
    ],
    "database_specific": {"severity": "HIGH", "cwe_ids": ["CWE-79"]},
}


def read(document: object) -> Advisory | Problem:
    return read_record(json.dumps(document).encode(), "x.json", DEFAULT_LIMITS)


def advisory(**changes: object) -> Advisory:
    found = read({**RECORD, **changes})
    assert isinstance(found, Advisory)
    return found


def test_a_record() -> None:
    assert advisory() == Advisory(
        id="GHSA-aaaa-bbbb-cccc",
        affected=(
            Affected(
                "npm",
                "left",
                ("1.0.0",),
                (VersionRange("SEMVER", (("introduced", "0"), ("fixed", "1.0.1"))),),
            ),
        ),
        aliases=("CVE-2026-1",),
        summary="It breaks",
        published="2026-01-01T00:00:00Z",
        modified="2026-01-02T03:04:05.678Z",
        vectors=(("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),),
        label="HIGH",
    )


def test_the_same_record_in_yaml() -> None:
    text = (
        'id: PYSEC-1\nmodified: "2026-01-01T00:00:00Z"\naffected:\n- package: {ecosystem: PyPI, name: a}\n'
        '  versions: ["1.10", 1.1]\n'
    )
    found = read_record(text.encode(), "vulns/a/PYSEC-1.yaml", DEFAULT_LIMITS)
    assert isinstance(found, Advisory)
    assert found.affected == (Affected("PyPI", "a", ("1.10", "1.1")),)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "MAL-2026-1"},
        {"aliases": ["MAL-2026-1"]},
        {"database_specific": {"cwe_ids": ["CWE-506"]}},
        {"affected": [{**RECORD["affected"][0], "database_specific": {"cwes": [{"cweId": "CWE-506"}]}}]},
    ],
)
def test_what_is_malicious(change: dict[str, object]) -> None:
    assert advisory(**change).malicious
    assert not advisory().malicious
    outline = read_outline(json.dumps({**RECORD, **change}).encode(), "x.json", DEFAULT_LIMITS)
    assert not isinstance(outline, Problem)
    assert outline.malicious


def test_what_only_describes_may_be_wrong() -> None:
    found = advisory(
        summary=7,
        details=["x"],
        modified="yesterday",
        published={},
        severity="high",
        database_specific=[1],
    )
    assert found == replace(
        advisory(), summary="", modified="", published="", vectors=(), label="", aliases=("CVE-2026-1",)
    )


def test_what_somebody_else_than_the_publisher_stands_for_is_reviewed() -> None:
    assert not advisory().reviewed
    assert advisory(database_specific={"github_reviewed": True}).reviewed
    assert not advisory(database_specific={"github_reviewed": False}).reviewed
    assert not advisory(database_specific={"github_reviewed": "true"}).reviewed
    assert not advisory(id="OWN-1", database_specific={"github_reviewed": True}).reviewed
    assert advisory(id="PYSEC-2026-1").reviewed
    assert advisory(id="RUSTSEC-2026-0001").reviewed


def test_the_first_line_of_the_details_stands_in_for_a_summary() -> None:
    assert advisory(summary="").summary == "Long"


def test_a_lone_surrogate_in_a_text_can_be_written() -> None:
    assert advisory(summary="a\ud800b").summary.encode()


def test_an_unknown_kind_of_range_is_kept() -> None:
    package = {"package": {"ecosystem": "npm", "name": "a"}}
    ranges = [{"type": "NEW", "events": [{"introduced": "0"}, {"fixed": "1"}]}]
    assert advisory(affected=[{**package, "ranges": ranges}]).affected[0].ranges[0].kind == "NEW"


def test_nothing_said_is_nothing_affected() -> None:
    assert advisory(affected=None, aliases=None, withdrawn=None).affected == ()
    assert advisory(affected=[{"ranges": [{"type": "GIT", "events": []}]}]).affected == ()


def inside(**changes: object) -> dict[str, object]:
    return {"affected": [{**RECORD["affected"][0], **changes}]}


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": ""},
        {"id": 7},
        {"id": "x" * 1000},
        {"id": "a\nb"},
        {"id": "\ud800"},
        {"withdrawn": True},
        {"aliases": "CVE-1"},
        {"aliases": [1]},
        {"affected": {}},
        {"affected": ["left"]},
        inside(package="left"),
        inside(package={"name": "left"}),
        inside(package={"ecosystem": "npm", "name": ["left"]}),
        inside(versions="1.0.0"),
        inside(versions=[1.0]),
        inside(versions=[None]),
        inside(versions=["1" * 10_000]),
        inside(ranges={}),
        inside(ranges=[{"type": 1, "events": []}]),
        inside(ranges=[{"type": "SEMVER", "events": {}}]),
        inside(ranges=[{"type": "SEMVER", "events": [{"fixed": 1}]}]),
        inside(ranges=[{"type": "SEMVER", "events": [{"fixed": None}]}]),
        inside(ranges=[{"type": "SEMVER", "events": [{"introduced": ""}]}]),
    ],
)
def test_what_decides_is_never_half_read(change: dict[str, object]) -> None:
    found = read({**RECORD, **change})
    assert isinstance(found, Problem)
    assert found.kind is ProblemKind.MALFORMED
    assert isinstance(
        read_outline(json.dumps({**RECORD, **change}).encode(), "x.json", DEFAULT_LIMITS), Problem
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", ProblemKind.TRUNCATED),
        (json.dumps(RECORD).encode()[:-20], ProblemKind.TRUNCATED),
        (b"{not json}", ProblemKind.MALFORMED),
        (b"[]", ProblemKind.MALFORMED),
        (b"{}", ProblemKind.UNSUPPORTED),
        (b'{"a":' * 100_000, ProblemKind.TOO_DEEP),
        (b'{"id": "\xff"}', ProblemKind.MALFORMED),
        (b'{"id": ' + b"9" * 10_000 + b"}", ProblemKind.MALFORMED),
        (b" " * (DEFAULT_LIMITS.record_bytes + 1), ProblemKind.TOO_LARGE),
    ],
)
def test_hostile_bytes(data: bytes, kind: ProblemKind) -> None:
    for reader in (read_record, read_outline):
        found = reader(data, "feed/x.json", DEFAULT_LIMITS)
        assert isinstance(found, Problem)
        assert (found.path, found.kind) == ("feed/x.json", kind)


FIELDS = (
    "id aliases affected package ecosystem name ranges type events introduced fixed versions severity score "
    "database_specific cwe_ids withdrawn modified"
)
KEY = st.sampled_from(FIELDS.split())
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("MAL-1"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEY, VALUE, max_size=6), st.booleans())
def test_any_value_anywhere(document: dict[str, object], whole: bool) -> None:
    data = json.dumps({**RECORD, **document} if whole else document).encode()
    record = read_record(data, "x.json", DEFAULT_LIMITS)
    outline = read_outline(data, "x.json", DEFAULT_LIMITS)
    assert isinstance(record, Problem) == isinstance(outline, Problem)
    if isinstance(record, Advisory) and not isinstance(outline, Problem):
        assert (record.id, record.aliases, record.modified) == (outline.id, outline.aliases, outline.modified)
        assert record.malicious == outline.malicious
        kept = () if record.withdrawn else record.affected
        assert tuple(affected_from(*said) for said in outline.about) == kept
        assert repr(record).encode()


@given(st.binary(max_size=200), st.sampled_from(["x.json", "x.yaml"]))
def test_any_bytes(data: bytes, path: str) -> None:
    assert isinstance(read_record(data, path, DEFAULT_LIMITS), Advisory | Problem)
