import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.comparing import line_of
from seawall.kernel.dist_tags import moved
from seawall.kernel.versions import order

AXIOS = ["0.30.2", "0.30.3", "0.30.4", "1.13.6", "1.14.0", "1.14.1"]
RANK = order("npm")


@pytest.mark.parametrize(
    ("tags", "held", "expected"),
    [
        # The axios day: each of the two lines falls back inside itself.
        (
            {"latest": "1.14.1", "legacy": "0.30.4"},
            ["1.14.1", "0.30.4"],
            {"latest": "1.14.0", "legacy": "0.30.3"},
        ),
        # A patch of an old line came last, as it did with verdaccio's filter: latest stays in its own.
        ({"latest": "1.14.1"}, ["1.14.1"], {"latest": "1.14.0"}),
        ({"latest": "1.14.0"}, ["1.14.1"], {"latest": "1.14.0"}),
        # The whole line is held back: the next one below, never one above.
        ({"latest": "1.14.1"}, ["1.13.6", "1.14.0", "1.14.1"], {"latest": "0.30.4"}),
        ({"latest": "0.30.2", "legacy": "0.30.2"}, ["0.30.2"], {}),
        ({"legacy": "0.30.4"}, ["0.30.2", "0.30.3", "0.30.4"], {}),
        ({"latest": "9.9.9"}, [], {"latest": "1.14.1"}),
        ({"latest": "none", "x": 7, "y": None}, [], {}),
    ],
)
def test_tags_move_down_inside_their_line(
    tags: dict[str, object], held: list[str], expected: dict[str, str]
) -> None:
    assert moved(tags, [v for v in AXIOS if v not in held], ()) == expected


def test_channels_of_prereleases() -> None:
    there = ["1.9.0", "2.0.0-alpha.9", "2.0.0-beta.1", "2.0.0-beta.2", "2.0.0-next.1", "3.0.0-beta.0"]
    assert moved({"beta": "2.0.0-beta.3"}, there, ()) == {"beta": "2.0.0-beta.2"}
    assert moved({"rc": "2.0.0-rc.1"}, there, ()) == {}
    assert moved({"next": "2.0.0-0"}, ["2.0.0-alpha"], ()) == {}
    assert moved({"canary": "0.0.0-canary-20260102"}, ["0.0.0-canary-20260101", "0.0.0-x"], ()) == {
        "canary": "0.0.0-canary-20260101"
    }


def test_latest_never_goes_from_a_release_to_a_prerelease() -> None:
    assert moved({"latest": "1.0.0"}, ["1.0.0-rc.1"], ()) == {}
    assert moved({"latest": "1.0.0-rc.2"}, ["1.0.0-rc.1", "0.9.0"], ()) == {"latest": "1.0.0-rc.1"}
    assert moved({"latest": "1.0.0-rc.2"}, ["0.9.0"], ()) == {"latest": "0.9.0"}


def test_old_prereleases_lack_the_hyphen() -> None:
    assert moved({"latest": "1.0.0"}, ["1.0.0beta2", "0.9.0"], ()) == {"latest": "0.9.0"}
    assert moved({"next": "1.0.0rc2"}, ["1.0.0beta2", "1.0.0rc"], ()) == {"next": "1.0.0rc"}


def test_a_deprecated_release_comes_last_in_its_line_only() -> None:
    assert moved({"latest": "1.3.0"}, ["1.1.0", "1.2.0"], ["1.2.0"]) == {"latest": "1.1.0"}
    assert moved({"latest": "1.3.0"}, ["0.9.0", "1.2.0"], ["1.2.0"]) == {"latest": "1.2.0"}
    assert moved({"latest": "1.2.0"}, ["1.1.0", "1.2.0"], ["1.2.0"]) == {"latest": "1.2.0"}


VERSIONS = st.builds(
    lambda a, b, c, pre: f"{a}.{b}.{c}{pre}",
    *[st.integers(0, 3)] * 3,
    st.sampled_from(["", "", "-beta.1", "-beta.2", "-rc.1"]),
)


@given(
    st.dictionaries(st.sampled_from(["latest", "next", "legacy"]), VERSIONS), st.sets(VERSIONS, max_size=12)
)
def test_a_tag_names_what_is_let_in_and_never_goes_up(tags: dict[str, str], allowed: set[str]) -> None:
    for tag, version in moved(tags, allowed, ()).items():
        assert version in allowed
        assert RANK(version) <= RANK(tags[tag])
        if tags[tag] in allowed:
            assert version == tags[tag]
        if tag != "latest":
            assert line_of(version) == line_of(tags[tag])
