"""A registry that says nothing holds nobody up who could be served with what it said before."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall
from tests.simulators.past import Reply, Wire, at, honest, serving
from tests.simulators.past_npm import PastNpm

from seawall.kernel.gate_settings import GateSettings

NOW = at("2026-06-01T00:00:00Z")
OLD = NOW - timedelta(days=400)


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def npm() -> Iterator[PastNpm]:
    with serving(PastNpm(NOW)) as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(npm: PastNpm, tmp_path: Path, clock: Clock) -> Iterator[RealFirewall]:
    settings = GateSettings(fresh_seconds=60.0)
    with firewall(tmp_path, npm=npm.npm_url, now=clock, settings=settings) as server:
        yield server


def metric(gate: RealFirewall, line: str) -> float:
    lines = gate.get("/metrics").data.decode().splitlines()
    return next((float(item.split()[-1]) for item in lines if item.startswith(line)), 0.0)


def test_what_it_said_before_is_served_soon_and_marked(
    npm: PastNpm, gate: RealFirewall, clock: Clock
) -> None:
    npm.publish("pkg", "1.0.0", OLD)
    npm.publish("pkg", "1.0.1", NOW - timedelta(days=300))
    for path in ("/npm/pkg", "/npm/pkg/-/pkg-1.0.0.tgz"):
        assert gate.get(path).status == 200
    assert metric(gate, 'seawall_stale_documents_total{room="npm"}') == 0
    go = threading.Event()

    def held(reply: Reply, wire: Wire) -> None:
        go.wait(30)
        honest(reply, wire)

    npm.faults["*"] = held
    npm.publish("pkg", "2.0.0", NOW)
    clock.now += timedelta(seconds=61)
    begun = time.monotonic()
    assert gate.get("/npm/pkg").status == 200
    assert gate.get("/npm/pkg/-/pkg-1.0.0.tgz").status == 200
    assert time.monotonic() - begun < 8
    assert metric(gate, 'seawall_stale_documents_total{room="npm"}') == 1
    told = [item.get("subject") for item in gate.entries() if item["action"] == "list"]
    assert told == [None, "stale"]
    go.set()
    end = time.monotonic() + 20
    while "stale" in [item.get("subject") for item in gate.entries() if item["action"] == "list"][-1:]:
        assert time.monotonic() < end
        clock.now += timedelta(seconds=1)  # what is only late is asked for again after two seconds
        assert gate.get("/npm/pkg").status == 200
    assert metric(gate, 'seawall_stale_documents_total{room="npm"}') >= 1


def test_what_is_young_is_denied_as_before(npm: PastNpm, gate: RealFirewall, clock: Clock) -> None:
    """An answer from before is judged like any other, by the time that it is now."""
    npm.publish("pkg", "1.0.0", OLD)
    npm.publish("pkg", "1.0.1", NOW - timedelta(hours=1))
    assert gate.get("/npm/pkg/-/pkg-1.0.1.tgz").status == 403
    npm.faults["*"] = lambda _, wire: wire.hang_up() if not wire.wait(8) else None
    clock.now += timedelta(seconds=61)
    begun = time.monotonic()
    assert gate.get("/npm/pkg/-/pkg-1.0.1.tgz").status == 403
    assert time.monotonic() - begun < 7
