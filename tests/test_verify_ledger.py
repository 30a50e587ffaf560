"""The one-file verifier by itself: RFC 8032's vectors, the C2SP examples, and agreement with our own code."""

import importlib.util
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.adapters.signers.ed25519 import WrongSignature, signed_by
from seawall.kernel.merkle import (
    Head,
    RightEdge,
    consistent,
    included,
    inclusion_proof,
    leaf_hash,
    perfect_root,
)
from seawall.kernel.note import parse
from simulators.growing_log import GrowingLog, witness_signer

PATH = Path(__file__).parent.parent / "docs" / "verify_ledger.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_ledger", PATH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


verifier = _load()

# RFC 8032, 7.1: public key, message, signature.
VECTORS = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
]  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS, ids=["1", "2", "3", "sha-abc"])
def test_ed25519_of_the_rfc(vector: tuple[str, str, str]) -> None:
    public, message, signature = map(bytes.fromhex, vector)
    assert verifier.ed25519(public, signature, message)
    assert not verifier.ed25519(public, signature, message + b"x")
    for at in (0, 31, 32, 63):
        changed = bytearray(signature)
        changed[at] ^= 1
        assert not verifier.ed25519(public, bytes(changed), message)
    assert not verifier.ed25519(public, signature[:63], message)
    assert not verifier.ed25519(public, signature + b"\0", message)
    assert not verifier.ed25519(public[:31], signature, message)
    # S is not below the group's order: another spelling of the same signature (RFC 8032, 5.1.7).
    s = int.from_bytes(signature[32:], "little") + verifier.L
    assert not verifier.ed25519(public, signature[:32] + s.to_bytes(32, "little"), message)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 32,
        (2**255 - 19).to_bytes(32, "little"),
        (2).to_bytes(32, "little"),
        (1 | 1 << 255).to_bytes(32, "little"),
    ],
)
def test_what_is_no_point(data: bytes) -> None:
    assert verifier.point_of(data) is None


@given(st.binary(max_size=50))
@settings(max_examples=10)
def test_ed25519_agrees_with_ours(message: bytes) -> None:
    signer = GrowingLog().signer
    text = message.hex() + "\n"
    signature = signer.sign(text)
    assert verifier.ed25519(signer.key.public, signature.value, text.encode())


def test_the_example_of_the_specification() -> None:
    key = verifier.read_key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", 1)
    line = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    value = verifier.unbase64(line)
    assert value[:4] == key[1]
    assert verifier.ed25519(key[2], value[4:], b"This is an example message.\n")


@given(st.integers(1, 300), st.data())
@settings(max_examples=50)
def test_proofs_agree_with_ours(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(str(n).encode()) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    edge = RightEdge()
    for leaf in leaves:
        edge.append(leaf)
    assert verifier.roots_at(iter(leaves), {size}) == (size, {0: verifier.root_of([]), size: edge.root()})
    assert verifier.root_of(leaves) == edge.root()
    proof = list(
        inclusion_proof(index, size, lambda level, at: perfect_root(leaves[at << level : (at + 1) << level]))
    )
    assert verifier.included(leaves[index], index, size, proof, edge.root())
    other = data.draw(st.integers(-1, size))
    for wrong in (proof[1:], [*proof, bytes(32)], proof[::-1]):
        answer = included(leaves[index], other, Head(size, edge.root()), wrong)
        assert verifier.included(leaves[index], other, size, wrong, edge.root()) == answer


def test_checkpoints_agree_with_ours() -> None:
    log, witness = GrowingLog("log.example/a", 5), witness_signer()
    note = log.note().signed(
        witness.cosign(log.note().text, 77), witness_signer("w.other").cosign(log.note().text, 3)
    )
    key, watching = verifier.read_key(log.signer.key.text, 1), verifier.read_key(witness.key.text, 4)
    read = verifier.read_checkpoint(note.data.decode(), key, [watching])
    assert read == ("log.example/a", 5, log.head().root, [("witness.example/w", 77)])
    chosen = random.Random(1)
    ours = theirs = 0
    for _ in range(60):
        changed = bytearray(note.data)
        changed[chosen.randrange(len(changed))] ^= 1 << chosen.randrange(8)
        with_ours = with_theirs = True
        try:
            with_ours = len(signed_by(parse(bytes(changed)), [log.signer.key, witness.key])) == 2
        except (ValueError, WrongSignature):
            with_ours = False
        try:
            with_theirs = len(verifier.read_checkpoint(bytes(changed).decode(), key, [watching])[3]) == 1
        except (ValueError, verifier.Wrong):
            with_theirs = False
        ours, theirs = ours + with_ours, theirs + with_theirs
        assert with_ours == with_theirs, bytes(changed)
    assert ours < 60


def test_keys_have_one_kind() -> None:
    with pytest.raises(verifier.Wrong):
        verifier.read_key(witness_signer().key.text, 1)
    with pytest.raises(verifier.Wrong):
        verifier.read_key(GrowingLog().signer.key.text, 4)


def test_it_needs_nothing_but_python() -> None:
    code = (
        "import sys, runpy; sys.argv = ['verify_ledger.py', '--help']\n"
        f"try: runpy.run_path({str(PATH)!r}, run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] not in sys.stdlib_module_names and m != '__main__'))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert not consistent(Head(1, bytes(32)), Head(2, bytes(32)), ())
