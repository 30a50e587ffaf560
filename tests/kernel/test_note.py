"""Notes and checkpoints as C2SP writes them; whatever is not one is refused and never half read."""

import base64
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel import checkpoint
from seawall.kernel.checkpoint import Checkpoint
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.note import (
    COSIGNATURE,
    ED25519,
    Key,
    NotANote,
    Note,
    Signature,
    parse,
    parse_key,
    parse_secret_key,
    parse_signatures,
)

# The examples of C2SP signed-note, tlog-checkpoint and tlog-cosignature.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1E"
    "RYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
COSIGNED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""


def test_the_note_of_the_specification() -> None:
    note = parse(NOTE.encode())
    assert note.text == "This is an example message.\n"
    assert note.data == NOTE.encode()
    key = parse_key(VKEY)
    assert (key.name, key.kind, key.id.hex(), key.text) == ("example.com/foo", ED25519, "530d903a", VKEY)
    assert note.by(key) == note.signatures
    assert len(note.signatures[0].value) == 64


def test_the_checkpoint_of_the_specification() -> None:
    note = parse(COSIGNED.encode())
    read = checkpoint.parse(note.text)
    assert (read.origin, read.size, read.extensions) == ("example.com/behind-the-sofa", 20852163, ())
    assert read.text == note.text
    assert note.data == COSIGNED.encode()
    time, signature = checkpoint.split_cosignature(note.signatures[1].value)
    assert (time, len(signature)) == (1679315147, 64)
    assert checkpoint.cosigned(note.text, time) == b"cosignature/v1\ntime 1679315147\n" + note.text.encode()


def test_ids_tell_kinds_apart() -> None:
    public = bytes(range(32))
    assert Key("a", ED25519, public).id != Key("a", COSIGNATURE, public).id
    assert Key("a", ED25519, public).id != Key("b", ED25519, public).id


def test_the_text_may_hold_empty_lines() -> None:
    note = parse(b"a\n\nb\n\n\xe2\x80\x94 n AAAAAAA=\n")
    assert note.text == "a\n\nb\n"


SIGNATURE = "— n " + base64.b64encode(b"12345").decode() + "\n"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n", b"a", b"a\n", b"a\n\n", "a\n\n—".encode(), f"a\n{SIGNATURE}".encode(),
        f"a\n\n{SIGNATURE}\n".encode(), f"a\n\n{SIGNATURE.rstrip()}".encode(), f"a\r\n\n{SIGNATURE}".encode(),
        f"a\x00\n\n{SIGNATURE}".encode(), f"a\t\n\n{SIGNATURE}".encode(), b"\xff\n\n" + SIGNATURE.encode(),
        f"a\n\n{SIGNATURE}x\n".encode(), b"a\n\n- n MTIzNDU=\n", "a\n\n— n+m MTIzNDU=\n".encode(),
        "a\n\n—  MTIzNDU=\n".encode(), "a\n\n— n\u00a0m MTIzNDU=\n".encode(), "a\n\n— n m MTIzNDU=\n".encode(),
        "a\n\n— n MTIzNDU\n".encode(), "a\n\n— n MTIzNDV=\n".encode(), "a\n\n— n MTIz NDU=\n".encode(),
        "a\n\n— n MTIzNA==\n".encode(), "a\n\n— n MTIzNDU=\u2028\n".encode(), "a\n\n— n MTI_NDU=\n".encode(),
        ("a\n\n" + SIGNATURE * (DEFAULT_LIMITS.note_signatures + 1)).encode(),
        ("a" * DEFAULT_LIMITS.note_bytes + "\n\n" + SIGNATURE).encode(),
    ],
    ids=lambda data: repr(data[:30]),
)  # fmt: skip
def test_what_is_no_note_is_refused(data: bytes) -> None:
    with pytest.raises(NotANote):
        parse(data)


def test_sixteen_of_the_largest_signatures_are_taken() -> None:
    line = Signature("witness.example/w", b"1234", b"\x55" * 5_000).line
    assert len(parse(("a\n\n" + line * 16).encode()).signatures) == 16


@given(st.binary(max_size=200))
def test_any_bytes_are_a_note_or_refused(data: bytes) -> None:
    for read in (parse, parse_signatures):
        said = ""
        try:
            read(data)
        except NotANote as error:
            said = str(error)
        assert re.fullmatch(r"[ -~]*", said)


NAMES = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), blacklist_characters="+\x85"),
    min_size=1,
)
TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")) | st.just("\n"))


@given(TEXTS, st.lists(st.tuples(NAMES, st.binary(min_size=5, max_size=90)), min_size=1, max_size=5))
def test_what_is_written_is_read(text: str, signatures: list[tuple[str, bytes]]) -> None:
    note = Note(text + "\n", tuple(Signature(name, data[:4], data[4:]) for name, data in signatures))
    assert parse(note.data) == note
    assert parse(note.data).data == note.data


@given(st.text(), st.sampled_from([ED25519, COSIGNATURE]), st.binary(min_size=32, max_size=32))
def test_any_text_is_a_key_or_refused(text: str, kind: int, public: bytes) -> None:
    for candidate in (text, f"{text}+{text}+{text}", f"n+00000000+{text}", "PRIVATE+KEY+" + text):
        for read in (parse_key, parse_secret_key):
            with pytest.raises(NotANote):
                read(candidate)
    key = Key("n", kind, public)
    assert parse_key(key.text) == key


@pytest.mark.parametrize(
    "text",
    [VKEY.replace("530d903a", "530d903b"), VKEY.replace("530d903a", "530D903A"), VKEY[:-1], VKEY + "A", VKEY.replace("foo", "fo"),
     VKEY.replace("foo", "f o"), "+" + VKEY, VKEY.replace("+Ae", "+Be"), VKEY.replace("+Ae", "+ Ae"), "x" * 9_999],
)  # fmt: skip
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        parse_key(text)


@pytest.mark.parametrize(
    "text",
    ["", "a\n", "a\n1\n", "a\n1\nx\n", f"a\n01\n{'A' * 43}=\n", f"a\n-1\n{'A' * 43}=\n", f"a\n+1\n{'A' * 43}=\n", f"a\n1\n{'A' * 43}=",
     f"\n1\n{'A' * 43}=\n", f"a\n1\n{'A' * 43}=\n\n", f"a\n1\n{'A' * 43}=\n\nx\n", f"a\n{2**63}\n{'A' * 43}=\n", f"a\n١\n{'A' * 43}=\n",
     f"a\n1\n{'A' * 42}B=\n", f"a\n1 \n{'A' * 43}=\n", f"a\n1\n{'A' * 44}\n"],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        checkpoint.parse(text)


@given(NAMES, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(NAMES, max_size=3))
def test_checkpoints_are_read_as_written(origin: str, size: int, root: bytes, more: list[str]) -> None:
    value = Checkpoint(origin, size, root, tuple(more))
    assert checkpoint.parse(value.text) == value


@given(st.text())
def test_any_text_is_a_checkpoint_or_refused(text: str) -> None:
    with suppress(NotANote):
        assert checkpoint.parse(text).text == text


def test_an_origin_is_one_line() -> None:
    for origin in ("", "a\nb"):
        with pytest.raises(NotANote):
            _ = Checkpoint(origin, 0, bytes(32)).text
