"""`seawall setup` as it is typed: exit codes, questions, and what lands in the files."""

import io
import json
import os
import time
from pathlib import Path

import pytest

from seawall.cli import setup
from seawall.cli.command import Streams
from seawall.cli.main import main, parser_of

CANARY = "canary-77aa21"
LOCK = """{"name": "a", "lockfileVersion": 3, "packages": {"": {"dependencies": {"ebb": "1"}},
  "node_modules/ebb": {"version": "1.0.0", "resolved": "https://registry.example/ebb/-/ebb-1.0.0.tgz"}}}"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory and a PATH with one client, npm 11.19.1, in a world without other settings."""
    place = tmp_path / "home"
    place.mkdir()
    for name in list(os.environ):
        if name.lower().startswith(
            ("npm_", "pnpm_", "yarn_", "pip_", "uv_", "poetry_", "bun_", "xdg_", "seawall_")
        ):
            monkeypatch.delenv(name)
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 11.19.1\n")
    program.chmod(0o755)
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("PATH", str(program.parent))
    return place


@pytest.fixture
def tree(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "tree"
    place.mkdir()
    (place / "package-lock.json").write_text(LOCK)
    monkeypatch.chdir(place)
    return place


def run(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(["setup", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_looking_is_exit_0_and_checking_is_exit_1(
    tree: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys=capsys)
    assert (code, err) == (0, "")
    assert "npm 11.19.1 takes a release the minute it is published" in out
    assert run("--check", capsys=capsys)[0] == 1
    (home / ".npmrc").write_text("min-release-age=7\nignore-scripts=true\n")
    code, out, _ = run("--check", capsys=capsys)
    assert "No gap was found." in out
    assert code == 0


def test_json(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("--format", "json", "--check", ".", capsys=capsys)
    got = json.loads(out)
    assert code == 1
    assert got["schema"] == "seawall/setup/1"
    assert [client["name"] for client in got["clients"]] == ["npm"]
    assert [gap["kind"] for gap in got["gaps"]] == ["cooldown", "scripts"]


def test_no_credential_is_shown_anywhere(tree: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".npmrc").write_text(
        f"registry=https://u:{CANARY}@gate.example/\n//gate.example/:_authToken={CANARY}\nbefore={CANARY}\n"
    )
    (tree / ".npmrc").write_text(f'@a:registry="https://{CANARY}@other.example/?token={CANARY}"\n')
    (tree / ".yarnrc").write_text(f'registry = "https://u:{CANARY}@a.example/"\n')
    (tree / ".yarnrc.yml").write_text(f"npmAuthToken: *{CANARY}\n")
    for words in ((), ("--format", "json"), ("--fix", "--yes", "--scripts"), ("--undo", "--yes")):
        _, out, err = run(*words, capsys=capsys)
        assert CANARY not in out + err, words
    for words in (("--fix", "--yes", "--project", "--scripts"), ("--undo", "--yes", "--project")):
        _, out, err = run(*words, capsys=capsys)
        assert CANARY not in out + err, words


def test_fix_shows_what_it_does_and_does_it_once(
    tree: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".npmrc").write_text(f"//a.example/:_authToken={CANARY}\n")
    code, out, err = run("--fix", "--yes", capsys=capsys)
    path = home / ".npmrc"
    assert code == 0
    assert out.splitlines() == [
        f"--- {path}",
        f"+++ {path}",
        "@@ -1,0 +2 @@",
        "+min-release-age=7",
        f"changed {path}",
    ]
    assert err == "to take it back: seawall setup --undo\n"
    assert run("--fix", "--yes", capsys=capsys)[:2] == (0, "nothing to do\n")
    assert run("--undo", "--yes", capsys=capsys)[:2] == (0, f"restored {path}\n")
    assert path.read_text() == f"//a.example/:_authToken={CANARY}\n"
    assert run("--undo", "--yes", capsys=capsys)[:2] == (0, "nothing to put back\n")


def test_fix_takes_the_persons_own_days_and_never_the_trees(
    tree: Path,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tree / "seawall.toml").write_text("[cooldown]\ndays = 3650\n")
    run("--fix", "--yes", capsys=capsys)
    assert (home / ".npmrc").read_text() == "min-release-age=7\n"
    own = tmp_path / "own.toml"
    own.write_text("[cooldown]\ndays = 14\n")
    monkeypatch.setenv("SEAWALL_CONFIG", str(own))
    run("--fix", "--yes", capsys=capsys)
    assert (home / ".npmrc").read_text() == "min-release-age=14\n"
    own.write_text("[cooldown]\ndays = 0\n")
    code, _, err = run("--fix", "--yes", capsys=capsys)
    assert code == 2
    assert "cooldown_days is 0" in err
    assert (home / ".npmrc").read_text() == "min-release-age=14\n"


def test_fix_never_makes_a_machine_weaker(
    tree: Path,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shared = tmp_path / "global"
    shared.write_text("min-release-age=30\n")
    monkeypatch.setenv("npm_config_globalconfig", str(shared))
    assert run("--fix", "--yes", capsys=capsys)[:2] == (0, "nothing to do\n")
    assert not (home / ".npmrc").exists()


def test_fix_in_the_repository(tree: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / ".github" / "workflows").mkdir(parents=True)
    (tree / ".github" / "workflows" / "ci.yml").write_text("on: push\n")
    (home / ".npmrc").write_text("min-release-age=7\nignore-scripts=true\n")
    code, out, _ = run("--check", capsys=capsys)
    assert "CI has only what the repository says" in out
    assert code == 1
    _, out, err = run("--fix", "--project", "--yes", capsys=capsys)
    assert "+min-release-age=7" in out
    assert "seawall setup --undo --project" in err
    assert run("--check", capsys=capsys)[0] == 0
    assert run("--undo", "--project", "--yes", capsys=capsys)[:2] == (0, f"restored {tree}/.npmrc\n")
    assert sorted(path.name for path in tree.iterdir()) == [".github", "package-lock.json"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: str, *words: str) -> tuple[int, str]:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    arguments = parser_of(setup.COMMAND).parse_args(list(words))
    return setup.COMMAND.run(arguments, Streams(out, io.StringIO())), out.getvalue()


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "no\n", "yep\n", "\x00\n"])
def test_it_asks_and_takes_only_yes(
    tree: Path, home: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    code, out = at_a_terminal(monkeypatch, answer, "--fix")
    assert code == 0
    assert "change 1 file? [y/N] " in out
    assert out.endswith("nothing was changed\n")
    assert not (home / ".npmrc").exists()


@pytest.mark.parametrize("answer", ["y\n", "Yes\n"])
def test_yes_is_yes(tree: Path, home: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    at_a_terminal(monkeypatch, answer, "--fix")
    assert (home / ".npmrc").exists()
    code, out = at_a_terminal(monkeypatch, "n\n", "--undo")
    assert (code, (home / ".npmrc").exists()) == (0, True)
    assert "put back the files" in out
    at_a_terminal(monkeypatch, answer, "--undo")
    assert not (home / ".npmrc").exists()


@pytest.mark.parametrize("words", [("--fix",), ("--undo",), ("--fix", "--project")])
def test_where_nobody_can_be_asked_nothing_is_changed(
    tree: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    code, _, err = run(*words, capsys=capsys)
    assert code == 2
    assert "add --yes" in err
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    "words", [("--fix", "--undo"), ("--write", "--fix"), ("--check", "--fix"), ("--check", "--write")]
)
def test_two_things_at_once_are_refused(
    tree: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    code, _, err = run(*words, "--yes", capsys=capsys)
    assert code == 2
    assert "do not go together" in err


def test_write(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("--write", capsys=capsys)
    assert (code, out) == (0, "wrote seawall.toml\n")
    first = (tree / "seawall.toml").read_text()
    code, _, err = run("--write", capsys=capsys)
    assert code == 2
    assert "is there already" in err
    assert (tree / "seawall.toml").read_text() == first
    assert run("--write", "nowhere", capsys=capsys)[0] == 2


@pytest.mark.parametrize("path", ["nowhere", "package-lock.json"])
def test_a_path_that_is_no_directory(tree: Path, capsys: pytest.CaptureFixture[str], path: str) -> None:
    code, _, err = run(path, capsys=capsys)
    assert code == 2
    assert "is not a directory" in err


def test_a_hostile_tree_is_looked_at_and_nothing_in_it_is_started(
    tree: Path,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran = tmp_path / "ran"
    for name in ("npm", "pnpm", "yarn", "bun", "uv", "pip", "poetry", "node", "corepack", "git"):
        for directory in (tree, tree / "node_modules" / ".bin", tree / ".venv" / "bin"):
            directory.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(f"#!/bin/sh\ntouch {ran}\necho 99.0.0\n")
            (directory / name).chmod(0o755)
    parts = (".", "", f"{tree}/node_modules/.bin", f"{tree}/.venv/bin", os.environ["PATH"])
    monkeypatch.setenv("PATH", ":".join(parts))
    (tree / "package.json").write_text('{"packageManager": "yarn@4.9.2", "dependencies": {"a": "1"}}')
    (tree / ".yarnrc.yml").write_text("yarnPath: ./yarn\nplugins: [./evil.cjs]\n")
    (tree / ".pnpmfile.cjs").write_text("process.exit(1)")
    (tree / ".npmrc").write_text("script-shell=./evil\nnode-options=--require=./evil.js\nglobalconfig=./x\n")
    os.mkfifo(tree / "yarn.lock")
    os.mkfifo(tree / "uv.toml")
    (tree / "pyproject.toml").symlink_to("/dev/zero")
    (tree / "poetry.toml").symlink_to("poetry.toml")
    (tree / "bunfig.toml").write_bytes(b"[" * 200_000)
    (tree / "pnpm-workspace.yaml").write_text("a: &a [*a]\n")
    (tree / "loop").symlink_to(".")
    begun = time.process_time()
    code, out, _ = run("--check", capsys=capsys)
    assert code == 1
    assert "npm  11.19.1" in out
    run("--fix", "--project", "--yes", "--scripts", capsys=capsys)
    assert not ran.exists()
    assert time.process_time() - begun < 30, "it ends"


def test_a_hostile_tree_never_writes_outside(
    tree: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / ".npmrc").symlink_to(home / ".npmrc")
    (home / ".npmrc").write_text("a=1\n")
    code, out, err = run("--fix", "--project", "--yes", capsys=capsys)
    assert (code, out) == (0, "nothing to do\n")
    assert "leads out of" in err
    assert (home / ".npmrc").read_text() == "a=1\n"
