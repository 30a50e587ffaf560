"""Real yarn 4 and the firewall: fresh, locked, an archive of its own address, and under `seawall run`.

It is the one in `.clients/yarn4` (the package @yarnpkg/cli-dist), or in the directory that SEAWALL_YARN4 names.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.past import serving
from tests.simulators.past_npm import PastNpm
from tests.simulators.running_gate import Running, running
from tests.simulators.seal import BOTH

from seawall.going_round import look

ROOT = Path(__file__).parents[2]
CLIENTS = Path(os.environ.get("SEAWALL_CLIENTS", ROOT / ".clients"))
YARN = Path(os.environ.get("SEAWALL_YARN4", CLIENTS / "yarn4")) / "node_modules" / ".bin"
PATH = f"{YARN}:{CLIENTS / 'bin'}:/usr/bin:/bin"
NOW = datetime.now(UTC)
OLD, LATE, HELD_BACK = (NOW - timedelta(days=days) for days in (120, 60, 2))
ELSEWHERE = "::__archiveUrl=http%3A%2F%2F127.0.0.1%3A9%2Febb%2F-%2Febb-1.2.0.tgz"
pytestmark = pytest.mark.skipif(not (YARN / "yarn").exists(), reason=f"no yarn 4 in {YARN.parents[1]}")


@pytest.fixture(scope="module")
def upstream() -> Iterator[PastNpm]:
    with serving(PastNpm(NOW)) as server:
        for version, when in (("1.0.0", OLD), ("1.2.0", LATE), ("1.3.0", HELD_BACK)):
            server.publish("ebb", version, when, by="ann", needs={"tide": "^1.0.0"})
        server.publish("tide", "1.0.0", OLD, by="ann")
        yield server


@pytest.fixture(scope="module")
def gate(upstream: PastNpm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("gate"), {"npm": upstream.npm_url}) as server:
        yield server


class Machine:
    """A project with an empty yarn.lock, a home and caches of its own."""

    def __init__(self, place: Path, registry: str = "") -> None:
        self.home, self.project = place, place / "project"
        self.project.mkdir(parents=True)
        (self.project / "package.json").write_text('{"name": "p", "dependencies": {"ebb": "^1.0.0"}}')
        self.lock = self.project / "yarn.lock"
        self.lock.write_text("")
        led = {
            "YARN_NPM_REGISTRY_SERVER": registry,
            "YARN_UNSAFE_HTTP_WHITELIST": "127.0.0.1",
            "YARN_ENABLE_TELEMETRY": "0",
            "YARN_HTTP_RETRY": "0",
            # A cooldown of its own would refuse before anybody is asked.
            "YARN_NPM_MINIMAL_AGE_GATE": "0",
        }
        own = {
            "PATH": PATH,
            "HOME": str(place),
            "SEAWALL_DATA": str(place / "data"),
            "YARN_NODE_LINKER": "node-modules",
        }
        self.told = {**own, **(led if registry else {})}

    def yarn(self, *words: str) -> tuple[int, str]:
        return self.run("yarn", "install", *words)

    def run(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            words,
            cwd=self.project,
            env=self.told,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        self.out = done.stdout
        return done.returncode, done.stdout + done.stderr

    def installed(self) -> set[str]:
        paths = (self.project / "node_modules").glob("*/package.json")
        return {f"{item['name']}-{item['version']}" for item in (json.loads(p.read_text()) for p in paths)}


GOOD = {"ebb-1.2.0", "tide-1.0.0"}


@pytest.fixture
def machine(gate: Running, tmp_path: Path) -> Machine:
    return Machine(tmp_path / "own", f"{gate.url}/npm")


def test_fresh(machine: Machine, gate: Running) -> None:
    code, text = machine.yarn()
    assert code == 0, text
    assert machine.installed() == GOOD
    assert "1.3.0" not in machine.lock.read_text()
    assert "127.0.0.1" not in machine.lock.read_text()
    assert look(machine.project, ("yarn", "install"), frozenset({gate.url.partition("://")[2]})) == ()


def test_locked(machine: Machine, upstream: PastNpm, tmp_path: Path) -> None:
    other = Machine(tmp_path / "other", machine.told["YARN_NPM_REGISTRY_SERVER"])
    assert other.yarn()[0] == 0
    machine.lock.write_text(other.lock.read_text())
    code, text = machine.yarn("--immutable")
    assert code == 0, text
    assert machine.installed() == GOOD
    victim = Machine(tmp_path / "victim", upstream.npm_url.rstrip("/"))
    assert victim.yarn()[0] == 0
    assert "ebb@npm:1.3.0" in victim.lock.read_text()
    third = Machine(tmp_path / "third", machine.told["YARN_NPM_REGISTRY_SERVER"])
    third.lock.write_text(victim.lock.read_text())
    code, text = third.yarn("--immutable")
    assert code == 1
    assert "Seawall: ebb 1.3.0 is held back" in text
    assert "allowed now: 1.2.0" in text
    assert third.installed() == set()


def test_an_archive_of_another_address(machine: Machine, gate: Running, tmp_path: Path) -> None:
    """yarn 4 fetches it from there whatever its registry is; `seawall run` names it and starts nothing."""
    assert machine.yarn()[0] == 0
    other = Machine(tmp_path / "other", machine.told["YARN_NPM_REGISTRY_SERVER"])
    lock = machine.lock.read_text().replace('"ebb@npm:1.2.0"', f'"ebb@npm:1.2.0{ELSEWHERE}"')
    assert ELSEWHERE in lock
    other.lock.write_text(lock)
    code, text = other.yarn("--immutable")
    assert code == 1
    assert "ECONNREFUSED 127.0.0.1:9" in text
    words = (sys.executable, "-m", "seawall", "run", "--firewall", gate.url, "--", "yarn", "install")
    code, text = other.run(*words)
    assert code == 2
    assert "yarn.lock leads to 127.0.0.1:9" in text


@pytest.mark.parametrize("mode", BOTH)
def test_under_run(gate: Running, tmp_path: Path, mode: str) -> None:
    machine = Machine(tmp_path / "own")
    sealed = ["--sealed"] if mode == "sealed" else []
    start = (
        sys.executable,
        "-m",
        "seawall",
        "run",
        "--firewall",
        gate.url,
        "--format",
        "json",
        *sealed,
        "--",
    )

    def run(*words: str) -> dict[str, Any]:
        code, text = machine.run(*start, *words)
        assert code == 0, text
        found: dict[str, Any] = json.loads(machine.out)
        assert (found["refused"], found["around"], found["problems"]) == ([], [], [])
        return found

    assert {item["name"] for item in run("yarn", "install")["taken"]} == {"ebb", "tide"}
    assert machine.installed() == GOOD
    assert "seawall-run-" not in machine.lock.read_text()
    # With the same caches nothing is fetched again, though its address is another one.
    again = run("sh", "-c", "rm -r node_modules && yarn install --immutable")
    assert again["taken"] == []
    assert machine.installed() == GOOD
