"""What time it is elsewhere is taken from answers, and goes on by a clock that nobody can set."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.adapters.origins.dates import Dates, since_boot
from seawall.kernel.origin import Origin

ONE, TWO = Origin("npm", "one", "https://one.example/"), Origin("PyPI", "two", "https://two.example/")
KEY = ("npm", "one")


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Steady:
    now: float | None = 50.0

    def __call__(self) -> float | None:
        return self.now


def header(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


def made() -> tuple[Dates, Clock, Steady]:
    clock, steady = Clock(), Steady()
    return Dates(clock, steady), clock, steady


def test_how_far_this_clock_is_ahead_of_each() -> None:
    dates, clock, _ = made()
    assert dates.ahead(clock.now) == {}
    dates.heard(ONE, {"date": header(clock.now - 3_600)})
    dates.heard(TWO, {"date": header(clock.now + 60)})
    assert dates.ahead(clock.now) == {KEY: 3_600.0, ("PyPI", "two"): -60.0}
    dates.heard(ONE, {"date": header(clock.now)})
    assert dates.ahead(clock.now)[KEY] == 0.0, "the last answer counts"


def test_a_clock_that_is_set_is_noticed_without_another_answer() -> None:
    dates, clock, steady = made()
    dates.heard(ONE, {"date": header(clock.now)})
    clock.now += 7_200
    assert dates.ahead(clock.now)[KEY] == 7_200.0
    assert steady.now is not None
    steady.now += 7_200
    assert dates.ahead(clock.now)[KEY] == 0.0, "two hours went by"


def test_without_a_steady_clock_it_is_as_when_it_was_heard() -> None:
    dates, clock, steady = made()
    steady.now = None
    dates.heard(ONE, {"date": header(clock.now - 900)})
    assert dates.ahead(clock.now + 50_000)[KEY] == 900.0


def test_an_answer_from_a_cache_is_as_old_as_the_cache_says() -> None:
    dates, clock, _ = made()
    dates.heard(ONE, {"date": header(clock.now - 86_400), "age": "86400"})
    assert dates.ahead(clock.now)[KEY] == 0.0
    for age in ("-5", "x", "", "9" * 9, "٣"):
        dates.heard(ONE, {"date": header(clock.now - 1_000), "age": age})
        assert dates.ahead(clock.now)[KEY] == 1_000.0


@pytest.mark.parametrize(
    "text", ["", "now", "Mon, 99 Foo 2026 10:00:00 GMT", "Mon, 02 Nov 99999 10:00:00 GMT", "x" * 10_000]
)
def test_what_is_no_time_says_nothing(text: str) -> None:
    dates, clock, _ = made()
    dates.heard(ONE, {"date": text})
    dates.heard(ONE, {})
    assert dates.ahead(clock.now) == {}


@given(st.text(max_size=80), st.text(max_size=12))
def test_no_text_is_too_odd(text: str, age: str) -> None:
    dates, clock, _ = made()
    dates.heard(ONE, {"date": text, "age": age})
    assert all(isinstance(value, float) for value in dates.ahead(clock.now).values())


def test_this_machine_has_a_clock_that_nobody_sets_or_says_so() -> None:
    first = since_boot()
    assert first is None or first <= (since_boot() or 0.0)
