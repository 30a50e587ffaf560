"""A hub's answers: what is taken from them, what never passes, and that nonsense is one clear error."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.errors import OutsideError
from seawall.kernel.hub import HubFile, Kind
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.registries.hub_config import code_named
from seawall.readers.registries.hub_info import (
    cleaned,
    file_of,
    info_for,
    is_path,
    read_born,
    read_info,
    read_tree,
    refs_for,
    tree_for,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = {"sha256": "a" * 64, "size": 10, "pointerSize": 3}
INFO: dict[str, Any] = {
    "id": "acme/bert",
    "sha": COMMIT,
    "createdAt": "2022-03-02T23:29:04.000Z",
    "lastModified": "2024-01-01T00:00:00.000Z",
    "gated": "auto",
    "siblings": [
        {"rfilename": "config.json", "size": 3, "blobId": "b" * 40},
        {"rfilename": "model.safetensors", "size": 10, "blobId": "c" * 40, "lfs": LARGE, "xetHash": "d" * 64},
    ],
    "securityRepoStatus": {
        "scansDone": True,
        "filesWithIssues": [{"path": "config.json", "level": "unsafe"}],
    },
    "config": {"auto_map": {"AutoModel": "modeling.Model"}, "tokenizer_config": {}},
    "tags": ["custom_code"],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*INFO, "path", "type", "oid", "lfs", "xetHash", "rfilename"]), inner, max_size=5
        )
    ),
    max_leaves=20,
)


def read(told: object, revision: str = "") -> Any:
    return read_info(json.dumps(told).encode(), Kind.MODEL, "acme/bert", revision, DEFAULT_LIMITS)[0]


def test_what_is_taken_from_an_answer() -> None:
    found = read(INFO, COMMIT)
    assert (found.name, found.commit, found.gated, found.scanned) == ("acme/bert", COMMIT, True, True)
    assert found.created == datetime(2022, 3, 2, 23, 29, 4, tzinfo=UTC)
    assert found.files == (
        HubFile("config.json", 3, "b" * 40, level="unsafe"),
        HubFile("model.safetensors", 10, "c" * 40, "a" * 64),
    )
    assert found.code == ("auto_map.AutoModel", "custom_code")


@pytest.mark.parametrize(
    "told",
    [
        [],
        {},
        {**INFO, "id": 5},
        {**INFO, "id": "../etc"},
        {**INFO, "id": "a/b/c"},
        {**INFO, "sha": "main"},
        {**INFO, "sha": None},
    ],
)
def test_what_names_no_commit_is_refused(told: object) -> None:
    with pytest.raises(OutsideError):
        read(told)


def test_an_answer_about_another_commit_is_refused() -> None:
    with pytest.raises(OutsideError, match="another commit"):
        read(INFO, "f" * 40)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 5_000 + b"]" * 5_000, b"NaN"])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(OutsideError):
        read_info(data, Kind.MODEL, "a/b", "", DEFAULT_LIMITS)
    with pytest.raises(OutsideError):
        read_tree(data, DEFAULT_LIMITS)
    with pytest.raises(OutsideError):
        refs_for(data, DEFAULT_LIMITS)


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "a//b", "../a", "a/../b", "a/.", "a\\b", "a\0b", "a\nb", "a" * 2_000]
)
def test_a_path_that_leads_elsewhere_is_no_file(path: str) -> None:
    assert not is_path(path)
    assert not read({**INFO, "siblings": [{"rfilename": path, "size": 1, "blobId": "b" * 40}]}).files


@given(JSON)
def test_any_answer_is_read_or_refused(told: Any) -> None:
    whole = {**INFO, **told} if isinstance(told, dict) else told
    try:
        repository = read(whole)
    except OutsideError:
        return
    assert all(is_path(file.path) for file in repository.files)
    passed = json.loads(info_for(whole, lambda path: path == "config.json"))
    assert "xethash" not in json.dumps(passed).lower()
    for item in passed.get("siblings") or []:
        assert item["rfilename"] == "config.json"


@given(st.lists(JSON, max_size=5))
def test_any_page_of_a_tree_is_read_or_refused(told: Any) -> None:
    try:
        entries = read_tree(json.dumps(told).encode(), DEFAULT_LIMITS)
    except OutsideError:
        return
    for entry in entries:
        file_of(entry)
    passed = json.loads(tree_for(entries, lambda _: False))
    assert not [item for item in passed if item.get("type") == "file"]


@given(JSON)
def test_nothing_about_xet_is_left(told: object) -> None:
    def keys(value: object) -> list[str]:
        if isinstance(value, dict):
            return [*map(str, value), *(key for item in value.values() for key in keys(item))]
        return [key for item in value for key in keys(item)] if isinstance(value, list) else []

    assert not [key for key in keys(cleaned(told)) if key.lower().startswith("xet")]


def test_when_an_account_was_made() -> None:
    assert read_born(b'{"createdAt": "2021-01-01T00:00:00.000Z"}', DEFAULT_LIMITS) is not None
    assert read_born(b'{"createdAt": "soon"}', DEFAULT_LIMITS) is None
    assert read_born(b"[]", DEFAULT_LIMITS) is None


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"model_type": "bert"}, ()),
        ({"auto_map": {"AutoModel": "m.Model"}}, ("auto_map.AutoModel m.Model",)),
        ({"auto_map": {"AutoTokenizer": ["t.Slow", None]}}, ("auto_map.AutoTokenizer t.Slow",)),
        ({"auto_map": {"AutoModel": "other/repo--m.Model"}}, ("auto_map.AutoModel other/repo--m.Model",)),
        ({"custom_pipelines": {"x": {"impl": "p.P"}}}, ("custom_pipelines x p.P",)),
        ({"_class_name": ["pipeline", "Mine"]}, ("_class_name pipeline Mine",)),
        ({"_class_name": "StableDiffusionPipeline"}, ()),
        ([{"type": "sentence_transformers.models.Pooling"}], ()),
        ([{"type": "mine.Pooling"}], ("type mine.Pooling",)),
        ({"model_file": "mine.py"}, ("model_file mine.py",)),
        ({"_attn_implementation": "sdpa"}, ()),
        ({"_attn_implementation_internal": "evil/kernel"}, ("!_attn_implementation_internal evil/kernel",)),
    ],
)
def test_what_a_configuration_names(config: object, named: tuple[str, ...]) -> None:
    assert code_named(json.dumps(config).encode(), DEFAULT_LIMITS) == named


def test_what_cannot_be_read_is_said() -> None:
    assert code_named(b"{", DEFAULT_LIMITS) is None
    assert code_named(b"[" * 200 + b"]" * 200, DEFAULT_LIMITS) is None


@given(JSON)
def test_any_configuration_is_read(told: object) -> None:
    found = code_named(json.dumps(told).encode(), DEFAULT_LIMITS)
    assert found is None or len(found) <= 20
