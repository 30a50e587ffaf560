"""Every command of the README is run as a newcomer would, and what the README shows is what comes out."""

import os
import re
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import index
from tests.simulators.past import serving
from tests.simulators.past_npm import PastNpm

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SECTIONS = {text.partition("\n")[0]: text for text in README.split("\n## ")}
BETWEEN = "Stand in between"


def commands(text: str) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line[2:].strip() for block in blocks for line in block.splitlines() if line.startswith("$ ")]


COMMANDS = [command for title, text in SECTIONS.items() if title != BETWEEN for command in commands(text)]
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
            line
            for line in (*shown(), *shown(SECTIONS["What was in reach"]))
            if not any(said.startswith(line) for said in done.stdout.splitlines())
        ]
        assert not missing
    if command == "pip install .":
        installed = clone.parent / "home" / "installed" / "seawall"
        assert (installed / "data" / "attacks.json").is_file()
        assert (installed / "kernel" / "policy" / "seawall.cedarschema").is_file()
        assert (installed / "py.typed").is_file()


def shown(text: str = README) -> list[str]:
    blocks = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    assert blocks
    return [line for line in blocks[0].splitlines() if line]


def test_there_is_something_to_run() -> None:
    assert len(COMMANDS) >= 6
    assert len(commands(SECTIONS[BETWEEN])) == 5
    assert len(README.splitlines()) <= 140


def npm() -> Path | None:
    """The npm that the firewall is tried with."""
    place = ROOT / ".clients" / "npm" / "node_modules" / ".bin"
    return place if (place / "npm").exists() else None


@pytest.mark.skipif(npm() is None, reason="no npm was set up: make .clients/.ready")
def test_the_firewall_stands_in_between(clone: Path, tmp_path: Path) -> None:
    install, sync, serve, take, verify = commands(SECTIONS[BETWEEN])
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 8080)) == 0:
            pytest.skip("something listens on port 8080, where the README has the firewall")
    assert run(install, clone).returncode == 0
    assert run(sync, clone).returncode == 3, "nothing outside can be reached here, and that is said"
    now = datetime.now(UTC)
    with serving(PastNpm(now)) as past:
        an_hour_after(past, now)
        place = clone.parent / "between"
        home, data = place / "home", place / "home" / "data"
        data.mkdir(parents=True)
        index(data, now)
        (home / ".npmrc").write_text(f"registry={past.npm_url}\nupdate-notifier=false\n")
        (place / "package.json").write_text('{"name": "assistant", "private": true}')
        path = f"{Path(sys.executable).parent}:{npm()}:{ROOT}/.clients/bin:{os.environ['PATH']}"
        around = {"PATH": path, "HOME": str(home), "SEAWALL_DATA": str(data)}
        firewall = subprocess.Popen(
            serve.split(), env=around, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert firewall.stdout is not None
            assert "listens on" in firewall.stdout.readline()
            said = ""
            for command in (take, verify):
                done = subprocess.run(
                    command.split(),
                    check=False,
                    env=around,
                    cwd=place,
                    capture_output=True,
                    text=True,
                    timeout=120,
                )
                assert done.returncode == 0, done.stdout + done.stderr
                said += done.stdout + done.stderr
        finally:
            firewall.terminate()
            firewall.communicate(timeout=30)
    for line in shown(SECTIONS[BETWEEN]):
        assert any(one.startswith(line) for one in said.splitlines()), (line, said)
    assert "sound: " in said


def an_hour_after(past: PastNpm, now: datetime) -> None:
    """The registry as it was on the day of the attack, brought to today; every package is inert."""
    usual = {"follow-redirects": "^1.15.11"}
    past.publish("follow-redirects", "1.15.11", now - timedelta(days=90))
    past.publish("axios", "1.14.0", now - timedelta(days=12), by="releases", attested=True, needs=usual)
    more = {**usual, "plain-crypto-js": "^4.2.1"}
    past.publish("plain-crypto-js", "4.2.1", now - timedelta(hours=19), by="stranger")
    past.publish("axios", "1.14.1", now - timedelta(hours=1), by="releases", needs=more)
