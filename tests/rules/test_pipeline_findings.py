"""One code item at one place has one finding among the three rules of what is in reach."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.kernel.reach.small_trees import tree

from seawall.kernel.finding import Finding
from seawall.kernel.intake import Intake
from seawall.kernel.rule import judge
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
