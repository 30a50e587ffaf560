"""CODEOWNERS and settings that lie in a tree are read line by line, and what counts for nothing is told."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.ownership import Access, DeclaredEnvironment, Protection
from seawall.readers.pipelines import codeowners
from seawall.readers.pipelines.repository_settings import read_ruleset, read_settings

SAMPLES = Path(__file__).parents[2] / "data" / "pipelines"


def owners(text: str) -> list[tuple[str, tuple[str, ...], int]]:
    found = codeowners.read(text.encode(), "CODEOWNERS", DEFAULT_LIMITS)
    return [(line.pattern, line.owners, line.line) for line in found.lines]


def test_the_sample_is_read_with_its_lines() -> None:
    assert owners((SAMPLES / "codeowners" / "good" / "CODEOWNERS").read_text()) == [
        ("*", ("@acme/everybody",), 2),
        ("*.js", ("@dev-one", "@acme/web"), 3),
        ("/build/logs/", ("@dev-two",), 4),
        ("docs/*", ("docs@example.com",), 5),
        ("apps/", (), 6),
        ("/.github/workflows/", ("@acme/release-team",), 7),
        ("**/deploy", ("@acme/ops",), 8),
        ("/odd name.txt", ("@dev-one",), 9),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [("!x @dev-one", "`!`"), ("a[bc] @dev-one", "`[`"), ("\\#x @dev-one", "`!`"), ("x dev-one", "an owner"),
     ("x @", "an owner"), ("x @dev-one nobody", "an owner"), ("[Part] @dev-one", "GitLab"),
     ("^[Part][2]", "GitLab")],
)  # fmt: skip
def test_a_line_that_github_skips_counts_for_nothing_and_is_told(line: str, said: str) -> None:
    found = codeowners.read(f"\n{line}\n* @acme/all\r\n".encode(), "CODEOWNERS", DEFAULT_LIMITS)
    assert [one.pattern for one in found.lines] == ["*"]
    (problem,) = found.problems
    assert (problem.line, said in problem.message) == (2, True)


def test_a_file_that_github_does_not_load_is_not_read() -> None:
    found = codeowners.read(b"* @dev-one\n" * 300_000, "CODEOWNERS", DEFAULT_LIMITS)
    assert not found.lines
    assert found.problems[0].kind == "too-large"


@given(st.binary(max_size=400))
def test_any_bytes_are_read(data: bytes) -> None:
    found = codeowners.read(data, "CODEOWNERS", DEFAULT_LIMITS)
    assert len(found.lines) <= data.count(b"\n") + 1
    assert all(line.line for line in found.lines)


def test_settings_tell_reviewers_protections_and_access() -> None:
    path = SAMPLES / "repository-settings" / "good" / ".github" / "settings.yml"
    found = read_settings(path.read_bytes(), "s", DEFAULT_LIMITS)
    assert found.environments == (
        DeclaredEnvironment("production", ("team release-team", "@dev-one", "user 12345"), 4),
        DeclaredEnvironment("preview", (), 12),
    )
    assert found.protections == (
        Protection("branch", ("main",), 2, True, ("@dev-two", "team release-team"), line=14),
    )
    assert found.access == (Access("@dev-one", "push", 24), Access("team readers", "pull", 27))
    assert not found.problems


def test_settings_without_people_say_nothing_of_them() -> None:
    assert read_settings(b"repository:\n  name: x\n", "s", DEFAULT_LIMITS).access is None


def test_a_ruleset_tells_what_it_demands_and_who_may_do_without() -> None:
    path = SAMPLES / "repository-ruleset" / "good" / ".github" / "rulesets" / "main.json"
    (rule,) = read_ruleset(path.read_bytes(), "r", DEFAULT_LIMITS).protections
    assert (rule.target, rule.refs, rule.approvals, rule.owners_review) == (
        "branch", ("~DEFAULT_BRANCH",), 1, True,
    )  # fmt: skip
    assert rule.bypass == ("admins",)


def test_a_ruleset_that_is_switched_off_protects_nothing() -> None:
    off = json.dumps({"enforcement": "disabled", "rules": [{"type": "pull_request"}]})
    assert not read_ruleset(off.encode(), "r", DEFAULT_LIMITS).protections


@pytest.mark.parametrize("read", [read_settings, read_ruleset])
@given(st.binary(max_size=300))
def test_any_bytes_are_settings_or_a_problem(read: object, data: bytes) -> None:
    found = read(data, "s", Limits(nesting=20))  # type: ignore[operator]
    assert found.problems or found.path == "s"
