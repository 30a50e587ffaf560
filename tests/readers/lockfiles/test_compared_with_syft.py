"""The same packages as syft in every public lockfile, and every difference is written down with its reason."""

import pytest

import compare_syft
from compare_syft import Case, Pair

CASES = compare_syft.cases()
KNOWN = compare_syft.differences()


def said(value: object) -> object:
    return sorted(value) if isinstance(value, list) else value


def names(pairs: frozenset[Pair], known: object) -> object:
    """As `differences.toml` writes them."""
    return len(pairs) if isinstance(known, int) else sorted(f"{name} {version}" for name, version in pairs)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_only_known_differences(case: Case) -> None:
    mine = compare_syft.ours(case)
    known = KNOWN.get(case.name, {})
    for key, pairs in (("only_ours", mine - case.listed), ("only_theirs", case.listed - mine)):
        assert names(pairs, known.get(key)) == said(known.get(key, []))
    assert bool(known) == (mine != case.listed)
    assert not known or known["why"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_real_file_is_no_problem(case: Case) -> None:
    problems = [str(p.kind) for document in compare_syft.documents(case) for p in document.problems]
    assert not problems


def test_the_page_is_true() -> None:
    assert compare_syft.PAGE.read_text() == compare_syft.page(), "run: python tests/compare_syft.py --write"
