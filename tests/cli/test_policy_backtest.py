"""`seawall policy backtest`: on somebody's own scenarios, and with one clear line where they cannot be used."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from seawall.cli.main import main

SCENARIO = """
title = "A day"

[[package]]
ecosystem = "npm"
name = "thing"

[[package.release]]
version = "1.0.0"
at = 2026-01-01T10:00:00Z

[[package.release]]
version = "1.0.1"
at = 2026-03-01T10:00:00Z
bad = true
scripts = { postinstall = "node x.js" }
files = { "x.js" = { file = "payload.txt" } }

[[take]]
does = "install"
at = 2026-03-01T12:00:00Z
wants = { npm = ["thing"] }
"""


def run(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["policy", "backtest", *words])
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    folder = tmp_path / "scenarios" / "a-day"
    folder.mkdir(parents=True)
    (folder / "scenario.toml").write_text(SCENARIO)
    (folder / "payload.txt").write_text("require('child_process').exec('true')\n")
    return tmp_path / "scenarios"


def test_a_directory_of_scenarios_becomes_a_table(place: Path) -> None:
    (place / "other.toml").write_text(SCENARIO.replace('{ file = "payload.txt" }', '"1;\\n"'))
    code, out, _ = run("--scenarios", str(place), "--format", "json")
    made = json.loads(out)
    assert code == 0
    assert [entry["id"] for entry in made["entries"]] == ["other", "a-day"]
    assert {entry["gate"] for entry in made["entries"]} == {"delay"}
    assert made["entries"][1]["moments"][0]["gate"] == "deny"
    assert "releases/install-hook" in made["entries"][1]["moments"][0]["signals"]
    assert made["price"]["histories_of"]
    assert made["compared"] == []
    code, out, _ = run("--scenarios", str(place / "other.toml"), "--policy", "strict")
    assert code == 0
    assert "the policy strict" in out
    assert "Of 1 attacks 1 could be seen" in out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[[take]]", "[[took]]"), "'took' means nothing in a scenario"),
        (('"payload.txt"', '"missing.txt"'), "missing.txt: No such file or directory"),
        (('"payload.txt"', '"out.txt"'), "a link that leads out of the tree"),
    ],
)
def test_what_cannot_be_used_is_one_line(place: Path, change: tuple[str, str], said: str) -> None:
    file = place / "a-day" / "scenario.toml"
    file.write_text(SCENARIO.replace(*change))
    (place / "a-day" / "out.txt").symlink_to("/etc/hostname")
    code, out, err = run("--scenarios", str(place))
    assert (code, out) == (2, "")
    assert f"{file}:" in err
    assert said in err


def test_no_scenarios_and_two_of_one_name_are_said(place: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("--scenarios", str(tmp_path / "empty"))[0] == 2
    assert run("--scenarios", str(tmp_path / "nowhere"))[0] == 2
    (place / "a-day.toml").write_text(SCENARIO.replace('{ file = "payload.txt" }', '"1;\\n"'))
    code, _, err = run("--scenarios", str(place))
    assert code == 2
    assert "two scenarios are called a-day" in err
    code, _, err = run("axios")
    assert (code, "takes no names" in err) == (2, True)
