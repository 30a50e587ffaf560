"""A clock that is ahead lets nothing young in; a registry that lies about the time holds back its own only."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulators.gate import ME, NOW, Clock, ago, ground, npm, release, shut

from seawall.accepting import accept, behind
from seawall.adapters.stores.seen import SeenStore, open_seen
from seawall.admit import Gate
from seawall.clocks import Clocks
from seawall.kernel.admission import Ruling
from seawall.kernel.offer import Offering
from seawall.kernel.policy.facts import Mode

MINUTE, DAY = 60.0, 86_400.0
MAIN, OTHER = ("npm", "main"), ("npm", "other")


class Elsewhere:
    """By how much this clock is ahead of each."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, str], float] = {}

    def __call__(self, _: float) -> dict[tuple[str, str], float]:
        return dict(self.said)


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
def opened(tmp_path: Path, elsewhere: Elsewhere) -> Iterator[Gate]:
    made = Gate(ground(tmp_path), open_seen(tmp_path / "gate.db"), clock=Clock(), ahead=elsewhere)
    yield made
    shut(made)


def offering() -> Offering:
    """The cooldown is seven days: the first is old to everybody, the last young to everybody."""
    ages = (("1.0.0", ago(400)), ("1.0.1", ago(9)), ("1.0.2", ago(1)))
    return npm("a", *(release(version, at) for version, at in ages))


def answers(gate: Gate, what: Offering | None = None, now: datetime = NOW) -> list[str]:
    found: Ruling = gate.rule(what or offering(), ME, Mode.ENFORCE, now)
    return [item.decision.outcome.value for item in found.admissions.values()]


def test_what_the_two_clocks_see_differently_is_not_decided(opened: Gate, elsewhere: Elsewhere) -> None:
    assert answers(opened) == ["allow", "allow", "deny"]
    elsewhere.said = {MAIN: 3 * DAY}  # nine days old here are six there
    assert answers(opened) == ["allow", "incomplete", "deny"]
    admission = opened.rule(offering(), ME, Mode.ENFORCE, NOW).admissions["a-1.0.1.tgz"]
    assert "3 days ahead of what main says" in admission.sentence
    elsewhere.said = {MAIN: 360 * DAY}
    assert answers(opened) == ["allow", "incomplete", "deny"], "forty days old there, or not published yet"
    elsewhere.said = {MAIN: 394 * DAY}
    assert answers(opened) == ["incomplete", "incomplete", "deny"]


def test_ten_minutes_are_nothing(opened: Gate, elsewhere: Elsewhere) -> None:
    just = npm("a", release("1.0.0", ago(hours=168)))
    elsewhere.said = {MAIN: 10 * MINUTE}
    assert answers(opened, just) == ["allow"]
    assert opened.describe().reasons == ()
    elsewhere.said = {MAIN: 10 * MINUTE + 1}
    assert answers(opened, just) == ["incomplete"]


def test_ahead_of_all_that_were_heard_is_not_ready(opened: Gate, elsewhere: Elsewhere) -> None:
    elsewhere.said = {MAIN: 2 * DAY, OTHER: 3 * DAY}
    (reason,) = opened.describe().reasons
    assert "2 days ahead of what main and other says" in reason
    assert "--accept-clock" in reason


@pytest.mark.parametrize("lie", [-400 * DAY, 0.0, 5 * MINUTE])
def test_who_says_that_it_is_later_helps_nobody_but_itself(
    opened: Gate, elsewhere: Elsewhere, lie: float
) -> None:
    """A liar that agrees with a clock that is ahead, or outdoes it, makes no file of anybody else older."""
    elsewhere.said = {MAIN: 3 * DAY, OTHER: lie}
    assert answers(opened) == ["allow", "incomplete", "deny"]
    about = opened.describe()
    assert about.reasons == (), "it is not certain that the clock is wrong"
    assert "3 days ahead of what main says" in " ".join(about.notes)


def test_who_says_that_it_is_earlier_holds_back_nobody_but_itself(opened: Gate, elsewhere: Elsewhere) -> None:
    elsewhere.said = {MAIN: 1.0, OTHER: 3_000 * DAY}
    assert answers(opened) == ["allow", "allow", "deny"]
    assert opened.describe().reasons == ()
    theirs = replace(offering(), name="b", origin="other")
    assert answers(opened, theirs) == ["incomplete", "incomplete", "deny"]


def test_a_time_in_the_future_makes_nothing_older(opened: Gate, elsewhere: Elsewhere) -> None:
    elsewhere.said = {MAIN: -400 * DAY}
    assert answers(opened) == ["allow", "allow", "deny"]


@given(st.dictionaries(st.sampled_from([MAIN, OTHER, ("PyPI", "x")]), st.floats(-1e9, 1e9), max_size=3))
def test_no_time_that_anybody_tells_lets_more_in(
    tmp_path_factory: pytest.TempPathFactory, said: dict[tuple[str, str], float]
) -> None:
    place = tmp_path_factory.mktemp("clock")
    elsewhere = Elsewhere()
    gate = Gate(ground(place), open_seen(place / "gate.db"), clock=Clock(), ahead=elsewhere)
    let_in = {
        name for name, item in gate.rule(offering(), ME, Mode.ENFORCE, NOW).admissions.items() if item.lets_in
    }
    elsewhere.said = said
    then = {
        name for name, item in gate.rule(offering(), ME, Mode.ENFORCE, NOW).admissions.items() if item.lets_in
    }
    shut(gate)
    assert then <= let_in


def test_one_that_was_never_heard_is_as_all_the_others(opened: Gate, elsewhere: Elsewhere) -> None:
    """It is down, and what it said before a restart counts."""
    elsewhere.said = {OTHER: 3 * DAY}
    assert answers(opened) == ["allow", "incomplete", "deny"]
    elsewhere.said[("PyPI", "x")] = 0.0
    assert answers(opened) == ["allow", "allow", "deny"]


def test_the_age_of_a_name_counts_too(opened: Gate, elsewhere: Elsewhere) -> None:
    what = npm("a", release("1.0.0", ago(60)), release("1.0.2", ago(50)))
    named = replace(what, listing=replace(what.listing, first_release=ago(35)))
    assert answers(opened, named) == ["allow", "allow"]
    elsewhere.said = {MAIN: 1 * DAY}
    assert answers(opened, named) == ["allow", "allow"]
    elsewhere.said = {MAIN: 6 * DAY}
    assert "incomplete" in answers(opened, named), "the name is young there"


def test_both_directions_at_once(opened: Gate, elsewhere: Elsewhere) -> None:
    answers(opened)
    elsewhere.said = {MAIN: 3 * DAY}
    assert answers(opened, now=NOW - timedelta(minutes=6)) == ["incomplete", "incomplete", "deny"]


def test_it_is_taken_up_by_a_gate_that_runs(opened: Gate, elsewhere: Elsewhere) -> None:
    before = opened.generation
    assert not opened.reload()
    elsewhere.said = {MAIN: 3 * DAY}
    assert opened.reload()
    assert opened.generation == before + 1
    assert not opened.reload()
    elsewhere.said = {MAIN: 0.0}
    assert opened.reload()
    assert answers(opened) == ["allow", "allow", "deny"]


# --- A person says that the clock is right


def test_a_person_may_say_that_the_clock_is_right(opened: Gate, elsewhere: Elsewhere, tmp_path: Path) -> None:
    """As for the other direction, in another process; what is accepted is how it is, and no more."""
    database = tmp_path / "gate.db"
    assert behind(database, NOW) == ""
    elsewhere.said = {MAIN: 3 * DAY}
    assert answers(opened) == ["allow", "incomplete", "deny"]
    opened.reload()
    assert "3 days ahead of what main says" in behind(database, NOW)
    accept(database, NOW)
    assert behind(database, NOW) == ""
    assert opened.reload(), "a firewall that runs takes it up"
    assert answers(opened) == ["allow", "allow", "deny"]
    again = Gate(opened._state[1], opened._seen, clock=Clock(), ahead=elsewhere)
    assert answers(again) == ["allow", "allow", "deny"], "and so does the next one"
    elsewhere.said = {MAIN: 3 * DAY + 11 * MINUTE}
    assert answers(opened) == ["allow", "incomplete", "deny"], "more than that was not accepted"


def test_what_was_accepted_ends_when_it_is_not_so_any_more(
    opened: Gate, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    elsewhere.said = {MAIN: 3 * DAY}
    opened.reload()
    accept(tmp_path / "gate.db", NOW)
    elsewhere.said = {MAIN: 0.0}
    assert answers(opened) == ["allow", "allow", "deny"]
    elsewhere.said = {MAIN: 3 * DAY}
    assert answers(opened) == ["allow", "incomplete", "deny"]


def test_a_time_that_is_ahead_is_not_written_down(tmp_path: Path, elsewhere: Elsewhere) -> None:
    """So nobody has to take it back when the clock has been corrected."""
    store: SeenStore = open_seen(tmp_path / "gate.db")
    clocks = Clocks(store, elsewhere)
    list(clocks.went_back([], NOW))
    elsewhere.said = {MAIN: 30 * DAY}
    list(clocks.went_back([], NOW + timedelta(days=30)))
    assert store.newest() == NOW
    elsewhere.said = {MAIN: 0.0}
    assert list(clocks.went_back([], NOW + timedelta(minutes=2))) == []
    store.close()


def test_a_store_that_fails_accepts_nothing(tmp_path: Path, elsewhere: Elsewhere) -> None:
    store = open_seen(tmp_path / "gate.db")
    clocks = Clocks(store, elsewhere)
    elsewhere.said = {MAIN: 3 * DAY}
    assert clocks.doubt(MAIN, NOW) is not None
    store.nothing_after(NOW)
    assert clocks.doubt(MAIN, NOW) is None
    store._connection.execute("DROP TABLE clock_ahead")
    assert clocks.doubt(MAIN, NOW) is not None
    store.close()
