"""A client opens no socket but to the firewall, also where files lie at other hosts and registries redirect there.

Watched by strace: every address that the client and its children connect to. The same in a namespace of its own, where
nothing else could be reached: tests/test_run_real_clients.py.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.simulators import npm_clients, python_clients
from tests.simulators.npm_clients import NpmClients
from tests.simulators.past import redirect, serving
from tests.simulators.past_npm import PastNpm
from tests.simulators.past_pypi import PastPypi
from tests.simulators.python_clients import Desktop
from tests.simulators.running_gate import Running, running

NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=90)
STRACE = shutil.which("strace") or ""
INSTALL = {
    "pip": ("install", "--target", "t", "ebb"),
    "uv": ("pip", "install", "--target", "t", "ebb"),
    "npm": ("install", "ebb"),
    "pnpm": ("add", "ebb"),
    "yarn": ("add", "ebb"),
}
_CONNECTS = re.compile(
    r"connect\(\d+, \{sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )\"([^\"]+)\""
)


def why_not() -> str:
    if not STRACE:
        return "no strace here"
    tried = subprocess.run(
        [STRACE, "-f", "-e", "trace=connect", "true"], capture_output=True, check=False, timeout=60
    )
    return "" if tried.returncode == 0 else "strace may not watch here"


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


def reached(trace: Path) -> set[str]:
    return {f"{host}:{port}" for port, host in _CONNECTS.findall(trace.read_text())}


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Running]:
    with serving(PastPypi(NOW)) as pypi, serving(PastPypi(NOW)) as files, serving(PastNpm(NOW)) as npm:
        # The index names another host for its files, and npm's registry redirects to one, as the public ones do.
        for needs, name in ((["tide"], "ebb"), ([], "tide")):
            pypi.wheel(name, "1.0", OLD, needs=needs)
            npm.publish(name, "1.0.0", OLD, needs=dict.fromkeys(needs, "^1.0.0"))
        files.projects = pypi.projects
        pypi.files_url = f"{files.url}/files"
        with serving(PastNpm(NOW)) as tarballs:
            tarballs.releases = npm.releases
            for name in ("ebb", "tide"):
                path = f"/{name}/-/{name}-1.0.0.tgz"
                npm.faults[path] = redirect(f"{tarballs.url}{path}")
            with running(tmp_path / "gate", {"PyPI": pypi.index_url, "npm": npm.npm_url}) as server:
                yield server
            assert files.seen or tarballs.seen, "the firewall itself went there"


@pytest.mark.parametrize("tool", INSTALL)
def test_a_client_connects_to_the_firewall_and_to_nothing_else(
    gate: Running, tmp_path: Path, tool: str
) -> None:
    trace = tmp_path / "trace"
    watched = ("-f", "-s", "256", "-e", "trace=connect", "-o", str(trace))
    (tmp_path / "own").mkdir()
    if tool in ("pip", "uv"):
        program = python_clients.CLIENTS / tool
        machine = Desktop(tmp_path / "own", f"{gate.url}/pypi/simple/")
    else:
        program = npm_clients.CLIENTS / "npm" / "node_modules" / ".bin" / tool
        machine = NpmClients(tmp_path / "node", f"{gate.url}/npm/")
    if not program.exists():
        pytest.skip(f"no {tool} in {npm_clients.CLIENTS} (make clients)")
    done = machine.run(STRACE, *watched, str(program), *INSTALL[tool])
    assert done.code == 0, done.text
    assert reached(trace) == {gate.url.partition("://")[2]}


def test_the_watch_sees_what_goes_elsewhere(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    text = "import socket\nfor a in (('127.0.0.1', 9), ('::1', 9)):\n try: socket.create_connection(a, 5)\n except OSError: pass"
    words = [
        STRACE,
        "-f",
        "-e",
        "trace=connect",
        "-o",
        str(trace),
        shutil.which("python3") or "python3",
        "-c",
        text,
    ]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    assert reached(trace) >= {"127.0.0.1:9"}
