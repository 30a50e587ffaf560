"""Reach is told in four forms, and nothing that was found can break out of any of them."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import jsonschema
import pytest
from tests.reports.reach_sample import HOSTILE, NOTARY, SIGN, graph

from seawall.kernel.finding import Skipped
from seawall.kernel.reach.asked import asked, unknown
from seawall.kernel.reach.edge import Place, PlaceKind, Reach, Target, TargetKind
from seawall.reports import reach_html, reach_json, reach_machine, reach_mermaid, reach_text
from seawall.reports.reach_text import Look

PINS = ["sha", "hash", "lockfile", "version", "tag", "branch", "range", "floating", "none"]
KINDS = ["secret", "token", "oidc", "signing", "artifact", "cache", "release", "credential"]
SCHEMA = {
    "type": "object",
    "required": ["schema", "places", "edges", "skipped"],
    "properties": {
        "schema": {"const": "seawall/reach/1"},
        "places": {"items": {"required": ["id", "kind", "file", "job", "environment"]}},
        "edges": {
            "items": {
                "required": ["code", "place", "target", "rules", "confidence", "condition", "since", "until", "commit", "evidence"],
                "properties": {
                    "code": {
                        "required": ["kind", "name", "pin", "step", "line"],
                        "properties": {"pin": {"enum": PINS}},
                    },
                    "target": {
                        "required": ["id", "kind", "name", "scope"],
                        "properties": {"kind": {"enum": KINDS}},
                    },
                    "rules": {"items": {"pattern": "^R[0-9]+'?$"}, "minItems": 1},
                    "condition": {"type": ["string", "null"]},
                    "evidence": {"items": {"required": ["path", "line"]}},
                },
            }
        },
    },
}  # fmt: skip


def test_the_json_has_the_stated_shape_and_stays_ascii() -> None:
    text = reach_json.render(graph())
    found = json.loads(text)
    jsonschema.validate(found, SCHEMA)
    assert text.isascii()
    assert found["edges"][0]["target"]["name"] == "APPLE_NOTARY_KEY"
    assert found["edges"][0]["condition"] is None
    assert found["edges"][3]["target"]["name"] == HOSTILE


def test_the_text_says_the_worst_and_its_cut_first() -> None:
    lines = reach_text.render(graph(), Look(), "here").splitlines()
    assert lines[0] == (
        "here: 2 places where code runs, 2 items of third-party code, 4 things in reach of it"
    )
    assert lines[2].startswith(
        "worst: APPLE_NOTARY_KEY (certain) by npm install (floating) in release.yml › sign"
    )
    assert lines[3] == "  cut: move `npm install` into a job of its own · release.yml:24"
    table = [line for line in lines if line.startswith("  APPLE_NOTARY_KEY")]
    assert table
    assert re.search(r"certain +npm install \(floating\) :24$", table[0])
    assert any("not looked at: ci.yml: line 3: not YAML (mend it)" in line for line in lines)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("width", [60, 110])
def test_no_line_of_text_is_longer_than_the_screen_or_acts_on_it(full: bool, width: int) -> None:
    text = reach_text.render(graph(), Look(full=full, width=width), "here")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert all(len(line) <= width for line in text.splitlines()[1:])


def test_what_is_plain_ascii_stays_plain() -> None:
    assert reach_text.render(graph(), Look(unicode=False), "här").isascii()


def test_an_empty_graph_is_said_in_words() -> None:
    assert "no credential, identity or release is in reach" in reach_text.render(
        Reach((Place("p", PlaceKind.JOB, "f"),)), Look()
    )


def test_colours_only_where_they_are_asked_for() -> None:
    assert "\x1b[31;1mcertain" in reach_text.render(graph(), Look(color=True))


def test_a_question_narrows_to_code_or_credential() -> None:
    found = asked(graph(), "axios", "")
    assert {edge.code.name for edge in found.edges} == {"npm install"}
    assert {place.id for place in found.places} == {SIGN}
    assert [edge.target for edge in asked(graph(), "", "apple_*").edges] == [NOTARY]
    assert [edge.target.name for edge in asked(graph(), "", "token/GITHUB_TOKEN").edges] == ["GITHUB_TOKEN"]
    assert asked(graph(), "nobody", "").edges == ()
    assert asked(graph(), "", "") == graph()


def test_whoever_gets_every_secret_gets_the_one_that_is_asked_for() -> None:
    edge = graph().edges[0]
    every = replace(edge, target=replace(edge.target, name="*"))
    assert asked(Reach(edges=(every,)), "", "ANY_NAME").edges == (every,)


def test_mermaid_labels_cannot_end_early() -> None:
    chart = reach_mermaid.render(graph())
    assert chart.startswith("flowchart LR\n")
    assert chart.count("subgraph") == chart.count("\n  end") == 2
    for line in chart.splitlines():
        assert line.count('"') % 2 == 0
        assert "<" not in line.replace("-.->", "")
        assert "\x1b" not in line


def test_mermaid_says_when_not_everything_is_drawn() -> None:
    many = replace(graph(), edges=graph().edges[:1] * (reach_mermaid.MOST + 1))
    assert f"%% the worst {reach_mermaid.MOST} of {reach_mermaid.MOST + 1} edges" in reach_mermaid.render(
        many
    )


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script":
            self.scripts[-1] += data


def test_the_page_asks_nobody_and_nothing_found_becomes_markup() -> None:
    page = reach_html.render(graph(), '"><img src=x>')
    parsed = _Page()
    parsed.feed(page)
    names = [name for name, _ in parsed.tags]
    assert names.count("script") == 2
    assert "img" not in names
    assert "b" not in names
    assert not any(attribute in given for _, given in parsed.tags for attribute in ("src", "href", "onclick"))
    policy = next(g["content"] for n, g in parsed.tags if n == "meta" and g.get("http-equiv"))
    assert policy
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    data = json.loads(parsed.scripts[0])
    assert data["graph"]["schema"] == "seawall/reach/1"
    assert "\\u{202e}" in data["graph"]["edges"][3]["target"]["name"]


def test_what_is_missing_stands_before_the_answer() -> None:
    unread = Skipped("the scripts in 2 files", "the grammar is not installed", "pip install x", required=True)
    text = reach_text.render(replace(graph(), skipped=(unread,)), Look(width=60))
    assert text.index("not the whole answer") < text.index("worst:")
    assert "were not read (the grammar is not installed): pip install x" in " ".join(text.split())


def test_every_line_is_as_wide_as_the_terminal() -> None:
    other = Skipped("reach", "a " * 100)
    for full in (False, True):
        text = reach_text.render(replace(graph(), skipped=(other,)), Look(width=60, full=full), "x" * 40)
        assert max(map(len, text.split("\n"))) <= 60


def test_where_nothing_says_what_runs_that_is_said() -> None:
    assert "nothing here says what runs" in reach_text.render(Reach(), Look(width=200))


def test_no_name_is_a_setting_of_the_picture() -> None:
    name = "%%{init: {'theme': 'dark'}}%%"
    edge = replace(graph().edges[0], target=Target(TargetKind.SECRET, name, "repository", 90))
    assert "%%{" not in reach_mermaid.render(replace(graph(), edges=(edge,)))


def test_a_long_name_of_a_place_keeps_within_the_terminal() -> None:
    long = f"{SIGN}{'x' * 90}"
    found = replace(
        graph(),
        edges=(replace(graph().edges[0], place=long),),
        places=(replace(graph().places[0], id=long),),
    )
    text = reach_text.render(found, Look(width=60))
    assert max(map(len, text.split("\n"))) <= 60


def test_the_first_line_about_a_machine_keeps_within_the_terminal() -> None:
    text = reach_machine.render(graph(), Look(width=60), "~", datetime(2026, 11, 25, tzinfo=UTC))
    assert text.startswith("~: 0 credentials (named, never read out)")
    assert max(map(len, text.split("\n")[:3])) <= 60


def test_a_name_that_is_not_there_is_told_from_one_out_of_reach() -> None:
    assert unknown(graph(), "", "APPLE_NOTARY_KY") == (
        "nothing in reach here is named 'APPLE_NOTARY_KY'; there is APPLE_NOTARY_KEY …",
    )
    (said,) = unknown(replace(graph(), codes=((SIGN, graph().edges[0].code),)), "npn install", "")
    assert said == "no code of others is named 'npn install' here; there is npm install"
    assert unknown(graph(), "", "apple_*") == unknown(graph(), "", "") == ()
    assert unknown(Reach(), "x", "y") == (
        "no code of others is named 'x' here",
        "nothing in reach here is named 'y'",
    )
