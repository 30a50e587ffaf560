"""The price counts what waits and what is denied for good, on histories that a test can read."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from seawall.adapters.disk.shipped import data_bytes
from seawall.backtest import others
from seawall.decide import chosen_policy
from seawall.kernel.replay import Price
from seawall.pricing import price
from seawall.readers.scenarios.histories import Histories, read_histories

TAKEN = datetime(2026, 1, 1, tzinfo=UTC)
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def ago(days: float) -> int:
    """Minutes since 2020 of so many days before the histories were taken."""
    return int((TAKEN - timedelta(days=days) - EPOCH).total_seconds() // 60)


def histories(
    *packages: tuple[str, str, list[list[object]]], advisories: list[list[object]] | None = None
) -> Histories:
    told = {
        "schema": "seawall/histories/1",
        "taken": "2026-01-01",
        "names": ["left", "right"],
        "packages": [
            {"ecosystem": ecosystem, "name": name, "born": ago(900), "releases": rows}
            for ecosystem, name, rows in packages
        ],
        "advisories": advisories or [],
        "advisories_until": "2026-01-01",
    }
    return read_histories(json.dumps(told).encode())


def cost(found: Histories, policy: str = "default") -> Price:
    return price(found, chosen_policy(policy))


PLAIN = ("npm", "a", [["1.0.0", ago(500), 2, 0], ["1.1.0", ago(101), 2, 0]])


def test_a_release_waits_for_a_cooldown_and_costs_no_exemption() -> None:
    found = cost(histories(PLAIN))
    assert (found.installs, found.updates) == (52, 1)
    assert (found.denied, found.exemptions) == (0, 0)
    assert found.delayed == 1
    assert 0 < found.wait_days < 7


def test_what_a_policy_denies_for_good_needs_an_exemption(tmp_path: object) -> None:
    from seawall.decide import policy_from

    never = b"""@id("x/never") @advice("Never.") forbid (principal, action == Action::"fetch", resource)
when { context.age_days >= 0 };
@id("x/all") @advice("All.") permit (principal, action, resource);"""
    found = price(histories(PLAIN), policy_from("never.cedar", never))
    assert (found.denied, found.updates, found.exemptions) == (52, 1, 1)


def test_a_fix_with_a_later_record_passes_and_a_silent_one_waits() -> None:
    rows = [["1.0.0", ago(500), 2, -1], ["1.0.1", ago(100), 2, -1]]
    after = [["a", ago(99.5), [["introduced", "0"], ["fixed", "1.0.1"]]]]
    found = cost(histories(("PyPI", "a", rows), advisories=after))
    assert (found.fixes, found.fixes_late) == (1, ())
    assert [(one.version, one.hours) for one in found.silent_late] == [("1.0.1", 12.0)]
    quick = [["a", ago(100 - 1 / 24), [["introduced", "0"], ["fixed", "1.0.1"]]]]
    found = cost(histories(("PyPI", "a", rows), advisories=quick))
    assert [(one.version, one.hours) for one in found.fixes_late] == [("1.0.1", 5.0)]
    plain = next(one for one in others(chosen_policy("default")) if "7 days" in one.name)
    held = price(histories(("PyPI", "a", rows), advisories=after), plain.policy).fixes_late
    assert [round(one.hours) for one in held] == [156]


def test_a_record_that_was_there_before_its_fix_is_not_counted_either_way() -> None:
    rows = [["1.0.0", ago(500), 2, -1], ["1.0.1", ago(100), 2, -1]]
    before = [["a", ago(120), [["introduced", "0"], ["fixed", "1.0.1"]]]]
    found = cost(histories(("PyPI", "a", rows), advisories=before))
    assert (found.fixes, found.fixes_unknown) == (0, 1)


def test_flags_and_needs_are_read_as_they_were_written() -> None:
    rows: list[list[object]] = [
        ["1.0.0", ago(9), 1 | 4, 3, None, [0]],
        ["1.0.1", ago(8), 8, 4],
        ["1.0.2", ago(7), 16 | 2, -1, ago(6)],
    ]
    one, two, three = histories(("npm", "a", rows)).listings[0].releases
    assert (one.provenance, one.install_script, one.publisher, one.pipeline) == (
        True,
        True,
        "account 3",
        None,
    )
    assert (two.provenance, two.publisher, two.pipeline) == (False, None, "account 4")
    assert one.dependencies == two.dependencies == (("left", "*"),)
    assert (three.provenance, three.yanked, three.published_by) == (None, "yanked", None)
    assert three.last_file == TAKEN - timedelta(days=6)


@pytest.fixture(scope="module")
def shipped() -> Histories:
    return read_histories(data_bytes("histories.json"))


def test_the_shipped_histories_hold_times_and_no_addresses_or_people(shipped: Histories) -> None:
    text = data_bytes("histories.json").decode()
    assert "://" not in text
    assert not any(len(word) == 64 and word.isalnum() for word in text.replace(",", " ").split())
    assert "@gmail" not in text
    assert len(shipped.listings) > 300
    assert {item.ecosystem for item in shipped.listings} == {"npm", "PyPI"}
    assert all(
        r.publisher is None or r.publisher.startswith("account ")
        for item in shipped.listings
        for r in item.releases
    )


def test_default_denies_nothing_of_a_year_for_good(shipped: Histories) -> None:
    """What was promised: at most 1 % outside the cooldown, at most one exemption per 100 updates."""
    few = Histories(shipped.taken, shipped.listings[::6], shipped.notices, shipped.advisories_until)
    found = cost(few)
    assert found.updates > 100
    assert found.denied <= found.installs / 100
    assert found.exemptions <= found.updates / 100
