"""A file on its way here can be followed by many, and is finished only when everything known of it agrees.

One thread writes; others wait, or read the growing file through descriptors of their own.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO, Protocol

from seawall.kernel.errors import OutsideError, SeawallError, StoreError, TamperedError

_LENGTHS = {"sha512": 128, "sha384": 96, "sha256": 64, "blake2b": 128, "sha1": 40, "gitblob": 40, "md5": 32}
"""Algorithms that can be computed, the strongest first, and how many hexadecimal digits they have.

`gitblob` is git's id of a file: SHA-1 over its size and its bytes (git, "Git Internals - Git Objects").
"""

STRONG = frozenset({"sha512", "sha384", "sha256", "blake2b"})
"""Algorithms for which nobody can make two files with the same digest."""

_HEX = re.compile(r"[0-9a-f]+\Z")
Digests = tuple[str, ...]


class Hash(Protocol):
    """What `hashlib` makes."""

    def update(self, data: bytes, /) -> None:
        """Put more into it."""

    def hexdigest(self) -> str:
        """What it comes to."""
        ...


class MismatchError(TamperedError):
    """A file is not the one that its registry described: another digest, or another size.

    `expected` and `found` are `algorithm:<hex>` or `size:<bytes>`.
    """

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(
            f"{name[:200]} is not the file that its registry describes: {expected} promised, {found} came",
            "do not use it; ask whoever runs the registry",
        )
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class Blob:
    """A file in the cache, whole and verified. `size` in bytes, `sha256` in hexadecimal."""

    path: Path
    size: int
    sha256: str


def known_digests(digests: Iterable[str]) -> Digests:
    """Those that can be computed, in lower case, the strongest first, each once."""
    found: dict[str, str] = {}
    for digest in digests:
        algorithm, _, value = digest.strip().lower().partition(":")
        if len(value) == _LENGTHS.get(algorithm, 0) and _HEX.match(value):
            found.setdefault(f"{algorithm}:{value}", algorithm)
    order = list(_LENGTHS)
    return tuple(sorted(found, key=lambda item: order.index(found[item])))


def hash_of(algorithm: str, size: int | None) -> Hash:
    """A hash that nothing was put into yet. `size` is that of the whole file, which git's id begins with.

    Where git's id is asked for and the size is not known, what it comes to is no file's id.
    """
    if algorithm != "gitblob":
        return hashlib.new(algorithm, usedforsecurity=False)
    return hashlib.sha1(b"blob %d\0" % (-1 if size is None else size), usedforsecurity=False)


class Arrival:
    """One file on its way. `expected` must all agree with what comes, and so must `size`, if it is known.

    `received` are the bytes that lie in the file at `path`. After `done` either `failure` is set or the file
    is in its place and `proved` are the digests that were expected and agreed; empty when none was known.
    """

    def __init__(self, name: str, directory: Path, expected: Digests, size: int | None = None) -> None:
        self.name = name
        self.expected = expected
        self.size = size
        self.path = directory
        self.received = 0
        self.done = False
        self.failure: SeawallError | None = None
        self.proved: Digests = ()
        self._directory = directory
        self._promised = size
        self._blob: Blob | None = None
        self._file: BinaryIO | None = None
        self._changed = threading.Condition()
        self._callbacks: list[Callable[[], None]] = []
        names = {"sha256", *(digest.partition(":")[0] for digest in expected)}
        self._hashes = {name: hash_of(name, size) for name in names}

    # For those who follow it.

    def wait(self, most: int | None = None, timeout: float | None = None) -> bool:
        """Wait until it is here. True when it is, whole and verified; raises what it failed with.

        False as soon as it is known to be larger than `most` bytes, or after `timeout` seconds.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.done or self._larger(most), timeout)
            if self.failure is not None:
                raise self.failure.with_traceback(None)
            return self.done

    def wait_for(self, size: int, timeout: float | None = None) -> int:
        """Wait until more than `size` bytes are there, or it is done; how many there are."""
        with self._changed:
            self._changed.wait_for(lambda: self.done or self.received > size, timeout)
            return self.received

    def blob(self) -> Blob:
        """The finished file. Raises what it failed with, StoreError when it is not done."""
        if self.failure is not None:
            raise self.failure.with_traceback(None)
        if self._blob is None:
            raise StoreError(f"{self.name} is not here yet", "wait for it")
        return self._blob

    def on_progress(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever more is there, and at the end; at once if it is done already.

        It is called in the writing thread and must return at once (`loop.call_soon_threadsafe`).
        """
        with self._changed:
            self._callbacks.append(callback)
            done = self.done
        if done:
            _tell([callback])

    def forget(self, callback: Callable[[], None]) -> None:
        """Do not call `callback` any more."""
        with self._changed, suppress(ValueError):
            self._callbacks.remove(callback)

    def open(self) -> BinaryIO:
        """A descriptor of one's own on the file as far as it is there; it stays good when the file moves.

        Raises what it failed with, StoreError before its first byte.
        """
        with self._changed:
            if self.failure is not None:
                raise self.failure.with_traceback(None)
            try:
                return self.path.open("rb")
            except OSError:
                raise StoreError(f"{self.name} has not begun to come", "wait for it") from None

    def _larger(self, most: int | None) -> bool:
        return most is not None and max(self.received, self.size or 0) > most

    # For the one who writes it.

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A file to write to is there, under a lock; it is removed unless it was moved to its place."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # somebody may have emptied the cache
        descriptor, name = mkstemp(dir=self._directory)
        with os.fdopen(descriptor, "wb", buffering=0) as self._file:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with self._changed:
                self.path = Path(name)
            try:
                yield
            finally:
                Path(name).unlink(missing_ok=True)

    def begin(self, size: int | None) -> None:
        """The upstream says how large it is, None = it does not."""
        if size is not None and self._promised is not None and size != self._promised:
            raise MismatchError(self.name, f"size:{self._promised}", f"size:{size}")
        with self._changed:
            self.size = size if size is not None else self._promised
            self._changed.notify_all()

    def write(self, block: bytes) -> None:
        """One more block. Raises MismatchError as soon as it is more than was promised."""
        received = self.received + len(block)
        if self._promised is not None and received > self._promised:
            raise MismatchError(self.name, f"size:{self._promised}", f"size:{received} or more")
        view = memoryview(block)
        while view:
            view = view[self._file.write(view) :]  # type: ignore[union-attr]
        for item in self._hashes.values():
            item.update(block)
        with self._changed:
            self.received = received
            self._changed.notify_all()
            callbacks = tuple(self._callbacks)
        _tell(callbacks)

    def verified(self) -> Blob:
        """All bytes came and are what was promised. Raises MismatchError, OutsideError when they are none."""
        found = {name: f"{name}:{item.hexdigest()}" for name, item in self._hashes.items()}
        for digest in self.expected:
            there = found[digest.partition(":")[0]]
            if digest != there:
                raise MismatchError(self.name, digest, there)
        if self._promised is not None and self.received != self._promised:
            raise MismatchError(self.name, f"size:{self._promised}", f"size:{self.received}")
        if not self.expected and not self.received:
            raise OutsideError(f"{self.name[:200]} came empty", "ask for it again later")
        return Blob(self.path, self.received, found["sha256"].partition(":")[2])

    def move(self, target: Path) -> None:
        """Make it durable and put it in its place."""
        os.fsync(self._file.fileno())  # type: ignore[union-attr]
        with self._changed:
            self.path.replace(target)
            self.path = target

    def end(self, blob: Blob | None, failure: SeawallError | None) -> None:
        """It is in its place, or will not come."""
        with self._changed:
            self._blob, self.failure = blob, failure
            if blob is not None:
                self.path, self.size, self.received = blob.path, blob.size, blob.size
                self.proved = self.expected
            self.done = True
            self._changed.notify_all()
            callbacks = tuple(self._callbacks)
        _tell(callbacks)


def _tell(callbacks: Iterable[Callable[[], None]]) -> None:
    for callback in callbacks:
        with suppress(Exception):  # a follower that is gone keeps nobody else from it
            callback()
