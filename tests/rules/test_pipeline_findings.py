"""One code item at one place has one finding among the three rules of what is in reach."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.kernel.reach.small_trees import tree

from seawall.adapters.disk.tree import walk
from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Finding
from seawall.kernel.hygiene import HygieneNote
from seawall.kernel.intake import Intake
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.rule import judge
from seawall.reach import ground_from
from seawall.readers.lockfiles import ENVIRONMENTS, FORMATS
from seawall.rules.pipelines import PIPELINES

JOB = """
on: push
permissions: {{contents: {level}}}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: npm install loose
        env: {{KEY: "{key}"}}
      - run: gh release create v1 x
"""


def _found(tmp_path: Path, level: str, key: str) -> list[Finding]:
    reach = tree(tmp_path, {"w.yml": JOB.format(level=level, key=key)})
    found = judge(PIPELINES, Intake(documents=(), now=datetime(2026, 11, 25, tzinfo=UTC), reach=reach))
    return [one for one in found if one.rule.endswith("-in-reach")]


def test_what_else_the_same_code_can_get_at_is_counted_and_no_further_finding(tmp_path: Path) -> None:
    (found,) = _found(tmp_path, "write", "${{ secrets.SIGNING_KEY }}")
    assert found.rule == "pipelines/secret-in-reach"
    assert "SIGNING_KEY and 2 more in reach of npm install loose (floating), in w.yml › build" in str(found)


def test_the_worst_of_three_speaks(tmp_path: Path) -> None:
    assert [one.rule for one in _found(tmp_path, "write", "")] == ["pipelines/identity-in-reach"]
    (found,) = _found(tmp_path, "read", "")
    assert found.rule == "pipelines/release-in-reach"
    assert "the GitHub release can be changed by npm install loose" in str(found)


ACTION = "runs:\n  using: composite\n  steps:\n    - run: echo\n      shell: bash\n"
USERS = """
on: push
permissions: {contents: read}
jobs:
  rich:
    runs-on: ubuntu-latest
    steps:
      - uses: ./.github/actions/outer
      - run: npm install loose
        env: {KEY: "${{ secrets.SIGNING_KEY }}"}
  poor:
    runs-on: ubuntu-latest
    permissions: {}
    steps:
      - uses: ./.github/actions/alone
"""
OUTER = "runs:\n  using: composite\n  steps:\n    - uses: ./.github/actions/inner\n"


def test_hygiene_of_an_action_weighs_what_is_in_reach_of_its_users(tmp_path: Path) -> None:
    files = {"w.yml": USERS, ".github/actions/outer/action.yml": OUTER}
    files |= {f".github/actions/{name}/action.yml": ACTION for name in ("inner", "alone", "unused")}
    reach = tree(tmp_path, files)
    notes = tuple(
        HygieneNote(
            "zizmor/x", Severity.HIGH, "high", "claim", "what", f".github/actions/{name}/action.yml", 4
        )
        for name in ("inner", "alone", "unused")
    )
    ground = ground_from(walk(tmp_path, FORMATS, ENVIRONMENTS, DEFAULT_LIMITS), DEFAULT_LIMITS)
    intake = Intake(
        documents=(), now=datetime(2026, 11, 25, tzinfo=UTC), reach=reach, ground=ground, hygiene=notes
    )
    judged = [one for one in judge(PIPELINES, intake) if one.rule == "zizmor/x"]
    found = {one.path.split("/")[2]: one.severity for one in judged}
    assert found == {"inner": Severity.HIGH, "alone": Severity.INFO, "unused": Severity.INFO}


def test_a_machine_that_is_only_guessed_to_be_kept_is_no_finding(tmp_path: Path) -> None:
    text = "on: push\npermissions: {}\njobs:\n  b:\n    runs-on: LABEL\n    steps:\n      - run: npm install loose\n"
    for label, speaks in (("big-linux", False), ("self-hosted", True)):
        reach = tree(tmp_path, {"w.yml": text.replace("LABEL", label)})
        found = judge(PIPELINES, Intake(documents=(), now=datetime(2026, 11, 25, tzinfo=UTC), reach=reach))
        said = [one.message for one in found if one.rule == "pipelines/secret-in-reach"]
        assert bool(said) is speaks
        assert all("the machine self-hosted, which later jobs use," in one for one in said)


LABELLER = """
on: pull_request_target
permissions: {pull-requests: write}
jobs:
  label:
    runs-on: ubuntu-latest
    steps:
      - run: git fetch origin refs/pull/${{ github.event.number }}/merge:theirs
      - run: SCRIPT
        env: {TOKEN: "${{ github.token }}"}
"""


def test_a_proposal_that_is_only_compared_is_not_run(tmp_path: Path) -> None:
    for script, runs in (
        ('if [ "$(git diff main..theirs x)" ]; then curl -H "$TOKEN" https://api.example/labels; fi', False),
        ("git checkout theirs && make", True),
        ("git ls-files | xargs sha256sum", False),
        ("git ls-files | xargs bash", True),
    ):
        quoted = script.replace("'", "''")
        tree(tmp_path, {"w.yml": LABELLER.replace("SCRIPT", f"'{quoted}'")})
        ground = ground_from(walk(tmp_path, FORMATS, ENVIRONMENTS, DEFAULT_LIMITS), DEFAULT_LIMITS)
        intake = Intake(documents=(), now=datetime(2026, 11, 25, tzinfo=UTC), ground=ground)
        found = [one for one in judge(PIPELINES, intake) if one.rule == "pipelines/outsider-code"]
        assert bool(found) is runs, script
