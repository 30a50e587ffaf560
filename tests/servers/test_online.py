"""The registries that this machine's own clients use, behind a real firewall, and real clients before it.

What is installed is what would have been without us, file by file, and the clients' own cooldowns work. The
packages are old and small, and every version is named. Where no registry answers the tests say so and are skipped.
"""

import hashlib
import os
import re
import ssl
import tomllib
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from tests.simulators import npm_clients, python_clients
from tests.simulators.npm_clients import NpmClients
from tests.simulators.python_clients import Desktop, fresh
from tests.simulators.running_gate import Running, running

pytestmark = pytest.mark.online
OLD_PYTHON = ("python-dateutil==2.8.2", "six==1.16.0")
OLD_NODE = "debug@4.3.4"
KNOWN = {"PyPI": "six/", "npm": "ms"}
TRUST = {"NODE_OPTIONS": "--use-system-ca", "UV_SYSTEM_CERTS": "1", "PIP_CONFIG_FILE": os.devnull}
"""What clients without a person's settings need where a company's own root is among the machine's."""


@dataclass(frozen=True)
class Behind:
    """`urls` are the registries by ecosystem, as the firewall froze them from this machine's clients."""

    gate: Running
    urls: Mapping[str, str]

    def through(self, ecosystem: str) -> str:
        return f"{self.gate.url}/pypi/simple/" if ecosystem == "PyPI" else f"{self.gate.url}/npm/"

    def answers(self, ecosystem: str) -> None:
        """Skip where nobody is there."""
        url = self.urls.get(ecosystem)
        if not url:
            pytest.skip(f"the clients of this machine name no registry of {ecosystem}")
        why = silent(f"{url.rstrip('/')}/{KNOWN[ecosystem]}")
        if why:
            pytest.skip(f"no registry of {ecosystem} answers here: {why}")


@cache
def silent(url: str) -> str:
    """Why nobody answers there; empty where somebody does."""
    try:
        with urllib.request.urlopen(url, timeout=15) as answer:
            answer.read(1)
    except (OSError, ValueError) as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    place = tmp_path_factory.mktemp("online")
    (place / "seawall.toml").write_text("")
    own = {name: value for name, value in os.environ.items() if not name.startswith("SEAWALL_")}
    own.setdefault("XDG_CONFIG_HOME", str(Path.home() / ".config"))
    own["SEAWALL_CONFIG"] = str(place / "seawall.toml")
    with running(place, {}, environment=own, timeout=60) as gate:
        kept = tomllib.loads((gate.place / "data" / "firewall-upstreams.toml").read_text())
        urls = {item["ecosystem"]: item["url"] for item in reversed(kept.get("upstream", []))}
        yield Behind(gate, urls)


def trust() -> dict[str, str]:
    roots = ssl.get_default_verify_paths().cafile
    network = {k: v for k, v in os.environ.items() if re.fullmatch(r"(?i)(https?|all|no)_proxy", k)}
    return {**network, **TRUST, **({"REQUESTS_CA_BUNDLE": roots} if roots else {})}


def needs(tool: str) -> None:
    place = npm_clients.CLIENTS / "npm" / "node_modules" / ".bin"
    if not ((python_clients.CLIENTS / tool).exists() or (place / tool).exists()):
        pytest.skip(f"no {tool} in {npm_clients.CLIENTS} (make clients)")


class Machine(Desktop):
    """A Desktop that trusts whom this machine trusts."""

    def run(self, *command: str, **more: str) -> python_clients.Ran:
        return super().run(*command, **trust(), **more)


def machines(behind: Behind, place: Path) -> tuple[Machine, Machine]:
    """One behind the firewall, and one that asks the registry itself."""
    found = []
    for name, index in (("through", behind.through("PyPI")), ("direct", behind.urls["PyPI"])):
        (place / name).mkdir()
        found.append(Machine(place / name, index))
    return found[0], found[1]


@pytest.mark.parametrize("tool", ["pip", "uv", "poetry"])
def test_python_packages_are_the_same_with_and_without_us(behind: Behind, tmp_path: Path, tool: str) -> None:
    needs(tool)
    behind.answers("PyPI")
    found = []
    for machine in machines(behind, tmp_path):
        if tool == "pip":
            done = machine.run("pip", "download", "--no-build-isolation", "-d", "files", *OLD_PYTHON)
            assert done.code == 0, done.text
            files = (machine.place / "files").iterdir()
            found.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files})
            continue
        machine.project(*OLD_PYTHON)
        locked = machine.run("uv", "lock") if tool == "uv" else machine.run("poetry", "lock", "-n")
        assert locked.code == 0, locked.text
        done = (
            machine.run("uv", "sync", "--frozen") if tool == "uv" else machine.run("poetry", "install", "-n")
        )
        assert done.code == 0, done.text
        found.append({name: machine.read(f"{tool}.lock") for name in machine.installed()})
    assert found[0] == found[1]
    assert any(name.startswith("six-1.16.0") for name in found[0])


def test_the_python_clients_own_cooldowns_work(behind: Behind, tmp_path: Path) -> None:
    for tool in ("pip", "uv"):
        needs(tool)
    behind.answers("PyPI")
    compiled, installed = [], []
    for machine in machines(behind, tmp_path):
        (machine.place / "needs.in").write_text("idna\nsix\n")
        words = ("uv", "pip", "compile", "needs.in", "--exclude-newer", "2022-01-01T00:00:00Z", "--no-header")
        done = machine.run(*words, "--generate-hashes", "-o", "needs.txt")
        assert done.code == 0, done.text
        compiled.append((machine.place / "needs.txt").read_text())
        words = (
            "pip",
            "install",
            "--target",
            "t",
            "--uploaded-prior-to",
            "2022-01-01T00:00:00Z",
            "idna",
            "six",
        )
        done = machine.run(*words)
        assert done.code == 0, done.text
        installed.append(machine.installed())
    assert compiled[0] == compiled[1]
    assert "six==1.16.0" in compiled[0]
    assert installed[0] == installed[1] == {"idna-3.3", "six-1.16.0"}


@pytest.mark.parametrize("tool", ["npm", "pnpm", "yarn"])
def test_node_packages_are_the_same_with_and_without_us(behind: Behind, tmp_path: Path, tool: str) -> None:
    needs(tool)
    behind.answers("npm")
    found, used = [], []
    for name, registry in (("through", behind.through("npm")), ("direct", behind.urls["npm"])):
        client = NpmClients(tmp_path / name, registry)
        client.more = trust()
        used.append(client)
        done = client.add(tool, OLD_NODE)
        assert done.code == 0, done.text
        assert "Seawall" not in done.text
        found.append((client.installed(), client.lock(tool).replace(registry, "REGISTRY/")))
    assert found[0] == found[1]
    assert found[0][0] == {"debug": "4.3.4", "ms": "2.1.2"}
    again = NpmClients(tmp_path / "again", behind.through("npm"))
    again.takes_over(used[0])
    done = again.locked(tool)
    assert done.code == 0, done.text
    assert again.installed() == found[0][0]


def test_what_was_taken_is_in_the_ledger(behind: Behind, tmp_path: Path) -> None:
    needs("uv")
    behind.answers("PyPI")
    machine, _ = machines(behind, tmp_path)
    assert fresh(machine, "uv", "six==1.16.0").code == 0
    shown = behind.gate.command("ledger", "show", "--asset", "pkg:pypi/six@1.16.0")
    assert shown.returncode == 0, shown.stderr
    assert "six" in shown.stdout
    verified = behind.gate.command("ledger", "verify", "--offline")
    assert verified.returncode == 0, verified.stderr
