"""Lockfiles that name hosts: how they lead past a firewall, who notices, who refuses, and what repairs them.

uv.lock, pylock.toml and yarn.lock of yarn 1 hold addresses of files, and their clients fetch from there whatever
registry they are set to; a requirements file may name its own index. Each was locked without a firewall; then the person's clients are led to one.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.simulators import npm_clients, python_clients
from tests.simulators.past import Past, serving
from tests.simulators.past_npm import PastNpm
from tests.simulators.past_pypi import PastPypi
from tests.simulators.running_gate import Running, running

NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=90)
BIN = npm_clients.CLIENTS / "npm" / "node_modules" / ".bin"
PROJECT = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["ebb"]\n'
PACKAGE = '{"name": "p", "version": "1.0.0", "license": "MIT", "dependencies": {"ebb": "^1.0.0"}}'


@dataclass(frozen=True)
class Kind:
    """`make` locks at the registry itself, `frozen` installs what is locked; `needs` are the project's files."""

    lock: str
    make: tuple[str, ...]
    frozen: tuple[str, ...]
    needs: tuple[tuple[str, str], ...] = ()
    asset: str = "pkg:pypi/ebb@1.0"


KINDS = {
    "uv.lock": Kind("uv.lock", ("uv", "lock"), ("uv", "sync", "--frozen"), (("pyproject.toml", PROJECT),)),
    "pylock.toml": Kind(
        "pylock.toml",
        ("pip", "lock", "ebb", "-o", "pylock.toml"),
        ("uv", "pip", "sync", "--target", "t", "pylock.toml"),
    ),
    "pylock.toml with pip": Kind(
        "pylock.toml",
        ("pip", "lock", "ebb", "-o", "pylock.toml"),
        ("pip", "install", "--target", "t", "-r", "pylock.toml"),
    ),
    "requirements.txt": Kind(
        "requirements.txt",
        (),
        ("pip", "install", "--target", "t", "-r", "requirements.txt"),
        (("requirements.txt", "--index-url {index}\nebb==1.0\n"),),
    ),
    "yarn.lock": Kind(
        "yarn.lock",
        ("yarn", "install", "--ignore-scripts"),
        ("yarn", "install", "--frozen-lockfile"),
        (("package.json", PACKAGE),),
        "pkg:npm/ebb@1.0.0",
    ),
}


class Person:
    """A home, a tree, and clients that are told where to go by variables or by nothing."""

    def __init__(self, place: Path, gate: Running) -> None:
        self.gate, self.home, self.tree = gate, place / "home", place / "tree"
        self.home.mkdir()
        self.tree.mkdir()
        self.runs = 0
        self.told = {
            "PATH": f"{BIN}:{python_clients.CLIENTS}:/usr/bin:/bin",
            "HOME": str(self.home),
            "SEAWALL_DATA": str(gate.place / "data"),
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "UV_PYTHON": str(python_clients.CLIENTS / "python3"),
            "PIP_NO_CACHE_DIR": "1",
        }

    def run(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        # Whatever was fetched before is not here any more.
        self.runs += 1
        caches = self.home / f"caches-{self.runs}"
        fresh = {"UV_CACHE_DIR": str(caches / "uv"), "YARN_CACHE_FOLDER": str(caches / "yarn")}
        return subprocess.run(
            [*words],
            cwd=self.tree,
            env={**self.told, **fresh, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=100,
        )

    def client(self, command: tuple[str, ...], **more: str) -> "subprocess.CompletedProcess[str]":
        program = BIN / command[0] if command[0] == "yarn" else python_clients.CLIENTS / command[0]
        return self.run(str(program), *command[1:], **more)

    def seawall(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return self.run(sys.executable, "-m", "seawall", *words)

    def led_runs(self, kind: Kind, *words: str) -> "subprocess.CompletedProcess[str]":
        return self.seawall("run", "--firewall", self.gate.url, *words, "--", *kind.frozen)

    def clear(self) -> None:
        for name in ("t", ".venv", "node_modules"):
            shutil.rmtree(self.tree / name, ignore_errors=True)

    def has_ebb(self) -> bool:
        places = ("t/ebb.py", ".venv/lib/*/site-packages/ebb.py", "node_modules/ebb/package.json")
        return any(any(self.tree.glob(pattern)) for pattern in places)


@dataclass
class World:
    pypi: PastPypi
    npm: PastNpm
    gate: Running

    def asked_by_others(self) -> list[str]:
        both: tuple[Past, ...] = (self.pypi, self.npm)
        return [
            s.path for p in both for s in p.seen if not s.headers.get("user-agent", "").startswith("seawall/")
        ]

    def forget(self) -> None:
        self.pypi.seen.clear()
        self.npm.seen.clear()

    def taken(self, kind: Kind) -> int:
        """How often the ledger says that it was served."""
        done = self.gate.command("ledger", "show", "--asset", kind.asset, "--format", "jsonl")
        assert done.returncode == 0, done.stderr
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return len([row for row in rows if row["action"] == "fetch" and row.get("delivery") == "served"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(PastPypi(NOW)) as pypi, serving(PastNpm(NOW)) as npm:
        pypi.wheel("ebb", "1.0", OLD)
        npm.publish("ebb", "1.0.0", OLD, by="ann")
        upstreams = {"PyPI": pypi.index_url, "npm": npm.npm_url}
        with running(tmp_path_factory.mktemp("gate"), upstreams) as gate:
            yield World(pypi, npm, gate)


def scanned(person: Person, kind: Kind, host: str) -> list[str]:
    """What a scan says of the lockfile and that host."""
    said = json.loads(person.seawall("scan", ".", "--format", "json").stdout)
    rules = [item for item in said["findings"] if item["rule"] == "packages/lock-bypasses-gate"]
    told = [json.dumps(item) for item in (*rules, *said["gaps"])]
    return [text for text in told if kind.lock in text and host in text]


@pytest.mark.parametrize("name", KINDS)
def test_a_lockfile_that_names_hosts(world: World, tmp_path: Path, name: str) -> None:
    kind = KINDS[name]
    for command in filter(None, (kind.make, kind.frozen)):
        if not ((BIN / command[0]).exists() or (python_clients.CLIENTS / command[0]).exists()):
            pytest.skip(f"no {command[0]} in {npm_clients.CLIENTS} (make clients)")
    person = Person(tmp_path, world.gate)
    direct = {
        "UV_DEFAULT_INDEX": world.pypi.index_url,
        "PIP_INDEX_URL": world.pypi.index_url,
        "YARN_REGISTRY": world.npm.npm_url,
    }
    for file, text in kind.needs:
        (person.tree / file).write_text(text.replace("{index}", world.pypi.index_url))
    if kind.make:
        made = person.client(kind.make, **direct)
        assert made.returncode == 0, made.stderr
    person.clear()
    lock = person.tree / kind.lock
    host = world.npm.host if name == "yarn.lock" else world.pypi.host
    assert host in lock.read_text()

    # From here on all of the person's clients are set to the firewall, in their own files.
    led = person.seawall("setup", "--firewall", world.gate.url, "--yes")
    assert led.returncode == 0, led.stderr

    # The bypass: it installs, and the firewall knows nothing of it.
    world.forget()
    before = world.taken(kind)
    done = person.client(kind.frozen)
    assert done.returncode == 0, done.stderr
    assert person.has_ebb()
    assert world.asked_by_others()
    assert world.taken(kind) == before
    person.clear()

    # Its detection.
    assert len(scanned(person, kind, host)) == 1
    seen = person.seawall("setup")
    assert kind.lock in seen.stdout
    assert host in seen.stdout

    # Its refusal: nothing is started.
    world.forget()
    refused = person.led_runs(kind)
    assert refused.returncode == 2
    assert f"{kind.lock} leads to {host}" in refused.stderr
    assert "--fix-locks" in refused.stderr
    assert not person.has_ebb()
    assert world.asked_by_others() == []

    # The fix, after which the same frozen install goes through the firewall: under `run`, and by itself.
    fixed = person.led_runs(kind, "--fix-locks")
    assert fixed.returncode == 0, fixed.stderr
    assert f"{kind.lock} is led to {world.gate.url}" in fixed.stderr
    assert host not in lock.read_text()
    assert world.taken(kind) == before + 1
    person.clear()
    done = person.client(kind.frozen)
    assert done.returncode == 0, done.stderr
    assert person.has_ebb()
    assert world.asked_by_others() == []
    assert world.taken(kind) == before + 2
    assert scanned(person, kind, host) == []
