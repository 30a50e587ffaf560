import contextlib
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.errors import UsageError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.registries.npm_audit import read_bulk, read_tree


def test_a_bulk_request() -> None:
    body = json.dumps({"axios": ["1.14.1", "1.14.0", "1.14.1"], "x": 7, "y": [8], "z" * 300: ["1"]}).encode()
    assert read_bulk(body, "", DEFAULT_LIMITS) == (("axios", ("1.14.1", "1.14.0")),)
    assert read_bulk(gzip.compress(body, mtime=0), " GZIP ", DEFAULT_LIMITS) == (
        ("axios", ("1.14.1", "1.14.0")),
    )


def test_a_tree() -> None:
    inner = {"version": "1.0.0", "dependencies": {"a": {"version": "2.0.0"}, "b": 7}}
    body = json.dumps({"name": "p", "version": "0", "dependencies": {"a": inner}}).encode()
    assert read_tree(body, "", DEFAULT_LIMITS) == (("a", ("1.0.0", "2.0.0")),)


def test_a_deep_tree_is_walked_without_recursion() -> None:
    body = b"{" + b'"dependencies":{"a":{"version":"1",' * 300 + b'"x":1' + b"}}" * 300 + b"}"
    assert read_tree(body, "", DEFAULT_LIMITS) == (("a", ("1",)),)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (b"", ""),
        (b"{", ""),
        (b"[]", ""),
        (b"\xff", ""),
        (b"{}", "gzip"),
        (gzip.compress(b"{}", mtime=0)[:-5], "gzip"),
        (gzip.compress(b" " * (DEFAULT_LIMITS.record_bytes + 1) + b"{}", mtime=0), "gzip"),
        (b"[" * 100_000, ""),
        (json.dumps({"a": [str(n) for n in range(100_001)]}).encode(), ""),
    ],
)
def test_nonsense_is_said(body: bytes, coding: str) -> None:
    with pytest.raises(UsageError):
        read_bulk(body, coding, DEFAULT_LIMITS)


def test_what_is_no_name_is_left_out() -> None:
    body = b'{"\\ud800": ["1"], "a\\u0000": ["1"], "b": ["\\u0007"], "c": ["1"]}'
    assert read_bulk(body, "", DEFAULT_LIMITS) == (("c", ("1",)),)


@given(st.binary(max_size=60), st.sampled_from(["", "gzip", "br"]))
def test_no_body_crashes(body: bytes, coding: str) -> None:
    for read in (read_bulk, read_tree):
        with contextlib.suppress(UsageError):
            read(body, coding, DEFAULT_LIMITS)
