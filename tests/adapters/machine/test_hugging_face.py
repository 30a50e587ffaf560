"""The hub's address is the library's own constant, read as text."""

import pytest

from seawall.adapters.machine.hugging_face import default_endpoint


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b'import os\n_HF_DEFAULT_ENDPOINT = "https://hub.example"\n', "https://hub.example"),
        (b'_HF_DEFAULT_ENDPOINT = "http://hub.example"', ""),
        (b'_HF_DEFAULT_ENDPOINT = "https://"', ""),
        (b"_HF_DEFAULT_ENDPOINT = 5", ""),
        (b'_HF_DEFAULT_ENDPOINT = os.environ["X"]', ""),
        (b'OTHER = "https://hub.example"', ""),
        (b'def f():\n    _HF_DEFAULT_ENDPOINT = "https://hub.example"', ""),
        (b"def broken(", ""),
        (b"\0", ""),
        (b"(" * 5_000, ""),
        (b"", ""),
    ],
)
def test_the_constant(source: bytes, expected: str) -> None:
    assert default_endpoint(source) == expected
