"""What is asked of a witness, and when it must not sign."""

import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.checkpoint import Checkpoint
from seawall.kernel.merkle import EMPTY_ROOT, Head, consistency_proof, leaf_hash, perfect_root, root_of
from seawall.kernel.note import NotANote, Note, Signature
from seawall.kernel.witnessing import Ask, parse_ask, refusal

# The request in C2SP tlog-witness.
REQUEST = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
""".encode()


def hash_of(level: int, index: int) -> bytes:
    first = index << level
    return perfect_root([leaf_hash(str(n).encode()) for n in range(first, first + (1 << level))])


def head(size: int) -> Head:
    return Head(size, root_of(size, hash_of))


def ask(old: int, new: int, proof: tuple[bytes, ...] | None = None) -> tuple[Ask, Checkpoint]:
    checkpoint = Checkpoint("log.example", new, head(new).root)
    signed = Note(checkpoint.text, (Signature("log.example", b"1234", b"x"),))
    shown = consistency_proof(old, new, hash_of) if proof is None else proof
    return Ask(old, shown, signed), checkpoint


def test_the_request_of_the_specification() -> None:
    read = parse_ask(REQUEST)
    assert (read.old, len(read.proof), len(read.note.signatures)) == (20852014, 4, 2)
    assert read.data == REQUEST


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"old 20852014", b"old 020852014"), (b"old 20852014", b"old -1"), (b"old 20852014", b"old"),
        (b"old 20852014", b"new 20852014"), (b"old 20852014", b"old  20852014"), (b"old 20852014", b"old 20852014 "),
        (b"old 20852014", b"old \xd9\xa1"), (b"PlRN", b"PlR!"), (b"kaw=\n", b"kaw\n"), (b"/0=\n\n", b"/0=\n"),
        (b"old 20852014\n", b"old 20852014\r\n"), (b"old 20852014\n", b""),
        (b"5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n", b"5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n" * 64),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(old: bytes, new: bytes) -> None:
    assert old in REQUEST
    with pytest.raises(NotANote):
        parse_ask(REQUEST.replace(old, new))


@given(st.binary(max_size=300), st.integers(0, len(REQUEST)))
def test_any_bytes_are_a_request_or_refused(data: bytes, cut: int) -> None:
    for candidate in (data, REQUEST[:cut] + data, REQUEST[:cut] + data + REQUEST[cut:]):
        said = ""
        try:
            assert parse_ask(candidate).data == candidate
        except NotANote as error:
            said = str(error)
        assert re.fullmatch(r"[ -~]*", said)


@given(st.integers(0, 40), st.integers(0, 40))
def test_what_only_grew_is_signed(old: int, more: int) -> None:
    question, new = ask(old, old + more)
    assert refusal(question, new, head(old)) is None
    if old == 0:
        assert refusal(question, new, None) is None


def refused_with(question: Ask, new: Checkpoint, last: Head | None) -> tuple[int, str]:
    found = refusal(question, new, last)
    return (found.status, found.why) if found else (200, "")


def test_what_went_back_or_was_changed_is_not() -> None:
    question, new = ask(5, 9)
    for last, status in ((head(7), 409), (None, 409), (Head(5, sha256(b"forked").digest()), 422)):
        assert refused_with(question, new, last)[0] == status
    assert refused_with(question, new, head(7)) == (409, "7\n")
    question, new = ask(0, 4, ())
    assert refused_with(Ask(5, (), question.note), new, head(5))[0] == 400
    # The same size with another root, and proofs that prove nothing.
    forked = Checkpoint("log.example", 5, bytes(32))
    assert refused_with(Ask(5, (), question.note), forked, head(5))[0] == 422
    for proof in ((), (bytes(32),), consistency_proof(5, 9, hash_of)[:-1]):
        question, new = ask(5, 9, proof)
        assert refused_with(question, new, head(5))[0] == 422
    question, new = ask(0, 9, (bytes(32),))
    assert refused_with(question, new, None)[0] == 422


def test_an_empty_ledger_has_one_root() -> None:
    question, _ = ask(0, 0)
    assert refusal(question, Checkpoint("log.example", 0, EMPTY_ROOT), None) is None
    assert refused_with(question, Checkpoint("log.example", 0, bytes(32)), None)[0] == 422
