"""No damage makes a reader of credentials raise, or repeat a part of a secret."""

import base64
import dataclasses
import json
import random
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.machine.laptop import canary, laptop
from tests.adapters.machine.leaks import leaks

from seawall.kernel.credential import CredentialFile
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.credentials import FORMATS, ssh
from seawall.readers.format import CredentialFormat

LAPTOP = laptop()
MARKS = [
    '"',
    "'",
    ":",
    "=",
    "\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    " ",
    "<",
    ">",
    "/",
    "@",
    "machine ",
    "- ",
    "#",
    "\t",
    "\\",
]


def cases() -> list[tuple[CredentialFormat, str, str]]:
    """(format, path, text) of every file of the laptop that a format claims."""
    return [
        (item, path, text)
        for path, text in LAPTOP.files.items()
        for item in FORMATS
        if any(fnmatchcase(path, place) for place in item.places)
    ]


CASES = cases()


def shown(found: CredentialFile) -> str:
    return repr(found) + json.dumps(dataclasses.asdict(found))


@pytest.mark.parametrize(
    ("item", "path", "text"), CASES, ids=lambda v: v if isinstance(v, str) and len(v) < 60 else ""
)
def test_no_canary_is_in_what_a_reader_gives(item: CredentialFormat, path: str, text: str) -> None:
    found = item.read(text.encode(), f"~/{path}", DEFAULT_LIMITS)
    assert not leaks(shown(found), LAPTOP.canaries)
    assert not found.problems


def mutated(text: str, dice: random.Random) -> str:
    """`text` with a few parts taken away, doubled, moved, cut or broken by a mark."""
    for _ in range(dice.randint(1, 4)):
        start = dice.randint(0, len(text))
        end = min(len(text), start + dice.choice((1, 2, 5, 12, 40)))
        part = text[start:end]
        kind = dice.randint(0, 5)
        if kind == 0:
            text = text[:start] + text[end:]
        elif kind == 1:
            at = dice.randint(0, len(text))
            text = text[:at] + part + text[at:]
        elif kind == 2:
            text = text[:start] + dice.choice(MARKS) + text[start:]
        elif kind == 3:
            text = text[:start] + dice.choice(MARKS) + text[end:]
        elif kind == 4:
            text = text[:start]
        else:
            secret = dice.choice(LAPTOP.canaries)
            text = (
                text[:start]
                + dice.choice((secret, secret[:20], f'"{secret}"', f"[{secret}]\n"))
                + text[start:]
            )
    return text


@given(st.integers(0, 2**32), st.sampled_from(range(len(CASES))))
@settings(max_examples=600)
def test_no_damage_makes_a_reader_repeat_a_canary(seed: int, number: int) -> None:
    item, path, text = CASES[number]
    damaged = mutated(text, random.Random(seed))
    found = item.read(damaged.encode("utf-8", "surrogatepass"), f"~/{path}", DEFAULT_LIMITS)
    assert not leaks(shown(found), LAPTOP.canaries), damaged


@given(st.binary(max_size=400), st.sampled_from(FORMATS))
@settings(max_examples=300)
def test_any_bytes_give_an_answer(data: bytes, item: CredentialFormat) -> None:
    for place in item.places:
        found = item.read(data, f"~/{place}", DEFAULT_LIMITS)
        assert isinstance(found, CredentialFile)
    ssh.public_comment(data)
    ssh.hosts_by_key(data, DEFAULT_LIMITS)


@pytest.mark.parametrize("item", FORMATS, ids=lambda f: f.id)
@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xff\xfe", b"\0" * 100, b"[" * 100_000, b"{" * 100_000, b'{"a":' * 50_000, b"a: &x [*x]", b"-" * 10_000,
        b"<a>" * 20_000, b"x" * (DEFAULT_LIMITS.tool_bytes + 1), b"machine " * 1000, b"\xed\xa0\x80", b"=" * 5000,
        b'{"auths": [], "users": {}, "credentials": 5, "tokens": null}', b"users: 5\ncontexts: [1, [2], {a: b}]\n",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.b64encode(b"openssh-key-v1\0" + b"\xff" * 64) + b"\n-----END ",
    ],
    ids=range(16),
)  # fmt: skip
def test_hostile_files_are_answered(item: CredentialFormat, data: bytes) -> None:
    for place in item.places:
        found = item.read(data, f"~/{place}", DEFAULT_LIMITS)
        assert len(found.credentials) <= 201
        assert all(one.path == f"~/{place}" for one in found.credentials)


def test_many_entries_are_bounded_and_told() -> None:
    item = next(f for f in FORMATS if f.id == "aws-profiles")
    text = "".join(f"[p{n}]\naws_secret_access_key = {canary(n)}\n" for n in range(300))
    found = item.read(text.encode(), "~/.aws/credentials", DEFAULT_LIMITS)
    assert len(found.credentials) == 200
    assert [p.kind for p in found.problems] == ["too-many"]
    assert not leaks(shown(found), [canary(n) for n in range(300)])


def test_a_draft_never_shows_its_text() -> None:
    from seawall.readers.credentials._draft import begin

    draft = begin(canary(1).encode(), "~/x", "x", "x", DEFAULT_LIMITS)
    assert draft.text
    assert not leaks(repr(draft), [canary(1)])


def test_the_search_for_leaks_can_find_one() -> None:
    one = canary(3)
    encoded = base64.b64encode(f"me:{one}".encode()).decode()
    for text in (one, one[:6], one[::-1], encoded, one[8:]):
        assert leaks(f"x {text} y", [one]), text
    assert not leaks("nothing of it", [one])
