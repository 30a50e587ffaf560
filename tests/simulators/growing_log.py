"""A log in memory that can grow, lie, fork and go back, with its key."""

from seawall.adapters.signers.ed25519 import Signer, new_secret_key, signer_of
from seawall.kernel.checkpoint import Checkpoint
from seawall.kernel.merkle import Head, consistency_proof, leaf_hash, perfect_root, root_of
from seawall.kernel.note import COSIGNATURE, Note
from seawall.kernel.witnessing import Ask


class GrowingLog:
    def __init__(self, origin: str = "log.example/a", size: int = 0) -> None:
        self.origin = origin
        self.signer = signer_of(new_secret_key(origin).text, "the test")
        self.leaves = [leaf_hash(str(n).encode()) for n in range(size)]

    def grow(self, *entries: str) -> None:
        self.leaves += [leaf_hash(entry.encode()) for entry in entries]

    def hash_of(self, level: int, index: int) -> bytes:
        return perfect_root(self.leaves[index << level : (index + 1) << level])

    def head(self, size: int | None = None) -> Head:
        size = len(self.leaves) if size is None else size
        return Head(size, root_of(size, self.hash_of))

    def note(self, size: int | None = None) -> Note:
        head = self.head(size)
        text = Checkpoint(self.origin, head.size, head.root).text
        return Note(text).signed(self.signer.sign(text))

    def ask(self, old: int, size: int | None = None) -> Ask:
        size = len(self.leaves) if size is None else size
        proof = consistency_proof(old, size, self.hash_of) if old <= size else ()
        return Ask(old, proof, self.note(size))


def witness_signer(name: str = "witness.example/w") -> Signer:
    return signer_of(new_secret_key(name, COSIGNATURE).text, "the test")
