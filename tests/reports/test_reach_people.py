"""People and needless grants are told in text, JSON and HTML, and nothing in a file acts on a reader."""

import json

from seawall.kernel.reach.edge import Place, PlaceKind, Reach
from seawall.kernel.reach.hands import Approval, FileHands, Grant, PlaceHands, StartHands
from seawall.reports import reach_html, reach_json, reach_people

FILE = ".github/workflows/w.yml"
ID = f"{FILE}#build"
HANDS = PlaceHands(
    ID,
    (
        FileHands(FILE, "workflow", ("@acme/release-team",), "", "demanded on main", "CODEOWNERS", 3),
        FileHands("b.sh", "script", None, "no line of CODEOWNERS is meant for it"),
        FileHands("c.sh", "script", (), "", "", "CODEOWNERS", 4),
        FileHands("d\x1b[2J\u202e.sh", "script", ("@dev-one",), "", "", "CODEOWNERS", 5),
    ),
    Approval("npm", why="no file of the tree tells its reviewers"),
    (StartHands("push", "who can push"), StartHands("issues", "anybody who opens an issue", strangers=True)),
)
GRANTS = (
    Grant(ID, "permission", "packages:write", "unneeded", "no step uses packages", FILE, 7),
    Grant(ID, "secret", "KEY", "not known", "`pytest` in line 9 may read KEY", FILE, 8),
)
REACH = Reach((Place(ID, PlaceKind.JOB, FILE, "build"),), people=(HANDS,), unneeded=GRANTS)


def test_the_text_tells_who_and_says_what_is_not_known() -> None:
    text = reach_people.render(REACH, full=False, width=100)
    lines = [line.strip() for line in text.splitlines()]
    assert lines[1] == "w.yml › build"
    assert f"changed by  {FILE}: @acme/release-team · CODEOWNERS:3" in lines
    assert "b.sh: not known (no line of CODEOWNERS is meant for it)" in lines
    assert "c.sh: no owner is named · CODEOWNERS:4" in lines
    assert "reviewed    a code owner's review: demanded on main" in lines
    assert "approved by environment npm: not known (no file of the tree tells its reviewers)" in lines
    assert "started by  push: who can push (who that is: not known)" in lines
    assert "issues: anybody who opens an issue" in lines
    assert f"w.yml › build: permission packages:write: no step uses packages · {FILE}:7" in lines
    assert "whether 1 more is needed is not known: --all" in lines
    assert "nobody" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_everything_is_told_when_it_is_asked_for_and_plainly_where_a_terminal_is_plain() -> None:
    text = reach_people.render(REACH, full=True, width=100, unicode=False)
    assert "not known: w.yml > build: secret KEY" in text
    assert text.isascii()


def test_the_document_has_both_keys_only_when_asked() -> None:
    found = json.loads(reach_json.render(REACH))
    (place,) = found["people"]
    assert place["place"] == ID
    assert place["changes"][0] == {
        "path": FILE, "what": "workflow", "owners": ["@acme/release-team"], "why": None,
        "review": "demanded on main", "evidence": {"path": "CODEOWNERS", "line": 3},
    }  # fmt: skip
    assert [one["owners"] for one in place["changes"][1:3]] == [None, []]
    assert place["approval"]["who"] is None
    assert [one["strangers"] for one in place["starts"]] == [False, True]
    assert [one["state"] for one in found["unneeded"]] == ["unneeded", "not known"]
    assert not {"people", "unneeded"} & set(json.loads(reach_json.render(Reach(REACH.places))))
    assert json.loads(reach_json.render(Reach(people=(HANDS,), unneeded=GRANTS)))["people"] == []


def test_the_page_holds_them_as_data_only() -> None:
    page = reach_html.render(REACH, ".")
    assert '"people": [{"place"' in page
    assert 'id="people" hidden' in page
    assert "\x1b" not in page
    assert "\u202e" not in page
