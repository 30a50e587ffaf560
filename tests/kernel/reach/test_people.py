"""Whose hands lead to a place: what files of the tree say, and not known where they say nothing."""

from pathlib import Path

import pytest
from small_trees import tree

from seawall.kernel.reach.edge import Reach
from seawall.kernel.reach.hands import PlaceHands, StartHands
from seawall.reach import of_tree

STEPS = "jobs:\n  build:\n    runs-on: u\n    environment: npm\n    steps:\n      - run: %s\n"


def reach(top: Path, files: dict[str, str]) -> Reach:
    tree(top, files)
    return of_tree(top, people=True)


def hands(found: Reach, place: str = "w.yml#build") -> PlaceHands:
    (one,) = [one for one in found.people or () if one.place.endswith(place)]
    return one


def told(found: PlaceHands) -> dict[str, tuple[str, tuple[str, ...] | None]]:
    return {file.file: (file.what, file.owners) for file in found.files}


def start(top: Path, trigger: str) -> StartHands:
    text = f"on:\n  {trigger}\n" + STEPS % "npx tool"
    return hands(reach(top, {"w.yml": text})).starts[0]


OWNERS = "* @acme/all\n/.github/ @acme/release-team\nscripts/ @dev-one\n*.lock\npackage-lock.json @dev-two\n"


def test_files_that_decide_what_runs_are_told_with_their_owners(tmp_path: Path) -> None:
    files = {
        "w.yml": "on: push\n" + STEPS % "./scripts/go.sh && npm ci",
        "scripts/go.sh": "#!/bin/sh\nnpx tool\n",
        ".github/CODEOWNERS": OWNERS,
        "package.json": "{}",
        "./package-lock.json": "{}",
    }
    found = hands(reach(tmp_path, files))
    assert told(found) == {
        ".github/workflows/w.yml": ("workflow", ("@acme/release-team",)),
        "scripts/go.sh": ("script", ("@dev-one",)),
        "package-lock.json": ("lockfile", ("@dev-two",)),
        "package.json": ("manifest", ("@acme/all",)),
    }
    assert {file.line for file in found.files} == {1, 2, 3, 5}


def test_without_code_owners_nobody_is_known_and_nobody_is_not_nobody(tmp_path: Path) -> None:
    found = hands(reach(tmp_path, {"w.yml": "on: push\n" + STEPS % "npx tool"}))
    (file,) = found.files
    assert (file.owners, file.why) == (None, "no CODEOWNERS in the tree")
    assert found.approval is not None
    assert found.approval.who is None
    assert "no file" in found.approval.why


def test_a_file_that_no_line_is_meant_for_is_not_known_and_one_without_owners_has_none(
    tmp_path: Path,
) -> None:
    files = {"w.yml": "on: push\n" + STEPS % "npm ci", "package.json": "{}", "./package-lock.json": "{}",
             "./CODEOWNERS": "/.github/\n*.json @dev-one\n"}  # fmt: skip
    kinds = told(hands(reach(tmp_path, files)))
    assert kinds[".github/workflows/w.yml"] == ("workflow", ())
    (tmp_path / "CODEOWNERS").write_text("*.js @dev-one\n")
    assert told(hands(of_tree(tmp_path, people=True)))["package.json"] == ("manifest", None)


def test_actions_and_callers_of_the_tree_lead_there_too(tmp_path: Path) -> None:
    files = {
        "a.yml": "on: push\njobs:\n  call:\n    uses: ./.github/workflows/w.yml\n",
        "w.yml": "on: workflow_call\njobs:\n  build:\n    runs-on: u\n    steps:\n      - uses: ./act\n",
        "act/action.yml": "runs:\n  using: composite\n  steps:\n    - run: npx tool\n      shell: bash\n",
        ".github/CODEOWNERS": "*.yml @dev-one\n",
    }
    found = hands(reach(tmp_path, files))
    assert told(found) == {
        ".github/workflows/w.yml": ("workflow", ("@dev-one",)),
        ".github/workflows/a.yml": ("caller", ("@dev-one",)),
        "act/action.yml": ("action", ("@dev-one",)),
    }
    assert [one.trigger for one in found.starts] == ["push"]


SETTINGS = """\
environments:
  - name: NPM
    reviewers:
      - type: Team
        name: release
branches:
  - name: main
    protection:
      required_pull_request_reviews:
        require_code_owner_reviews: true
      restrictions:
        users: [dev-two]
collaborators:
  - username: dev-one
    permission: push
  - username: dev-three
    permission: pull
"""


def test_settings_of_the_tree_name_reviewers_and_writers(tmp_path: Path) -> None:
    text = "on:\n  push:\n    branches: [main]\n  workflow_dispatch:\n" + STEPS % "npx tool"
    files = {"w.yml": text, ".github/settings.yml": SETTINGS, ".github/CODEOWNERS": "* @acme/all\n"}
    found = hands(reach(tmp_path, files))
    assert found.approval is not None
    assert (found.approval.who, found.approval.line) == (("team release",), 2)
    assert [(one.trigger, one.names) for one in found.starts] == [
        ("push to main", ("@dev-two",)),
        ("workflow_dispatch", ("@dev-one",)),
    ]
    assert found.files[0].review == "demanded on main"


def test_an_environment_whose_name_is_computed_is_not_known(tmp_path: Path) -> None:
    text = "on: push\n" + (STEPS % "npx tool").replace("npm", "${{ inputs.where }}")
    found = hands(reach(tmp_path, {"w.yml": text, ".github/settings.yml": SETTINGS}))
    assert found.approval is not None
    assert found.approval.who is None


@pytest.mark.parametrize(
    ("trigger", "who", "strangers"),
    [("pull_request:", "anybody who opens a pull request", True),
     ("pull_request_target:", "with the repository's secrets", True),
     ("issue_comment:", "anybody who comments", True), ("issues:", "anybody", True),
     ("push:", "who can push", False), ("workflow_dispatch:", "who has write access", False),
     ("schedule: [{cron: '0 0 * * *'}]", "the clock", False), ("release:", "who has write access", False),
     ("workflow_call:", "not known", False), ("gollum:", "wiki", False), ("something_new:", "not known", False)],
)  # fmt: skip
def test_who_can_start_it(tmp_path: Path, trigger: str, who: str, *, strangers: bool) -> None:
    found = start(tmp_path, trigger)
    assert who in found.who
    assert found.strangers is strangers
    assert found.line == 2


def test_a_workflow_behind_another_is_started_by_whoever_starts_that(tmp_path: Path) -> None:
    first = "name: Tests\non: pull_request\n" + STEPS % "npx tool"
    tree(tmp_path, {"o.yml": first})
    found = start(tmp_path, "workflow_run:\n    workflows: [Tests]")
    assert found.who == "anybody who opens a pull request, with the repository's secrets"
    assert found.strangers
    assert start(tmp_path, "workflow_run:\n    workflows: [Nowhere]").who.startswith("not known")


def test_workflows_that_start_each_other_come_to_an_end(tmp_path: Path) -> None:
    text = "name: A\non:\n  workflow_run:\n    workflows: [A]\n" + STEPS % "npx tool"
    found = hands(reach(tmp_path, {"w.yml": text}))
    assert found.starts[0].who.startswith("not known")


def test_what_was_not_asked_for_is_not_looked_at(tmp_path: Path) -> None:
    files = {"w.yml": "on: push\n" + STEPS % "npx tool", "./CODEOWNERS": "!x @dev-one\n"}
    tree(tmp_path, files)
    found = of_tree(tmp_path)
    assert (found.people, found.unneeded) == (None, None)
    assert not any("CODEOWNERS" in one.reason for one in found.skipped)
    assert any("CODEOWNERS:1" in one.reason for one in of_tree(tmp_path, people=True).skipped)
