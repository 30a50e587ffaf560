"""What has the form of a secret is no name, and what shares a part with one in its file is none either."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.discretion import NO_GUARD, WITHHELD, Guard, looks_secret

SECRET = hashlib.sha256(b"a secret").hexdigest()[:32]


@pytest.mark.parametrize(
    "name",
    [
        "default", "work-profile", "registry.example:8443", "me@host.example", "@scope/server-files",
        "gke_my-project_us-central1_cluster2024", "AWS_SECRET_ACCESS_KEY", "ModelContextProtocol",
        "arn:aws:eks:eu-west-1:123456789012:cluster/prod", "~/.nvm/nvm.sh", "claudeAiOauth", "1.85.2",
    ],
)  # fmt: skip
def test_names_that_people_give_are_names(name: str) -> None:
    assert NO_GUARD.name(name) == name


@pytest.mark.parametrize(
    "text",
    [
        SECRET, f"x-{SECRET}-y", "AKIAABCDEFGHIJ234567", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "a\nb", "a\x1b[1m",
        "ghp_" + "a1B2c3D4" * 5, "QxvRmTpLzKwYbNdGhJsF", "12345678901234567890", "n" * 201,
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_no_name(text: str) -> None:
    assert NO_GUARD.name(text) == WITHHELD
    assert NO_GUARD.name(text, "") == ""


def test_a_part_of_a_secret_is_no_name_beside_it() -> None:
    guard = Guard(f"token = {SECRET}")
    assert guard.name(SECRET[:6]) == WITHHELD
    assert guard.name(f"my-{SECRET[4:11]}".upper()) == WITHHELD
    assert guard.name("token") == "token"
    assert NO_GUARD.name(SECRET[:6]) == SECRET[:6]


def test_names_are_kept_in_order() -> None:
    assert Guard(SECRET).names(["b", SECRET, "a", ""]) == ("b", "a")


def test_a_guard_never_shows_itself() -> None:
    assert repr(Guard(SECRET)) == "Guard()"
    assert not hasattr(Guard(SECRET), "__dict__")


@given(st.integers(0, 2**128), st.integers(0, 20), st.integers(6, 12))
def test_six_characters_of_a_secret_are_seen(seed: int, start: int, size: int) -> None:
    secret = hashlib.sha256(str(seed).encode()).hexdigest()[:32]
    if looks_secret(secret):
        assert Guard(f'{{"a": "{secret}"}}').shows(f"x {secret[start : start + size]} y")
