"""Every command of the README is run as a newcomer would, and what the README shows is what comes out."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line[2:].strip()
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]
EXPECTED = {"make demo": {0}, "seawall scan ~/src/my-project": {3}}
"""Exit codes other than 0. The scan cannot reach the advisory service from here, and has to say so."""
LOCK = (
    '{"lockfileVersion": 3, "packages": {"": {}, "node_modules/zod": {"version": "4.1.12",'
    ' "resolved": "https://registry.example/zod/-/zod-4.1.12.tgz"}}}'
)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository as it would be cloned, with the environment that `make` has set up here."""
    place = tmp_path_factory.mktemp("clone") / "seawall"
    skipped = shutil.ignore_patterns(
        ".git", ".venv", ".*cache", "__pycache__", ".demo", ".bench", ".clients", "data", "golden"
    )
    shutil.copytree(ROOT, place, ignore=skipped)
    shutil.copytree(ROOT / "src" / "seawall" / "data", place / "src" / "seawall" / "data")
    (place / ".venv").symlink_to(ROOT / ".venv")
    home = place.parent / "home"
    project = home / "src" / "my-project"
    project.mkdir(parents=True)
    (project / "package-lock.json").write_text(LOCK)
    return place


def run(command: str, clone: Path) -> subprocess.CompletedProcess[str]:
    home = clone.parent / "home"
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "SEAWALL_DATA": str(home / "data"),
        # Nothing leaves this machine: there is no such proxy.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        # What the newcomer's pip fetches is here already.
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_TARGET": str(home / "installed"),
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return subprocess.run(
        ["bash", "-c", command],
        check=False,
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_works(command: str, clone: Path) -> None:
    if not (ROOT / ".venv" / ".core-ready").exists() and command.startswith("make"):
        pytest.skip("not set up by make")
    done = run(command, clone)
    assert done.returncode in EXPECTED.get(command, {0}), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if command == "make demo":
        missing = [
            line for line in shown() if not any(said.startswith(line) for said in done.stdout.splitlines())
        ]
        assert not missing
    if command == "pip install .":
        installed = clone.parent / "home" / "installed" / "seawall"
        assert (installed / "data" / "attacks.json").is_file()
        assert (installed / "kernel" / "policy" / "seawall.cedarschema").is_file()
        assert (installed / "py.typed").is_file()


def shown() -> list[str]:
    block = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert block
    return [line for line in block[1].splitlines() if line]


def test_there_is_something_to_run() -> None:
    assert len(COMMANDS) >= 6
    assert len(README.splitlines()) <= 100
