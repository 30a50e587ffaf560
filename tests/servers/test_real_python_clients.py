"""pip, uv and poetry through the firewall: fresh, locked, and with an address that leads round it.

The clients know the firewall's address only; the simulated upstream remembers who asked it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.simulators.past import at, serving
from tests.simulators.past_pypi import PastPypi
from tests.simulators.python_clients import MISSING, Desktop
from tests.simulators.small_gate import SmallGate

from seawall.servers.firewall.pypi import PYPI

pytestmark = [pytest.mark.skipif(bool(MISSING), reason=MISSING)]
OLD, MIDDLE, YOUNG = at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z"), at("2026-03-31T23:00:00Z")
NOW = at("2026-04-01T00:00:00Z")
TOOLS = ("pip", "uv", "poetry")
NOBODY = "http://127.0.0.1:9/simple/"


def fill(upstream: PastPypi) -> None:
    for version, when in (("1.0", OLD), ("1.1", MIDDLE), ("1.2", YOUNG)):
        upstream.wheel("ebb", version, when, needs=["tide>=1"])
        upstream.sdist("ebb", version, when, needs=["tide>=1"])
    upstream.sdist("tide", "1.0", OLD, requires_python=">=3.8")
    upstream.wheel("flow", "1.0", OLD, tag="py3-none-any", provenance=True)


@pytest.fixture
def upstream() -> Iterator[PastPypi]:
    with serving(PastPypi(NOW)) as server:
        fill(server)
        yield server


@pytest.fixture
def gate(upstream: PastPypi) -> Iterator[SmallGate]:
    with serving(SmallGate(PYPI, upstream)) as server:
        yield server


@pytest.fixture
def desk(gate: SmallGate, tmp_path: Path) -> Desktop:
    return Desktop(tmp_path, f"{gate.base}/simple/")


def hold_back(gate: SmallGate) -> None:
    gate.denied = {("ebb", "1.2")}


def fresh(desk: Desktop, tool: str, need: str):  # type: ignore[no-untyped-def]
    """Resolve and install, with no lock."""
    if tool == "pip":
        return desk.run("pip", "install", "--target", "t", need)
    desk.project(need)
    if tool == "uv":
        return desk.run("uv", "sync")
    done = desk.run("poetry", "lock", "-n")
    return desk.run("poetry", "install", "-n") if done.code == 0 else done


def lock(desk: Desktop, tool: str, upstream: PastPypi) -> None:
    """Write a lock of what is allowed now."""
    if tool == "pip":
        lines = []
        for name, version in (("ebb", "1.2"), ("tide", "1.0")):
            digests = [item.digest for item in upstream.projects[name] if item.version == version]
            lines.append(f"{name}=={version} " + " ".join(f"--hash=sha256:{digest}" for digest in digests))
        (desk.place / "requirements.txt").write_text("\n".join(lines) + "\n")
        return
    desk.project("ebb")
    done = desk.run("uv", "lock") if tool == "uv" else desk.run("poetry", "lock", "-n")
    assert done.code == 0, done.text


def install_locked(desk: Desktop, tool: str):  # type: ignore[no-untyped-def]
    if tool == "pip":
        return desk.run("pip", "install", "--target", "t", "--require-hashes", "-r", "requirements.txt")
    return desk.run("uv", "sync", "--frozen") if tool == "uv" else desk.run("poetry", "install", "-n")


def forget(desk: Desktop) -> None:
    """Every cache is gone: another machine, a CI runner."""
    for name in ("uv-cache", "poetry-cache"):
        place = desk.place / name
        if place.exists():
            place.rename(desk.place / f"{name}-old")


@pytest.mark.parametrize("tool", TOOLS)
def test_fresh_falls_back_to_what_is_allowed(gate: SmallGate, desk: Desktop, tool: str) -> None:
    hold_back(gate)
    done = fresh(desk, tool, "ebb")
    assert done.code == 0, done.text
    assert desk.installed() >= {"ebb-1.1", "tide-1.0"}
    assert "ebb-1.2" not in desk.installed()


@pytest.mark.parametrize("tool", TOOLS)
def test_a_young_file_of_an_old_release_is_neither_taken_nor_locked(
    gate: SmallGate, upstream: PastPypi, desk: Desktop, tool: str
) -> None:
    gate.denied = {upstream.wheel("ebb", "1.2", YOUNG, tag="cp311-none-any").filename}
    done = fresh(desk, tool, "ebb==1.2")
    assert done.code == 0, done.text
    assert "ebb-1.2" in desk.installed()
    assert not any("cp311" in seen.path for seen in gate.seen)
    assert not any("cp311" in path.read_text() for path in desk.place.glob("*.lock"))


@pytest.mark.parametrize("tool", TOOLS)
def test_fresh_without_denials_is_as_without_us(
    upstream: PastPypi, desk: Desktop, tmp_path: Path, tool: str
) -> None:
    direct = Desktop(tmp_path / "direct", upstream.index_url)
    direct.place.mkdir()
    for one in (desk, direct):
        done = fresh(one, tool, "ebb")
        assert done.code == 0, done.text
    assert desk.installed() == direct.installed() >= {"ebb-1.2", "tide-1.0"}
    written = {"uv": "uv.lock", "poetry": "poetry.lock"}.get(tool)
    if written:
        assert desk.read(written) == direct.read(written)


@pytest.mark.parametrize("tool", TOOLS)
def test_locked_installs_what_is_allowed(
    gate: SmallGate, upstream: PastPypi, desk: Desktop, tool: str
) -> None:
    lock(desk, tool, upstream)
    forget(desk)
    done = install_locked(desk, tool)
    assert done.code == 0, done.text
    assert desk.installed() >= {"ebb-1.2", "tide-1.0"}


@pytest.mark.parametrize("tool", TOOLS)
def test_locked_fails_where_the_file_is_held_back(
    gate: SmallGate, upstream: PastPypi, desk: Desktop, tool: str
) -> None:
    lock(desk, tool, upstream)
    forget(desk)
    hold_back(gate)
    done = install_locked(desk, tool)
    assert done.code != 0
    assert "ebb 1.2 is held back" in done.words
    assert "allowed now: 1.1" in done.words
    assert "ebb-1.2" not in desk.installed()


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("need", ["ebb==1.2", "ebb>=1.2"])
def test_nothing_that_is_held_back_is_ever_locked(
    gate: SmallGate, desk: Desktop, tool: str, need: str
) -> None:
    hold_back(gate)
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
def test_an_address_that_leads_round_reaches_nobody(gate: SmallGate, desk: Desktop, tool: str) -> None:
    """Only what knows the firewall works: an address of somewhere else is not rewritten by anybody."""
    around = f"{NOBODY.removesuffix('simple/')}files/ebb/ebb-1.1-py3-none-any.whl"
    done = fresh(desk, tool, f"ebb @ {around}")
    assert done.code != 0
    assert not any("ebb" in seen.path for seen in gate.seen)
    assert not {name for name in desk.installed() if name.startswith("ebb")}


def test_a_uv_lock_names_its_hosts_whatever_index_is_set(gate: SmallGate, desk: Desktop) -> None:
    """`uv sync --frozen` takes the addresses of the lock; a lock that was made elsewhere leads elsewhere."""
    desk.project("ebb")
    assert desk.run("uv", "lock").code == 0
    lock_file = desk.place / "uv.lock"
    lock_file.write_text(lock_file.read_text().replace(gate.url, NOBODY.removesuffix("/simple/")))
    forget(desk)
    gate.seen.clear()
    done = desk.run("uv", "sync", "--frozen")
    assert done.code != 0
    assert not [seen for seen in gate.seen if "/files/" in seen.path]
    assert desk.run("uv", "lock").code == 0  # the fix: lock again through the firewall
    assert NOBODY.removesuffix("/simple/") not in lock_file.read_text()
    assert desk.run("uv", "sync", "--frozen").code == 0


def test_cooldowns_of_the_clients_work(desk: Desktop) -> None:
    (desk.place / "needs.in").write_text("ebb\n")
    done = desk.run("uv", "pip", "compile", "needs.in", "--exclude-newer", "2026-01-15", "--no-header")
    assert "ebb==1.0" in done.text, done.text
    done = desk.run("pip", "install", "--target", "t", "--uploaded-prior-to", "2026-02-15T00:00:00Z", "ebb")
    assert done.code == 0, done.text
    assert "ebb-1.1" in desk.installed()


def test_uv_prints_why(gate: SmallGate, desk: Desktop) -> None:
    hold_back(gate)
    done = desk.run("uv", "pip", "install", "--target", "t", "ebb>=1.2")
    assert "ebb 1.2 is held back" in done.words
    assert "allowed now: 1.1" in done.words
