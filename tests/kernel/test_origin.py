"""Whom to ask for a name: its owner alone, else everybody in order."""

import pytest

from seawall.kernel.origin import Origin, owned, route

ONE = Origin("npm", "one", "https://one.example/", owns=("@acme/*", "acme-*"))
TWO = Origin("npm", "two", "https://two.example/", owns=("@acme/public-*", "@acme/exact"))
OPEN = Origin("npm", "open", "https://open.example/")
PYPI = Origin("PyPI", "index", "https://index.example/simple/", owns=("Acme.Tools", "acme-*"))
ALL = (ONE, TWO, OPEN, PYPI)


@pytest.mark.parametrize(
    ("ecosystem", "name", "expected"),
    [
        ("npm", "left-pad", ["one", "two", "open"]),
        ("npm", "@acme/x", ["one"]),
        ("npm", "@acme/public-x", ["two"]),
        ("npm", "@acme/exact", ["two"]),
        ("npm", "acme-x", ["one"]),
        ("npm", "@Acme/x", ["one", "two", "open"]),
        ("npm", "@acme-evil/x", ["one", "two", "open"]),
        ("PyPI", "acme_tools", ["index"]),
        ("PyPI", "ACME.x", ["index"]),
        ("PyPI", "requests", ["index"]),
        ("Hugging Face", "acme/x", []),
    ],
)
def test_route(ecosystem: str, name: str, expected: list[str]) -> None:
    assert [item.name for item in route(ecosystem, name, ALL)] == expected


def test_the_first_of_two_equal_claims_wins() -> None:
    other = Origin("npm", "other", "https://other.example/", owns=("@acme/*",))
    assert route("npm", "@acme/x", (other, ONE))[0].name == "other"
    assert route("npm", "@acme/x", (ONE, other))[0].name == "one"


def test_owned() -> None:
    assert owned("npm", "@acme/x", ALL)
    assert owned("PyPI", "Acme_Tools", ALL)
    assert not owned("npm", "left-pad", ALL)
    assert not owned("PyPI", "@acme/x", ALL)
