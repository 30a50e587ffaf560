"""What a person mends in one go is one entry, and what is denied always stands alone."""

from seawall.kernel.advisory import Severity
from seawall.kernel.decision import Outcome
from seawall.kernel.finding import Finding, fingerprint
from seawall.kernel.verdict import Judged
from seawall.reports.groups import aside, entries


def judged(
    rule: str, path: str, asset: str = "", outcome: Outcome = Outcome.WARN, severity: Severity = Severity.HIGH
) -> Judged:
    finding = Finding(
        f"packages/{rule}",
        severity,
        asset,
        f"{asset or rule} is bad",
        "mend it",
        path,
        3,
        fingerprint(rule, asset, path, ""),
        advisories=(f"ID-{asset}",) if asset else (),
    )
    return Judged(finding, outcome)


def test_one_package_in_many_files_is_one_entry() -> None:
    (entry,) = entries([judged("vulnerable", p, "pkg:npm/a@1") for p in ("a.lock", "b.lock", "a.lock")])
    assert entry.place == "a.lock:3 and 1 more"


def test_one_rule_about_many_files_is_one_entry_and_what_is_shipped_is_named_first() -> None:
    (entry,) = entries([judged("unlocked-range", p) for p in ("docs/requirements.txt", "requirements.txt")])
    assert entry.place == "requirements.txt:3 and 1 more"


def test_a_directory_of_tests_is_one_entry() -> None:
    shown = [
        judged("vulnerable", "test/a.txt", "pkg:pypi/a@1"),
        judged("vulnerable", "src/uv.lock", "pkg:pypi/c@1"),
        judged("vulnerable", "test/deep/b.txt", "pkg:pypi/b@1"),
        judged("unlocked-range", "test/c.txt"),
        judged("unlocked-range", "test/d.txt"),
    ]
    crowd, alone = entries(shown)
    assert crowd.message == "in test/: 2 vulnerable packages, 2 files with ranges, the worst of high severity"
    assert "seawall scan test" in crowd.fix
    assert "--exclude test/" in crowd.fix
    assert alone.place == "src/uv.lock:3"


def test_a_single_finding_among_tests_is_told_as_it_is() -> None:
    (entry,) = entries([judged("vulnerable", "examples/web/a.txt", "pkg:pypi/a@1")])
    assert entry.message == "pkg:pypi/a@1 is bad"


def test_what_is_denied_and_malware_stand_alone_wherever_they_lie() -> None:
    shown = [
        judged("vulnerable", "test/a.txt", "pkg:pypi/a@1", Outcome.DENY),
        judged("known-malware", "test/a.txt", "pkg:pypi/b@1"),
        judged("credential-in-source", "test/a.txt"),
        judged("vulnerable", "test/a.txt", "pkg:pypi/c@1"),
        judged("vulnerable", "test/a.txt", "pkg:pypi/d@1"),
    ]
    assert [entry.message for entry in entries(shown)] == [
        "pkg:pypi/a@1 is bad",
        "pkg:pypi/b@1 is bad",
        "credential-in-source is bad",
        "in test/: 2 vulnerable packages, the worst of high severity",
    ]


def test_a_directory_with_a_hostile_name_is_quoted() -> None:
    path = "a; rm -rf ~/test/x.txt"
    entry = entries([judged("vulnerable", path, f"pkg:npm/{n}@1") for n in "ab"])[0]
    assert "'a; rm -rf ~/test'" in entry.fix


def test_everything_apart_where_that_is_asked_for() -> None:
    shown = [judged("vulnerable", "test/a.txt", f"pkg:npm/{n}@1") for n in "abc"]
    assert len(entries(shown, apart=True)) == 3


def test_the_outermost_directory_counts() -> None:
    assert aside("a/Tests/fixtures/docs/x.lock") == "a/Tests"
    assert aside("tests") == ""
    assert aside("src/latest/x.lock") == ""
