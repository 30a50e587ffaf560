"""`seawall reach --people` in every format, and with a question."""

import json
from pathlib import Path

import pytest

from seawall.cli.main import main

WORKFLOW = """\
on: push
permissions:
  contents: read
  packages: write
jobs:
  build:
    runs-on: u
    steps:
      - run: npx tool
      - run: echo ${{ secrets.KEY }}
  other:
    runs-on: u
    steps:
      - run: npx tool
"""


@pytest.fixture
def top(tmp_path: Path) -> Path:
    path = tmp_path / ".github" / "workflows" / "w.yml"
    path.parent.mkdir(parents=True)
    path.write_text(WORKFLOW)
    (tmp_path / "CODEOWNERS").write_text("* @acme/release-team\n")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["reach", *words]) == 0
    return capsys.readouterr().out


def test_the_text_ends_with_who_leads_there(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = run(capsys, str(top))
    text = run(capsys, str(top), "--people")
    assert text.startswith(plain.rstrip("\n"))
    assert "changed by  .github/workflows/w.yml: @acme/release-team · CODEOWNERS:1" in text
    assert "started by  push: who can push (who that is: not known)" in text
    assert "w.yml › build: permission packages:write: no step uses packages" in text


def test_a_question_narrows_people_to_the_places_that_are_meant(
    top: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(run(capsys, str(top), "--people", "--from", "npx*", "--format", "json"))
    assert {one["place"].partition("#")[2] for one in found["people"]} == {"build", "other"}
    found = json.loads(run(capsys, str(top), "--people", "--from", "nothing", "--format", "json"))
    assert (found["people"], found["unneeded"]) == ([], [])
    assert "people" not in json.loads(run(capsys, str(top), "--format", "json"))


def test_the_page_and_a_report_hold_them(
    top: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "r.json"
    page = run(capsys, str(top), "--people", "--format", "html", "--report", f"json={report}")
    assert "@acme/release-team" in page
    assert json.loads(report.read_text())["people"][0]["changes"][0]["owners"] == ["@acme/release-team"]


@pytest.mark.parametrize("other", ["--fix", "--machine"])
def test_people_do_not_go_with_everything(top: Path, capsys: pytest.CaptureFixture[str], other: str) -> None:
    words = [other, "--people"] if other == "--machine" else [str(top), other, "--people"]
    assert main(["reach", *words]) == 2
    assert "--people" in capsys.readouterr().err
