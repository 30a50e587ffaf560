"""What ships inside is there, and nothing else can be asked for."""

from pathlib import Path

import pytest

from seawall.adapters.disk.shipped import (
    MAX_POLICY_BYTES,
    data_bytes,
    given_policy_text,
    policy_text,
    schema_text,
)
from seawall.kernel.errors import PolicyError, UsageError
from seawall.kernel.settings import POLICY_STRICTNESS


def test_every_shipped_policy_and_the_schema_are_there() -> None:
    assert all("permit" in policy_text(name) for name in POLICY_STRICTNESS)
    assert "action fetch" in schema_text()
    assert data_bytes("attacks.json").lstrip().startswith(b"{")


@pytest.mark.parametrize("name", ["", "default.cedar", "../policy/default", "none"])
def test_another_policy_is_not_shipped(name: str) -> None:
    with pytest.raises(UsageError):
        policy_text(name)


@pytest.mark.parametrize("name", ["../__init__.py", "/etc/passwd", "..", "a\\b"])
def test_data_is_named_without_a_path(name: str) -> None:
    with pytest.raises(UsageError):
        data_bytes(name)


def test_a_policy_file_has_bounds(tmp_path: Path) -> None:
    file = tmp_path / "own.cedar"
    file.write_bytes(b"// \n" * (MAX_POLICY_BYTES // 4 + 1))
    with pytest.raises(PolicyError, match="more than"):
        given_policy_text(file)
    file.write_bytes(b"// fine\n// \xff\n")
    with pytest.raises(PolicyError, match=r"own\.cedar:2"):
        given_policy_text(file)
