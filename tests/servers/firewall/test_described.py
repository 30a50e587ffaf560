"""What describes a wheel goes out after the wheel was looked into: a resolver locks what it reads about."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall
from tests.simulators.past import at, serving, wrong
from tests.simulators.past_pypi import PastPypi
from tests.simulators.python_clients import MISSING, Desktop

from seawall.kernel.gate_settings import Exemption, GateSettings

NOW = at("2026-06-01T00:00:00Z")
OLD, YOUNG = NOW - timedelta(days=400), NOW - timedelta(hours=2)
EXEMPT = Exemption("pkg:pypi/ebb@1.1", "we wrote it", "the build team", NOW.date())
HOOK = {"ebb_start.pth": b"import os; os.system('true')\n"}


@pytest.fixture
def pypi() -> Iterator[PastPypi]:
    with serving(PastPypi(NOW)) as server:
        server.wheel("ebb", "1.0", OLD)
        yield server


@pytest.fixture(params=[10_000_000, 10], ids=["held", "streamed"])
def gate(pypi: PastPypi, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RealFirewall]:
    settings = GateSettings(fresh_seconds=0.0, hold_bytes=request.param)
    with firewall(
        tmp_path, pypi=pypi.index_url, now=lambda: NOW, exemptions=lambda: [EXEMPT], settings=settings
    ) as server:
        yield server


def asked_for_wheels(pypi: PastPypi) -> int:
    return len([one for one in pypi.seen if one.path.endswith(".whl")])


def test_a_wheel_that_is_denied_when_looked_into_is_never_described(
    pypi: PastPypi, gate: RealFirewall
) -> None:
    item = pypi.wheel("ebb", "1.1", YOUNG, files=HOOK)
    answer = gate.get(f"/pypi/files/ebb/{item.filename}.metadata")
    assert answer.status == 403
    assert json.loads(answer.data)["policy"] == ["default/looks-like-a-takeover"]
    entry = gate.entries()[-1]
    assert (entry["action"], entry["delivery"]) == ("metadata", "refused")


def test_a_good_one_is_described_and_looked_into_once(pypi: PastPypi, gate: RealFirewall) -> None:
    item = pypi.wheel("ebb", "1.1", YOUNG)
    path = f"/pypi/files/ebb/{item.filename}"
    for _ in range(2):
        assert gate.get(f"{path}.metadata").data == item.described
    asked = asked_for_wheels(pypi)
    assert gate.get(path).data == item.data
    assert asked_for_wheels(pypi) == asked == 2, "the wheel and the one before it, each once"


def test_an_old_one_is_described_without_the_wheel(pypi: PastPypi, gate: RealFirewall) -> None:
    (item,) = pypi.projects["ebb"]
    assert gate.get(f"/pypi/files/ebb/{item.filename}.metadata").data == item.described
    assert asked_for_wheels(pypi) == 0


def test_where_the_wheel_proves_wrong_nothing_describes_it(pypi: PastPypi, gate: RealFirewall) -> None:
    item = pypi.wheel("ebb", "1.1", YOUNG)
    pypi.faults["*/files/*.whl"] = wrong(b"x" * len(item.data))
    assert gate.get(f"/pypi/files/ebb/{item.filename}.metadata").status == 502


@pytest.mark.skipif(MISSING != "", reason=MISSING)
@pytest.mark.parametrize("tool", ["pip", "uv", "poetry"])
def test_no_real_client_locks_what_is_denied_when_looked_into(
    pypi: PastPypi, tmp_path: Path, tool: str
) -> None:
    pypi.wheel("ebb", "1.1", YOUNG, files=HOOK)
    lock = {
        "pip": ("pip", "lock", "--only-binary", ":all:", "-o", "locked", "ebb"),
        "uv": ("uv", "lock"),
        "poetry": ("poetry", "lock"),
    }[tool]
    place = tmp_path / "desk"
    place.mkdir()
    with firewall(
        tmp_path / "gate", pypi=pypi.index_url, now=lambda: NOW, exemptions=lambda: [EXEMPT]
    ) as gate:
        desk = Desktop(place, f"{gate.url}/pypi/simple/")
        desk.project("ebb")
        done = [desk.run(*lock) for _ in range(2)]
    written = [path.read_text() for path in place.glob("*lock*") if path.is_file()]
    assert not any("1.1" in text for text in written), written
    assert done[1].code == 0, done[1].text
    assert any("ebb" in text for text in written)
