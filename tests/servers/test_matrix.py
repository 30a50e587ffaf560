"""Six real clients, each with nothing in its caches, fresh, locked, and with an address that leads elsewhere.

They know the firewall's address only, and the registries behind it remember that nobody else asked them. `ebb` has
old releases and one of two days ago, which is held back. With SEAWALL_WRITE_DOCS=1 what was found is written to
docs/clients.md (in one process: without -n). SEAWALL_REQUIRE_CLIENTS=1 makes a client that is not here a failure
where it is pip, uv, npm or pnpm.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.simulators import npm_clients, python_clients
from tests.simulators.npm_clients import LOCKFILES, NpmClients
from tests.simulators.past import Past, serving
from tests.simulators.past_npm import PastNpm
from tests.simulators.past_pypi import PastPypi
from tests.simulators.python_clients import Desktop, fresh, install_locked, lock
from tests.simulators.running_gate import Running, running

from seawall.going_round import look

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "clients.md"
PYTHON, NODE = ("pip", "uv", "poetry"), ("npm", "pnpm", "yarn")
TOOLS = (*PYTHON, *NODE)
REQUIRED = frozenset({"pip", "uv", "npm", "pnpm"})
SITUATIONS = ("fresh", "locked", "foreign URL")
NOW = datetime.now(UTC)
OLD, LATE, HELD_BACK = (NOW - timedelta(days=days) for days in (120, 60, 2))
NOBODY = "http://127.0.0.1:9"
GOOD = {"ebb-1.2", "tide-1.0"}
LOCKS = {**LOCKFILES, "pip": "requirements.txt", "uv": "uv.lock", "poetry": "poetry.lock"}

MEANT = {
    "fresh": "got the newest release that is let in, and locked no other",
    "locked": "installed what its lockfile says; one with what is held back was denied at the file",
    "goes round": "reached nobody; `seawall run` names the address and starts nothing",
    "is led": "asked the firewall all the same, as it is told under `seawall run`",
}


@dataclass(frozen=True)
class Found:
    tool: str
    version: str
    situation: str
    result: str
    why: str
    said: str = ""


FOUND: list[Found] = []


def program(tool: str) -> Path:
    if tool in PYTHON:
        return python_clients.CLIENTS / tool
    return npm_clients.CLIENTS / "npm" / "node_modules" / ".bin" / tool


def version(tool: str) -> str:
    done = subprocess.run(
        [str(program(tool)), "--version"],
        env={"PATH": f"{python_clients.CLIENTS}:/usr/bin:/bin", "HOME": "/nonexistent"},
        cwd="/",
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    found = re.search(r"\d+\.\d+[0-9.]*", done.stdout)
    return found[0] if found else ""


def needs(tool: str, situation: str) -> None:
    if program(tool).exists():
        return
    why = f"no {tool} in {python_clients.CLIENTS.parent} (make clients)"
    if tool in REQUIRED and os.environ.get("SEAWALL_REQUIRE_CLIENTS") == "1":
        pytest.fail(why)
    FOUND.append(Found(tool, "", situation, "skipped", why))
    pytest.skip(why)


def passed(tool: str, situation: str, why: str, text: str = "") -> None:
    FOUND.append(Found(tool, version(tool), situation, "passed", why, reason_in(text)))


def reason_in(text: str) -> str:
    """What a person reads of the reason, on one line; addresses and days are those of one run."""
    found = re.search(
        r"Seawall: ebb.*?allowed now: [\d.]*\d|error Error: \S+ Request failed \S+ \S+",
        " ".join(text.split()),
    )
    if not found:
        return ""
    line = re.sub(r"https?://[^\s\"]+", "ADDRESS", found[0])
    line = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?: UTC)?", "DAY", line)
    return line[:300].replace("|", "/")


@pytest.fixture(scope="module", autouse=True)
def page() -> Iterator[None]:
    yield
    if os.environ.get("SEAWALL_WRITE_DOCS") != "1":
        return
    assert len(FOUND) == len(TOOLS) * len(SITUATIONS), "not all of it was run; nothing is written"
    rows = sorted(FOUND, key=lambda row: (TOOLS.index(row.tool), SITUATIONS.index(row.situation)))
    lines = [f"| {r.tool} | {r.version} | {r.situation} | {r.result} | {r.why} | {r.said} |" for r in rows]
    head = PAGE.read_text().partition("\n| client |")[0].rstrip() + "\n" if PAGE.exists() else "# Clients\n"
    PAGE.write_text(
        "\n".join([head, "| client | version | | result | what it did, or why it was skipped | what it prints of the reason |", "| --- | --- | --- | --- | --- | --- |", *lines, ""])
    )  # fmt: skip


class Behind:
    """The two registries that only the firewall may ask."""

    def __init__(self, pypi: PastPypi, npm: PastNpm) -> None:
        self.pypi, self.npm = pypi, npm
        for number, when in (("1.0", OLD), ("1.2", LATE), ("1.3", HELD_BACK)):
            pypi.wheel("ebb", number, when, needs=["tide>=1"])
            npm.publish("ebb", f"{number}.0", when, by="ann", needs={"tide": "^1.0.0"})
        pypi.wheel("tide", "1.0", OLD)
        npm.publish("tide", "1.0.0", OLD, by="ann")

    def asked_by_others(self) -> list[str]:
        both: tuple[Past, ...] = (self.pypi, self.npm)
        return [
            seen.path
            for past in both
            for seen in past.seen
            if not seen.headers.get("user-agent", "").startswith("seawall/")
        ]


@pytest.fixture(scope="module")
def behind() -> Iterator[Behind]:
    with serving(PastPypi(NOW)) as pypi, serving(PastNpm(NOW)) as npm:
        yield Behind(pypi, npm)


@pytest.fixture(scope="module")
def gate(behind: Behind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    upstreams = {"PyPI": behind.pypi.index_url, "npm": behind.npm.npm_url}
    with running(tmp_path_factory.mktemp("gate"), upstreams) as server:
        yield server


class Machine:
    """One client on a machine of its own; `direct` is one without a firewall."""

    def __init__(
        self, tool: str, place: Path, gate: Running, behind: Behind, *, direct: bool = False
    ) -> None:
        self.tool, self.gate, self.behind, self.python = tool, gate, behind, tool in PYTHON
        if self.python:
            place.mkdir(parents=True)
            index = behind.pypi.index_url if direct else f"{gate.url}/pypi/simple/"
            self.desk = Desktop(place, index)
        else:
            # As `seawall run` sets it: npm puts its registry in the place of any other in a lockfile.
            led = {"replace_registry_host": "always"}
            self.node = NpmClients(place, behind.npm.npm_url if direct else f"{gate.url}/npm/", **led)

    @property
    def project(self) -> Path:
        return self.desk.place if self.python else self.node.project

    def fresh(self) -> tuple[int, str]:
        done = fresh(self.desk, self.tool, "ebb") if self.python else self.node.add(self.tool, "ebb")
        return done.code, done.text

    def lock(self, number: str) -> None:
        """Write a lockfile with that version of ebb, whoever would take it."""
        if self.tool == "pip":
            lock(self.desk, "pip", self.behind.pypi.projects)
            (item,) = [item for item in self.behind.pypi.projects["ebb"] if item.version == number]
            path = self.project / "requirements.txt"
            path.write_text(
                re.sub(r"ebb==.*", f"ebb=={number} --hash=sha256:{item.digest}", path.read_text())
            )
        elif self.python:
            self.desk.project("ebb" if number == "1.2" else f"ebb=={number}")
            words = ("uv", "lock") if self.tool == "uv" else ("poetry", "lock", "-n")
            done = self.desk.run(*words)
            assert done.code == 0, done.text
        else:
            made = self.node.add(self.tool, f"ebb@{number}.0")
            assert made.code == 0, made.text

    def locked(self) -> tuple[int, str]:
        done = install_locked(self.desk, self.tool) if self.python else self.node.locked(self.tool)
        return done.code, done.text

    def takes_over(self, other: "Machine") -> None:
        """The other's project and lockfile, without what is installed and without its caches."""
        if not self.python:
            self.node.takes_over(other.node)
            return
        for name in ("pyproject.toml", LOCKS[self.tool]):
            if (other.project / name).exists():
                (self.project / name).write_text((other.project / name).read_text())

    def leads_to(self, addresses: dict[str, str]) -> None:
        """Other addresses in the lockfile and, for clients that read them there, in the manifest."""
        for name in ("pyproject.toml", LOCKS[self.tool]):
            path = self.project / name
            if path.exists():
                text = path.read_text()
                for old, new in addresses.items():
                    text = text.replace(old, new)
                path.write_text(text)

    def installed(self) -> set[str]:
        if self.python:
            return {
                name for name in self.desk.installed() if not name.startswith("pip-")
            }  # poetry brings one
        return {f"{name}-{number.removesuffix('.0')}" for name, number in self.node.installed().items()}

    def goes_round(self) -> set[str]:
        """Hosts that `seawall run` would name."""
        host = self.gate.url.partition("://")[2]
        command = {"pip": ("pip", "install", "-r", "requirements.txt")}.get(self.tool, (self.tool, "install"))
        return {item.host for item in look(self.project, command, frozenset({host})) if item.host}


@pytest.fixture
def machine(gate: Running, behind: Behind, tmp_path: Path, tool: str) -> Iterator[Machine]:
    yield Machine(tool, tmp_path / "own", gate, behind)
    assert behind.asked_by_others() == []


@pytest.mark.parametrize("tool", TOOLS)
def test_fresh(machine: Machine, tool: str) -> None:
    needs(tool, "fresh")
    code, text = machine.fresh()
    assert code == 0, text
    assert machine.installed() == GOOD
    for name in LOCKFILES.values():
        if (machine.project / name).exists():
            assert "1.3" not in (machine.project / name).read_text().replace("ebb-1.2", "")
    assert machine.goes_round() == set()
    passed(tool, "fresh", MEANT["fresh"], text)


@pytest.mark.parametrize("tool", TOOLS)
def test_locked(machine: Machine, gate: Running, behind: Behind, tmp_path: Path, tool: str) -> None:
    needs(tool, "locked")
    # Somebody else's machine, with the firewall, and then one without.
    other = Machine(tool, tmp_path / "other", gate, behind)
    other.lock("1.2")
    machine.takes_over(other)
    code, text = machine.locked()
    assert code == 0, text
    assert machine.installed() == GOOD
    third = Machine(tool, tmp_path / "third", gate, behind)
    if tool == "poetry":  # its lockfile holds a digest of the project with the address of the index
        third.takes_over(other)
        old, new = (i for i in behind.pypi.projects["ebb"] if i.version in ("1.2", "1.3"))
        third.leads_to(
            {'version = "1.2"': 'version = "1.3"', old.filename: new.filename, old.digest: new.digest}
        )
    else:
        victim = Machine(tool, tmp_path / "victim", gate, behind, direct=True)
        victim.lock("1.3")
        behind.pypi.seen.clear()
        behind.npm.seen.clear()
        third.takes_over(victim)
        third.leads_to(
            {
                behind.pypi.index_url: f"{gate.url}/pypi/simple/",
                f"{behind.pypi.url}/files/": f"{gate.url}/pypi/files/",
                behind.npm.npm_url: f"{gate.url}/npm/",
            }
        )
    # pnpm 11 has a cooldown of its own, which would refuse it before anybody is asked.
    (third.project / "pnpm-workspace.yaml").write_text("minimumReleaseAge: 0\n")
    code, text = third.locked()
    assert code != 0
    assert "ebb-1.3" not in third.installed()
    # yarn 1 prints the status alone.
    assert ("403" if tool == "yarn" else "is held back") in " ".join(text.split()), text
    passed(tool, "locked", MEANT["locked"], text)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_foreign_address(
    machine: Machine, gate: Running, behind: Behind, tmp_path: Path, tool: str
) -> None:
    needs(tool, "foreign URL")
    other = Machine(tool, tmp_path / "other", gate, behind)
    other.lock("1.2")
    machine.takes_over(other)
    if tool == "pip":
        (machine.project / "requirements.txt").write_text(
            f"ebb @ {NOBODY}/files/ebb/ebb-1.2-py3-none-any.whl\n"
        )
    machine.leads_to({f"{gate.url}/pypi/": f"{NOBODY}/pypi/", f"{gate.url}/npm/": f"{NOBODY}/"})
    if tool in ("npm", "pnpm"):
        assert machine.goes_round() == set()
        code, text = machine.locked()
        assert code == 0, text
        assert machine.installed() == GOOD
        passed(tool, "foreign URL", MEANT["is led"])
        return
    assert "127.0.0.1:9" in machine.goes_round()
    code, _ = machine.locked()
    assert code != 0
    assert machine.installed() == set()
    passed(tool, "foreign URL", MEANT["goes round"])
