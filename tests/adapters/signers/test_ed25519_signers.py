"""Keys sign and are checked as C2SP says, and lie where nobody else reads them."""

import os
from pathlib import Path

import pytest

from seawall.adapters.signers.ed25519 import WrongSignature, new_secret_key, signed_by, signer_of
from seawall.adapters.signers.key_file import from_environment, read_key, refuse_beside, write_key
from seawall.kernel.errors import UsageError
from seawall.kernel.note import COSIGNATURE, ED25519, Key, NotANote, Note, Signature, parse, parse_key

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1E"
    "RYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()


def test_the_note_of_the_specification_is_signed() -> None:
    (signed,) = signed_by(parse(NOTE), [parse_key(VKEY)])
    assert (signed.key.text, signed.time) == (VKEY, 0)
    changed = parse(NOTE.replace(b"example message", b"example massage"))
    with pytest.raises(WrongSignature):
        signed_by(changed, [parse_key(VKEY)])


def test_a_signature_is_made_and_checked() -> None:
    secret = new_secret_key("log.example/a")
    signer = signer_of(secret.text, "here")
    note = Note("text\n").signed(signer.sign("text\n"))
    assert [s.key for s in signed_by(parse(note.data), [signer.key])] == [signer.key]
    assert signed_by(note, [signer_of(new_secret_key("log.example/a").text, "here").key]) == ()
    assert note.signed(signer.sign("text\n")) == note


def test_a_witness_signs_the_time_too() -> None:
    signer = signer_of(new_secret_key("w.example", COSIGNATURE).text, "here")
    early, late = signer.cosign("text\n", 7), signer.cosign("text\n", 9)
    note = Note("text\n").signed(late, early)
    assert [s.time for s in signed_by(note, [signer.key])] == [9]
    value = (8).to_bytes(8, "big") + early.value[8:]
    with pytest.raises(WrongSignature):
        signed_by(Note("text\n", (Signature("w.example", signer.key.id, value),)), [signer.key])
    with pytest.raises(WrongSignature):
        signed_by(Note("text\n", (Signature("w.example", signer.key.id, b"short"),)), [signer.key])


def test_a_key_has_one_use() -> None:
    log, witness = (signer_of(new_secret_key("x", kind).text, "here") for kind in (ED25519, COSIGNATURE))
    with pytest.raises(ValueError, match="witness"):
        log.cosign("text\n", 1)
    with pytest.raises(ValueError, match="witness"):
        witness.sign("text\n")


def test_a_log_cannot_vouch_as_a_witness() -> None:
    """The same 32 bytes under the other kind have another id, and another message."""
    log = signer_of(new_secret_key("x").text, "here")
    as_witness = Key("x", COSIGNATURE, log.key.public)
    note = Note("text\n").signed(log.sign("text\n"))
    assert signed_by(note, [as_witness]) == ()


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb"])
def test_names_of_keys(name: str) -> None:
    with pytest.raises(NotANote):
        new_secret_key(name)


def test_a_broken_secret_is_refused_and_not_repeated() -> None:
    text = new_secret_key("log.example/a").text
    other = new_secret_key("log.example/a").text
    mixed = "+".join([*other.split("+")[:4], text.split("+", 4)[4]])
    for broken in ("", "x", text[:-4], text.replace("log", "lug"), mixed):
        with pytest.raises(UsageError) as found:
            signer_of(broken, "the file k")
        said = str(found.value) + found.value.advice
        assert "the file k" in said
        assert text[-12:] not in said


def test_a_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "config" / "ledger.key"
    text = new_secret_key("log.example/a").text
    umask = os.umask(0)
    try:
        write_key(path, text)
    finally:
        os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(path) == text
    with pytest.raises(UsageError, match="exists already"):
        write_key(path, text)
    for mode in (0o640, 0o604, 0o620, 0o666):
        path.chmod(mode)
        with pytest.raises(UsageError, match="by others") as found:
            read_key(path)
        assert "chmod 600" in found.value.advice


def test_a_key_file_is_a_file(tmp_path: Path) -> None:
    write_key(tmp_path / "k", new_secret_key("a").text)
    (tmp_path / "link").symlink_to(tmp_path / "k")
    for path in (tmp_path / "link", tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError):
            read_key(path)
    with pytest.raises(UsageError):
        write_key(tmp_path / "k" / "below", "x")


def test_a_key_does_not_lie_beside_the_ledger(tmp_path: Path) -> None:
    data, config = tmp_path / "data", tmp_path / "config"
    data.mkdir()
    config.mkdir()
    (tmp_path / "alias").symlink_to(data)
    refuse_beside(config / "ledger.key", data / "ledger.db")
    for key in (data / "k", data / "below" / "k", tmp_path / "alias" / "k"):
        with pytest.raises(UsageError, match="beside the ledger"):
            refuse_beside(key, data / "ledger.db")


def test_a_key_from_the_environment() -> None:
    assert from_environment({"SEAWALL_LEDGER_KEY": " PRIVATE+KEY+x \n"}) == "PRIVATE+KEY+x"
    assert from_environment({}) == ""
