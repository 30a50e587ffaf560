"""Real situations, worked out by hand from the reach rules before the tool was asked, and what it says of them.

`expected.toml` of a case: `tokens` are the permissions of each job whose token is worth something; each `reach`
is a row of code items (`NAME (pin)`, `NAME:LINE (pin)` where a name stands twice in a job) that get at the same
targets, as surely. Nothing else may be in reach of anything, and no other code may be there. `never` is what one
could think is in reach, and why it is not.
"""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from seawall.kernel.code import Code
from seawall.kernel.reach.edge import Reach, Target
from seawall.reach import of_tree

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/expected.toml"))
WORKFLOWS = ".github/workflows/"
SURE = ("certain", "strong", "conditional", "bound", "integrity")
Row = tuple[str, str]
"""A place and a code item."""


@pytest.fixture(scope="module")
def found() -> dict[str, Reach]:
    return {case.name: of_tree(case / "tree") for case in CASES}


def expected(case: Path) -> dict[str, Any]:
    return tomllib.loads((case / "expected.toml").read_text())


def short(place: str) -> str:
    return place.removeprefix(WORKFLOWS)


def target_words(target: Target) -> str:
    if target.kind == "token":
        return "token"
    if target.kind == "oidc":
        return "oidc"
    environment = target.scope.removeprefix("environment:")
    return f"{target.kind} {target.name}" + (f"@{environment}" if environment != target.scope else "")


def labels(reach: Reach) -> dict[tuple[str, Code], str]:
    """How the expectation names each code item."""
    names = Counter((place, code.name) for place, code in reach.codes)
    return {
        (place, code): f"{code.name}{f':{code.line}' if names[place, code.name] > 1 else ''} ({code.pin})"
        for place, code in reach.codes
    }


def told(reach: Reach) -> dict[Row, dict[str, str]]:
    """Of every code item, what is in its reach and how surely."""
    names = labels(reach)
    rows: dict[Row, dict[str, str]] = {(short(place), name): {} for (place, _), name in names.items()}
    for edge in reach.edges:
        row = rows[short(edge.place), names[edge.place, edge.code]]
        assert target_words(edge.target) not in row, "two edges to one target"
        row[target_words(edge.target)] = str(edge.confidence)
    return rows


def wanted(text: dict[str, Any]) -> dict[Row, dict[str, str]]:
    rows: dict[Row, dict[str, str]] = {}
    for item in text["reach"]:
        for who in item["who"]:
            assert (item["place"], who) not in rows, f"{who} stands twice"
            rows[item["place"], who] = {what: sure for sure in SURE for what in item.get(sure, ())}
    return rows


def differences(case: Path, reach: Reach) -> list[str]:
    """In words, what is said too much, too little or otherwise than it was worked out."""
    mine, tools = wanted(expected(case)), told(reach)
    out = [f"{place} {who}: not found" for place, who in mine.keys() - tools.keys()]
    out += [
        f"{place} {who}: was not expected: {tools[place, who]}" for place, who in tools.keys() - mine.keys()
    ]
    for row in mine.keys() & tools.keys():
        for what in mine[row].keys() | tools[row].keys():
            one, other = mine[row].get(what, "nothing"), tools[row].get(what, "nothing")
            if one != other:
                out.append(f"{row[0]} {row[1]}: {what} is {other}, by hand {one}")
    return sorted(out)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_in_reach_is_what_was_worked_out_by_hand(case: Path, found: dict[str, Reach]) -> None:
    assert not differences(case, found[case.name])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_tokens_may_do_what_was_worked_out_by_hand(case: Path, found: dict[str, Reach]) -> None:
    edges = found[case.name].edges
    scopes = {(short(edge.place), edge.target.scope) for edge in edges if edge.target.kind == "token"}
    assert scopes == set(expected(case)["tokens"].items())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_was_ruled_out_is_out_of_reach(case: Path, found: dict[str, Reach]) -> None:
    reached = {(short(edge.place), target_words(edge.target)) for edge in found[case.name].edges}
    for never in expected(case).get("never", ()):
        assert never["why"]
        assert (never["place"], never["what"]) not in reached


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_everything_is_read(case: Path, found: dict[str, Reach]) -> None:
    assert [item.reason for item in found[case.name].skipped] == expected(case).get("skipped", [])


def test_there_are_twenty_of_them() -> None:
    assert len(CASES) >= 20
    assert all({"about", "seen", "tokens", "reach"} <= expected(case).keys() for case in CASES)


def test_a_wrong_expectation_is_told(found: dict[str, Reach]) -> None:
    """The comparison can fail, in every direction."""
    one, other = CASES[0], CASES[3]
    told_ = differences(one, found[other.name])
    assert any("not found" in line for line in told_)
    assert any("was not expected" in line for line in told_)
