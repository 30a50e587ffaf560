"""All releases at once give what each gives alone, and the time grows with their number only."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.compared import facts_of_all
from seawall.kernel.comparing import facts_of
from seawall.kernel.release import Listed, Listing
from seawall.kernel.versions import order

START = datetime(2026, 1, 1, tzinfo=UTC)

numbers = st.integers(0, 3)
semantic = st.builds(
    lambda a, b, c, end: f"{a}.{b}.{c}{end}",
    numbers,
    numbers,
    numbers,
    st.sampled_from(["", "", "", "-rc.1", "+build", "-0"]),
)
pep440 = st.builds(
    lambda a, b, end: f"{a}.{b}{end}", numbers, numbers, st.sampled_from(["", ".0", "rc1", ".dev1", "odd!"])
)


def listed(version: str) -> st.SearchStrategy[Listed]:
    times = st.one_of(st.none(), st.integers(0, 40).map(lambda d: START + timedelta(days=d / 2)))
    return st.builds(
        Listed,
        st.just(version),
        published=times,
        publisher=st.sampled_from([None, "", "ann", "bob", "cy"]),
        pipeline=st.sampled_from([None, None, "x/1", "x/2"]),
        provenance=st.sampled_from([None, True, False]),
        yanked=st.sampled_from([None, None, "broken"]),
        install_script=st.sampled_from([None, True, False]),
        dependencies=st.sampled_from([None, (), (("a", "^1"),), (("a", "^1"), ("b", "git+x"))]),
        last_file=times,
    )


@given(st.lists(semantic.flatmap(listed), max_size=25), st.booleans())
def test_semantic_releases_compared_at_once_are_as_compared_alone(items: list[Listed], dated: bool) -> None:
    listing = Listing("npm", "name", tuple(items), START if dated else None)
    check(listing)


@given(st.lists(pep440.flatmap(listed), max_size=25))
def test_python_releases_compared_at_once_are_as_compared_alone(items: list[Listed]) -> None:
    check(Listing("PyPI", "name", tuple(items)))


def check(listing: Listing) -> None:
    ages = {"a": START}
    found = facts_of_all(listing, order(listing.ecosystem), ages, "registry.example")
    assert set(found) == {item.version for item in listing.releases}
    for version, facts in found.items():
        assert facts == facts_of(listing, version, order(listing.ecosystem), ages, "registry.example")


def test_many_releases_that_never_settle_do_not_keep_a_gate_busy() -> None:
    """All on one day, each its own line: the search for the one before would look at all of them."""
    items = tuple(
        Listed(f"0.{n}.0", START + timedelta(seconds=n), publisher=f"p{n % 7}") for n in range(8_000)
    )
    listing = Listing("npm", "name", items)
    begun = time.process_time()
    found = facts_of_all(listing, order("npm"), {}, "")
    assert time.process_time() - begun < 5
    assert found["0.7999.0"].previous == "0.7998.0"
    some = replace(listing, releases=items[:40])
    assert facts_of_all(some, order("npm"), {}, "")["0.39.0"] == facts_of(
        some, "0.39.0", order("npm"), {}, ""
    )
