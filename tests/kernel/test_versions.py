import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.advisory import VersionRange
from seawall.kernel.versions import has_order, in_range, is_listed, lowest_fixed, order

NUMBERS = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda n: ".".join(map(str, n)))
BEFORE = st.lists(st.sampled_from(["alpha", "beta", "rc", "0", "1", "11", "2", "a-b"]), max_size=3)
SEMANTIC = st.builds(
    lambda v, n, b, m: v + n + ("-" + ".".join(b) if b else "") + m,
    st.sampled_from(["", "v"]),
    NUMBERS,
    BEFORE,
    st.sampled_from(["", "+build", "+incompatible"]),
)
PYPI = st.builds(
    "{}{}{}".format,
    NUMBERS,
    st.sampled_from(["", "a1", "b2", "rc1", ".post1", "+local.1"]),
    st.sampled_from(["", ".dev1"]),
).filter(lambda v: "+" not in v or ".dev" not in v)
VERSIONS = {"npm": SEMANTIC, "Go": SEMANTIC, "PyPI": PYPI}


@pytest.mark.parametrize("ecosystem", VERSIONS)
def test_the_order_is_total_and_transitive(ecosystem: str) -> None:
    @given(st.lists(VERSIONS[ecosystem], min_size=3, max_size=3))
    def holds(versions: list[str]) -> None:
        a, b, c = (order(ecosystem)(version) for version in versions)
        assert None not in (a, b, c)
        assert (a < b) + (a == b) + (a > b) == 1
        if a <= b <= c:
            assert a <= c

    holds()


@given(st.text(max_size=30))
def test_nothing_makes_it_raise(text: str) -> None:
    for ecosystem in ("npm", "PyPI", "Go", "Maven", ""):
        place = order(ecosystem)(text)
        assert place is None or place == order(ecosystem)(text)


@pytest.mark.parametrize(
    "text", ["1" * 5000, "1." * 5000, "-", "v", "9" * 200 + ".1", "1.0.0-" + "a." * 5000, "\0"]
)
def test_hostile_versions(text: str) -> None:
    for ecosystem in ("npm", "PyPI"):
        order(ecosystem)(text)


SORTED = {
    # Semantic Versioning 2.0, item 11, and what registries hold besides.
    "npm": "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 "
    "1.0.0 1.2 1.2.3beta 1.2.3 1.2.3.4 1.2.3.5 1.2.04 1.10.0 2.0.0",
    "Go": "v0.0.0-20190101000000-abcdefabcdef v0.0.0-20210101000000-abcdefabcdef v0.1.0 "
    "v1.0.1-0.20200101000000-aaaaaaaaaaaa v1.0.1 v2.0.0+incompatible v2.0.1",
    "PyPI": "1.0.dev1 1.0a1 1.0a2 1.0b1 1.0rc1 1.0 1.0.post1 1.1 1.10 1!0.1",
}


@pytest.mark.parametrize("ecosystem", SORTED)
def test_known_orders(ecosystem: str) -> None:
    rank = order(ecosystem)
    places: list[Any] = [rank(text) for text in SORTED[ecosystem].split()]
    assert all(a < b for a, b in itertools.pairwise(places))


@pytest.mark.parametrize(
    ("ecosystem", "one", "other"),
    [
        ("PyPI", "1.0", "1.0.0"),
        ("PyPI", "1.0-1", "1.0.post1"),
        ("Go", "v1.2.3", "1.2.3"),
        ("Go", "v2.0.0+incompatible", "2.0.0"),
        ("npm", "=1.2.3", "1.2.3"),
    ],
)
def test_two_spellings_of_one_version(ecosystem: str, one: str, other: str) -> None:
    assert order(ecosystem)(one) == order(ecosystem)(other)
    assert is_listed(ecosystem, one, (other,))
    assert is_listed(ecosystem, other, ("0.1", one))
    assert not is_listed(ecosystem, other, ("0.1",))


@pytest.mark.parametrize("text", ["", "latest", "1.x", "file:../a", "0.0.0.RELEASE", "workspace:*", "①.0.0"])
def test_what_is_no_version_has_no_place(text: str) -> None:
    assert order("npm")(text) is None


def test_no_order_is_guessed() -> None:
    for ecosystem in ("Maven", "NuGet", "RubyGems", "Pub", "Debian:12", "conda"):
        assert not has_order(ecosystem)
        assert order(ecosystem)("1.0.0") is None
        assert is_listed(ecosystem, "1.0", ("1.0",))
        assert not is_listed(ecosystem, "1.0", ("1.0.0",))


def events(*pairs: tuple[str, str], kind: str = "SEMVER") -> VersionRange:
    return VersionRange(kind, pairs)


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        (events(("introduced", "0"), ("fixed", "1.2.0")), "0.0.1 1.1.9 1.2.0-rc.1", "1.2.0 2.0.0"),
        (events(("introduced", "1.0.0"), ("last_affected", "1.2.0")), "1.0.0 1.2.0", "0.9.0 1.2.1"),
        (events(("fixed", "2.0.0"), ("introduced", "1.0.0")), "1.0.0 1.9.9", "0.9.9 2.0.0"),
        (events(("introduced", "1.0.0"), ("fixed", "1.1.0"), ("introduced", "1.1.0"), ("fixed", "1.2.0")),
         "1.0.0 1.1.0 1.1.5", "1.2.0"),
        (events(("introduced", "2.0.0"), ("fixed", "2.0.0")), "", "1.0.0 2.0.0 3.0.0"),
        (events(("introduced", "0"), ("limit", "2.0.0")), "1.0.0", "2.0.0 3.0.0"),
        (events(("introduced", "0"), ("limit", "1.0.0"), ("limit", "2.0.0")), "0.5.0 1.5.0", "2.0.0"),
        (events(("introduced", "0")), "0.0.0-0 1.0.0", ""),
        (events(("introduced", "1.2.3.4"), ("fixed", "1.2.3.6")), "1.2.3.5", "1.2.3 1.2.3.6"),
    ],
)  # fmt: skip
def test_ranges(bounds: VersionRange, inside: str, outside: str) -> None:
    rank = order("npm")
    assert [v for v in inside.split() if in_range(bounds, v, rank) is not True] == []
    assert [v for v in outside.split() if in_range(bounds, v, rank) is not False] == []


def test_what_cannot_be_known_is_not_no() -> None:
    bounded = events(("introduced", "0"), ("fixed", "1.0.0"))
    assert in_range(bounded, "not a version", order("npm")) is None
    assert in_range(bounded, "1.0", order("Maven")) is None
    assert in_range(events(("introduced", "0"), ("fixed", "soon")), "1.0.0", order("npm")) is None
    assert in_range(events(("introduced", "0"), ("fixed", "1"), kind="NEW"), "1.0.0", order("npm")) is None
    assert in_range(events(("introduced", "0")), "not a version", order("Maven")) is True


@pytest.mark.parametrize(
    ("fixed", "version", "expected"),
    [
        ("1.5.0 2.3.0 1.4.9", "1.2.0", "1.4.9"),
        ("2.3.0 3.0.0", "1.2.0", "2.3.0"),
        ("0.2.5 0.3.1", "0.3.0", "0.3.1"),
        ("0.2.5 1.0.0", "0.3.0", "1.0.0"),
        ("1.0.0", "1.0.0", ""),
        ("", "1.0.0", ""),
        ("soon 1.1.0", "1.0.0", "1.1.0"),
        ("1.1.0", "not a version", ""),
    ],
)
def test_the_lowest_fixed_version_of_the_line_in_use(fixed: str, version: str, expected: str) -> None:
    assert lowest_fixed(fixed.split(), version, order("npm")) == expected
