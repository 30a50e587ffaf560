"""This machine's clock is ahead: over HTTP, with registries that say what time it is, and one that lies."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall
from tests.simulators.past import Fault, Past, Reply, Wire, at, honest, serving
from tests.simulators.past_npm import PastNpm
from tests.simulators.past_pypi import PastPypi

from seawall.accepting import accept

NOW = at("2026-06-01T00:00:00Z")
OLD, TWO_DAYS = NOW - timedelta(days=400), NOW - timedelta(days=2)
NPM, WHEEL = "/npm/flow/-/flow-1.1.0.tgz", "/pypi/files/ebb/ebb-1.1-py3-none-any.whl"


class Clock:
    """This machine's."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


def dated(past: Past, when: Callable[[], datetime]) -> Fault:
    """Everything as it is, with a Date."""

    def fault(reply: Reply, wire: Wire) -> None:
        date = format_datetime(when(), usegmt=True)
        honest(replace(reply, headers={**reply.headers, "Date": date}), wire)

    return fault


class World:
    def __init__(self, gate: RealFirewall, npm: PastNpm, pypi: PastPypi, clock: Clock) -> None:
        self.gate, self.npm, self.pypi, self.clock = gate, npm, pypi, clock
        self.says(NOW, NOW)

    def says(self, npm: datetime, pypi: datetime) -> None:
        self.npm.faults["*"] = dated(self.npm, lambda: npm)
        self.pypi.faults["*"] = dated(self.pypi, lambda: pypi)

    def ahead(self, by: timedelta) -> None:
        self.clock.now = NOW + by
        self.gate.advised()

    def status(self, path: str) -> int:
        return self.gate.get(path).status

    def settled(self, wanted: dict[str, int]) -> None:
        """The watcher may need a moment; young files never go out meanwhile."""
        end = time.monotonic() + 20
        while (found := {path: self.status(path) for path in wanted}) != wanted:
            assert time.monotonic() < end, found
            time.sleep(0.05)

    def ready(self, wanted: int, said: str = "") -> None:
        """The watcher may need a moment to read the advisories, and to see what the clocks say."""
        end = time.monotonic() + 20
        while True:
            answer = self.gate.get("/readyz")
            text = answer.data.decode()
            if (answer.status, said in text) == (wanted, True) and "the advisories of" not in text:
                return
            assert time.monotonic() < end, text
            time.sleep(0.05)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    clock = Clock()
    with ExitStack() as stack:
        npm, pypi = stack.enter_context(serving(PastNpm(NOW))), stack.enter_context(serving(PastPypi(NOW)))
        for version, when in (("1.0.0", OLD), ("1.1.0", TWO_DAYS)):
            npm.publish("flow", version, when)
            pypi.wheel("ebb", version[:3], when)
        more = {"npm": npm.npm_url, "pypi": pypi.index_url}
        gate = stack.enter_context(firewall(tmp_path / "data", now=clock, **more))  # type: ignore[arg-type]
        yield World(gate, npm, pypi, clock)


def test_a_clock_that_is_right(world: World) -> None:
    assert [world.status(path) for path in (NPM, WHEEL)] == [403, 403]
    world.ready(200)


def test_a_clock_that_is_ahead_ends_no_cooldown(world: World) -> None:
    world.ahead(timedelta(days=30))
    for path in (NPM, WHEEL):
        answer = world.gate.get(path)
        assert answer.status == 403
        assert "30 days ahead" in json.loads(answer.data)["error"]
    for path in ("/npm/flow/-/flow-1.0.0.tgz", "/pypi/files/ebb/ebb-1.0-py3-none-any.whl"):
        assert world.status(path) == 200, "four hundred days are old to everybody"
    assert set(json.loads(world.gate.get("/npm/flow").data)["versions"]) == {"1.0.0"}
    world.ready(503, "ahead of what index and registry says")
    world.clock.now = NOW
    world.gate.advised()
    world.settled({"/npm/flow/-/flow-1.0.0.tgz": 200, NPM: 403})
    world.ready(200)  # nobody has to take back what was not written down


def test_without_a_date_nothing_is_known_of_it(world: World) -> None:
    """It is as it was: the test above can fail."""
    world.npm.faults.clear()
    world.pypi.faults.clear()
    world.ahead(timedelta(days=30))
    world.settled({NPM: 200, WHEEL: 200})


def test_a_registry_that_lies_lowers_the_wall_for_nobody_else(world: World) -> None:
    """The index agrees with the clock that is ahead; what npm has is as young as it was."""
    world.says(NOW, NOW + timedelta(days=30))
    world.ahead(timedelta(days=30))
    world.settled({WHEEL: 200})  # it lies about its own times as well as it likes
    assert world.status(NPM) == 403
    world.ready(200, "ahead of what registry says")


def test_a_registry_that_lies_holds_back_its_own_only(world: World) -> None:
    """One that says that it is last year shuts nobody else out."""
    world.clock.now = NOW + timedelta(days=30)
    world.says(world.clock.now, NOW - timedelta(days=365))
    world.gate.advised()
    world.settled({NPM: 200})
    assert world.status(WHEEL) == 403
    world.ready(200)


def test_a_time_in_the_future_makes_nothing_older(world: World) -> None:
    world.says(NOW + timedelta(days=900), NOW + timedelta(days=900))
    assert [world.status(path) for path in (NPM, WHEEL)] == [403, 403]
    world.ready(200)


def test_a_person_may_say_that_it_is_right(world: World, tmp_path: Path) -> None:
    world.ahead(timedelta(days=30))
    assert world.status(NPM) == 403
    accept(tmp_path / "data" / "gate.db", world.clock.now)
    world.settled({NPM: 200, WHEEL: 403})  # of the index nothing was found yet that could be accepted
    world.ready(200, "ahead of what index says")
    accept(tmp_path / "data" / "gate.db", world.clock.now)
    world.settled({NPM: 200, WHEEL: 200})
