"""A lockfile may name the right registry and fetch a file from somewhere else: both rules look at the files."""

from tests.rules.test_rule_trees import findings


def test_a_wheel_at_another_host_than_its_registry_is_an_odd_source() -> None:
    (found,) = [f for f in findings("packages/exotic-source", "bad") if f.path == "locked/uv.lock"]
    assert (found.detail["kind"], found.detail["host"]) == ("files", "elsewhere.example")
    assert found.detail["packages"] == ["idna"]
    assert found.line == 4


def test_a_wheel_at_another_host_than_the_firewall_goes_round_it() -> None:
    found = {f.path: f for f in findings("packages/lock-bypasses-gate", "bad")}
    assert set(found) == {"uv.lock", "edited/uv.lock"}
    assert found["edited/uv.lock"].detail == {"host": "files.example", "packages": 1}
