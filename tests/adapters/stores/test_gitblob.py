"""A small file of a hub is known by git's id of it, and is held to that as others are to their digests."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from seawall.adapters.stores.arrival import known_digests
from seawall.adapters.stores.blobs import Blobs, MismatchError
from seawall.kernel.offer import Offer
from seawall.kernel.origin import Origin

HUB = Origin("Hugging Face", "hub", "https://hub.example")


def gitblob(data: bytes) -> str:
    return "gitblob:" + hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Given:
    def __init__(self, data: bytes, says: int | None = None) -> None:
        self.data, self.says, self.asked = data, says, 0

    def file(
        self,
        url: str,
        origin: Origin,
        begin: Callable[[int | None], None],
        write: Callable[[bytes], object],
        limit: int,
    ) -> None:
        self.asked += 1
        begin(self.says)
        for at in range(0, len(self.data), 3):
            write(self.data[at : at + 3])


def offer(data: bytes, size: int | None) -> Offer:
    return Offer("c", "config.json", "https://hub.example/a", (gitblob(data),), size=size)


def test_it_is_git_s_own_id(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello\n")
    told = subprocess.run(
        ["git", "hash-object", str(tmp_path / "a")], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert gitblob(b"hello\n") == f"gitblob:{told}"


def test_a_file_is_kept_and_found_again_by_it(tmp_path: Path) -> None:
    data = b'{"model_type": "bert"}'
    blobs, given = Blobs(tmp_path, 10_000), Given(data)
    arrival = blobs.arrive(given, HUB, offer(data, len(data)))
    assert arrival.wait(timeout=10)
    for held in (blobs.held([gitblob(data)]), Blobs(tmp_path, 10_000).held([gitblob(data)])):
        assert held is not None
        assert held.path.read_bytes() == data
        assert held.sha256 == hashlib.sha256(data).hexdigest()


def test_other_bytes_are_refused(tmp_path: Path) -> None:
    data = b'{"model_type": "bert"}'
    other = data.replace(b"bert", b"evil")
    blobs = Blobs(tmp_path, 10_000)
    with pytest.raises(MismatchError, match="gitblob"):
        blobs.arrive(Given(other), HUB, offer(data, len(data))).wait(timeout=10)
    assert blobs.held([gitblob(data)]) is None


def test_without_a_size_it_agrees_with_nothing(tmp_path: Path) -> None:
    data = b"x"
    with pytest.raises(MismatchError):
        Blobs(tmp_path, 10_000).arrive(Given(data), HUB, offer(data, None)).wait(timeout=10)


def test_an_altered_copy_is_not_handed_out(tmp_path: Path) -> None:
    data = b"weights"
    blobs = Blobs(tmp_path, 10_000)
    blobs.arrive(Given(data), HUB, offer(data, len(data))).wait(timeout=10)
    held = blobs.held([gitblob(data)])
    assert held is not None
    held.path.write_bytes(b"WEIGHTS")
    assert blobs.held([gitblob(data)]) is None


def test_only_what_has_the_form_of_one_counts() -> None:
    assert known_digests(["gitblob:" + "a" * 40]) == ("gitblob:" + "a" * 40,)
    assert known_digests(["gitblob:" + "a" * 39, "gitblob:" + "g" * 40]) == ()
