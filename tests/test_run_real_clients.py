"""Real package managers under `seawall run`: they talk to the firewall and to nothing else, and lock its address.

They are those of `.clients` (make clients), or of the directory that SEAWALL_CLIENTS names; one that is not
there is skipped with the reason. Where a seal can be had each runs sealed too: then what it tried to reach
besides the firewall is known, and it is nothing.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from simulators.door import TOKEN, GateSimulator
from simulators.loopback import say
from simulators.seal import BOTH, needs_seal

CLIENTS = Path(os.environ.get("SEAWALL_CLIENTS", Path(__file__).parents[1] / ".clients"))
PATH = f"{CLIENTS / 'npm' / 'node_modules' / '.bin'}:{CLIENTS / 'bin'}:/usr/bin:/bin"
PACKAGE = '{"private": true, "dependencies": {"ebb": "^1.0.0"}}'
PROJECT = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["ebb"]\n'


@dataclass(frozen=True)
class Client:
    """`install` fetches and locks, `locked` installs what is locked; `lock` names the firewall if `names`."""

    name: str
    install: tuple[str, ...]
    files: Mapping[str, str]
    lock: str = ""
    locked: tuple[str, ...] = ()
    names: bool = True
    removed: tuple[str, ...] = ("node_modules", ".venv")


QUIET = ("--no-audit", "--no-fund")
ALL = {
    client.name: client
    for client in (
        Client("pip", ("pip", "install", "--target", "t", "ebb"), {}),
        Client("uv pip", ("uv", "pip", "install", "--target", "t", "ebb"), {}),
        Client("uv", ("uv", "sync"), {"pyproject.toml": PROJECT}, "uv.lock", ("uv", "sync", "--frozen")),
        Client("uv locked", ("uv", "sync"), {"pyproject.toml": PROJECT}, "uv.lock", ("uv", "sync", "--locked")),
        Client("npm", ("npm", "install", *QUIET), {"package.json": PACKAGE}, "package-lock.json", ("npm", "ci", *QUIET)),
        Client(
            "pnpm",
            ("pnpm", "install"),
            {"package.json": PACKAGE},
            "pnpm-lock.yaml",
            ("pnpm", "install", "--frozen-lockfile"),
            names=False,
        ),
        Client(
            "yarn",
            ("yarn", "install"),
            {"package.json": PACKAGE},
            "yarn.lock",
            ("yarn", "install", "--frozen-lockfile"),
        ),
    )
}  # fmt: skip


@pytest.fixture
def gate() -> Iterator[GateSimulator]:
    made = GateSimulator(TOKEN)
    yield made
    made.close()


class Place:
    """A tree, and a new home with empty caches for every run."""

    def __init__(self, root: Path, gate: GateSimulator) -> None:
        self.root, self.gate = root, gate
        self.tree = root / "tree"
        self.tree.mkdir()
        self.runs = 0
        self.own: dict[str, str] = {}

    def run(self, *command: str, mode: str = "open", code: int = 0) -> dict[str, Any]:
        """The summary of a run with caches that nobody used."""
        self.runs += 1
        self.gate.seen.clear()
        home = self.root / f"home{self.runs}"
        home.mkdir()
        for name, text in self.own.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text)
        told = {
            "PATH": PATH,
            "HOME": str(home),
            "SEAWALL_DATA": str(home / "data"),
            "LC_ALL": "C.UTF-8",
            "T": TOKEN,
            "UV_PYTHON": sys.executable,
            "YARN_CACHE_FOLDER": str(home / "yarn"),
            "PIP_NO_INPUT": "1",
            "pnpm_config_fetch_retries": "0",
            "UV_HTTP_RETRIES": "0",
        }
        sealed = ["--sealed"] if mode == "sealed" else []
        words = [
            "--firewall",
            self.gate.url,
            "--token-from",
            "T",
            "--format",
            "json",
            *sealed,
            "--",
            *command,
        ]
        done = subprocess.run(
            [sys.executable, "-m", "seawall", "run", *words],
            cwd=self.tree,
            env=told,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert code == done.returncode or code < 0 < done.returncode, done.stdout + done.stderr
        assert TOKEN not in done.stdout + done.stderr
        self.err = done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def place(tmp_path: Path, gate: GateSimulator) -> Place:
    return Place(tmp_path, gate)


def needs(program: str) -> None:
    if shutil.which(program, path=PATH) is None:
        pytest.skip(f"no {program} in {CLIENTS}: make clients")


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize("name", ALL)
def test_it_talks_to_the_firewall_alone_and_locks_its_address(name: str, mode: str, place: Place) -> None:
    client = ALL[name]
    needs(client.install[0])
    for file, text in client.files.items():
        (place.tree / file).write_text(text)
    first = place.run(*client.install, mode=mode)
    assert {item["version"] for item in first["taken"]} == {"1.1.0"}
    assert first["refused"] == []
    assert first["problems"] == []
    assert all(headers["authorization"] == f"Bearer {TOKEN}" for _, headers in place.gate.seen)
    if not client.lock:
        return
    lock = (place.tree / client.lock).read_text()
    assert "seawall-run-" not in lock
    assert (place.gate.url in lock) is client.names
    assert (client.lock in first["lockfiles"]) is client.names
    for directory in client.removed:
        shutil.rmtree(place.tree / directory, ignore_errors=True)
    again = place.run(*client.locked, mode=mode)
    assert {item["version"] for item in again["taken"]} == {"1.1.0"}
    assert again["refused"] == []
    assert (place.tree / client.lock).read_text() == lock
    for path in place.tree.rglob("*"):
        if path.is_file() and not path.is_symlink() and "site-packages" not in path.parts:
            assert b"seawall-run-" not in path.read_bytes(), path


@pytest.mark.parametrize("name", ["npm", "pnpm", "yarn", "uv"])
def test_what_is_installed_stays_as_it_is_under_the_next_run(name: str, place: Place) -> None:
    """A new address each time is no reason to install anew."""
    client = ALL[name]
    needs(client.install[0])
    for file, text in client.files.items():
        (place.tree / file).write_text(text)
    place.run(*client.install)
    again = place.run(*client.install)
    assert again["taken"] == []
    assert again["lockfiles"] == []


@pytest.mark.parametrize(
    "command",
    [
        ("pip", "install", "--target", "t", "ebb==1.2.0"),
        ("uv", "pip", "install", "--target", "t", "ebb==1.2.0"),
    ],
    ids=lambda command: command[0],
)
def test_a_denial_is_told_with_its_reason(command: tuple[str, ...], place: Place) -> None:
    needs(command[0])
    told = place.run(*command, code=-1)
    assert [(item["version"], item["allowed_version"]) for item in told["denied"]] == [("1.2.0", "1.1.0")]
    assert "held back" in told["denied"][0]["reason"]


NOWHERE = "http://192.0.2.9:8080"
"""Nobody's address (RFC 5737)."""


@needs_seal
@pytest.mark.parametrize(
    ("command", "own"),
    [
        (("npm", "view", "@acme/x"), {".npmrc": f"@acme:registry={NOWHERE}/\nregistry={NOWHERE}/\n"}),
        (("npm", "view", "ebb"), {".npmrc": f"registry={NOWHERE}/\n"}),
        (("pnpm", "view", "@acme/x"), {".npmrc": f"@acme:registry={NOWHERE}/\n"}),
        (("yarn", "info", "@acme/x"), {".npmrc": f"@acme:registry={NOWHERE}/\n"}),
        (("pnpm", "view", "ebb"), {".npmrc": f"registry={NOWHERE}/\n"}),
        (
            ("yarn", "info", "ebb"),
            {".npmrc": f"registry={NOWHERE}/\n", ".yarnrc": f'registry "{NOWHERE}/"\n'},
        ),
        (
            ("pip", "download", "ebb"),
            {".config/pip/pip.conf": f"[global]\nindex-url = {NOWHERE}/a/\nextra-index-url = {NOWHERE}/b/\n"},
        ),
        (
            ("uv", "pip", "install", "--target", "t", "ebb"),
            {".config/uv/uv.toml": f'index-url = "{NOWHERE}/a/"\n'},
        ),
    ],
    ids=lambda value: "-".join(value[:3]) if isinstance(value, tuple) else "",
)
def test_what_a_persons_own_settings_name_is_not_asked(
    command: tuple[str, ...], own: dict[str, str], place: Place
) -> None:
    needs(command[0])
    place.own = own
    unknown = "@acme/x" in command and command[0] != "yarn"
    told = place.run(*command, mode="sealed", code=1 if unknown else 0)
    assert told["refused"] == []
    assert [path for path, _ in place.gate.seen if "acme" in path or "ebb" in path]


@needs_seal
@pytest.mark.parametrize(
    ("command", "own"),
    [
        (
            ("pnpm", "view", "@acme/x"),
            {".config/pnpm/config.yaml": f"registries:\n  '@acme': {NOWHERE}/\n"},
        ),
        (
            ("uv", "pip", "install", "ebb"),
            {".config/uv/uv.toml": f'[[index]]\nname = "a"\nurl = "{NOWHERE}/a/"\n'},
        ),
    ],
    ids=["pnpm", "uv"],
)
def test_what_no_variable_takes_away_is_refused(
    command: tuple[str, ...], own: dict[str, str], place: Place
) -> None:
    needs(command[0])
    place.own = own
    told = place.run(*command, mode="sealed", code=-1)
    assert told["around"], (told, place.gate.seen)


@pytest.mark.parametrize("mode", BOTH)
def test_huggingface_hub(mode: str, place: Place) -> None:
    needs("python")
    commit = "c" * 40

    def file(handler: BaseHTTPRequestHandler) -> None:
        more = {"X_Repo_Commit": commit, "ETag": '"e"', "Accept_Ranges": "bytes"}
        say(200, b"" if handler.command == "HEAD" else b"hello", **{**more, "Content-Length": "5"})(handler)

    for revision in ("main", commit):
        place.gate.put(f"/hf/acme/m/resolve/{revision}/config.json", file)
    text = (
        "import pathlib, huggingface_hub as h\n"
        "print(pathlib.Path(h.hf_hub_download('acme/m', 'config.json')).read_text(), file=open('out', 'w'))"
    )
    told = place.run("python", "-c", text, mode=mode)
    assert (place.tree / "out").read_text() == "hello\n"
    assert [(item["name"], item["filename"]) for item in told["taken"]] == [("acme/m", "config.json")]
    assert told["refused"] == []


@pytest.mark.parametrize("mode", BOTH)
def test_poetry_is_led_by_its_project(mode: str, place: Place) -> None:
    """No variable leads it, so it asks the firewall itself; sealed, the firewall's address is the relay."""
    needs("poetry")
    place.gate.token = "" if mode == "open" else TOKEN
    source = f'[[tool.poetry.source]]\nname = "seawall"\nurl = "{place.gate.url}/pypi/simple/"\npriority = "primary"\n'
    (place.tree / "pyproject.toml").write_text(PROJECT + "[tool.poetry]\npackage-mode = false\n" + source)
    told = place.run("poetry", "lock", mode=mode)
    assert 'version = "1.1.0"' in (place.tree / "poetry.lock").read_text()
    assert told["refused"] == []


@needs_seal
def test_an_install_script_that_calls_out_is_refused_and_recorded(tmp_path: Path) -> None:
    needs("npm")
    script = (
        "node -e \"require('net').connect(8000, '192.0.2.66').on('error', e => console.log(e.code));"
        "fetch('http://sfrclak.example:8000/').catch(e => console.log(e.cause.code))\""
    )
    gate = GateSimulator(TOKEN, script)
    try:
        place = Place(tmp_path, gate)
        # npm asks before it runs scripts of packages that nobody allowed.
        allowed = {**json.loads(PACKAGE), "allowScripts": {"ebb": True}}
        (place.tree / "package.json").write_text(json.dumps(allowed))
        told = place.run("npm", "install", *QUIET, "--foreground-scripts", mode="sealed")
        assert "ECONNREFUSED" in place.err
        hosts = {(item["host"], item["port"]) for item in told["refused"]}
        assert ("192.0.2.66", 8000) in hosts
        assert ("sfrclak.example", 53) in hosts
        (sent,) = gate.refused
        assert {item["host"] for item in sent["refused"]} == {host for host, _ in hosts}
    finally:
        gate.close()


@pytest.mark.parametrize("mode", BOTH)
def test_uv_frozen_goes_round_any_index_and_is_stopped(mode: str, place: Place) -> None:
    needs("uv")
    (place.tree / "pyproject.toml").write_text(PROJECT)
    place.run("uv", "lock")
    lock = place.tree / "uv.lock"
    # 192.0.2.0/24 is nobody's (RFC 5737); nothing answers there.
    lock.write_text(lock.read_text().replace(place.gate.url, "http://192.0.2.7:8080"))
    if mode == "sealed":
        told = place.run("uv", "sync", "--frozen", mode=mode, code=2)
        assert {(item["host"], item["port"]) for item in told["refused"]} == {("192.0.2.7", 8080)}
        return
    done = subprocess.run(
        [sys.executable, "-m", "seawall", "run", "--firewall", place.gate.url, "--token-from", "T", "--", "uv", "sync", "--frozen"],
        cwd=place.tree,
        env={"PATH": PATH, "HOME": str(place.root), "T": TOKEN, "SEAWALL_DATA": str(place.root / "d")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "uv.lock leads to 192.0.2.7:8080" in done.stderr
    assert not (place.tree / ".venv").exists()


@pytest.mark.parametrize("name", ["uv", "yarn"])
def test_a_fixed_lock_is_what_the_client_would_have_written(name: str, place: Place) -> None:
    """A lockfile of another registry, led to the firewall, installs with `--frozen`, and is not changed by it."""
    client = ALL[name]
    needs(client.install[0])
    for file, text in client.files.items():
        (place.tree / file).write_text(text)
    place.run(*client.install)
    lock = place.tree / client.lock
    own = lock.read_text()
    elsewhere = {
        "uv": own.replace(
            f"{place.gate.url}/pypi/files/ebb/", "https://files.example/packages/aa/bb/"
        ).replace(f"{place.gate.url}/pypi/simple/", "https://index.example/simple"),
        "yarn": own.replace(f"{place.gate.url}/npm/", "https://registry.example/"),
    }[name]
    assert elsewhere != own
    lock.write_text(elsewhere)
    for directory in client.removed:
        shutil.rmtree(place.tree / directory, ignore_errors=True)
    words = ["--firewall", place.gate.url, "--token-from", "T", "--fix-locks", "--", *client.locked]
    home = place.root / "fixed"
    done = subprocess.run(
        [sys.executable, "-m", "seawall", "run", *words],
        cwd=place.tree,
        env={
            "PATH": PATH,
            "HOME": str(home),
            "T": TOKEN,
            "SEAWALL_DATA": str(home / "d"),
            "YARN_CACHE_FOLDER": str(home / "y"),
            "UV_PYTHON": sys.executable,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "took     ebb 1.1.0" in done.stderr
    assert lock.read_text() == own
