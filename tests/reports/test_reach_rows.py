"""One row of the text report says what matters: the loosest code, its line, and what holds of it alone."""

from __future__ import annotations

from pathlib import Path

from tests.kernel.reach.small_trees import tree

from seawall.reports.reach_text import Look, render

WORKFLOW = """
on: {push: {tags: ["v*"]}}
permissions: {}
jobs:
  sign:
    runs-on: macos-14
    environment: release
    env:
      APPLE_PASSWORD: ${{ secrets.APPLE_PASSWORD }}
      APPLE_TEAM_ID: ${{ secrets.APPLE_TEAM_ID }}
      NOTARY_KEY: ${{ secrets.NOTARY_KEY }}
    steps:
      - uses: actions/checkout@v4
      - if: runner.debug
        run: npm install -g some-package-with-a-rather-long-name another-package-with-an-even-longer-name-than-that
      - run: ./sign.sh
"""


def _text(tmp_path: Path, width: int = 100) -> str:
    return render(tree(tmp_path, {"w.yml": WORKFLOW}), Look(width=width))


def test_what_gates_the_whole_place_is_said_once(tmp_path: Path) -> None:
    text = _text(tmp_path)
    assert text.count("after approval of environment release") == 1
    assert "  only after approval of environment release, where it demands one\n" in text


def test_loose_code_goes_before_surer_code_of_the_runners_maker(tmp_path: Path) -> None:
    row = next(line for line in _text(tmp_path).splitlines() if line.startswith("  APPLE_PASSWORD"))
    assert "conditional  npm install -g" in row
    assert ":15 and 1 more (certain by some)" in row


def test_the_line_of_code_stays_however_long_its_name(tmp_path: Path) -> None:
    for width in (70, 100, 200):
        rows = [line for line in _text(tmp_path, width).splitlines() if line.startswith("  NOTARY_KEY")]
        assert rows
        assert all(":15" in row and len(row) <= width for row in rows), rows


def test_a_cut_is_not_cut(tmp_path: Path) -> None:
    lines = _text(tmp_path, 70).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  cut:"))
    whole = " ".join(line.strip() for line in lines[at : at + 4])
    assert "..." not in whole
    assert "w.yml:" in whole


def test_the_same_cut_for_several_secrets_is_named_for_the_one_of_most_worth(tmp_path: Path) -> None:
    table = _text(tmp_path).rpartition("w.yml › sign")[2]
    moves = [line for line in table.splitlines() if "from the job's environment" in line]
    assert len(moves) <= 1
