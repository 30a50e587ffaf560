"""`seawall setup --firewall URL` makes the firewall the registry of a person's own clients, and takes it back."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulators.command_line import Done, run
from simulators.door import GateSimulator
from simulators.loopback import say

CLIENTS = Path(os.environ.get("SEAWALL_CLIENTS", Path(__file__).parents[1] / ".clients"))
PATH = f"{CLIENTS / 'npm' / 'node_modules' / '.bin'}:{CLIENTS / 'bin'}:/usr/bin:/bin"


@pytest.fixture
def gate() -> Iterator[GateSimulator]:
    made = GateSimulator()
    made.ready = say(200, b'{"status": "ready", "origins": ["npm: npm", "PyPI: pypi"]}')
    yield made
    made.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name, version in (("npm", "11.21.0"), ("pip", "26.3"), ("uv", "0.9.0"), ("poetry", "2.5.0")):
        (bin_ / name).write_text(f"#!/bin/sh\necho {name} {version}\n")
        (bin_ / name).chmod(0o755)
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}
    told = {
        **kept,
        "HOME": str(place),
        "PATH": f"{bin_}:/usr/bin:/bin",
        "XDG_CONFIG_DIRS": str(tmp_path / "x"),
    }
    monkeypatch.setattr(os, "environ", told)
    return place


def setup(tmp_path: Path, capsys: Any, *words: str, code: int = 0) -> Done:
    tree = tmp_path / "tree"
    tree.mkdir(exist_ok=True)
    return run("setup", *words, tree, code=code, capsys=capsys)


def files(home: Path) -> dict[str, str]:
    return {
        str(path.relative_to(home)): path.read_text()
        for path in home.rglob("*")
        if path.is_file() and ".seawall-" not in path.name
    }


def test_there_and_back(gate: GateSimulator, home: Path, tmp_path: Path, capsys: Any) -> None:
    token = "//r.example/:_authToken=canary-secret\n"
    (home / ".npmrc").write_text(f"ignore-scripts=true\nregistry=https://r.example/\n{token}")
    before = files(home)
    done = setup(tmp_path, capsys, "--firewall", gate.url + "/", "--yes")
    assert f"+registry={gate.url}/npm/" in done.out
    assert f"+index-url = {gate.url}/pypi/simple/" in done.out
    assert "canary-secret" not in done.out + done.err
    assert f"{gate.url} asks npm: npm" in done.err
    assert "poetry source add" in done.err
    assert f"export HF_ENDPOINT={gate.url}/hf" in done.err
    now = files(home)
    assert now[".npmrc"] == f"ignore-scripts=true\nregistry={gate.url}/npm/\n{token}"
    assert now[".config/pip/pip.conf"] == f"[global]\nindex-url = {gate.url}/pypi/simple/\n"
    assert now[".config/uv/uv.toml"] == f'index-url = "{gate.url}/pypi/simple/"\n'
    assert "nothing to do" in setup(tmp_path, capsys, "--firewall", gate.url, "--yes").out
    setup(tmp_path, capsys, "--undo", "--firewall", gate.url, "--yes")
    assert files(home) == before


def test_both_kinds_of_settings_are_taken_back_together(
    gate: GateSimulator, home: Path, tmp_path: Path, capsys: Any
) -> None:
    setup(tmp_path, capsys, "--fix", "--yes")
    setup(tmp_path, capsys, "--firewall", gate.url, "--yes")
    assert "min-release-age" in (home / ".npmrc").read_text()
    setup(tmp_path, capsys, "--undo", "--firewall", gate.url, "--yes")
    assert files(home) == {}


def test_a_firewall_that_is_not_there_changes_nothing(home: Path, tmp_path: Path, capsys: Any) -> None:
    done = setup(tmp_path, capsys, "--firewall", "http://127.0.0.1:9", "--yes", code=3)
    assert "does not answer" in done.err
    assert files(home) == {}


def test_one_without_upstreams_would_ask_itself(
    gate: GateSimulator, home: Path, tmp_path: Path, capsys: Any
) -> None:
    gate.ready = say(200, b'{"status": "ready", "origins": []}')
    done = setup(tmp_path, capsys, "--firewall", gate.url, "--yes", code=3)
    assert "no upstreams yet" in done.err
    assert files(home) == {}


def test_nobody_is_there_to_be_asked(gate: GateSimulator, home: Path, tmp_path: Path, capsys: Any) -> None:
    assert "--yes" in setup(tmp_path, capsys, "--firewall", gate.url, code=2).err
    assert files(home) == {}


def test_a_file_with_indexes_of_its_own_is_left_to_a_person(
    gate: GateSimulator, home: Path, tmp_path: Path, capsys: Any
) -> None:
    place = home / ".config" / "uv" / "uv.toml"
    place.parent.mkdir(parents=True)
    text = '[[index]]\nname = "a"\nurl = "https://a.example/simple"\n'
    place.write_text(text)
    assert "by hand" in setup(tmp_path, capsys, "--firewall", gate.url, "--yes").err
    assert place.read_text() == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".npmrc", "registry=https://ci:canary-secret@r.example/\n"),
        (".config/pip/pip.conf", "[global]\nindex-url = https://ci:canary-secret@r.example/simple\n"),
        (".config/uv/uv.toml", 'index-url = "https://ci:canary-secret@r.example/simple"\n'),
    ],
)
def test_a_credential_in_the_line_itself_is_not_written_over(
    gate: GateSimulator, home: Path, tmp_path: Path, capsys: Any, name: str, text: str
) -> None:
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / name).write_text(text)
    done = setup(tmp_path, capsys, "--firewall", gate.url, "--yes")
    assert f"{home / name}: its " in done.err
    assert "holds a credential" in done.err
    assert "canary-secret" not in done.out + done.err
    assert files(home)[name] == text
    assert len(files(home)) == 3, "the other clients are led to it"


def test_a_token_of_the_firewall_itself_stays(
    gate: GateSimulator, home: Path, tmp_path: Path, capsys: Any
) -> None:
    text = f"registry={gate.url.replace('://', '://:swt_canary@')}/npm/\n"
    (home / ".npmrc").write_text(text)
    done = setup(tmp_path, capsys, "--firewall", gate.url, "--yes")
    assert "holds a credential" not in done.err
    assert (home / ".npmrc").read_text() == text


@pytest.mark.parametrize("words", [("--write",), ("--check",), ("--project", "--fix")])
def test_what_does_not_go_together(home: Path, tmp_path: Path, capsys: Any, words: tuple[str, ...]) -> None:
    setup(tmp_path, capsys, "--firewall", "http://127.0.0.1:9", *words, code=2)


INSTALLS = {
    "npm": ("npm", "install", "--no-audit", "--no-fund", "ebb"),
    "pnpm": ("pnpm", "add", "ebb"),
    "yarn": ("yarn", "add", "ebb"),
    "pip": ("pip", "install", "--target", "t", "ebb"),
    "uv": ("uv", "pip", "install", "--target", "t", "ebb"),
}


@pytest.mark.parametrize("name", INSTALLS)
def test_real_clients_ask_the_firewall(name: str, gate: GateSimulator, tmp_path: Path) -> None:
    if shutil.which(name, path=PATH) is None:
        pytest.skip(f"no {name} in {CLIENTS}: make clients")
    home, tree = tmp_path / "home", tmp_path / "tree"
    home.mkdir()
    tree.mkdir()
    told = {"HOME": str(home), "PATH": PATH, "LC_ALL": "C.UTF-8", "UV_PYTHON": sys.executable}
    told["YARN_CACHE_FOLDER"] = str(home / "yarn")
    words = [sys.executable, "-m", "seawall", "setup", "--firewall", gate.url, "--yes"]
    done = subprocess.run(words, cwd=tree, env=told, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (tree / "package.json").write_text('{"private": true}')
    gate.seen.clear()
    done = subprocess.run(
        INSTALLS[name], cwd=tree, env=told, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert any("ebb-1.1.0" in path for path, _ in gate.seen)
