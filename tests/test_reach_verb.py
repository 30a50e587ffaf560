"""The verb looks at a repository from its top, reads what its jobs start, and says what it did not read."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seawall.kernel.errors import TargetError
from seawall.kernel.limits import Limits
from seawall.reach import ReachOrder, ground_of, of_tree, reach, top_of

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TEXT = "on: push\npermissions: {}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    env:\n      T: ${{ secrets.T }}\n    steps:\n"
USES = "      - uses: acme/tool@v1\n"


def _workflow(top: Path, name: str = "w.yml", steps: str = USES) -> Path:
    path = top / ".github" / "workflows" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEXT + steps)
    return path


def test_a_part_of_a_repository_is_looked_at_from_its_top(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=60)
    _workflow(tmp_path)
    part = tmp_path / "packages" / "one"
    part.mkdir(parents=True)
    assert top_of(part) == tmp_path.resolve()
    assert [one.id for one in reach(ReachOrder(part), NOW).places] == [".github/workflows/w.yml#j"]


def test_a_directory_with_workflows_is_a_top_of_its_own(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=60)
    _workflow(tmp_path / "sample")
    assert top_of(tmp_path / "sample") == (tmp_path / "sample").resolve()


def test_of_one_workflow_only_its_own_is_told(tmp_path: Path) -> None:
    _workflow(tmp_path, "other.yml")
    found = reach(ReachOrder(_workflow(tmp_path)), NOW)
    assert {edge.place for edge in found.edges} == {".github/workflows/w.yml#j"}
    assert {place for place, _ in found.codes} == {".github/workflows/w.yml#j"}


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TargetError):
        reach(ReachOrder(tmp_path / "nowhere"), NOW)


def test_what_says_nothing_of_what_runs_is_an_error(tmp_path: Path) -> None:
    """Not an answer of nothing, after a walk over whatever lies around it."""
    _workflow(tmp_path)
    notes = tmp_path / "notes.txt"
    notes.write_text("x\n")
    os.mkfifo(tmp_path / "pipe")
    for place, said in (
        (notes, "says what runs"),
        (tmp_path / "pipe", "neither"),
        (Path("/dev/null"), "neither"),
    ):
        with pytest.raises(TargetError, match=said):
            reach(ReachOrder(place), NOW)


def test_the_folder_of_workflows_stands_for_what_lies_around_it(tmp_path: Path) -> None:
    _workflow(tmp_path)
    for part in (".github", ".github/workflows"):
        assert top_of(tmp_path / part) == tmp_path.resolve()
        assert [one.id for one in reach(ReachOrder(tmp_path / part), NOW).places] == [
            ".github/workflows/w.yml#j"
        ]


def test_workflows_that_do_not_lie_at_the_top_are_said_and_never_run(tmp_path: Path) -> None:
    _workflow(tmp_path / "templates" / "app")
    found = of_tree(tmp_path)
    assert not found.edges
    assert any("never run" in one.reason and "templates/app" in one.reason for one in found.skipped)


def test_a_script_that_a_job_starts_is_read_under_any_name(tmp_path: Path) -> None:
    _workflow(tmp_path, steps="      - run: bash ci/go\n")
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "go").write_text("set -e\n./ci/further.sh\n")
    (tmp_path / "ci" / "further.sh").write_text("#!/bin/sh\nnpm install left-pad\n")
    (tmp_path / "ci" / "unused.sh").write_text("npm install right-pad\n")
    found = of_tree(tmp_path)
    (code,) = [code for _, code in found.codes]
    assert (code.path, code.line, code.packages) == ("ci/further.sh", 2, ("left-pad",))
    assert len(code.via) == 2
    (edge,) = [edge for edge in found.edges if edge.target.name == "T"]
    assert [(line.path, line.line) for line in edge.evidence][:2] == [
        ("ci/further.sh", 2),
        (".github/workflows/w.yml", 9),
    ]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = _workflow(tmp_path)
    path.write_bytes(b"\xff\xfe\x00on: [")
    (path.parent / "large.yml").write_text("#" * 5_000)
    found = of_tree(tmp_path, Limits(file_bytes=4_000))
    assert {one.reason.split(":")[0] for one in found.skipped} >= {
        ".github/workflows/w.yml",
        ".github/workflows/large.yml",
    }


def test_a_link_that_leads_out_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yml"
    outside.write_text(TEXT + USES)
    top = tmp_path / "tree"
    (top / ".github" / "workflows").mkdir(parents=True)
    (top / ".github" / "workflows" / "w.yml").symlink_to(outside)
    found = of_tree(top)
    assert not found.places
    assert any("leads out of the tree" in one.reason for one in found.skipped)


def test_problems_are_said_once_however_many_rounds_it_takes(tmp_path: Path) -> None:
    _workflow(tmp_path, steps="      - run: |\n          bash a.sh\n          bash missing.sh\n")
    (tmp_path / "a.sh").write_text("bash b.sh\n")
    (tmp_path / "b.sh").write_text("bash c.sh\n")
    (tmp_path / "c.sh").write_text("true\n")
    ground = ground_of(tmp_path)
    assert [one.path for one in ground.tasks] == ["a.sh", "b.sh", "c.sh"]
    reasons = [one.reason for one in of_tree(tmp_path).skipped]
    assert len(reasons) == len(set(reasons))
    assert any("missing.sh" in reason for reason in reasons)


def test_the_order_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yml", "c.yml"):
        _workflow(tmp_path, name, USES + "      - uses: acme/more@main\n")
    assert of_tree(tmp_path) == of_tree(tmp_path)
