"""The census counts jobs as its page says: by hand-worked cases, whose answers are known."""

from pathlib import Path

import pytest
from bench.census import Count, count, page, reason, summary

CASES = Path(__file__).parent / "reach_cases"


def counted(name: str) -> Count:
    return count(CASES / name / "tree")


@pytest.mark.parametrize(
    ("case", "job", "words"),
    [
        # An install by lockfile, and an action by branch beside the registry's token, which gets the identity no more
        # than any other: splitting the job is enough.
        ("01-npm-token-release", "publish", "named identity writes moving own_tags secret_apart"),
        ("01-npm-token-release", "tell", "unsaid own_tags secret_apart"),
        # The registry login is an action by tag that is given the password.
        ("08-image-build-push", "build", "named writes moving own_tags together secret_apart"),
        ("06-native-modules-matrix", "build", "installs moving own_tags secret_apart"),
        # The publishing action is by branch and asks for the identity itself.
        ("11-wheels-handed-over", "pypi", "identity writes moving own_tags together secret_apart"),
        # pytest imports what was installed, with the key; a secret of a service is in reach of every step.
        ("20-tests-against-model-apis", "tests", "named installs own_tags together"),
        # The head of the pull request runs with the key, and nothing can pin it.
        (
            "19-pull-request-target-evaluation",
            "evaluate",
            "named writes installs own_tags together unpinned secret_apart",
        ),
        ("19-pull-request-target-evaluation", "detect", "writes own_tags secret_apart"),
    ],
)
def test_a_job_is_counted_as_the_page_says(case: str, job: str, words: str) -> None:
    (found,) = (one for place, one in counted(case).jobs.items() if place.endswith(f"#{job}"))
    told = (
        "named", "identity", "writes", "unsaid", "installs", "moving", "own_tags", "together", "unpinned", "secret_apart",
    )  # fmt: skip
    assert " ".join(name for name in told if getattr(found, name)) == words


def test_both_is_of_those_that_hold_a_value() -> None:
    found = summary([counted("06-native-modules-matrix"), counted("08-image-build-push")])
    both, holding = next(numbers for what, numbers in found.items() if what.startswith("**both: "))
    assert (both, holding) == (1, 2)  # `publish` of 06 holds values and runs GitHub's own actions alone


def test_the_page_is_the_same_for_the_same_corpus_and_day() -> None:
    first = page([counted("20-tests-against-model-apis")], "2026-01-01")
    assert first == page([counted("20-tests-against-model-apis")], "2026-01-01")
    assert "python -m bench.census 2026-01-01" in first
    assert "1 of 1 workflow files were read" in " ".join(first.split())


def test_a_reason_holds_no_name() -> None:
    assert reason(".github/workflows/a.yml:3: `make x` is called, and Makefile is not there").startswith(
        "a task"
    )
    assert reason("a.yml: something new: `x` at b") == "something new: `…` at b"
