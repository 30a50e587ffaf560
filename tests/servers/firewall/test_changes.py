"""What is decided by may change while it runs; what cannot be used is said, and the old goes on counting."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall, malware
from tests.simulators.past import at, serving
from tests.simulators.past_npm import PastNpm

from seawall.kernel.errors import PolicyError
from seawall.kernel.gate_settings import Exemption
from seawall.ledger_setup import new_settings
from seawall.readers.settings.ledger_toml import written
from seawall.reports.ledger import entry_line

NOW = at("2026-06-01T00:00:00Z")
OLD = NOW - timedelta(days=400)


class Exemptions:
    """What stands in firewall.toml; `broken` is a file that cannot be read."""

    broken = False
    found: tuple[Exemption, ...] = (
        Exemption("pkg:npm/x", "why", "somebody", (NOW - timedelta(days=9)).date()),
    )

    def __call__(self) -> Sequence[Exemption]:
        if self.broken:
            raise PolicyError("firewall.toml:3: no end", "give it one")
        return self.found


@pytest.fixture
def exemptions() -> Exemptions:
    return Exemptions()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "config"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place))
    return place


@pytest.fixture
def gate(tmp_path: Path, exemptions: Exemptions, config: Path) -> Iterator[RealFirewall]:
    with serving(PastNpm(NOW)) as npm:
        npm.publish("pkg", "1.0.0", OLD)
        with firewall(tmp_path, npm=npm.npm_url, now=lambda: NOW, exemptions=exemptions) as server:
            yield server


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def ready(gate: RealFirewall) -> tuple[int, dict]:
    answer = gate.get("/readyz")
    return answer.status, json.loads(answer.data)


def metric(gate: RealFirewall, name: str) -> float:
    lines = gate.get("/metrics").data.decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name + " "))


def test_settings_that_broke_are_told_and_the_old_go_on(
    gate: RealFirewall, exemptions: Exemptions, caplog: pytest.LogCaptureFixture
) -> None:
    assert metric(gate, "seawall_settings_broken") == 0
    exemptions.broken = True
    gate.advised(malware("npm", "pkg", "1.0.0"))
    with caplog.at_level(logging.ERROR, "seawall.firewall"):
        until(lambda: "no end" in " ".join(ready(gate)[1]["notes"]))
        until(lambda: any("cannot be used" in record.message for record in caplog.records))
    assert ready(gate)[0] == 200
    assert metric(gate, "seawall_settings_broken") == 1
    assert gate.get("/npm/pkg/-/pkg-1.0.0.tgz").status == 200, "the old advisories count"
    exemptions.broken = False
    gate.advised(malware("npm", "pkg", "1.0.0"))
    until(lambda: metric(gate, "seawall_settings_broken") == 0)
    assert gate.get("/npm/pkg/-/pkg-1.0.0.tgz").status == 403


def test_an_exemption_that_ended_is_noted_without_a_name(gate: RealFirewall) -> None:
    (note,) = [note for note in ready(gate)[1]["notes"] if "exemption" in note]
    assert "pkg:npm/x ended" in note
    assert "somebody" not in note


def test_a_ledger_that_nobody_signs_is_noted_until_it_is_set_up(gate: RealFirewall, config: Path) -> None:
    unsigned = "the ledger is signed by nobody: seawall ledger init"
    assert unsigned in ready(gate)[1]["notes"]
    (config / "seawall").mkdir(parents=True)
    signed = config / "seawall" / "ledger.toml"
    signed.write_text(written(new_settings(config / "ledger.db", config / "key", "l.example", beside=True)))
    until(lambda: unsigned not in ready(gate)[1]["notes"])
    signed.unlink()
    until(lambda: unsigned in ready(gate)[1]["notes"])


def test_the_ledger_tells_which_advisories_and_settings_counted(gate: RealFirewall) -> None:
    gate.advised(malware("npm", "pkg", "1.0.0"))
    until(lambda: any(entry["action"] == "settings" for entry in gate.entries()))
    started = next(entry for entry in gate.entries() if entry.get("subject") == "started")
    changed = next(entry for entry in gate.entries() if entry["action"] == "settings")
    for entry in (started, changed):
        assert entry["digest"].startswith("sha256:")
        assert entry["digest"][7:15] in entry_line(0, entry, {})
    assert started["digest"] != changed["digest"]
    assert (started["policy"], started["facts"]) == (changed["policy"], changed["facts"])
