"""Where there is a list, what it does not name is not allowed; and no list widens another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.allowed import Publishers, name_allowed, named, publisher_allowed

names = st.text("ab/@-.*", max_size=6)
assets = st.tuples(st.sampled_from(["npm", "PyPI"]), names)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("pkg:npm/left-pad", ("npm", "left-pad")),
        ("pkg:npm/@acme/*", ("npm", "@acme/*")),
        ("pkg:npm/%40acme/a", ("npm", "@acme/a")),
        ("pkg:pypi/Zope.Interface", ("PyPI", "zope-interface")),
        ("pkg:pypi/acme_*", ("PyPI", "acme-*")),
        ("pkg:pypi/*", ("PyPI", "*")),
        ("pkg:maven/org.example/a", ("Maven", "org.example:a")),
        ("pkg:golang/example.org/a/b", ("Go", "example.org/a/b")),
    ],
)
def test_a_name_is_written_as_a_purl(text: str, meant: tuple[str, str]) -> None:
    assert named(text) == meant


@pytest.mark.parametrize(
    "text",
    ["", "left-pad", "pkg:npm/", "pkg:nowhere/a", "pkg:npm/a@1.0.0", "pkg:npm/@acme/a@1", "pkg:npm/*a",
     "pkg:npm/a*b", "pkg:npm/a?x=1", "pkg:npm/a b"],
)  # fmt: skip
def test_what_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"pkg:npm/left-pad|no version"):
        named(text)


def test_a_list_of_models_would_do_nothing_so_it_is_refused() -> None:
    with pytest.raises(ValueError, match="models and datasets"):
        named("pkg:huggingface/acme/*")


def test_names() -> None:
    lists = ((named("pkg:npm/@acme/*"), named("pkg:pypi/requests")),)
    assert name_allowed(lists, "npm", "@acme/a") is True
    assert name_allowed(lists, "npm", "@acmes/a") is False
    assert name_allowed(lists, "PyPI", "Requests") is True
    assert name_allowed(lists, "npm", "requests") is False
    assert name_allowed((), "npm", "requests") is None
    assert name_allowed(((),), "npm", "requests") is False


def test_publishers() -> None:
    lists = (Publishers(named("pkg:npm/@acme/*"), ("ann", "github/*")),)
    assert publisher_allowed(lists, "npm", "@acme/a", "ann") is True
    assert publisher_allowed(lists, "npm", "@acme/a", "anna") is False
    assert publisher_allowed(lists, "npm", "@acme/a", "github/oidc:1") is True
    assert publisher_allowed(lists, "npm", "other", "mallory") is None
    everybody = (Publishers(named("pkg:npm/a"), ("*",)),)
    assert publisher_allowed(everybody, "npm", "a", "mallory") is True
    for nobody in (None, ""):
        assert publisher_allowed(everybody, "npm", "a", nobody) is False


@given(st.lists(st.lists(assets, max_size=3).map(tuple), max_size=3), assets, st.lists(assets, max_size=3))
def test_one_more_list_of_names_only_narrows(
    lists: list[tuple[tuple[str, str], ...]], asked: tuple[str, str], more: list[tuple[str, str]]
) -> None:
    before, after = name_allowed(lists, *asked), name_allowed([*lists, tuple(more)], *asked)
    assert after is not None
    assert not (before is False and after)


@given(
    st.lists(st.builds(Publishers, assets, st.lists(names, max_size=3).map(tuple)), max_size=3),
    st.builds(Publishers, assets, st.lists(names, max_size=3).map(tuple)),
    assets,
    names,
)
def test_one_more_list_of_publishers_only_narrows(
    lists: list[Publishers], more: Publishers, asked: tuple[str, str], who: str
) -> None:
    before, after = publisher_allowed(lists, *asked, who), publisher_allowed([*lists, more], *asked, who)
    assert not (before is not None and after is None)
    assert not (before is False and after)
