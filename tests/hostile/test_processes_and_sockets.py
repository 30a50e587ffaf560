"""What a scan starts and whom it talks to, as the interpreter itself reports it (audit events)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulators.repository import BAD, LOCK, Repo

WATCHED = """
import json, sys
seen = []
def watch(event, arguments):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.startfile", "pty.spawn"):
        seen.append([event, [str(a) for a in (arguments[1] if event != "os.system" else arguments)],
                     str(arguments[2]) if len(arguments) > 2 else "", dict(arguments[3] or {}) if len(arguments) > 3 else {}])
    elif event.startswith("socket.") and event not in ("socket.gethostname",):
        seen.append([event, [], "", {}])
    elif event in ("exec", "compile") and "MALICE" in str(arguments[0])[:200]:
        seen.append([event, [str(arguments[0])[:200]], "", {}])
sys.addaudithook(watch)
from seawall.cli.main import main
code = main(sys.argv[2:])
json.dump([code, seen], open(sys.argv[1], "w"))
"""


def watched(tmp_path: Path, *words: object, **more: Any) -> tuple[int, list[list[Any]]]:
    """The exit code of a command, and [event, arguments, directory, environment] of what it did."""
    found = tmp_path / "seen.json"
    environment = {**os.environ, "SEAWALL_DATA": str(tmp_path / "data"), **more.pop("env", {})}
    environment.pop("CI", None)
    done = subprocess.run(
        [sys.executable, "-I", "-c", WATCHED, str(found), *map(str, words)],
        env=environment, capture_output=True, text=True, check=False, timeout=60, **more,
    )  # fmt: skip
    assert found.exists(), done.stderr
    code, seen = json.loads(found.read_text())
    return code, seen


CLIENTS = (
    "npm",
    "pnpm",
    "yarn",
    "bun",
    "pip",
    "pip3",
    "uv",
    "poetry",
    "cargo",
    "go",
    "corepack",
    "node",
    "pdm",
    "conda",
)


def program(path: Path, marker: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {path} $0 $@ >> {marker}\necho 9.9.9\n")
    path.chmod(0o755)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A tree in which everything waits to be started."""
    repo = Repo(tmp_path / "repo")
    marker = tmp_path / "RAN"
    for folder in ("", "bin", "node_modules/.bin", ".venv/bin", "web/node_modules/.bin"):
        for name in (*CLIENTS, "git", "python", "python3", "sh", "env"):
            program(repo.path / folder / name, marker)
    script = f"require('fs').appendFileSync('{marker}', 'js')\n"
    python = f"open('{marker}', 'a').write('python MALICE')\n"
    scripts = dict.fromkeys(("preinstall", "install", "postinstall", "prepare", "version"), f"touch {marker}")
    repo.commit({
        LOCK: BAD,
        "web/" + LOCK: BAD,
        "package.json": json.dumps({"scripts": scripts, "packageManager": "yarn@3.0.0"}),
        ".yarnrc.yml": "yarnPath: .yarn/releases/yarn.cjs\nplugins:\n  - path: .yarn/plugins/x.cjs\n    spec: x\n",
        ".yarnrc": "yarn-path .yarn/releases/yarn.cjs\n",
        ".yarn/releases/yarn.cjs": script,
        ".yarn/plugins/x.cjs": script,
        ".pnpmfile.cjs": script,
        ".npmrc": f"globalconfig=./x\nscript-shell={repo.path}/sh\nnode-options=--require ./x.js\ngit={repo.path}/git\n",
        "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
        "yarn.lock": "# yarn lockfile v1\n",
        "setup.py": python,
        "setup.cfg": "[metadata]\nname = x\n",
        "conftest.py": python,
        "sitecustomize.py": python,
        "usercustomize.py": python,
        "json.py": python,
        "yaml.py": python,
        "seawall.py": python,
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "x"\nversion = "1"\n',
        "backend.py": python,
        "venv/lib/python3.11/site-packages/evil.pth": f"import os; {python}",
        "venv/lib/python3.11/site-packages/sitecustomize.py": python,
        "venv/lib/python3.11/site-packages/evil-1.0.dist-info/METADATA": "Name: evil\nVersion: 1.0\n",
        "binding.gyp": "{'targets': [{'actions': [{'action': ['touch', 'RAN']}]}]}",
        "Makefile": f"all:\n\ttouch {marker}\n",
        ".envrc": f"touch {marker}\n",
        "build.rs": "fn main() {}",
        ".cargo/config.toml": f'[build]\nrustc-wrapper = "{repo.path}/sh"\n',
        "Cargo.lock": "version = 3\n",
    })  # fmt: skip
    return repo


def outside(tmp_path: Path) -> Path:
    """Package managers of the machine, outside of the tree."""
    place = tmp_path / "machine" / "bin"
    for name in CLIENTS:
        program(place / name, tmp_path / "ASKED")
    return place


@pytest.mark.parametrize("target", ["", "web", LOCK])
def test_a_scan_starts_git_and_asks_the_machines_own_clients_for_their_version(
    repo: Repo, tmp_path: Path, target: str
) -> None:
    place = outside(tmp_path)
    inside = [repo.path / f for f in ("", "bin", "node_modules/.bin", ".venv/bin", "web/node_modules/.bin")]
    path = ":".join([*map(str, inside), ".", "bin", "", str(place), os.environ["PATH"]])
    code, seen = watched(
        tmp_path,
        "scan",
        repo.path / target,
        "--offline",
        env={"PATH": path, "PYTHONPATH": str(repo.path)},
        cwd=repo.path,
    )
    assert code == 1
    assert not (tmp_path / "RAN").exists(), (tmp_path / "RAN").read_text()
    assert [event for event, *_ in seen if event != "subprocess.Popen"] == []
    started = set()
    for _, words, directory, environment in seen:
        assert directory == "/"
        assert not words[0].startswith(str(repo.path))
        assert Path(words[0]).is_absolute()
        if Path(words[0]).name == "git":
            assert words[1] in ("log", "cat-file")
            assert not any(str(repo.path) in word for word in words)
            assert set(environment) == {
                "PATH", "HOME", "LC_ALL", "GIT_DIR", "GIT_OBJECT_DIRECTORY", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM",
                "GIT_CONFIG_GLOBAL", "GIT_ATTR_NOSYSTEM", "GIT_NO_LAZY_FETCH", "GIT_NO_REPLACE_OBJECTS",
                "GIT_OPTIONAL_LOCKS", "GIT_TERMINAL_PROMPT", "GIT_PAGER", "GIT_PROTOCOL_FROM_USER",
            }  # fmt: skip
            assert environment["GIT_OBJECT_DIRECTORY"] == str(repo.path / ".git" / "objects")
            assert not environment["GIT_DIR"].startswith(str(repo.path))
        else:
            assert words[1:] == ["--version"]
            assert not any(
                part.startswith(str(repo.path)) or not part.startswith("/")
                for part in environment["PATH"].split(":")
            )
            assert not {"PYTHONPATH", "NODE_OPTIONS", "LD_PRELOAD"} & set(environment)
        started.add(Path(words[0]).name)
    assert "npm" in started
    assert ("git" in started) == (target != LOCK)
    asked = (tmp_path / "ASKED").read_text().splitlines()
    assert all(line.endswith(" --version") for line in asked)


@pytest.mark.parametrize("kind", ["text", "json", "sarif", "cyclonedx", "markdown"])
def test_offline_opens_no_socket(repo: Repo, tmp_path: Path, kind: str) -> None:
    code, seen = watched(tmp_path, "scan", repo.path, "--offline", "--format", kind, cwd=repo.path)
    assert code == 1
    assert [event for event, *_ in seen if event.startswith("socket.")] == []


def test_the_watch_sees_a_socket(repo: Repo, tmp_path: Path) -> None:
    proxy = {
        "https_proxy": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "no_proxy": "",
        "NO_PROXY": "",
    }
    _, seen = watched(tmp_path, "scan", repo.path, "--no-history", env=proxy)
    assert any(event.startswith("socket.") for event, *_ in seen)


@pytest.mark.parametrize(
    "words",
    [("setup", "."), ("explain", "pkg:npm/axios@1.14.1"), ("policy", "check"), ("ledger", "check"), ("--version",), ("--help",),
     ("scan", "pkg:npm/axios@1.14.1", "--offline")],
)  # fmt: skip
def test_other_commands_run_nothing_of_the_tree_and_open_no_socket(
    repo: Repo, tmp_path: Path, words: tuple[str, ...]
) -> None:
    path = f"{repo.path}:{repo.path}/node_modules/.bin:.:{os.environ['PATH']}"
    _, seen = watched(tmp_path, *words, env={"PATH": path}, cwd=repo.path)
    assert not (tmp_path / "RAN").exists()
    assert not [event for event, *_ in seen if event.startswith("socket.")]
    assert all(not w[0].startswith(str(repo.path)) and d == "/" for _, w, d, _ in seen)
