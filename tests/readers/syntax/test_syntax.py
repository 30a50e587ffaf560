"""The shared parsers say no in one way, and know the line of what they read."""

import json as reference
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.syntax import json, toml, yaml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.lists(st.text('ab"\\é\n:', min_size=1, max_size=5), unique=True, min_size=1, max_size=8)


@given(value=VALUES)
def test_json_is_what_it_was(value: object) -> None:
    assert json.load(reference.dumps(value), DEFAULT_LIMITS) == value
    text = reference.dumps(value, indent=1).replace("\n ]", ",\n ]")
    if ",,\n" not in text and "[,\n" not in text:
        assert json.load(reference.dumps(value), DEFAULT_LIMITS, trailing_commas=True) == value


@given(keys=KEYS)
def test_every_key_has_its_line(keys: list[str]) -> None:
    text = reference.dumps({key: {"version": key} for key in keys}, indent=2, ensure_ascii=False)
    lines = json.KeyLines(text)
    assert [lines.line_of(key, "{") for key in keys] == [2 + 3 * index for index in range(len(keys))]
    lines = json.KeyLines(text)
    assert [lines.line_of_pair("version", key) for key in keys] == [3 + 3 * i for i in range(len(keys))]


def test_keys_that_are_nowhere_cost_no_search_each() -> None:
    lines = json.KeyLines('{"a": 1}' + " " * 1_000_000)
    assert {lines.line_of(f"x{i}") for i in range(10_000)} == {1, 0}


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": "\\ud800"}', "[" * 5_000, "9" * 5_000, '{"a": "', ""])
def test_json_says_no(text: str) -> None:
    with pytest.raises(SyntaxFault):
        json.load(text, DEFAULT_LIMITS)


@given(
    parts=st.lists(st.sampled_from(["a", '"b"', "'c'", '"d.d"', '"e\\"."', " f "]), min_size=2, max_size=90)
)
def test_the_parts_of_a_dotted_key_are_counted(parts: list[str]) -> None:
    assert toml._longest_key('x = """\n"y"."z"\n"""\n# a.b.c\n' + ".".join(parts) + " = 1\n") == len(parts)


BLOCKS = st.lists(
    st.sampled_from(['[[package]]\nname = "a"\n', "[other]\n", '# [[package]]\n', 's = """\n[[package]]\n"""\n', "[[ package ]]\n"]),
    max_size=8,
)  # fmt: skip


@given(blocks=BLOCKS)
def test_the_tables_of_an_array_are_counted(blocks: list[str]) -> None:
    text = "".join(blocks)
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = toml.array_lines(text, "package")
    assert len(lines) == len(whole.get("package", []))
    assert all("[[" in text.split("\n")[line - 1] for line in lines)


def test_yaml_keeps_versions_as_written_and_knows_lines() -> None:
    value = yaml.load("a: 1.10\nb: &x {c: null, d: 'null'}\ne: *x\n", DEFAULT_LIMITS)
    assert value == {"a": "1.10", "b": {"c": None, "d": "null"}, "e": {"c": None, "d": "null"}}
    assert isinstance(value, yaml.Mapping)
    assert value.lines == {"a": 1, "b": 2, "e": 3}
    assert yaml.load("a: !!python/name:os.system b\n", DEFAULT_LIMITS) == {"a": "b"}


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: *b\n", "? [a]\n: b\n", "a: [\n"])
def test_yaml_says_no(text: str) -> None:
    with pytest.raises(SyntaxFault):
        yaml.load(text, DEFAULT_LIMITS)


def test_text_is_utf_8_or_marked() -> None:
    assert decode("﻿é".encode(), DEFAULT_LIMITS) == "é"
    assert decode("é".encode("utf-16"), DEFAULT_LIMITS) == "é"
    for data in (b"\xe9", b"a\x00", "a".encode("utf-16-le"), "é".encode("utf-32")):
        with pytest.raises(SyntaxFault):
            decode(data, DEFAULT_LIMITS)
