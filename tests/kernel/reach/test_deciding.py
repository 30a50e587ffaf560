"""Conditions of scripts that the workflow's own variables decide, and those that stay open."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.kernel.reach.small_trees import edge, job, said

from seawall.kernel.pipeline import Setting
from seawall.kernel.reach.conditions import both
from seawall.kernel.reach.deciding import impossible, known_values
from seawall.kernel.shell import Command, Script, Word


@pytest.mark.parametrize(
    ("condition", "is_so"),
    [
        ('if [[ "${OS}" == "osx" ]]', True),
        ('if [[ "${OS}" == "linux" ]]', False),
        ("if [ $OS = osx ]", True),
        ("if test $OS != linux", True),
        ('else of if [[ "$OS" == "linux" ]]', True),
        ('else of if [[ "$OS" == "osx" ]]; else of elif [[ "$OS" == "linux" ]]', True),
        ("if [[ -n $X ]] and elif [ $OS == osx ]", True),
        ("case $OS in osx|windows", True),
        ("case $OS in lin*|windows", False),
        ("case $OS in *", False),
        ('if [[ "$OS" == "osx" || $X ]]', False),
        ('if [[ "$OTHER" == "osx" ]]', False),
        ("if [[ $OS == $WANTED ]]", False),
        ("", False),
    ],
)
def test_what_cannot_be(condition: str, is_so: bool) -> None:
    assert impossible(condition, {"OS": "linux"}) is is_so


def test_only_what_is_written_and_never_set_is_known() -> None:
    settings = (
        Setting("A", "1"),
        Setting("B", "${{ matrix.b }}"),
        Setting("C", "1"),
        Setting("D", "1"),
        Setting("A", "2"),
    )
    script = Script((Command((), 1, (("C", Word("x")),)), Command((Word("read"), Word("D")), 2)))
    assert known_values(settings, [script]) == {"A": "2"}


ONE_FOR_ALL = """
if [[ "$OS_NAME" == "osx" ]]; then
  . ci/mac.sh
elif [[ "$OS_NAME" == "windows" ]]; then
  choco install for-windows
else
  apt-get install for-linux
fi
case "$RUNNER_OS" in macOS) brew install by-runner ;; esac
"""
MAC = "security import c.p12 -k build.keychain\nbrew install for-mac\n"


@pytest.mark.parametrize(
    ("system", "name", "there", "away"),
    [
        ("ubuntu-latest", "linux", ["for-linux"], ["for-mac", "for-windows", "by-runner"]),
        ("macos-14", "osx", ["for-mac", "by-runner"], ["for-linux", "for-windows"]),
        ("windows-2025", "windows", ["for-windows"], ["for-linux", "for-mac", "by-runner"]),
        ("ubuntu-latest", "'${{ inputs.os }}'", ["for-linux", "for-mac", "for-windows"], ["by-runner"]),
    ],
)
def test_a_job_runs_its_own_part_of_a_script_for_all(
    tmp_path: Path, system: str, name: str, there: list[str], away: list[str]
) -> None:
    head = f"on: push\nenv: {{OS_NAME: {name}}}\n"
    files = {"ci/all.sh": ONE_FOR_ALL, "ci/mac.sh": MAC}
    reach = job(tmp_path, "- run: bash ci/all.sh\n  shell: bash", head=head, **files)
    text = (tmp_path / ".github/workflows/w.yml").read_text().replace("ubuntu-latest", system)
    (tmp_path / ".github/workflows/w.yml").write_text(text)
    from seawall.reach import of_tree

    reach = of_tree(tmp_path)
    names = " ".join(code.name for _, code in reach.codes)
    assert all(one in names for one in there), names
    assert not any(one in names for one in away), names


def test_a_variable_of_the_job_counts_before_that_of_the_workflow(tmp_path: Path) -> None:
    script = '- run: |\n    if [ "$X" = a ]; then npm install foo; fi'
    head = "on: push\nenv: {X: a}\n"
    assert edge(job(tmp_path, script, head=head), "npm install foo", "GITHUB_TOKEN") is not None
    assert said(job(tmp_path, script, "env: {X: b}\n", head=head), "npm install foo", "GITHUB_TOKEN") == (
        "",
        "",
    )


def test_a_condition_is_said_once_also_where_one_is_several() -> None:
    assert both("if a", "if a and if b", "if b", "") == "if a and if b"
    assert both("x and if a", "if a", "if ab") == "x and if a and if ab"
    assert both() == ""
