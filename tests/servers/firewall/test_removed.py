"""Registries remove malware; who still asks for it by an old lockfile is told what it was."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall, malware
from tests.simulators.past import at, serving
from tests.simulators.past_npm import PastNpm
from tests.simulators.past_pypi import PastPypi

from seawall.kernel.gate_settings import GateSettings
from seawall.kernel.policy.facts import Mode

NOW = at("2026-06-01T00:00:00Z")
OLD = NOW - timedelta(days=400)
BAD = (
    malware("npm", "pkg", "1.0.1", id="MAL-2026-11"),
    malware("npm", "@scope/gone", "3.0.0-rc.1", id="MAL-2026-12"),
    malware("PyPI", "ebb-tide", "2.0", id="MAL-2026-13"),
)


@pytest.fixture
def npm() -> Iterator[PastNpm]:
    with serving(PastNpm(NOW)) as server:
        server.publish("pkg", "1.0.0", OLD)
        yield server


@pytest.fixture
def pypi() -> Iterator[PastPypi]:
    with serving(PastPypi(NOW)) as server:
        server.wheel("ebb-tide", "1.0", OLD)
        yield server


@pytest.fixture
def gate(npm: PastNpm, pypi: PastPypi, tmp_path: Path) -> Iterator[RealFirewall]:
    with firewall(tmp_path, npm=npm.npm_url, pypi=pypi.index_url, now=lambda: NOW, advisories=BAD) as server:
        yield server


@pytest.mark.parametrize(
    ("path", "advisory", "instead"),
    [
        ("/npm/pkg/-/pkg-1.0.1.tgz", "MAL-2026-11", "1.0.0"),
        ("/npm/@scope/gone/-/gone-3.0.0-rc.1.tgz", "MAL-2026-12", None),
        ("/pypi/files/ebb-tide/ebb_tide-2.0-py3-none-any.whl", "MAL-2026-13", "1.0"),
        ("/pypi/files/ebb-tide/ebb_tide-2.0.tar.gz", "MAL-2026-13", "1.0"),
        ("/pypi/files/ebb-tide/ebb_tide-2.0-py3-none-any.whl.metadata", "MAL-2026-13", "1.0"),
    ],
)
def test_removed_malware_is_denied_by_name_and_written_down(
    gate: RealFirewall, path: str, advisory: str, instead: str | None
) -> None:
    answer = gate.get(path)
    told = json.loads(answer.data)
    assert answer.status == 403
    assert advisory in {name for item in told["evidence"] for name in item["advisories"]}
    assert told["policy"][0] == "default/malware"
    assert (told["allowed_version"], told["allowed_from"]) == (instead, None)
    (entry,) = (item for item in gate.entries() if item["action"] in ("fetch", "metadata"))
    assert (entry["delivery"], entry["against"]) == ("refused", [advisory])


@pytest.mark.parametrize(
    "path",
    [
        "/npm/pkg/-/pkg-1.0.2.tgz",
        "/npm/pkg/-/other-1.0.1.tgz",
        "/npm/@scope/gone/-/gone-2.0.0.tgz",
        "/pypi/files/ebb-tide/ebb_tide-2.1.tar.gz",
        "/pypi/files/ebb-tide/other-2.0.tar.gz",
    ],
)
def test_what_never_was_is_not_there(gate: RealFirewall, path: str) -> None:
    assert gate.get(path).status == 404


def test_where_answers_do_not_bind_it_is_just_not_there(npm: PastNpm, tmp_path: Path) -> None:
    settings = GateSettings(fresh_seconds=0.0, mode=Mode.OBSERVE)
    with firewall(tmp_path, npm=npm.npm_url, now=lambda: NOW, advisories=BAD, settings=settings) as gate:
        assert gate.get("/npm/pkg/-/pkg-1.0.1.tgz").status == 404
