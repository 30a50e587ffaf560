"""JSON with comments: what it accepts, what it refuses, and at which line."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.syntax import jsonc
from seawall.readers.syntax.fault import SyntaxFault

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def load(text: str) -> Any:
    return jsonc.load(text, DEFAULT_LIMITS)


def refused(text: str) -> SyntaxFault:
    with pytest.raises(SyntaxFault) as caught:
        load(text)
    return caught.value


def test_comments_and_last_commas_are_passed_over() -> None:
    text = '// head\n{ /* a\nb */ "a": [1, 2, /* c */], // d\n  "b": {"c": null,},\n}\n// end'
    assert load(text) == {"a": [1, 2], "b": {"c": None}}


def test_what_looks_like_a_comment_inside_a_text_is_text() -> None:
    assert load('{"url": "https://a.example/*b*/", "c": "\\"// d"}') == {
        "url": "https://a.example/*b*/",
        "c": '"// d',
    }


def test_keys_and_items_know_their_lines() -> None:
    found = load('{\n  "a": 1,\n  /*\n  */\n  "b": [\n    "x",\n\n    {"c": 2}\n  ]\n}')
    assert found.lines == {"a": 2, "b": 5}
    assert found["b"].lines == [6, 8]
    assert found["b"][1].lines == {"c": 8}
    assert found["b"][1].line == 8


def test_a_key_that_stands_twice_is_told() -> None:
    parsed = jsonc.parse('{"a": 1,\n"a": 2, "b": {"a": 3}}', DEFAULT_LIMITS)
    assert parsed.value == {"a": 2, "b": {"a": 3}}
    assert parsed.twice == (("a", 2),)


@pytest.mark.parametrize(
    "text",
    [
        "{'a': 1}", "{a: 1}", '{"a" 1}', '{"a": 1 "b": 2}', "[1,,2]", "[,]", "{,}", "NaN", "[Infinity]", "01",
        "+1", ".5", "1.", "0x10", "True", "nullx", '"\t"', '"\\x"', "[1] 2", "# a\n1", "[1}", '{"a": }', "'a'",
        "1e", "`a`", '{"a": 1};', '{1: 2}',
    ],
)  # fmt: skip
def test_nothing_else_is_let_by(text: str) -> None:
    assert refused(text).kind in (ProblemKind.MALFORMED, ProblemKind.TRUNCATED)


@pytest.mark.parametrize("text", ["", " \n", "// only\n", "{", "[1,", '{"a"', '{"a":', '"abc', "/* a", "[/*"])
def test_what_ends_too_early_is_cut(text: str) -> None:
    assert refused(text).kind is ProblemKind.TRUNCATED


def test_the_line_of_a_fault_is_told() -> None:
    assert refused('{\n"a": 1,\n\n"b" 2\n}').line == 4


def test_depth_is_bounded() -> None:
    assert refused("[" * 101 + "1" + "]" * 101).kind is ProblemKind.TOO_DEEP
    assert refused('{"a":' * 5_000).kind is ProblemKind.TOO_DEEP
    assert load("[" * 100 + "1" + "]" * 100)


def test_the_number_of_values_is_bounded() -> None:
    with pytest.raises(SyntaxFault) as caught:
        jsonc.load("[" + "1," * 60 + "1]", replace(DEFAULT_LIMITS, values=50))
    assert caught.value.kind is ProblemKind.TOO_MANY


def test_half_a_character_is_no_text() -> None:
    assert refused('"\\ud800"').kind is ProblemKind.ENCODING
    assert load('"\\ud83d\\ude00"') == "😀"


def test_a_number_that_is_too_long_is_refused() -> None:
    assert refused("1" * 5_000).kind is ProblemKind.MALFORMED


def test_hostile_texts_cost_one_pass() -> None:
    for text in (
        '"' * 200_000,
        "/*" * 200_000,
        "/" * 200_000,
        '{"a":"' + "\\" * 200_000,
        "[" + " " * 400_000,
    ):
        refused(text)


@given(VALUES)
def test_every_json_text_is_read_as_json(value: object) -> None:
    assert load(json.dumps(value)) == value
    assert load(json.dumps(value, indent=1, ensure_ascii=False)) == value


@given(VALUES)
def test_comments_between_tokens_change_nothing(value: object) -> None:
    text = json.dumps(value, indent=1)
    assert load("//x\n" + text + "/* , */") == value


@given(st.text(alphabet='{}[]",:/*\\ \n10ae-.tnulfr', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = load(text)
    except SyntaxFault:
        return
    assert json.dumps(found)


@given(st.text(alphabet='{}[]",: \n10aetrusnl', max_size=40))
def test_what_json_takes_is_taken_and_the_same(text: str) -> None:
    try:
        wanted = json.loads(text)
    except ValueError:
        return
    if "\\" not in text:
        assert load(text) == wanted
