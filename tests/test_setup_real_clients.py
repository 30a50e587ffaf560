"""After `seawall setup --fix` real package managers take the release that is old enough, and no younger one.

They are the ones on this machine's PATH, beside this Python, and in the directories of SEAWALL_TEST_PATH (as in
PATH); one that is not there or cannot wait is skipped with the reason. They talk to a simulator on loopback.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from seawall.adapters.machine.clients import look
from seawall.cli.main import main
from seawall.kernel.cooldown import SETTINGS, at_least, release
from simulators.ageing import NAME, OLD, Ageing

ROOT = Path(__file__).parent.parent
PLACES = [
    *os.environ.get("SEAWALL_TEST_PATH", "").split(":"),
    str(ROOT / ".clients" / "bin"),
    str(ROOT / ".clients" / "npm" / "node_modules" / ".bin"),
    str(Path(sys.executable).parent),
    *os.environ.get("PATH", "").split(":"),
]
SYSTEM = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Client:
    """`install` are its words outside a project, `resolve` in one; `registry` leads it to the simulator."""

    name: str
    resolve: tuple[str, ...]
    registry: Callable[[Ageing], dict[str, str]]
    lock: str = ""
    install: tuple[str, ...] = ()


CLIENTS = {
    client.name: client
    for client in (
        Client(
            "npm",
            ("install", "--no-audit", "--no-fund"),
            lambda s: {"npm_config_registry": s.npm},
            "package-lock.json",
        ),
        Client(
            "pnpm",
            ("install",),
            lambda s: {"npm_config_registry": s.npm, "pnpm_config_registry": s.npm},
            "pnpm-lock.yaml",
        ),
        Client(
            "yarn",
            ("install",),
            lambda s: {
                "YARN_NPM_REGISTRY_SERVER": s.npm.rstrip("/"),
                "YARN_UNSAFE_HTTP_WHITELIST": "127.0.0.1",
                "YARN_ENABLE_TELEMETRY": "0",
                "YARN_IGNORE_PATH": "1",
                "YARN_NODE_LINKER": "node-modules",
            },
            "yarn.lock",
        ),
        Client("bun", ("install",), lambda s: {"BUN_CONFIG_REGISTRY": s.npm}, "bun.lock"),
        Client(
            "uv",
            ("lock",),
            lambda s: {"UV_DEFAULT_INDEX": s.index, "UV_PYTHON": sys.executable},
            "uv.lock",
            ("pip", "install", "--target", "t", NAME),
        ),
        Client("pip", (), lambda s: {"PIP_INDEX_URL": s.index}, "", ("install", "--target", "t", NAME)),
        Client("poetry", ("lock",), lambda _: {"POETRY_NO_INTERACTION": "1"}, "poetry.lock"),
    )
}


@pytest.fixture
def server() -> Iterator[Ageing]:
    simulator = Ageing()
    yield simulator
    simulator.close()


@pytest.fixture
def client(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """One client on a PATH of its own, in a new home; skipped when there is none that can wait."""
    wanted = CLIENTS[request.param]
    monkeypatch.setattr(os, "environ", _clean(tmp_path))
    (tmp_path / "home").mkdir()
    (tmp_path / "bin").mkdir()
    # A link to the program itself: what lies beside it must not be found instead of another client.
    (tmp_path / "bin" / wanted.name).symlink_to(_that_waits(wanted.name, tmp_path))
    node = ROOT / ".clients" / "bin" / "node"
    if node.exists():
        (tmp_path / "bin" / "node").symlink_to(node)
    os.environ["PATH"] = f"{tmp_path}/bin:{SYSTEM}"
    return wanted


def _clean(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(tmp_path / "home"), "PATH": SYSTEM, "XDG_CONFIG_DIRS": str(tmp_path / "none")}


def _that_waits(name: str, tmp_path: Path) -> str:
    reason = f"no {name} here"
    for place in dict.fromkeys(filter(None, PLACES)):
        program = shutil.which(name, path=place)
        if program is None:
            continue
        found = look({"PATH": f"{place}:{SYSTEM}", "HOME": str(tmp_path / "home")})
        (here,) = [item for item in found.clients if item.name == name]
        if release(here.version) and at_least(here.version, SETTINGS[name].since):
            return program
        reason = f"{name} {here.version or here.note} cannot wait"
    pytest.skip(reason)


def project(root: Path, client: Client, server: Ageing) -> Path:
    root.mkdir()
    if client.name in ("uv", "poetry"):
        source = (
            f'[[tool.poetry.source]]\nname = "a"\nurl = "{server.index}"\n' if client.name == "poetry" else ""
        )
        (root / "pyproject.toml").write_text(
            f'[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["{NAME}"]\n'
            f"[tool.poetry]\npackage-mode = false\n{source}"
        )
    else:
        (root / "package.json").write_text(f'{{"private": true, "dependencies": {{"{NAME}": "^1.0.0"}}}}')
    if client.name == "yarn":
        (root / "yarn.lock").write_text("")  # else it takes the project for a part of one above
    return root


def taken(client: Client, server: Ageing, place: Path, words: tuple[str, ...]) -> str:
    """The version that this client takes there, with empty caches."""
    server.seen.clear()
    caches = Path(tempfile.mkdtemp(dir=place.parent))
    names = ("UV_CACHE_DIR", "PIP_CACHE_DIR", "POETRY_CACHE_DIR", "YARN_GLOBAL_FOLDER", "XDG_CACHE_HOME")
    moved = {
        name: str(caches / name) for name in (*names, "npm_config_cache", "XDG_DATA_HOME", "BUN_INSTALL")
    }
    ran = subprocess.run(
        [client.name, *words],
        cwd=place,
        env={**os.environ, **client.registry(server), **moved},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    if words == ("lock",):
        versions = re.findall(rf'^name = "{NAME}"\nversion = "(.*)"', (place / client.lock).read_text(), re.M)
    else:
        versions = server.taken()
    assert len(versions) == 1
    return str(versions[0])


@pytest.mark.parametrize("client", CLIENTS, indirect=True)
def test_a_young_release_is_taken_before_and_not_after(
    client: Client, server: Ageing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = client.install or client.resolve
    assert taken(client, server, project(tmp_path / "before", client, server), words) != OLD
    tree = tmp_path / "empty"
    tree.mkdir()
    assert main(["setup", "--fix", "--yes", str(tree)]) == 0
    assert f"changed {tmp_path}/home/" in capsys.readouterr().out
    assert main(["setup", str(tree)]) == 0
    assert re.search(rf"{client.name} +\S+ +yes ", capsys.readouterr().out)
    assert taken(client, server, project(tmp_path / "after", client, server), words) == OLD


@pytest.mark.parametrize("client", [name for name in CLIENTS if name != "pip"], indirect=True)
def test_what_a_repository_says_is_enough_for_ci(
    client: Client, server: Ageing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The home directory says nothing; the lockfile made before is thrown away."""
    place = project(tmp_path / "tree", client, server)
    assert taken(client, server, place, client.resolve) != OLD
    assert main(["setup", "--fix", "--project", "--yes", str(place)]) == 0
    assert f"changed {place}/" in capsys.readouterr().out
    (place / client.lock).write_text("") if client.name == "yarn" else (place / client.lock).unlink()
    shutil.rmtree(place / "node_modules", ignore_errors=True)
    assert taken(client, server, place, client.resolve) == OLD
