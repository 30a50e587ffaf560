"""The action's own shell steps, run by bash with the variables that GitHub sets. GitHub itself is not here."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.lockfiles import FORMATS
from seawall.readers.syntax import yaml
from simulators.command_line import index
from simulators.repository import BAD, GOOD, LOCK, Repo

ROOT = Path(__file__).parent.parent
WAIVER = (
    '[[waivers]]\nrule = "packages/known-malware"\nreason = "fine"\nauthor = "me"\nexpires = 2999-01-01\n'
)
LENIENT = """@id("x/anything")
@advice("Nothing is looked at.")
permit (principal, action, resource);
"""


def loaded(name: str) -> Any:
    return yaml.load((ROOT / name).read_text(), DEFAULT_LIMITS)


ACTION = loaded("action.yml")
SET_UP, SCAN = ACTION["runs"]["steps"]


class Runner:
    """A job in a clone of a repository, with Seawall standing where the first step would have put it."""

    def __init__(self, place: Path) -> None:
        self.temp = place / "temp"
        self.origin = Repo(place / "origin")
        self.workspace = place / "workspace"
        self.marker = place / "RAN"
        (self.temp / "seawall" / "bin").mkdir(parents=True)
        (place / "home").mkdir()
        (place / "data").mkdir()
        index(place / "data" / "advisories.db")
        for name in ("python", "seawall"):
            module = ' -m seawall "$@"' if name == "seawall" else ' "$@"'
            file = self.temp / "seawall" / "bin" / name
            isolated = " -P" if name == "seawall" else ""
            file.write_text(f"#!/bin/sh\nexec {sys.executable}{isolated}{module}\n")
            file.chmod(0o755)
        self.place = place

    def clone(self, branch: str, *options: str) -> Repo:
        self.origin.git(
            "clone", "-q", "-b", branch, *options, f"file://{self.origin.path}", str(self.workspace)
        )
        made = Repo.__new__(Repo)
        made.path, made.day = self.workspace, 9
        return made

    def step(self, step: Any, inputs: dict[str, str], **values: str) -> tuple[int, dict[str, str], str]:
        given = {k: v.get("default", "") for k, v in ACTION["inputs"].items()} | inputs
        output, summary = self.temp / "output", self.temp / "summary.md"
        output.write_text("")
        summary.write_text("")
        environment = {
            "PATH": values.pop("PATH", os.environ["PATH"]),
            "HOME": str(self.place / "home"),
            "CI": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_REF": values.pop("GITHUB_REF", "refs/pull/1/merge"),
            "GITHUB_SHA": values.pop("GITHUB_SHA", ""),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ALLOW_PROTOCOL": "file",
            # The advisory service is not reached here: the index answers.
            "SEAWALL_DATA": str(self.place / "data"),
            "HTTPS_PROXY": "http://127.0.0.1:9",
        }
        for name, expression in step["env"].items():
            environment[name] = values.get(name, "")
            found = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", expression)
            environment[name] = given[found[1]] if found else values.get(name, "")
        where = {"${{ runner.temp }}": self.temp, "${{ github.workspace }}": self.workspace}
        done = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=where[step["working-directory"]], env=environment, capture_output=True, text=True, check=False, timeout=90,
        )  # fmt: skip
        told = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return done.returncode, told, done.stdout + done.stderr

    def scan(self, inputs: dict[str, str] | None = None, **values: str) -> tuple[int, dict[str, str], str]:
        return self.step(SCAN, inputs or {}, **{"DEFAULT_BRANCH": "main", **values})


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    runner = Runner(tmp_path)
    runner.origin.commit({LOCK: GOOD, "package.json": "{}"})
    runner.origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
    return runner


def test_a_pull_request_that_is_clean(runner: Runner) -> None:
    base = runner.origin.git("rev-parse", "main")
    runner.clone("main")
    code, told, text = runner.scan(BASE=base)
    assert (code, told["decision"]) == (0, "allow"), text
    assert json.loads(Path(told["sarif"]).read_text())["version"] == "2.1.0"
    assert (runner.temp / "summary.md").read_text().startswith("### Seawall: allowed")
    assert not (runner.workspace / "seawall.sarif").exists()


@pytest.mark.parametrize("depth", [(), ("--depth", "1")])
def test_a_pull_request_cannot_waive_itself(runner: Runner, depth: tuple[str, ...]) -> None:
    base = runner.origin.git("rev-parse", "main")
    runner.origin.git("checkout", "-q", "-b", "change")
    runner.origin.commit({LOCK: BAD, "seawall.toml": WAIVER})
    runner.clone("change", *depth)
    code, told, text = runner.scan(BASE=base)
    assert (code, told["decision"]) == (1, "deny"), text
    assert "### Seawall: denied" in (runner.temp / "summary.md").read_text()
    assert "settings/changed-with-the-tree" in (runner.temp / "seawall.json").read_text()


def test_what_the_base_waives_counts(runner: Runner) -> None:
    base = runner.origin.commit({"seawall.toml": WAIVER})
    runner.origin.git("checkout", "-q", "-b", "change")
    runner.origin.commit({LOCK: BAD})
    runner.clone("change", "--depth", "1")
    code, told, text = runner.scan(BASE=base)
    assert (code, told["decision"]) == (0, "warn"), text


def test_a_push_to_the_default_branch_and_to_another(runner: Runner) -> None:
    runner.origin.git("checkout", "-q", "-b", "other")
    tip = runner.origin.commit({LOCK: BAD, "seawall.toml": WAIVER})
    runner.clone("other")
    code, _, text = runner.scan(GITHUB_REF="refs/heads/other", GITHUB_SHA=tip)
    assert code == 1, text
    code, _, text = runner.scan(GITHUB_REF="refs/heads/main", GITHUB_SHA=tip)
    assert code == 0, text


def test_a_policy_file_is_the_bases(runner: Runner) -> None:
    base = runner.origin.git("rev-parse", "main")
    runner.origin.git("checkout", "-q", "-b", "change")
    tip = runner.origin.commit({LOCK: BAD, "ours.cedar": LENIENT})
    runner.clone("change")
    code, told, text = runner.scan({"policy": "ours.cedar"}, BASE=base)
    assert (code, told["decision"]) == (2, "incomplete"), text
    assert "does not exist at" in text
    code, _, text = runner.scan({"policy": "ours.cedar"}, BASE=tip)
    assert code == 0, text


def test_a_base_that_cannot_be_had_stops_it(runner: Runner) -> None:
    runner.clone("main")
    code, told, text = runner.scan(BASE="1" * 40)
    assert (code, told["decision"]) == (2, "incomplete")
    assert "could not be fetched" in text


@pytest.mark.parametrize(
    "text", ["$(touch RAN)", "`touch RAN`", "; touch RAN", "--policy=observe", "a b\nc", '"']
)
def test_inputs_are_only_words(runner: Runner, text: str) -> None:
    base = runner.origin.git("rev-parse", "main")
    runner.clone("main")
    for name in ("target", "policy", "fail-on"):
        code, told, _ = runner.scan({name: text}, BASE=base)
        assert (code, told["decision"]) == (2, "incomplete")
    assert not list(runner.place.rglob("RAN"))


def test_an_answer_of_before_is_not_given_again(runner: Runner) -> None:
    base = runner.origin.git("rev-parse", "main")
    runner.clone("main")
    runner.scan(BASE=base)
    assert runner.scan({"target": "nowhere"}, BASE=base)[1]["decision"] == "incomplete"


def test_a_report_is_not_written_where_a_link_of_the_tree_leads(runner: Runner) -> None:
    base = runner.origin.git("rev-parse", "main")
    workspace = runner.clone("main")
    (workspace.path / "seawall.sarif").symlink_to(runner.place / "home" / ".bashrc")
    code, _, text = runner.scan({"sarif": "seawall.sarif"}, BASE=base)
    assert code == 2
    assert "is a link in the tree" in text
    assert not (runner.place / "home" / ".bashrc").exists()


def plant(runner: Runner) -> str:
    """Modules and programs in the workspace that Python or bash would find there; the PATH that leads to them."""
    for name in ("venv", "pip", "json", "ensurepip", "sitecustomize", "seawall", "encodings"):
        (runner.workspace / f"{name}.py").write_text(f"open({str(runner.marker)!r}, 'w')\n")
    for name in ("python3", "python3.11", "python3.12", "python3.13", "git", "seawall"):
        file = runner.workspace / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch {runner.marker}\n")
        file.chmod(0o755)
    return f"{runner.workspace}/bin:bin:.:{os.environ['PATH']}"


def test_nothing_of_the_workspace_is_run(runner: Runner) -> None:
    base = runner.origin.git("rev-parse", "main")
    runner.clone("main")
    path = plant(runner)
    code, told, text = runner.scan(BASE=base, PATH=path)
    assert (code, told["decision"]) == (0, "allow"), text
    assert not runner.marker.exists()


def test_setting_up_runs_nothing_of_the_workspace(runner: Runner) -> None:
    """A stand-in for Python writes down how it is called; nothing is installed."""
    runner.clone("main")
    path = plant(runner)
    calls = runner.place / "calls"
    stand_in = runner.place / "machine" / "python3.13"
    stand_in.parent.mkdir()
    made = runner.temp / "seawall" / "bin" / "python"
    stand_in.write_text(f'#!/bin/sh\necho "$PWD $@" >> {calls}\n')
    stand_in.chmod(0o755)
    made.write_text(stand_in.read_text())
    code, _, text = runner.step(SET_UP, {}, SEAWALL_ACTION="/action", PATH=f"{path}:{stand_in.parent}")
    assert code == 0, text
    assert not runner.marker.exists()
    lines = calls.read_text().splitlines()
    assert all(line.startswith(f"{runner.temp} -I ") for line in lines)
    assert [line.split(" ", 2)[2].split(" /action")[0] for line in lines[-2:]] == [
        "-m pip install --quiet --require-hashes -r",
        "-m pip install --quiet --no-deps --no-build-isolation",
    ]


def test_too_old_a_python_is_said(runner: Runner) -> None:
    runner.clone("main")
    code, _, text = runner.step(SET_UP, {}, PATH="/nowhere")
    assert code == 2
    assert "needs Python 3.11" in text


def test_the_hook_runs_for_every_file_that_is_read() -> None:
    (hook,) = loaded(".pre-commit-hooks.yaml")
    pattern = re.compile(hook["files"])
    for item in FORMATS:
        for glob in item.globs:
            for name in (glob.replace("*", "x"), f"web/{glob.replace('*', 'x')}"):
                assert pattern.search(name), f"{item.id}: {name}"
    for name in ("README.md", "src/main.py", "package.json.bak", "tsconfig.json"):
        assert not pattern.search(name)
