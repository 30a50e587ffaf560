"""31 March 2026, minute by minute, over HTTP: what the firewall offered, refused and wrote down."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall, malware
from tests.simulators.past import at, serving
from tests.simulators.past_npm import PastNpm, axios_day

from seawall.kernel.gate_settings import GateSettings
from seawall.kernel.policy.facts import Mode

BEFORE, LIVE, AFTER = at("2026-03-31T00:10:00Z"), at("2026-03-31T00:25:00Z"), at("2026-03-31T12:00:00Z")
BAD = "/npm/axios/-/axios-1.14.1.tgz"
GOOD = "/npm/axios/-/axios-1.14.0.tgz"


@pytest.fixture
def past() -> Iterator[PastNpm]:
    with serving(PastNpm(LIVE)) as server:
        axios_day(server)
        yield server


@pytest.fixture
def gate(past: PastNpm, tmp_path: Path) -> Iterator[RealFirewall]:
    with firewall(tmp_path, npm=past.npm_url, now=lambda: past.now) as server:
        yield server


def packument(gate: RealFirewall, name: str = "axios") -> dict:
    answer = gate.get(f"/npm/{name}")
    assert answer.status == 200, answer.data
    return json.loads(answer.data)


def test_before_the_attack_everything_old_enough_is_there(past: PastNpm, tmp_path: Path) -> None:
    past.now = BEFORE
    with firewall(tmp_path, npm=past.npm_url, now=lambda: past.now) as gate:
        found = packument(gate)
        assert found["dist-tags"]["latest"] == "1.14.0"
        assert gate.get(GOOD).status == 200


def test_at_minute_zero_the_poisoned_release_is_not_offered(gate: RealFirewall) -> None:
    answer = gate.get("/npm/axios")
    found = json.loads(answer.data)
    assert "1.14.1" not in found["versions"]
    assert "1.14.1" not in found["time"]
    assert found["dist-tags"]["latest"] == "1.14.0"
    assert "1.14.1" in answer.headers["npm-notice"]
    # What it needs is younger still.
    assert gate.get("/npm/plain-crypto-js").status == 403


def test_a_locked_install_goes_straight_to_the_file_and_is_denied(gate: RealFirewall) -> None:
    answer = gate.get(BAD)
    body = json.loads(answer.data)
    assert answer.status == 403
    assert "axios 1.14.1" in body["error"]
    assert body["allowed_version"] == "1.14.0"
    assert set(body) == {"error", "policy", "evidence", "allowed_from", "allowed_version", "how_to_exempt"}
    assert body["policy"]


def test_once_it_is_known_malware_time_does_not_help(past: PastNpm, gate: RealFirewall) -> None:
    (bad,) = [item for item in past.releases["axios"] if item.version == "1.14.1"]
    bad.gone = None  # a mirror that keeps it
    gate.advised(malware("npm", "axios", "1.14.1", "0.30.4", id="MAL-2026-2307"))
    gate.reloaded()
    past.now = LIVE + timedelta(days=30)
    gate.advised(malware("npm", "axios", "1.14.1", "0.30.4", id="MAL-2026-2307"))
    gate.reloaded()
    body = json.loads(gate.get(BAD).data)
    assert "MAL-2026-2307" in body["error"]
    assert body["allowed_from"] is None
    assert "1.14.1" not in packument(gate)["versions"]


def test_observe_lets_all_through_and_names_each_taker(past: PastNpm, tmp_path: Path) -> None:
    settings = GateSettings(fresh_seconds=0.0, mode=Mode.OBSERVE)
    with firewall(tmp_path, npm=past.npm_url, now=lambda: past.now, settings=settings) as gate:
        assert "1.14.1" in packument(gate)["versions"]
        assert gate.get(BAD).status == 200
        (taken,) = [e for e in gate.entries() if e["action"] == "fetch"]
    assert taken["delivery"] == "served"
    assert taken["mode"] == "observe"
    assert taken["outcome"] == "deny"
    assert taken["asset"] == "pkg:npm/axios@1.14.1"
    assert taken["digest"].startswith("sha256:")


def test_every_request_is_written_down_once(gate: RealFirewall) -> None:
    for path in ("/npm/axios", BAD, GOOD, GOOD):
        gate.get(path)
    told = [(e["action"], e["delivery"], e.get("file", "")) for e in gate.entries() if e["action"] != "serve"]
    assert told == [
        ("list", "offered", ""),
        ("fetch", "refused", "axios-1.14.1.tgz"),
        ("fetch", "served", "axios-1.14.0.tgz"),
        ("fetch", "served", "axios-1.14.0.tgz"),
    ]


def test_it_comes_from_the_cache_and_is_written_down_all_the_same(past: PastNpm, gate: RealFirewall) -> None:
    gate.get(GOOD)
    asked = len([one for one in past.seen if one.path.endswith(".tgz")])
    assert gate.get(GOOD).status == 200
    assert len([one for one in past.seen if one.path.endswith(".tgz")]) == asked
    served = [e for e in gate.entries() if e["action"] == "fetch" and e["delivery"] == "served"]
    assert len(served) == 2


@pytest.mark.parametrize("now", [LIVE, AFTER])
def test_the_other_line_is_held_back_too(past: PastNpm, gate: RealFirewall, now: datetime) -> None:
    past.now = now
    assert packument(gate)["dist-tags"]["legacy"] == "0.30.3"
