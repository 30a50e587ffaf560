"""What actions need is told of known actions only, and what commands do with git by their own words."""

import pytest

from seawall.kernel.reach.known_actions import known_action
from seawall.kernel.reach.lending_actions import LENDING
from seawall.kernel.reach.needs import NEEDS, needs_of
from seawall.kernel.reach.permissions import SCOPES
from seawall.kernel.reach.with_git import with_git
from seawall.kernel.reach.working_actions import WORKING


def needs(uses: str, **inputs: str) -> object:
    known = known_action(uses)
    assert known is not None
    return needs_of(known, {name.replace("_", "-"): value for name, value in inputs.items()})


def test_every_entry_is_of_a_known_action_and_names_scopes_that_there_are() -> None:
    assert not set(NEEDS) - {*LENDING, *WORKING}
    for name, needed in NEEDS.items():
        for grant, _ in needed:
            scope, _, level = grant.partition(":")
            assert scope in SCOPES, name
            assert level in ("read", "write"), name


def test_most_known_actions_have_an_entry_and_those_that_run_anything_have_none() -> None:
    without = {*LENDING, *WORKING} - set(NEEDS)
    assert {"actions/github-script", "nick-fields/retry", "mxschmitt/action-tmate"} <= without
    assert len(without) < len(NEEDS) / 2


def test_inputs_decide() -> None:
    assert needs("actions/attest@v2") == {"attestations": "write", "contents": "read"}
    assert needs("actions/attest@v2", push_to_registry="true") == {
        "attestations": "write", "contents": "read", "packages": "write",
    }  # fmt: skip
    assert needs("actions/download-artifact@v4") == {}
    assert needs("actions/download-artifact@v4", run_id="${{ x }}") == {"actions": "read"}
    assert needs("actions/github-script@v7") is None
    assert needs("actions/cache/save@v4") == {}
    assert needs("github/codeql-action/upload-sarif@v3") == needs("github/codeql-action@v3")
    assert needs("actions/stale@v9", delete_branch="true")["contents"] == "write"  # type: ignore[index]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [("git push origin", ("`git push`", True)), ("git -C a fetch", ("`git fetch`", False)),
     ("git remote update", ("`git remote update`", False)), ("git status", ("", False)),
     ("mkdocs build", ("", False)), ("mkdocs gh-deploy", ("`mkdocs`", True)), ("npm ci", ("", False)),
     ("npm version 1", ("`npm`", True)), ("gh pr checkout 1", ("`gh`", False)), ("gh pr list", ("", False)),
     ("semantic-release", ("`semantic-release`", True)), ("pytest push", ("", False))],
)  # fmt: skip
def test_what_works_with_a_remote_repository(line: str, wanted: tuple[str, bool]) -> None:
    program, *words = line.split()
    assert with_git(program, words) == wanted
