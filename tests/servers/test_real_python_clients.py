"""pip, uv and poetry through the real firewall, beyond what test_matrix.py asks of every client.

The clients know the firewall's address only; the simulated upstream remembers who asked it. `ebb` has three
releases that are old enough and one of this morning; `calm` has old ones only.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

import pytest
from tests.simulators.command_line import index
from tests.simulators.osv import record
from tests.simulators.past import serving
from tests.simulators.past_pypi import JSON, PastPypi
from tests.simulators.python_clients import MISSING, Desktop, fresh, install_locked, lock
from tests.simulators.running_gate import Running, running

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
NOW = datetime.now(UTC)
TOOLS = ("pip", "uv", "poetry")
NOBODY = "http://127.0.0.1:9"
OLD, MIDDLE, LATE, YOUNG = (NOW - timedelta(days=days) for days in (120, 90, 60, 0.1))


def fill(upstream: PastPypi) -> None:
    for version, when in (("1.0", OLD), ("1.1", MIDDLE), ("1.2", LATE), ("1.3", YOUNG)):
        upstream.wheel("ebb", version, when, needs=["tide>=1"])
        upstream.sdist("ebb", version, when, needs=["tide>=1"])
    upstream.sdist("tide", "1.0", OLD, requires_python=">=3.8")
    upstream.wheel("calm", "1.0", OLD, needs=["tide"], provenance=True)
    upstream.wheel("calm", "1.1", LATE, needs=["tide"], requires_python=">=3.8", provenance=True)
    upstream.wheel("reef", "1.0", OLD)
    upstream.wheel("reef", "1.0", YOUNG, tag="cp311-none-any")


@pytest.fixture(scope="module")
def upstream() -> Iterator[PastPypi]:
    with serving(PastPypi(NOW)) as server:
        fill(server)
        yield server
        assert {seen.headers["user-agent"].partition("/")[0] for seen in server.seen} == {"seawall"}


@pytest.fixture(scope="module")
def gate(upstream: PastPypi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("gate"), {"PyPI": upstream.index_url}) as server:
        yield server


@pytest.fixture
def desk(gate: Running, tmp_path: Path) -> Desktop:
    return Desktop(tmp_path, f"{gate.url}/pypi/simple/")


@pytest.mark.parametrize("tool", TOOLS)
def test_fresh_without_denials_is_as_without_us(
    upstream: PastPypi, desk: Desktop, tmp_path: Path, tool: str
) -> None:
    done = fresh(desk, tool, "calm")
    assert done.code == 0, done.text
    with serving(PastPypi(NOW)) as same:
        fill(same)
        direct = Desktop(tmp_path / "direct", same.index_url)
        direct.place.mkdir()
        done = fresh(direct, tool, "calm")
        assert done.code == 0, done.text
    assert desk.installed() == direct.installed() >= {"calm-1.1", "tide-1.0"}
    written = {"uv": "uv.lock", "poetry": "poetry.lock"}.get(tool)
    if written:
        assert desk.read(written) == direct.read(written)


@contextmanager
def own_gate(place: Path, upstream: PastPypi, **more: object) -> Iterator[tuple[Running, Desktop]]:
    (place / "desk").mkdir(parents=True)
    with running(place, {"PyPI": upstream.index_url}, **more) as server:  # type: ignore[arg-type]
        yield server, Desktop(place / "desk", f"{server.url}/pypi/simple/")


def page(gate: Running, name: str, accept: str = JSON) -> str:
    asked = urllib.request.Request(f"{gate.url}/pypi/simple/{name}/", headers={"Accept": accept})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize("tool", TOOLS)
def test_locked_fails_once_the_release_is_known_as_malware(
    upstream: PastPypi, tmp_path: Path, tool: str
) -> None:
    """No page is asked for by `uv sync --frozen`: the file itself is judged."""
    with own_gate(tmp_path, upstream) as (gate, desk):
        lock(desk, tool, upstream.projects)
        assert '"yanked":"Seawall: ebb 1.2' not in page(gate, "ebb")
        malware = record("MAL-2026-1", "PyPI", "ebb", ("1.2",))
        index(gate.place / "data" / "advisories.db", malware, ecosystems=("PyPI", "npm"))
        until = time.monotonic() + 10
        while '"yanked":"Seawall: ebb 1.2' not in page(gate, "ebb"):
            assert time.monotonic() < until, gate.said()
            time.sleep(0.05)
        done = install_locked(desk, tool)
        assert done.code != 0
        assert "ebb 1.2 is held back" in done.words
        assert "allowed now: 1.1" in done.words
        assert not {name for name in desk.installed() if name.startswith("ebb")}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("need", ["ebb==1.3", "ebb>=1.3"])
def test_nothing_that_is_held_back_is_ever_locked(desk: Desktop, tool: str, need: str) -> None:
    desk.project(need)
    commands = {
        "pip": ("pip", "lock", need, "-o", "pylock.toml"),
        "uv": ("uv", "lock"),
        "poetry": ("poetry", "lock", "-n"),
    }
    done = desk.run(*commands[tool])
    assert done.code != 0
    for name in ("pylock.toml", "uv.lock", "poetry.lock"):
        assert not (desk.place / name).exists()


@pytest.mark.parametrize("tool", TOOLS)
def test_a_pin_of_what_is_held_back_says_why(desk: Desktop, tool: str) -> None:
    done = fresh(desk, tool, "ebb==1.3")
    assert done.code != 0
    for words in ("ebb 1.3 is held back", "allowed from", "allowed now: 1.2"):
        assert words in done.words


@pytest.mark.parametrize("tool", TOOLS)
def test_a_young_file_of_an_old_release_is_neither_taken_nor_locked(
    upstream: PastPypi, desk: Desktop, tool: str
) -> None:
    done = fresh(desk, tool, "reef==1.0")
    assert done.code == 0, done.text
    assert "reef-1.0" in desk.installed()
    assert not any("cp311" in seen.path for seen in upstream.seen)
    assert not any("cp311" in path.read_text() for path in desk.place.glob("*.lock"))


def test_a_uv_lock_names_its_hosts_whatever_index_is_set(gate: Running, desk: Desktop) -> None:
    """`uv sync --frozen` takes the addresses of the lock: one that was made elsewhere leads elsewhere."""
    desk.project("ebb")
    assert desk.run("uv", "lock").code == 0
    file = desk.place / "uv.lock"
    file.write_text(file.read_text().replace(gate.url, NOBODY))
    assert install_locked(desk, "uv").code != 0
    done = desk.run("uv", "lock")  # the fix: lock again through the firewall
    assert done.code == 0, done.text
    assert NOBODY not in file.read_text()
    done = desk.run("uv", "sync", "--frozen")
    assert done.code == 0, done.text


def test_cooldowns_of_the_clients_work(desk: Desktop) -> None:
    (desk.place / "needs.in").write_text("ebb\n")
    between = (MIDDLE - timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    done = desk.run("uv", "pip", "compile", "needs.in", "--exclude-newer", between, "--no-header")
    assert "ebb==1.0" in done.text, done.text
    between = (LATE - timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    done = desk.run("pip", "install", "--target", "t", "--uploaded-prior-to", between, "ebb")
    assert done.code == 0, done.text
    assert "ebb-1.1" in desk.installed()


def test_observing_holds_nothing_back(upstream: PastPypi, tmp_path: Path) -> None:
    with own_gate(tmp_path, upstream, mode="observe") as (_, desk):
        done = fresh(desk, "uv", "ebb")
        assert done.code == 0, done.text
        assert "ebb-1.3" in desk.installed()


def test_an_index_that_tells_no_times_lets_nothing_in_and_says_so(tmp_path: Path) -> None:
    with serving(PastPypi(NOW)) as old:
        fill(old)
        old.html_only = True
        with own_gate(tmp_path, old) as (_, desk):
            done = desk.run("uv", "pip", "install", "--target", "t", "tide")
            assert done.code != 0
            assert "tide 1.0" in done.words
            assert "Seawall" in done.words
            assert not desk.installed()


def test_attestations_come_through_the_firewall(upstream: PastPypi, gate: Running) -> None:
    files = {file["filename"]: file for file in json.loads(page(gate, "calm"))["files"]}
    address = files["calm-1.1-py3-none-any.whl"]["provenance"]
    with urllib.request.urlopen(urljoin(f"{gate.url}/pypi/simple/calm/", address), timeout=10) as answer:
        assert answer.headers["Content-Type"] == "application/vnd.pypi.integrity.v1+json"
        assert json.loads(answer.read())["attestation_bundles"]
    assert "/files/calm/calm-1.1-py3-none-any.whl.provenance" in upstream.asked
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{gate.url}/pypi/files/tide/tide-1.0.tar.gz.provenance", timeout=10)
