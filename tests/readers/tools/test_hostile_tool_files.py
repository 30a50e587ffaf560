"""No bytes make a reader of tool files raise, hang or stay silent; what cannot be read is a problem."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.format import ToolFormat
from seawall.readers.tools import FORMATS

PATHS = {
    "mcp-servers": ".mcp.json",
    "instructions": "AGENTS.md",
    "skill": "skills/a/SKILL.md",
    "beside-skill": "skills/a/scripts/a.sh",
    "codex-config": ".codex/config.toml",
    "pypirc": ".pypirc",
}
TEXT = {"instructions", "skill", "beside-skill", "pypirc"}
JSON = [f for f in FORMATS if f.id not in TEXT | {"codex-config"}]
by_id = pytest.mark.parametrize("item", FORMATS, ids=lambda f: f.id)
by_json = pytest.mark.parametrize("item", JSON, ids=lambda f: f.id)

ODD = (None, True, 7, 1.5, "text", [], {}, [[]], [{}], {"a": None}, ["a", 1, None], {"a": {"b": {"c": []}}})
KEYS = (
    "mcpServers", "servers", "mcp", "inputs", "hooks", "tasks", "configurations", "permissions", "env",
    "settings", "extensions", "launch", "recommendations", "plugins", "features", "image", "mounts", "runArgs",
    "initializeCommand", "postCreateCommand", "containerEnv", "customizations", "extraKnownMarketplaces",
    "enabledPlugins", "statusLine", "apiKeyHelper", "enabledMcpjsonServers", "mcpAllowlist", "tools",
    "extensionPack", "chat.tools.terminal.autoApprove", "source", "name", "security",
)  # fmt: skip


def path_of(item: ToolFormat) -> str:
    return PATHS.get(item.id, item.globs[0].replace("*", "a") if item.globs else "a")


def read(item: ToolFormat, data: bytes):  # type: ignore[no-untyped-def]
    found = item.read(data, path_of(item), DEFAULT_LIMITS)
    assert found.format == item.id
    assert found.digest.startswith("sha256:")
    return found


@by_id
def test_an_empty_file_says_nothing(item: ToolFormat) -> None:
    found = read(item, b"")
    assert (found.problems, found.launches, found.given, found.hidden) == ((), (), (), ())


@by_id
@pytest.mark.parametrize("data", [b"\x00" * 100, bytes(range(256)), b"\xff" * 9, b"{\x00}"], ids=repr)
def test_what_is_no_text_is_told(item: ToolFormat, data: bytes) -> None:
    found = read(item, data)
    assert bool(found.problems) == (item.id != "beside-skill")


@by_id
def test_utf_16_is_read_where_a_mark_says_so(item: ToolFormat) -> None:
    text = "# a" if item.id in TEXT | {"codex-config"} else '{"a": "b"}'
    assert read(item, text.encode("utf-16")).problems == ()
    cut = read(item, text.encode("utf-16")[:-1])
    assert cut.problems or item.id == "beside-skill"


@by_json
@pytest.mark.parametrize(
    "text", ["{", '{"a"', '{"a": ', '{"a": [1, {"b": "', "// {", "[1]", '"a"', "null", "{}x"]
)
def test_what_is_cut_or_no_object_is_told(item: ToolFormat, text: str) -> None:
    assert read(item, text.encode()).problems


def test_cut_toml_is_told() -> None:
    (codex,) = (f for f in FORMATS if f.id == "codex-config")
    for text in ("[a", "a = ", 'a = "', "a = [1,", "a = 1\na = 2"):
        assert read(codex, text.encode()).problems


@by_id
def test_a_file_that_is_too_large_is_told_and_not_read(item: ToolFormat) -> None:
    beside = item.id == "beside-skill"
    most = DEFAULT_LIMITS.source_bytes if beside else DEFAULT_LIMITS.tool_bytes
    found = read(item, b" " * (most + 1))
    assert [p.kind for p in found.problems] == [ProblemKind.TOO_LARGE]


@by_json
def test_a_file_that_is_too_deep_is_told(item: ToolFormat) -> None:
    assert read(item, b'{"a":' * 500 + b"1" + b"}" * 500).problems[0].kind is ProblemKind.TOO_DEEP


def test_more_than_anybody_looks_at_is_told() -> None:
    (servers,) = (f for f in FORMATS if f.id == "mcp-servers")
    found = read(servers, BOMBS["servers"].encode())
    assert len(found.launches) == 2_000
    assert [p.kind for p in found.problems] == [ProblemKind.TOO_MANY]


@by_json
@pytest.mark.parametrize("key", KEYS)
def test_values_of_the_wrong_kind_are_passed_over(item: ToolFormat, key: str) -> None:
    import json

    for odd in ODD:
        for value in (odd, [odd], {"a": odd}, {key: {"a": odd}}, [{key: odd}], {"a": {"a": {"a": odd}}}):
            found = read(item, json.dumps({key: value}).encode())
            assert found.problems == ()


LARGE = DEFAULT_LIMITS.tool_bytes // 8
BOMBS = {
    "quotes": '{"a": "' + '\\"' * (LARGE // 2) + '"}',
    "words": '{"mcpServers": {"a": {"command": "npx ' + "a " * (LARGE // 2 - 20) + '"}}}',
    "servers": '{"mcpServers": {' + ",".join(f'"{i}": {{"command": "a"}}' for i in range(LARGE // 32)) + "}}",
    "comments": "<!-- " * (LARGE // 5),
    "tags": "<a style='" * (LARGE // 10),
    "details": "<details>" * (LARGE // 9),
    "pushed": ("x" + " " * 159) * (LARGE // 160),
    "encoded": "base64 -d " * (LARGE // 10),
    "head": "---\n" + "a: [\n" * (LARGE // 5) + "---\n",
    "no-width": "\u200b" * (LARGE // 3),
    "turns": "\u202e a\u202c\n" * (LARGE // 10),
    "at-once": "!`a` " * (LARGE // 5),
    "tokens": "ghp_" * (LARGE // 4),
    "variables": '{"env": {"a": "' + "${A" * (LARGE // 4) + '"}}',
    "sections": "[a]\n" * (LARGE // 4),
    "dots": "a." * (LARGE // 2) + "b = 1",
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_texts_cost_little(name: str) -> None:
    """An eighth of the largest file there is, so that what takes the square of the time is found out."""
    for item in FORMATS:
        begun = time.monotonic()
        read(item, BOMBS[name].encode())
        assert time.monotonic() - begun < 5, item.id


@settings(max_examples=150)
@given(st.binary(max_size=300), st.sampled_from(FORMATS))
def test_any_bytes_are_read(data: bytes, item: ToolFormat) -> None:
    read(item, data)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(("npx a", "$A", "http://a", "*")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from((*KEYS, "command", "args", "url", "type", "a")), inner, max_size=4)
    ),
    max_leaves=15,
)


@settings(max_examples=200)
@given(JSON_VALUES, st.sampled_from(JSON))
def test_any_shape_is_read(value: object, item: ToolFormat) -> None:
    import json

    read(item, json.dumps(value).encode())
