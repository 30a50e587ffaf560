"""A case says what it means, or it is a problem with a line; nothing in it is ignored."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernel.decision import Outcome
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.policy.facts import Answer, Hotfix
from seawall.readers.settings.policy_cases import CLEAN, CasesFile, read


def parsed(text: str) -> CasesFile:
    return read(text.encode(), "cases.toml", DEFAULT_LIMITS)


def test_a_case_begins_clean_and_says_what_differs() -> None:
    file = parsed(
        'policy = "strict"\n[[case]]\nname = "n"\nexpect = "deny"\nby = ["strict/malware"]\n'
        'action = "fetch"\n'
        'package = { ecosystem = "npm", name = "a", version = "1" }\nteams = ["b", "a"]\n'
        '[case.facts]\nmalware = true\nworst_vulnerability = "high"\nfindings = ["x/y"]\ndirect = "yes"\n'
        "hotfix = { approved = true }\n\n[[case]]\nexpect = 'allow'\n"
    )
    assert not file.problems
    assert file.policy == "strict"
    first, second = file.cases
    facts = first.question.facts
    assert (facts.malware, facts.worst_vulnerability, facts.findings) == (True, 3, {"x/y"})
    assert (facts.direct, facts.hotfix) == (Answer.YES, Hotfix(approved=True))
    assert (first.expect, first.by, first.line) == (Outcome.DENY, ("strict/malware",), 2)
    assert dict(first.question.resource.attributes) == {"ecosystem": "npm", "name": "a", "version": "1"}
    assert first.question.principal.teams == ("a", "b")
    assert second.question.facts == CLEAN
    assert second.name == "case in line 16"


@pytest.mark.parametrize(
    "fact",
    [
        "malwar = true",
        "malware = 1",
        "malware = 'yes'",
        "age_days = true",
        "age_days = '3'",
        "age_days = 1.5",
        "age_days = 9223372036854775808",
        "worst_vulnerability = 'awful'",
        "age_days = 'high'",
        "findings = 'packages/unreadable'",
        "findings = [1]",
        "direct = 'perhaps'",
        "direct = true",
        "hotfix = true",
        "hotfix = { approve = true }",
        "hotfix = { approved = 1 }",
        "ecosystem = 3",
    ],
)
def test_a_wrong_fact_is_a_problem_with_a_line(fact: str) -> None:
    file = parsed(f"\n[[case]]\nexpect = 'deny'\n[case.facts]\n{fact}\n")
    assert not file.cases
    assert [p.line for p in file.problems] == [2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "case = 3",
        "case = [3]",
        "[[case]]",
        "[[case]]\nexpect = 'denied'",
        "[[case]]\nexpect = 'deny'\nfact = {}",
        "[[case]]\nexpect = 'deny'\nfacts = []",
        "[[case]]\nexpect = 'deny'\npackage = 'x'",
        "[[case]]\nexpect = 'deny'\npackage = { host = 'x' }",
        "[[case]]\nexpect = 'deny'\ndocument = 3",
        "[[case]]\nexpect = 'deny'\nteams = 'a'",
        "[[case]]\nexpect = 'deny'\nby = 'a'",
        "[[cases]]\nexpect = 'deny'",
        "policy = 3\n[[case]]\nexpect = 'deny'",
        "[[case]\nexpect",
        "a = [" * 500,
        "\0",
    ],
)
def test_what_is_not_a_file_of_cases_is_a_problem(text: str) -> None:
    assert parsed(text).problems


def test_bytes_that_are_no_text_or_too_many() -> None:
    assert read(b"\xff\xfe\xff", "c", DEFAULT_LIMITS).problems
    assert read(b"#" * 100, "c", Limits(file_bytes=10)).problems


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_never_raises(data: bytes) -> None:
    file = read(data, "c", DEFAULT_LIMITS)
    assert file.problems or file.cases
