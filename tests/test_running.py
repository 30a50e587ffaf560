"""A scan says what of all that runs it did not look at, in a few lines, whatever is installed beside it."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seawall.adapters.disk.tree import walk
from seawall.adapters.runners import zizmor
from seawall.kernel.finding import Skipped
from seawall.kernel.intake import Intake
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.rule import judge
from seawall.reach import ReachOrder, ground_of, reach
from seawall.readers.lockfiles import ENVIRONMENTS, FORMATS
from seawall.readers.syntax import shell
from seawall.rules import RULES
from seawall.running import Running, running

PIPELINES = tuple(rule for rule in RULES if rule.id.startswith("pipelines/"))
NOT_READ = tuple(rule for rule in RULES if rule.id == "pipelines/not-read")
NOW = datetime(2026, 11, 25, tzinfo=UTC)
TEXT = "on: push\npermissions: {}\njobs:\n  j:\n    runs-on: x\n    steps:\n"


def workflow(top: Path, text: str, name: str = "a.yml") -> Path:
    path = top / ".github" / "workflows" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def ran(top: Path) -> Running:
    return running(walk(top, FORMATS, ENVIRONMENTS, DEFAULT_LIMITS), (), DEFAULT_LIMITS)


@pytest.fixture
def core_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "_parser", lambda: None)
    monkeypatch.setattr(zizmor, "program", lambda: None)


@pytest.mark.usefixtures("core_only")
def test_without_the_extras_a_scan_says_what_it_did_not_read(tmp_path: Path) -> None:
    for name in ("a.yml", "b.yml"):
        workflow(tmp_path, TEXT + "      - run: npm install\n      - run: make\n", name)
    assert ran(tmp_path).skipped == (
        Skipped(
            "the scripts in 2 files",
            "no grammar of the shell",
            "pip install 'seawall[reach]'",
        ),
        Skipped("hygiene of 2 workflows", "zizmor is not installed", "pip install 'seawall[zizmor]'"),
    )


@pytest.mark.usefixtures("core_only")
def test_reach_without_scripts_is_no_whole_answer(tmp_path: Path) -> None:
    workflow(tmp_path, TEXT + "      - run: npm install\n")
    (said,) = reach(ReachOrder(tmp_path), NOW).skipped
    assert said.required
    assert (said.check, said.advice) == ("the scripts in 1 file", "pip install 'seawall[reach]'")


@pytest.mark.usefixtures("core_only")
def test_without_workflows_nothing_is_missing(tmp_path: Path) -> None:
    assert ran(tmp_path).skipped == ()


def test_what_is_not_understood_is_counted_and_not_listed(tmp_path: Path) -> None:
    workflow(tmp_path, TEXT + "      - run: npm run nothing\n      - run: npm run nothing-else\n")
    assert (
        Skipped("2 parts of workflows and scripts", "not understood", "seawall reach --all")
        in ran(tmp_path).skipped
    )


def test_a_script_of_another_shell_is_no_defect_of_its_workflow(tmp_path: Path) -> None:
    """zizmor still looks at the workflow, and nobody is told to mend it."""
    workflow(
        tmp_path,
        TEXT
        + "      - run: for x (${list}) { (( ${+x} )) }\n        shell: zsh {0}\n      - uses: acme/x@v1\n",
    )
    found = ran(tmp_path)
    assert found.ground.workflows[0].problems
    assert judge(NOT_READ, Intake((), NOW, ground=found.ground)) == ()
    assert found.hygiene or zizmor.program() is None


def test_a_workflow_that_is_too_large_or_leads_away_is_never_passed_over(tmp_path: Path) -> None:
    large = workflow(tmp_path / "tree", TEXT, "large.yml")
    with large.open("ab") as file:
        file.truncate(DEFAULT_LIMITS.file_bytes + 1)
    outside = tmp_path / "outside.yml"
    outside.write_text(TEXT)
    large.with_name("link.yml").symlink_to(outside)
    found = judge(NOT_READ, Intake((), NOW, ground=ran(tmp_path / "tree").ground))
    assert {one.path: one.message.partition(":")[0] for one in found} == {
        ".github/workflows/large.yml": "this workflow was not read",
        ".github/workflows/link.yml": "this workflow was not read",
    }


@pytest.mark.parametrize(
    "script",
    ["curl https://a.example/x | " * 10_000 + "sh", "sudo " * 50_000 + "npm i", "set -x; " * 20_000, "cd a\n" * 20_000],
    ids=["pipes", "wrappers", "traces", "directories"],
)  # fmt: skip
def test_one_long_script_costs_every_rule_about_one_pass(tmp_path: Path, script: str) -> None:
    lines = "".join(f"          {line}\n" for line in script.splitlines())
    workflow(tmp_path, f"{TEXT}      - env: {{K: '${{{{ secrets.K }}}}'}}\n        run: |\n{lines}")
    begun = time.process_time()
    ground = ground_of(tmp_path)
    judge(PIPELINES, Intake((), NOW, ground=ground))
    assert time.process_time() - begun < 15
    commands = ground.workflows[0].jobs[0].steps[0].script
    assert commands is not None
    assert max(len(command.directory) for command in commands.commands) <= 4096


def test_a_comment_among_the_scripts_of_a_package_is_none(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"scripts": {"//": "windows doesn\'t know ((", "a": "make"}}')
    (file,) = ground_of(tmp_path).tasks
    assert ([task.name for task in file.tasks], file.problems) == (["a"], ())
