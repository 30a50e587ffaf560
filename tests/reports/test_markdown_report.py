"""What stands in a pull request: nothing from outside becomes markup, a link or a mention."""

import re

import pytest

from seawall.kernel.decision import Outcome
from seawall.kernel.finding import Skipped
from seawall.reports.markdown import render
from simulators.verdicts import DANGEROUS, HOSTILE, hostile, interval, judged, verdict

UNCHECKED = Skipped("malware (npm)", "no data", "seawall sync", required=True)


def test_a_whole_one() -> None:
    text = render(
        verdict(
            Outcome.DENY,
            findings=(judged(Outcome.DENY),),
            history=(interval(),),
            skipped=(UNCHECKED,),
            next_command="npm install left@1.0.1",
        )
    )
    assert text.splitlines() == [
        "### Seawall: denied",
        "",
        "Not checked for malware (npm): `seawall sync`.",
        "",
        "| | what | where | fix |",
        "| --- | --- | --- | --- |",
        "| **deny** | left 1.0.0 has GHSA-1&#58; a flaw | package-lock.json&#58;7 | update left to 1.0.1 |",
        "",
        "<details><summary>What was ever bad here</summary>",
        "",
        "* axios 1.14.1 in web&#47;package-lock.json, 2026-03-31T00&#58;41&#58;00Z to 2026-03-31T07&#58;12&#58;00Z",
        "",
        "</details>",
        "",
        "Advisories: osv&#58;npm as of 2026-11-19.",
        "Next: `npm install left@1.0.1`",
    ]


@pytest.mark.parametrize("outcome", Outcome)
def test_the_answer_comes_first(outcome: Outcome) -> None:
    first = render(verdict(outcome)).splitlines()[0]
    assert first.startswith("### Seawall: ")
    assert ("allowed" in first) == (outcome in (Outcome.ALLOW, Outcome.WARN))


def test_waived_and_allowed_findings_are_left_out_and_many_are_counted() -> None:
    quiet = (judged(waived="because"), judged(Outcome.ALLOW))
    assert "| what |" not in render(verdict(findings=quiet))
    many = tuple(judged(message=f"finding {n}") for n in range(25))
    text = render(verdict(findings=many))
    assert text.count("| warn |") == 20
    assert "and 5 more" in text


def outside_of_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", text)


def test_no_markup_comes_from_outside() -> None:
    for text in (render(hostile()), render(hostile(Outcome.INCOMPLETE))):
        bare = outside_of_code(text)
        ours = r"</?details>|</?summary>|<!-- -->"
        assert "<" not in re.sub(ours, "", bare)
        assert "`" not in bare
        assert not re.search(r"[\[\]@_~\\{}!]", bare.replace("<!-- -->", ""))
        for line in bare.splitlines():
            assert line.count("|") in (0, 5), line
            assert not re.match(r"\s*(#{1,2} |[-+>] |\d+\.|    |---|===)", line), line
        assert not re.search(r"https?:|mailto:|://", bare)
        assert "www." not in bare
        assert text.isascii()
        assert not [c for c in DANGEROUS if c in text]


def test_nobody_is_called_and_no_issue_is_named() -> None:
    """GitHub looks for these in the finished page, where a reference is the character again."""
    page = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), outside_of_code(render(hostile())))
    assert not re.search(r"[@#]\w", page)
    assert not re.search(r"(?i)\bgh-\d", page)


def test_code_cannot_be_ended() -> None:
    text = render(
        verdict(
            Outcome.INCOMPLETE, next_command=HOSTILE, skipped=(Skipped("x", "y", HOSTILE, required=True),)
        )
    )
    lines = [line for line in text.splitlines() if "`" in line]
    assert len(lines) == 2
    assert all(line.count("`") == 2 for line in lines)


def test_an_empty_way_out_is_no_code() -> None:
    assert "``" not in render(verdict(Outcome.INCOMPLETE, skipped=(Skipped("x", "y", "", required=True),)))
