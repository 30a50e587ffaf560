"""`seawall trace` in repositories made here: the axios day, what kept it out, and what nobody can tell."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from seawall.cli.main import main
from simulators import repository
from simulators.repository import Repo
from test_axios_day_reach import PACKAGE, WORKFLOW

FILE = ".github/workflows/release.yml"
AXIOS = "pkg:npm/axios@1.14.1"
REPAIRED = WORKFLOW.replace("npm install\n", "npm ci --ignore-scripts\n")
SECRET = "    env:\n      NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\n"


@pytest.fixture(autouse=True)
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))


class Days:
    """A repository whose commits are made and landed at a time that is named."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repo = Repo(path)
        self.repo.landed = True
        self._monkeypatch = monkeypatch

    @property
    def path(self) -> Path:
        return self.repo.path

    def at(self, when: str, files: dict[str, str | bytes | None]) -> str:
        """Commit at a time (`2026-03-31T01:00:00Z`)."""
        self._monkeypatch.setattr(repository, "WHEN", when)
        return self.repo.commit(files)


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Days:
    return Days(tmp_path / "repo", monkeypatch)


def lock(version: str, name: str = "axios") -> str:
    packages = {"": {}, f"node_modules/{name}": {"version": version}}
    return json.dumps({"name": "app", "lockfileVersion": 3, "packages": packages})


def job(*commands: str) -> str:
    lines = "".join(f"      - run: {command}\n" for command in commands)
    head = "on: push\npermissions: {}\njobs:\n  build:\n    runs-on: ubuntu-latest\n"
    return f"{head}{SECRET}    steps:\n      - uses: actions/checkout@v4\n{lines}"


def told(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int | None = None) -> dict[str, Any]:
    found = main(["trace", *map(str, words), "--format", "json"])
    said = capsys.readouterr()
    assert code is None or found == code, said
    return json.loads(said.out)  # type: ignore[no-any-return]


def statuses(found: dict[str, Any]) -> dict[str, str]:
    return {one["place"]: one["status"] for one in found["exposures"]}


def words(found: dict[str, Any], place: str) -> str:
    (mine,) = (one for one in found["exposures"] if one["place"] == place)
    return " | ".join(proof["words"] for proof in mine["evidence"])


JOB = f"{FILE}#build"


# The axios day


def test_what_is_repaired_at_head_is_traced_at_the_commit_that_counted(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    days.at("2026-03-01T00:00:00Z", {"package.json": PACKAGE})
    days.at("2026-03-20T00:00:00Z", {FILE: WORKFLOW})
    days.at("2026-04-02T00:00:00Z", {FILE: REPAIRED, "package-lock.json": lock("1.14.0")})
    found = told(capsys, AXIOS, days.path, code=1)
    assert found["schema"] == "seawall/trace/1"
    assert found["window"] == {"since": "2026-03-31T00:21:00Z", "until": "2026-03-31T03:15:00Z"}
    assert statuses(found) == {f"{FILE}#sign": "possible"}
    assert "asks for axios" in words(found, f"{FILE}#sign")
    targets = {edge["target"]["name"] for edge in found["reach"]}
    assert {"APPLE_CERT_P12", "APPLE_NOTARY_KEY", "id-token"} <= targets
    assert {edge["target"]["name"] for edge in found["downstream"]} >= {"app"}


def test_a_lock_that_held_it_is_confirmed_for_the_file_and_for_the_job_that_obeys_it(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("1.13.0")})
    bad = days.at("2026-03-31T01:00:00Z", {"package-lock.json": lock("1.14.1")})
    good = days.at("2026-03-31T05:00:00Z", {"package-lock.json": lock("1.14.0")})
    found = told(capsys, AXIOS, days.path, code=1)
    assert statuses(found) == {"package-lock.json": "confirmed", JOB: "confirmed"}
    file, place = found["exposures"]
    assert file["principal"] is None
    assert place["principal"] == f"workload:{JOB}"
    assert (file["since"], file["until"]) == ("2026-03-31T01:00:00Z", "2026-03-31T03:15:00Z")
    (proof,) = file["evidence"]
    assert (proof["commit"], proof["until_commit"]) == (bad, good)
    assert "NPM_TOKEN" in {edge["target"]["name"] for edge in found["reach"]}


@pytest.mark.parametrize(
    "dates",
    [
        ("2026-05-01", "2026-03-31T01:00:00Z", "2026-02-01"),
        ("2026-03-01", "2026-03-31T01:00:00Z", "2026-02-01"),
        ("2026-03-01", "2026-05-01", "2026-03-31T05:00:00Z"),
        ("2026-03-01", "2026-05-01", "2026-02-01"),
        ("2026-05-01", "2026-04-01", "2026-03-01"),
        ("2026-03-01", "2026-03-31T01:00:00Z", "1970-01-02"),
    ],
)
def test_a_clock_that_goes_back_hides_nothing(
    dates: tuple[str, ...], days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who commits says when: no order of dates keeps a lock that held it, or the job that obeyed it, out of sight."""
    first, bad, good = (one if "T" in one else f"{one}T00:00:00Z" for one in dates)
    days.at(first, {FILE: job("npm ci"), "package-lock.json": lock("1.13.0")})
    days.at(bad, {"package-lock.json": lock("1.14.1")})
    days.at(good, {"package-lock.json": lock("1.14.0")})
    found = told(capsys, AXIOS, days.path, code=1)
    assert statuses(found) == {"package-lock.json": "confirmed", JOB: "confirmed"}
    assert {edge["target"]["name"] for edge in found["reach"]} >= {"NPM_TOKEN"}


def test_a_lock_of_a_branch_that_was_never_merged_is_confirmed(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("1.13.0")})
    days.repo.git("checkout", "-q", "-b", "update")
    days.at("2026-03-31T01:00:00Z", {"package-lock.json": lock("1.14.1")})
    days.repo.git("checkout", "-q", "main")
    assert statuses(told(capsys, AXIOS, days.path, code=1))["package-lock.json"] == "confirmed"


def test_a_lock_that_took_it_after_the_window_leaves_the_job_possible(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("1.13.0")})
    days.at("2026-04-01T00:00:00Z", {"package-lock.json": lock("1.14.1")})
    found = statuses(told(capsys, AXIOS, days.path, code=1))
    assert found == {"package-lock.json": "confirmed", JOB: "possible"}


# Excluded, by evidence only


def test_a_lock_with_another_version_all_the_time_excludes_and_says_its_commit(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    first = days.at("2026-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("1.13.0")})
    days.at("2026-04-02T00:00:00Z", {"package-lock.json": lock("1.15.0")})
    found = told(capsys, AXIOS, days.path, code=0)
    assert statuses(found) == {"package-lock.json": "excluded", JOB: "excluded"}
    proofs = [proof for one in found["exposures"] for proof in one["evidence"] if proof["commit"]]
    assert {proof["commit"] for proof in proofs} == {first}
    assert all("axios 1.13.0" in proof["words"] for proof in proofs)
    assert found["reach"] == found["plan"] == []


def test_a_lock_that_came_within_the_window_excludes_nothing(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm install"), "package.json": PACKAGE})
    days.at("2026-03-31T02:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("1.13.0")})
    assert statuses(told(capsys, AXIOS, days.path, code=1)) == {JOB: "possible"}


def test_a_lock_that_cannot_be_read_excludes_nothing(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": '{"axios": '})
    assert statuses(told(capsys, AXIOS, days.path, code=1)) == {JOB: "possible"}


def test_an_install_that_may_rewrite_its_lock_is_possible(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    files: dict[str, str | bytes | None] = {
        FILE: job("npm install"),
        "package-lock.json": lock("1.13.0"),
        "package.json": PACKAGE,
    }
    days.at("2026-03-01T00:00:00Z", files)
    assert statuses(told(capsys, AXIOS, days.path, code=1))[JOB] == "possible"


# Without a lock


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("npx axios", "possible"),
        ("npx axios@1.14.1", "confirmed"),
        ("npx axios@1.13.0", "excluded"),
        ("npm install -g axios@^1.0.0", "possible"),
        ("npm install -g axios@^0.27.0", "excluded"),
        ("npm install -g left-pad", "possible"),
        ("npx create-thing@2.0.0", "possible"),
    ],
)
def test_a_line_without_a_lock(
    days: Days, capsys: pytest.CaptureFixture[str], command: str, status: str
) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job(command)})
    found = told(capsys, AXIOS, days.path, code=0 if status == "excluded" else 1)
    assert statuses(found) == {JOB: status}


def test_what_a_floating_install_brought_along_is_not_known_and_said(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm install -g left-pad")})
    assert "not known whether" in words(told(capsys, AXIOS, days.path), JOB)


def test_a_known_dependency_is_said_to_be_one(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npx thing"), "package-lock.json": lock("1.13.0")})
    assert "among this repository's dependencies" in words(told(capsys, AXIOS, days.path), JOB)


def test_a_server_of_an_agent_that_is_launched_without_a_lock_is_possible(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    servers = {"mcpServers": {"web": {"command": "npx", "args": ["-y", "axios-mcp"]}}}
    days.at("2026-03-01T00:00:00Z", {".mcp.json": json.dumps(servers)})
    found = told(capsys, AXIOS, days.path, code=1)
    assert [one["status"] for one in found["exposures"]] == ["possible"]


@pytest.mark.parametrize(
    ("ref", "status"),
    [
        ("0e58ed8671d6b60d0890c21b07f8835ace038e67", "confirmed"),
        ("a" * 40, "excluded"),
        ("v45", "possible"),
    ],
)
def test_an_action_is_told_by_its_ref(
    days: Days, capsys: pytest.CaptureFixture[str], ref: str, status: str
) -> None:
    step = f"on: push\njobs:\n  build:\n    runs-on: x\n    steps:\n      - uses: tj-actions/changed-files@{ref}\n"
    days.at("2025-03-01T00:00:00Z", {FILE: step})
    assert statuses(told(capsys, "tj-actions-changed-files-2025-03", days.path)) == {JOB: status}


# What had nothing to do with it, and what cannot be told


def test_a_repository_that_never_had_it_is_clean(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("make"), "Makefile": "all:\n\ttrue\n"})
    found = told(capsys, AXIOS, days.path, code=0)
    assert found["exposures"] == found["reach"] == found["plan"] == []
    assert found["complete"]


def test_a_branch_that_began_later_had_nothing(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    days.at("2026-05-01T00:00:00Z", {FILE: job("npx axios")})
    found = told(capsys, AXIOS, days.path, code=0)
    assert found["exposures"] == []


def test_an_empty_repository_is_incomplete(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, AXIOS, days.path, code=3)
    assert any("no commit" in one["what"] for one in found["coverage"])


def test_a_directory_that_is_no_repository_is_incomplete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plain").mkdir()
    found = told(capsys, AXIOS, tmp_path / "plain", code=3)
    assert not found["complete"]


def test_a_bare_clone_answers_the_same(
    days: Days, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("1.13.0")})
    days.at("2026-03-31T01:00:00Z", {"package-lock.json": lock("1.14.1")})
    days.at("2026-03-31T05:00:00Z", {"package-lock.json": lock("1.14.0")})
    here = told(capsys, AXIOS, days.path, code=1)
    bare = tmp_path / "bare.git"
    days.repo.git("clone", "-q", "--bare", str(days.path), str(bare))
    assert told(capsys, AXIOS, bare, code=1)["exposures"] == here["exposures"]


def test_a_shallow_clone_says_so_and_excludes_nothing_by_it(
    days: Days, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("1.13.0")})
    days.at("2026-05-01T00:00:00Z", {"README": "x"})
    cut = tmp_path / "cut"
    days.repo.git("clone", "-q", "--depth", "1", f"file://{days.path}", str(cut))
    found = told(capsys, AXIOS, cut, code=3)
    assert found["exposures"] == []
    assert any("shallow" in one["what"] for one in found["coverage"])


# Which asset


def test_a_drill_takes_the_time_that_is_named(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("1.2.3", "left-pad")})
    found = told(capsys, "pkg:npm/left-pad@1.2.3", days.path, "--as-if", "2026-03-15", code=1)
    assert found["drill"]
    assert found["window"] == {"since": "2026-03-15T00:00:00Z", "until": None}
    assert statuses(found) == {"package-lock.json": "confirmed", JOB: "confirmed"}


def test_a_drill_needs_no_version(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("1.2.3", "left-pad")})
    found = told(capsys, "pkg:npm/left-pad", days.path, "--as-if", "2026-03-15", code=1)
    assert statuses(found)["package-lock.json"] == "confirmed"


def test_what_was_let_go_before_a_drill_is_not_exposed(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("1.2.3", "left-pad")})
    days.at("2026-03-10T00:00:00Z", {"package-lock.json": lock("1.3.0", "left-pad")})
    found = told(capsys, "pkg:npm/left-pad@1.2.3", days.path, "--as-if", "2026-03-15", code=0)
    assert set(statuses(found).values()) == {"excluded"}


@pytest.mark.parametrize("asset", ["MAL-2026-2307", "axios-npm-2026-03", "pkg:npm/axios"])
def test_an_advisory_an_attack_and_a_name_stand_for_its_versions(
    days: Days, capsys: pytest.CaptureFixture[str], asset: str
) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("0.30.3")})
    days.at("2026-03-31T01:00:00Z", {"package-lock.json": lock("0.30.4")})
    assert statuses(told(capsys, asset, days.path, code=1))[JOB] == "confirmed"


def test_without_a_window_all_of_the_history_counts_and_it_is_said(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    days.at("2020-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("1.2.3", "left-pad")})
    days.at("2021-03-01T00:00:00Z", {"package-lock.json": lock("1.3.0", "left-pad")})
    found = told(capsys, "pkg:npm/left-pad@1.2.3", days.path, code=1)
    assert found["window"] == {"since": None, "until": None}
    assert any("not known: all of the history" in one["what"] for one in found["coverage"])


@pytest.mark.parametrize(
    "words",
    [
        ["nothing-known"],
        ["pkg:npm/no-such-package-here"],
        ["pkg:"],
        ["\x1b[31m\n\u202e"],
        [AXIOS, "--as-if", "yesterday"],
        [AXIOS, "--as-if", "9999-99-99"],
        [AXIOS, "/no/such/place"],
        ["openai-axios-signing-2026-03"],
    ],
)
def test_a_wrong_call_is_one_clear_error(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["trace", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("seawall: ")
    assert not re.search("[\x1b\u202e]", said.err)


def test_what_no_file_tells_of_is_incomplete(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npx axios")})
    found = told(capsys, "nx-console-vscode-2026-05", days.path, code=3)
    assert any("VS Code" in one["what"] for one in found["coverage"])


def test_a_job_that_came_after_the_lock_was_repaired_took_nothing(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    days.at("2026-03-01T00:00:00Z", {"package-lock.json": lock("1.2.3", "left-pad")})
    days.at("2026-03-10T00:00:00Z", {"package-lock.json": lock("1.3.0", "left-pad")})
    days.at("2026-03-20T00:00:00Z", {FILE: job("npm ci")})
    found = statuses(told(capsys, "pkg:npm/left-pad@1.2.3", days.path, code=1))
    assert found == {"package-lock.json": "confirmed", JOB: "excluded"}


def test_a_job_is_exposed_from_when_it_was_there(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    days.at("2026-03-01T00:00:00Z", {"README": "x"})
    days.at("2026-03-10T00:00:00Z", {FILE: job("npx left-pad")})
    days.at("2026-03-20T00:00:00Z", {FILE: None})
    found = told(capsys, "pkg:npm/left-pad@1.2.3", days.path, "--as-if", "2026-03-05", code=1)
    (one,) = found["exposures"]
    assert (one["since"], one["until"]) == ("2026-03-10T00:00:00Z", "2026-03-20T00:00:00Z")


# PyPI


@pytest.mark.parametrize(
    ("command", "files", "status"),
    [
        ("uv sync --locked", {"uv.lock": "UV 1.82.6"}, "excluded"),
        ("uv sync --locked", {"uv.lock": "UV 1.82.8"}, "confirmed"),
        ("pip install -r requirements.txt", {"requirements.txt": "litellm>=1.80\n"}, "possible"),
        ("pip install -r requirements.txt", {"requirements.txt": "litellm<1.80\n"}, "excluded"),
        ("pip install -r requirements.txt", {"requirements.txt": "litellm==1.82.8\n"}, "confirmed"),
        ("pip install -r requirements.txt", {"requirements.txt": "requests==2.0\n"}, "possible"),
        ("uvx litellm", {}, "possible"),
        ("pip install litellm==1.82.6", {}, "excluded"),
    ],
)
def test_the_day_of_a_python_package(
    days: Days, capsys: pytest.CaptureFixture[str], command: str, files: dict[str, str], status: str
) -> None:
    made: dict[str, str | bytes | None] = {FILE: job(command)}
    for name, text in files.items():
        version = text.partition(" ")[2]
        head = 'version = 1\nrequires-python = ">=3.11"\n\n[[package]]\nname = "litellm"\n'
        source = 'source = { registry = "https://registry.example/simple" }\n'
        digest = "sha256:" + "a" * 64
        wheel = f'{{ url = "https://files.example/litellm.whl", hash = "{digest}", size = 1 }}'
        source += f'wheels = [\n    {wheel},\n]\n\n[[package]]\nname = "app"\nversion = "1"\n'
        source += 'source = { virtual = "." }\ndependencies = [\n    { name = "litellm" },\n]\n'
        made[name] = f'{head}version = "{version}"\n{source}' if name == "uv.lock" else text
    if "uv.lock" in files:
        made["pyproject.toml"] = '[project]\nname = "app"\nversion = "1"\ndependencies = ["litellm"]\n'
    days.at("2026-03-24T10:00:00Z", made)
    assert statuses(told(capsys, "litellm-pypi-2026-03", days.path))[JOB] == status


# The plan, and what people read


def test_the_plan_is_ordered_and_names_each_credential_once(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    days.at("2026-03-01T00:00:00Z", {"package.json": PACKAGE, FILE: WORKFLOW})
    found = told(capsys, AXIOS, days.path, code=1)
    steps = [one["step"] for one in found["plan"]]
    order = ["contain", "replace", "re-sign", "list dependents", "revoke", "prove", "tell"]
    assert list(dict.fromkeys(steps)) == order
    replaced = [one["what"] for one in found["plan"] if one["step"] == "replace"]
    assert len(replaced) == len(set(replaced))
    worth = [one["worth"] for one in found["plan"] if one["step"] == "replace"]
    assert worth == sorted(worth, reverse=True)
    assert {one["status"] for one in found["plan"] if one["step"] == "replace"} == {"possible"}
    sweep = next(n for n, one in enumerate(found["plan"]) if one["what"].startswith("sweep"))
    assert sweep < steps.index("revoke")


def test_a_dead_man_switch_that_is_known_is_named(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    days.at("2026-08-01T00:00:00Z", {FILE: job("npx keyv")})
    found = told(capsys, "keyv-cacheable-2026-08", days.path, code=1)
    assert "sweep dead-man switches" in [one["what"] for one in found["plan"]]


@pytest.mark.parametrize("words", [(), ("--all",), ("--offline",)])
def test_the_text_says_the_answer_the_plan_and_what_was_not_looked_at(
    days: Days, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npm ci"), "package-lock.json": lock("1.13.0")})
    days.at("2026-03-31T01:00:00Z", {"package-lock.json": lock("1.14.1")})
    assert main(["trace", AXIOS, str(days.path), *words]) == 1
    text = capsys.readouterr().out
    assert "2 confirmed, 0 possible, 0 excluded" in text
    assert "locked axios 1.14.1" in text
    assert text.index("in reach of") < text.index("what to do") < text.index("not looked at")
    assert "NPM_TOKEN (npm token" in text


def test_hostile_names_reach_no_terminal(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = job("npx axios").replace("  build:", '  "b\\e[31m\\u202e":')
    days.at("2026-03-01T00:00:00Z", {FILE: hostile})
    main(["trace", AXIOS, str(days.path)])
    assert not re.search("[\x1b\u202e]", capsys.readouterr().out)


def test_nothing_in_the_repository_is_run(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    days.at("2026-03-01T00:00:00Z", {FILE: job("npx axios")})
    ran = days.path / "ran"
    subprocess.run(
        ["git", "config", "core.fsmonitor", f"touch {ran}"], cwd=days.path, check=True, timeout=10
    )  # fmt: skip
    told(capsys, AXIOS, days.path, code=1)
    assert not ran.exists()
