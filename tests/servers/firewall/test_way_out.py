"""What a denial names instead can be taken by whoever asked: a release of the same line, if there is one."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import firewall
from tests.simulators.past import at, serving
from tests.simulators.past_npm import PastNpm
from tests.simulators.past_pypi import PastPypi

NOW = at("2026-06-01T00:00:00Z")
OLD, YOUNG = NOW - timedelta(days=400), NOW - timedelta(hours=2)


@pytest.mark.parametrize(
    ("wanted", "instead"), [("0.30.4", "0.30.3"), ("1.14.1", "1.14.0"), ("2.0.0", "1.14.0")]
)
def test_npm_is_told_of_a_release_of_the_same_line(tmp_path: Path, wanted: str, instead: str) -> None:
    with serving(PastNpm(NOW)) as npm:
        for version, time in (
            ("0.30.3", OLD), ("0.30.4", YOUNG), ("1.14.0", OLD), ("1.14.1", YOUNG), ("2.0.0", YOUNG),
        ):  # fmt: skip
            npm.publish("pkg", version, time)
        with firewall(tmp_path, npm=npm.npm_url, now=lambda: NOW) as gate:
            told = json.loads(gate.get(f"/npm/pkg/-/pkg-{wanted}.tgz").data)
    assert told["allowed_version"] == instead
    assert f"allowed now: {instead}" in told["error"]


def test_pip_is_told_of_a_release_of_the_same_line_by_the_page(tmp_path: Path) -> None:
    with serving(PastPypi(NOW)) as pypi:
        for version, time in (("1.9", OLD), ("1.10", YOUNG), ("2.1", OLD)):
            pypi.wheel("ebb", version, time)
        with firewall(tmp_path, pypi=pypi.index_url, now=lambda: NOW) as gate:
            answer = gate.get("/pypi/simple/ebb/", accept="application/vnd.pypi.simple.v1+json")
    (held,) = (file["yanked"] for file in json.loads(answer.data)["files"] if file.get("yanked"))
    assert "allowed now: 1.9" in held
