"""What clients keep from run to run is found again, and what opens the relay is written nowhere but in one file.

Real clients, started by `sh` (dash drops variables with a slash in their name) under `seawall run`, twice with
the same caches and a new tree. They are those of `.clients` (make clients).
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from simulators.door import TOKEN, GateSimulator
from simulators.loopback import Answer, say
from simulators.past import serving
from simulators.past_pypi import PastPypi
from simulators.running_gate import running

CLIENTS = Path(os.environ.get("SEAWALL_CLIENTS", Path(__file__).parents[1] / ".clients"))
PATH = f"{CLIENTS / 'npm' / 'node_modules' / '.bin'}:{CLIENTS / 'bin'}:/usr/bin:/bin"
PACKAGE = '{"private": true, "license": "MIT", "dependencies": {"ebb": "^1.0.0"}}'
PROJECT = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["ebb"]\n'
FILES = {"npm": PACKAGE, "pnpm": PACKAGE, "yarn": PACKAGE, "uv": PROJECT}
COMMANDS = {
    "npm": "npm install --no-audit --no-fund",
    "pnpm": "pnpm install",
    "yarn": "yarn install",
    "uv": "uv sync && uv sync --locked && rm -r .venv && uv sync --frozen",
    "uv pip": "uv pip install --target t ebb",
    "uv requirements": "uv pip install --target t -r requirements.txt",
    "pip": "pip install --target t ebb",
    "pip requirements": "pip install --target t -r requirements.txt",
}
KEPT = {"npm", "pnpm", "yarn", "uv", "uv pip", "uv requirements"}
"""pip keeps no files of what it had over plain http, here as without us."""

OWN = {
    "yarn": {"yarn.lock", ".yarn-integrity", ".yarn-metadata.json"},
    "npm": {"package-lock.json", ".package-lock.json", "-debug-0.log", "npm-cache"},
}
"""Where these write the address of the run; a requirements file that names the firewall gets it too."""

LOOK = """
import json, os, pathlib, sys
from urllib.parse import urlsplit
key = urlsplit(os.environ["PIP_INDEX_URL"]).password
own = os.environ["HF_ENDPOINT"].rpartition("seawall-run-")[2].partition("/")[0]
found = {}
for path in pathlib.Path(sys.argv[1]).rglob("*"):
    if path.is_file() and not path.is_symlink():
        data = path.read_bytes()
        for word in (key, own):
            if word.encode() in data:
                found[str(path)] = oct(path.stat().st_mode & 0o777)
print("LOOK", json.dumps(found))
"""


class Gate(GateSimulator):
    """`served` are the files that went out; like the firewall it answers with 304 who has one already."""

    def __init__(self) -> None:
        super().__init__(TOKEN)
        self.served: list[str] = []
        for path, answer in list(self.answers.items()):
            if path.endswith((".whl", ".tgz")):
                self.answers[path] = self._counting(path, answer)

    def _counting(self, path: str, answer: Answer) -> Answer:
        def counting(handler: BaseHTTPRequestHandler) -> None:
            if handler.headers.get("If-None-Match") == '"it"':
                say(304, ETag='"it"')(handler)
                return
            self.served.append(path)
            handler.send_response = tagged(handler)  # type: ignore[method-assign]
            answer(handler)

        return counting


def tagged(handler: BaseHTTPRequestHandler) -> Any:
    """Adds the ETag to whatever is sent."""
    send = handler.send_response

    def sending(code: int, message: str | None = None) -> None:
        send(code, message)
        handler.send_header("ETag", '"it"')

    return sending


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.close()


class Desk:
    """One home with its caches; a new tree for each run."""

    def __init__(self, gate: Gate, root: Path) -> None:
        self.gate, self.root, self.tree = gate, root, root / "tree"
        (root / "tmp").mkdir(parents=True)
        (root / "look.py").write_text(LOOK)

    def run(self, name: str) -> tuple[list[str], dict[str, str]]:
        """Which files the firewall gave out, and which of ours held what opens the relay at the end."""
        shutil.rmtree(self.tree, ignore_errors=True)
        self.tree.mkdir()
        tool = name.partition(" ")[0]
        if name in FILES:
            file = "pyproject.toml" if tool == "uv" else "package.json"
            (self.tree / file).write_text(FILES[name])
        (self.tree / "requirements.txt").write_text(f"--index-url {self.gate.url}/pypi/simple/\nebb\n")
        self.gate.served.clear()
        look = f"{sys.executable} {self.root}/look.py {self.root}"
        words = (
            "--firewall",
            self.gate.url,
            "--token-from",
            "T",
            "--",
            "sh",
            "-c",
            f"{COMMANDS[name]} && {look}",
        )
        done = subprocess.run(
            [sys.executable, "-m", "seawall", "run", *words],
            cwd=self.tree,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said = next(line for line in done.stdout.splitlines() if line.startswith("LOOK "))
        found: dict[str, Any] = json.loads(said.removeprefix("LOOK "))
        return list(self.gate.served), found

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": PATH,
            "HOME": str(self.root),
            "TMPDIR": str(self.root / "tmp"),
            "SEAWALL_DATA": str(self.root / "data"),
            "YARN_CACHE_FOLDER": str(self.root / "yarn"),
            "LC_ALL": "C.UTF-8",
            "T": TOKEN,
            "UV_PYTHON": sys.executable,
            "PIP_NO_INPUT": "1",
            "npm_config_update_notifier": "false",
            "npm_config_fetch_retries": "0",
            "pnpm_config_fetch_retries": "0",
            "UV_HTTP_RETRIES": "0",
        }


def kind_of(path: Path) -> str:
    if "_cacache" in path.parts:
        return "npm-cache"
    return "-debug-0.log" if path.parent.name == "_logs" else path.name


@pytest.mark.parametrize("name", COMMANDS)
def test_caches_hold_and_what_opens_the_relay_is_written_nowhere(
    name: str, gate: Gate, tmp_path: Path
) -> None:
    tool = name.partition(" ")[0]
    if shutil.which(tool, path=PATH) is None:
        pytest.skip(f"no {tool} in {CLIENTS}: make clients")
    desk = Desk(gate, tmp_path / "desk")
    first, written = desk.run(name)
    assert len(first) >= 1
    again, later = desk.run(name)
    assert (again == []) is (name in KEPT), again
    for found in (written, later):
        files = {kind_of(Path(path)): mode for path, mode in found.items()}
        assert files.pop("npmrc") == "0o600"
        assert files.pop("requirements.txt")
        assert files.keys() <= OWN.get(name, set())
        assert bool(files) is (name in OWN)
    assert list((desk.root / "tmp").glob("seawall-run-*")) == []
    assert (desk.tree / "requirements.txt").read_text().startswith(f"--index-url {gate.url}/pypi/simple/\n")


def test_an_address_that_is_another_each_time_would_cost_uv_its_cache(gate: Gate, tmp_path: Path) -> None:
    """Why there is one that stays: without the key from which it follows everything is fetched anew."""
    if shutil.which("uv", path=PATH) is None:
        pytest.skip(f"no uv in {CLIENTS}: make clients")
    desk = Desk(gate, tmp_path / "desk")
    assert desk.run("uv")[0]
    (desk.root / "data" / "run.key").unlink()
    assert desk.run("uv")[0]


def test_pip_uses_what_it_built_again(tmp_path: Path) -> None:
    """It keeps wheels that it built by the address of their source, without the key."""
    if shutil.which("pip", path=PATH) is None:
        pytest.skip(f"no pip in {CLIENTS}: make clients")
    now = datetime.now(UTC)
    with serving(PastPypi(now)) as past:
        past.sdist("ebb", "1.0", now - timedelta(days=90))
        with running(tmp_path, {"PyPI": past.index_url}) as gate:
            taken = [built(gate.url, tmp_path / "desk", number) for number in range(2)]
            (tmp_path / "desk" / "data" / "run.key").unlink()
            taken.append(built(gate.url, tmp_path / "desk", 2))
    assert taken == [["ebb"], [], ["ebb"]]


def built(url: str, desk: Path, number: int) -> list[str]:
    tree = desk / f"tree{number}"
    tree.mkdir(parents=True)
    words = ("--firewall", url, "--format", "json", "--", "pip", "install", "--target", "t", "ebb")
    done = subprocess.run(
        [sys.executable, "-m", "seawall", "run", *words],
        cwd=tree,
        env={"PATH": PATH, "HOME": str(desk), "SEAWALL_DATA": str(desk / "data"), "PIP_NO_INPUT": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [item["name"] for item in json.loads(done.stdout)["taken"]]
