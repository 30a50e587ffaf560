"""A list of names or publishers in the machine's own settings is obeyed within a second, and named in the denial."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall
from tests.simulators.past import at, serving
from tests.simulators.past_npm import PastNpm

NOW = at("2026-06-01T00:00:00Z")
OLD = NOW - timedelta(days=400)
PIPELINE = {
    "_npmUser": {"name": "A Pipeline", "trustedPublisher": {"id": "github", "oidcConfigId": "oidc:1"}}
}
SECOND = 3.0
"""A second, and what a machine that does other things adds."""
STRICT = "[policy]\nuse = 'strict'\n"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "seawall.toml"
    path.write_text("")
    monkeypatch.setenv("SEAWALL_CONFIG", str(path))
    return path


@pytest.fixture
def gate(tmp_path: Path, settings: Path) -> Iterator[RealFirewall]:
    with serving(PastNpm(NOW)) as npm:
        npm.publish("pkg", "1.0.0", OLD, by="ann")
        npm.publish("pkg", "1.1.0", OLD + timedelta(days=30), by="mallory")
        npm.publish("pkg", "1.2.0", OLD + timedelta(days=60), more=PIPELINE)
        npm.publish("pkg", "1.3.0", OLD + timedelta(days=90))
        npm.publish("@acme/app", "1.0.0", OLD, by="ann")
        with firewall(tmp_path / "data", npm=npm.npm_url, now=lambda: NOW) as server:
            yield server


def status(gate: RealFirewall, path: str) -> int:
    return gate.get(path).status


def becomes(gate: RealFirewall, path: str, wanted: int) -> float:
    """After how many seconds the answer is that."""
    begun = time.monotonic()
    while status(gate, path) != wanted:
        assert time.monotonic() - begun < 20, f"{path} is never {wanted}"
        time.sleep(0.01)
    return time.monotonic() - begun


def versions(gate: RealFirewall, name: str) -> list[str]:
    return sorted(json.loads(gate.get(f"/npm/{name}").data).get("versions", {}))


def test_a_list_of_names_counts_within_a_second_and_so_does_its_end(
    gate: RealFirewall, settings: Path
) -> None:
    file, own = "/npm/pkg/-/pkg-1.0.0.tgz", "/npm/@acme/app/-/app-1.0.0.tgz"
    assert (status(gate, file), status(gate, own)) == (200, 200)
    settings.write_text(STRICT + "[names]\nallow = ['pkg:npm/@acme/*']\n")
    assert becomes(gate, file, 403) < SECOND
    body = json.loads(gate.get(file).data)
    assert body["policy"] == ["strict/name-not-listed"]
    assert body["evidence"][0]["message"] == "pkg is not on the list of allowed names"
    assert (body["allowed_from"], body["allowed_version"]) == (None, None)
    assert status(gate, own) == 200
    assert versions(gate, "@acme%2fapp") == ["1.0.0"]
    settings.write_text(STRICT + "[names]\nallow = ['pkg:npm/@acme/*', 'pkg:npm/pkg']\n")
    assert becomes(gate, file, 200) < SECOND


def test_the_default_policy_warns_of_a_name_and_denies_a_publisher(
    gate: RealFirewall, settings: Path
) -> None:
    assert versions(gate, "pkg") == ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]
    settings.write_text(
        "[names]\nallow = ['pkg:npm/@acme/*']\n"
        "[[publishers]]\nasset = 'pkg:npm/pkg'\nallow = ['ann', 'github/oidc:1']\n"
    )
    assert becomes(gate, "/npm/pkg/-/pkg-1.1.0.tgz", 403) < SECOND
    body = json.loads(gate.get("/npm/pkg/-/pkg-1.1.0.tgz").data)
    assert body["policy"] == ["default/publisher-not-listed"]
    told = [item["message"] for item in body["evidence"]]
    assert "pkg 1.1.0 was published by mallory, who is not on the list for it" in told
    assert "was published by mallory" in body["error"]
    assert body["allowed_version"] == "1.2.0"
    assert versions(gate, "pkg") == ["1.0.0", "1.2.0"], "of 1.3.0 nobody tells who published it"
    assert status(gate, "/npm/@acme/app/-/app-1.0.0.tgz") == 200
    assert status(gate, "/npm/pkg/-/pkg-1.0.0.tgz") == 200
    by_list = [e for e in gate.entries() if "default/name-not-listed" in e.get("policies", ())]
    assert {(e["action"], e["outcome"]) for e in by_list} == {("fetch", "warn")}


def test_a_list_that_cannot_be_read_changes_nothing_and_is_told(gate: RealFirewall, settings: Path) -> None:
    settings.write_text("[names]\nallow = ['pkg']\n")
    end = time.monotonic() + 20
    while "must be such as" not in json.dumps(json.loads(gate.get("/readyz").data)["notes"]):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert status(gate, "/npm/pkg/-/pkg-1.0.0.tgz") == 200
