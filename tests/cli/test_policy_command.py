"""`seawall policy` says whether a policy can be used, whether it does what is expected, and what it does."""

import io
import json
from pathlib import Path

import pytest

from seawall.cli.command import Streams
from seawall.cli.main import parser_of
from seawall.cli.policy import COMMAND
from seawall.kernel.errors import PolicyError, SeawallError, TargetError, UsageError

CASES = Path(__file__).parents[1] / "kernel" / "policy" / "cases"
OWN = '@id("own/all") permit (principal, action, resource);\n'


def run(*words: str) -> tuple[int, str]:
    out = io.StringIO()
    code = COMMAND.run(parser_of(COMMAND).parse_args(words), Streams(out, io.StringIO()))
    return code, out.getvalue()


def as_json(*words: str) -> dict:  # type: ignore[type-arg]
    values: dict = json.loads(run(*words, "--format", "json")[1])  # type: ignore[type-arg]
    assert values["schema"] == "seawall/policy/1"
    return values


# ── check ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_shipped_policies_are_sound() -> None:
    code, text = run("check")
    assert code == 0
    assert [line.split()[:2] for line in text.splitlines()] == [
        ["sound:", "observe"],
        ["sound:", "default"],
        ["sound:", "strict"],
    ]
    assert {row["deny"] for row in as_json("check")["policies"] if row["policy"] == "observe"} == {0}


def test_check_names_the_line_of_each_unsound_file(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.cedar", tmp_path / "bad.cedar"
    good.write_text(OWN)
    bad.write_text(
        OWN + '\n@id("b") @advice("B.")\nforbid (principal, action == Action::"keep", resource)\n'
        "when { context.age_dayz < 3 };\n"
    )
    code, text = run("check", str(bad), str(good))
    assert code == 2
    assert f"{bad}:5: b: " in text
    assert f"sound: {good}" in text
    row = as_json("check", str(bad))["policies"][0]
    assert (row["sound"], bool(row["advice"])) == (False, True)


def test_check_of_an_empty_or_missing_file(tmp_path: Path) -> None:
    empty = tmp_path / "empty.cedar"
    empty.write_text("")
    assert run("check", str(empty)) == (
        2,
        f"{empty}: the policy is empty\n  an empty policy decides nothing; name another one\n",
    )
    assert run("check", str(tmp_path / "none"))[0] == 2


# ── test ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_shipped_policies_answer_as_their_cases_expect() -> None:
    code, text = run("test", str(CASES))
    assert code == 0, text
    assert text == "416 of 416 cases are answered as expected\n"


@pytest.mark.parametrize("name", ["default", "strict", "observe"])
def test_every_statement_that_is_shipped_decides_some_case(name: str) -> None:
    from seawall.decide import chosen_policy

    rows = as_json("test", str(CASES / f"{name}.toml"))["cases"]
    deciding = {by["policy"] for row in rows for by in row["decided_by"]}
    assert {s.id for s in chosen_policy(name).statements} <= deciding


def test_a_case_that_is_answered_otherwise_is_exit_1(tmp_path: Path) -> None:
    (tmp_path / "own.cedar").write_text(OWN)
    cases = tmp_path / "t.toml"
    cases.write_text(
        'policy = "own.cedar"\n[[case]]\nname = "good"\nexpect = "allow"\n\n'
        '[[case]]\nname = "bad"\nexpect = "deny"\nfacts = { malware = true }\n'
        '[[case]]\nname = "other"\nexpect = "allow"\nby = ["own/none"]\n'
    )
    code, text = run("test", str(cases))
    assert code == 1
    assert f"{cases}:6: bad: expected deny, got allow by own/all" in text
    assert "expected own/none to decide; it was own/all" in text
    assert text.endswith("1 of 3 cases are answered as expected\n")
    assert as_json("test", str(cases))["failed"] == 2
    assert run("test", str(cases), "--policy", "default")[1].count("\n") == 2


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (None, TargetError),
        ("[[case]]\nexpect = 3\n", UsageError),
        ('policy = "x"\n[[case]]\nexpect = "deny"', PolicyError),
    ],
)
def test_tests_that_cannot_be_run(tmp_path: Path, text: str | None, error: type[SeawallError]) -> None:
    cases = tmp_path / "t.toml"
    if text is not None:
        cases.write_text(text)
    with pytest.raises(error) as caught:
        run("test", str(cases))
    assert caught.value.advice
    assert caught.value.exit_code == 2


def test_no_tests_named_or_none_there(tmp_path: Path) -> None:
    for words in (["test"], ["test", str(tmp_path)]):
        with pytest.raises(UsageError):
            run(*words)


# ── explain ───────────────────────────────────────────────────────────────────────────────────────────


def test_explain_tells_what_a_policy_does_in_sentences() -> None:
    code, text = run("explain")
    assert code == 0
    assert "Denied:" in text
    assert "default/malware " in text
    assert "policy/not-checked" in text
    assert "Denied: nothing" in run("explain", "observe")[1]
    told = as_json("explain", "strict")
    assert told["statements"][3]["outcome"] == "deny"
    assert told["digest"].startswith("sha256:")


def test_explain_a_finding() -> None:
    assert run("explain", "--finding", "packages/known-malware")[1].startswith("deny: default on")
    assert run("explain", "observe", "--finding", "packages/known-malware")[1].startswith("warn:")
    assert as_json("explain", "--finding", "packages/vulnerable:high")["decision"] == "warn"
    assert as_json("explain", "strict", "--finding", "packages/vulnerable:high")["decision"] == "deny"
    together = ["--finding", "packages/young-release", "--finding", "packages/provenance-lost"]
    assert as_json("explain", *together)["decision"] == "deny"
    assert as_json("explain", *together[:2])["decision"] == "allow"


@pytest.mark.parametrize("word", ["packages/none", "packages/vulnerable:awful", ""])
def test_explain_of_no_rule(word: str) -> None:
    with pytest.raises(UsageError):
        run("explain", "--finding", word)


def test_explain_shows_what_may_be_asked() -> None:
    assert "malware_checked: Bool" in run("explain", "--facts")[1]
    with pytest.raises(UsageError):
        run("explain", "default", "strict")
