"""A file in the cache is what its digest says, and nobody is given one whose digests do not all agree.

Files lie under `sha256/AB/…`; beside them `by/sha512/AB/…` leads from any other digest to one. What is coming
lies in `arriving/` under a lock: what a crash left there has none, and the next start removes it. A file that
lies here already is read through once per process before it is handed out, and again when it was touched.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from seawall.adapters.disk.bounded import Bounded
from seawall.kernel.errors import OutsideError, SeawallError, StoreError
from seawall.kernel.offer import Offer
from seawall.kernel.origin import Origin

from .arrival import Arrival, Blob, Digests, MismatchError, hash_of, known_digests

__all__ = ["Arrival", "Blob", "Blobs", "MismatchError"]

_TOUCHED = 600.0
_STEP = 16 * 1024 * 1024
_READ = 1024 * 1024


class Fetches(Protocol):
    """Whoever fetches files (adapters/origins/fetch.py)."""

    def file(
        self,
        url: str,
        origin: Origin,
        begin: Callable[[int | None], None],
        write: Callable[[bytes], object],
        limit: int,
    ) -> None:
        """Hand the bytes of `url` to `write`. Raises OutsideError."""


@dataclass(slots=True)
class _Seen:
    """A file as it was when it was last read through, and the digests that it had."""

    stamp: tuple[int, int, int, int]
    digests: set[str]
    touched: float


class Blobs:
    """The files under `root`, `limit` bytes at most, one file at most `largest`. Safe between threads."""

    def __init__(self, root: Path, limit: int, largest: int | None = None) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._seen: dict[str, _Seen] = {}
        self._pins: dict[str, int] = {}
        self._coming: dict[tuple[str, tuple[str, ...]], Arrival] = {}
        self._largest = limit if largest is None else min(limit, largest)
        try:
            for name in ("sha256", "by", "arriving"):
                (root / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            _remove_left(root / "arriving")
            self._bound = Bounded(limit, ((name, size) for _, name, size in sorted(_files(root))))
            self._drop(self._bound.too_much())
            _remove_dangling(root, self._bound)
        except OSError as error:
            raise _unusable(root, error) from None

    @property
    def total(self) -> int:
        """Bytes that are here, and that room is kept for."""
        return self._bound.total

    def held(self, digests: Sequence[str]) -> Blob | None:
        """The file that has all of these digests (`algorithm:<hex>`), None when it is not here.

        Without a digest that we can compute there is none. One that was altered is thrown away. It may be
        thrown out for room at any time; whoever reads it opens it at once, or holds it with `using`.
        """
        wanted = known_digests(digests)
        for digest in wanted:
            name = self._name(digest)
            if name:
                return self._sound(name, wanted)
        return None

    @contextmanager
    def using(self, blob: Blob) -> Iterator[Blob]:
        """While in here the file is not thrown out for room."""
        with self._lock:
            self._pins[blob.sha256] = self._pins.get(blob.sha256, 0) + 1
        try:
            yield blob
        finally:
            with self._lock:
                self._pins[blob.sha256] -= 1
                if not self._pins[blob.sha256]:
                    del self._pins[blob.sha256]

    def arrive(self, fetcher: Fetches, origin: Origin, offer: Offer) -> Arrival:
        """The file of `offer` on its way here. Whoever asks for the same file meanwhile gets the same one.

        It comes in a thread of its own; its failure, whatever it is, is what `Arrival.wait` raises.
        """
        key = (offer.url, offer.digests)
        with self._lock:
            coming = self._coming.get(key)
            if coming is not None:
                return coming
            arrival = Arrival(
                offer.filename, self._root / "arriving", known_digests(offer.digests), offer.size
            )
            self._coming[key] = arrival
        coming_in = threading.Thread(
            target=self._come,
            args=(key, arrival, fetcher, origin, offer),
            name="seawall-arrival",
            daemon=True,
        )
        try:
            coming_in.start()
        except RuntimeError:
            with self._lock:
                self._coming.pop(key, None)
            arrival.end(None, OutsideError("too much is on its way here", "try again in a moment"))
        return arrival

    def _come(
        self,
        key: tuple[str, tuple[str, ...]],
        arrival: Arrival,
        fetcher: Fetches,
        origin: Origin,
        offer: Offer,
    ) -> None:
        failure: SeawallError | None = None
        blob: Blob | None = None
        try:
            # Whoever asked looked before this one was registered: it may have come in between.
            blob = self.held(arrival.expected) or self._brought(arrival, fetcher, origin, offer)
        except SeawallError as error:
            failure = error
        except OSError as error:
            failure = _unusable(self._root, error)
        except BaseException as error:  # whoever waits must hear of it, whatever it is
            failure = StoreError(f"{offer.filename} did not come: {type(error).__name__}", "look at the log")
        with self._lock:
            self._coming.pop(key, None)
        arrival.end(blob, failure)

    def _brought(self, arrival: Arrival, fetcher: Fetches, origin: Origin, offer: Offer) -> Blob:
        room = _Room(self, arrival, min(_STEP, self._largest))
        try:
            with arrival.writing():
                fetcher.file(offer.url, origin, room.begin, room.write, self._largest)
                found = arrival.verified()
                return self._keep(arrival, found)
        finally:
            self._bound.came(room.kept)

    def room_for(self, size: int) -> None:
        """Throw out what was used longest ago until `size` bytes more fit. Raises StoreError."""
        with self._lock:
            in_use = frozenset(self._pins)
        out = self._bound.room_for(size, in_use)
        if out is None:
            raise StoreError(
                f"the cache {self._root} has no room for {size} bytes",
                "raise `size` under [cache] in firewall.toml",
            )
        self._drop(out)

    def _drop(self, names: Iterable[str]) -> None:
        for name in names:
            self._remove(name)

    def _keep(self, arrival: Arrival, blob: Blob) -> Blob:
        """Put a verified file in its place and lead its other digests to it."""
        target = self._path(blob.sha256)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        arrival.move(target)
        self._bound.used(blob.sha256, blob.size)
        with self._lock:
            self._seen[blob.sha256] = _Seen(
                _stamp(target.stat()), {*arrival.expected, f"sha256:{blob.sha256}"}, time.monotonic()
            )
        for digest in arrival.expected:
            self._lead(digest, blob.sha256)
        return Blob(target, blob.size, blob.sha256)

    def _lead(self, digest: str, name: str) -> None:
        algorithm, _, value = digest.partition(":")
        if algorithm == "sha256":
            return
        link = self._root / "by" / algorithm / value[:2] / value
        link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = link.with_name(f".{value[:16]}.{os.getpid()}.{threading.get_ident()}")
        temporary.symlink_to(name)
        temporary.replace(link)

    def _name(self, digest: str) -> str:
        return _name_of(self._root, digest)

    def _sound(self, name: str, wanted: Digests) -> Blob | None:
        """The file if it is here and is what all of `wanted` say."""
        path = self._path(name)
        try:
            with path.open("rb") as file:
                stamp = _stamp(os.fstat(file.fileno()))
                seen = self._seen.get(name)
                need = {f"sha256:{name}", *wanted}
                if seen is None or seen.stamp != stamp:
                    seen = _Seen(stamp, set(), 0.0)
                if not need <= seen.digests:
                    found = _digests(file, need)
                    if f"sha256:{name}" not in found:
                        self._remove(name)
                        return None
                    if not need <= found:
                        return None
                    seen = _Seen(stamp, seen.digests | found, seen.touched)
                self._used(name, file, seen)
        except FileNotFoundError:
            self._forget(name)
            return None
        except OSError as error:
            raise _unusable(path, error) from None
        return Blob(path, stamp[3], name)

    def _used(self, name: str, file: BinaryIO, seen: _Seen) -> None:
        """Remember that it was used, on disk too, but not at every use."""
        now = time.monotonic()
        if not seen.touched or now - seen.touched > _TOUCHED:
            with suppress(OSError):  # a cache that may only be read serves as well
                os.utime(file.fileno())
            seen = _Seen(_stamp(os.fstat(file.fileno())), seen.digests, now)
        with self._lock:
            self._seen[name] = seen
        self._bound.used(name, seen.stamp[3])

    def _remove(self, name: str) -> None:
        with suppress(OSError):
            self._path(name).unlink(missing_ok=True)
        self._forget(name)

    def _forget(self, name: str) -> None:
        self._bound.gone(name)
        with self._lock:
            self._seen.pop(name, None)

    def _path(self, name: str) -> Path:
        return _path_of(self._root, name)


class _Room:
    """Keeps room for one file while it comes: as much as it says it needs, or a step at a time."""

    def __init__(self, blobs: Blobs, arrival: Arrival, step: int) -> None:
        self._blobs = blobs
        self._arrival = arrival
        self._step = step
        self.kept = 0

    def begin(self, size: int | None) -> None:
        """The upstream said how large it is, or did not."""
        self._arrival.begin(size)
        self._more(size if size is not None else self._step)

    def write(self, block: bytes) -> None:
        """One block came."""
        self._arrival.write(block)
        if self._arrival.received > self.kept:
            self._more(self._step)

    def _more(self, size: int) -> None:
        self._blobs.room_for(size)
        self.kept += size


def held_at(root: Path, digests: Sequence[str]) -> Blob | None:
    """The file that has all of these digests, for whoever only looks: nothing is made, touched or removed."""
    wanted = known_digests(digests)
    try:
        for name in filter(None, (_name_of(root, digest) for digest in wanted)):
            path = _path_of(root, name)
            with path.open("rb") as file:
                need = {f"sha256:{name}", *wanted}
                return (
                    Blob(path, os.fstat(file.fileno()).st_size, name)
                    if _digests(file, need) == need
                    else None
                )
    except OSError:
        pass
    return None


def _name_of(root: Path, digest: str) -> str:
    """The sha256 that a digest leads to; empty when it leads nowhere."""
    algorithm, _, value = digest.partition(":")
    if algorithm == "sha256":
        return value
    try:
        name = str((root / "by" / algorithm / value[:2] / value).readlink())
    except OSError:
        return ""
    return name if known_digests([f"sha256:{name}"]) else ""


def _path_of(root: Path, name: str) -> Path:
    return root / "sha256" / name[:2] / name


def _digests(file: BinaryIO, wanted: set[str]) -> set[str]:
    """Those of `wanted` that the file really has."""
    size = os.fstat(file.fileno()).st_size
    hashes = {name: hash_of(name, size) for name in {d.partition(":")[0] for d in wanted}}
    while block := file.read(_READ):
        for item in hashes.values():
            item.update(block)
    return {f"{name}:{item.hexdigest()}" for name, item in hashes.items()} & wanted


def _stamp(stat: os.stat_result) -> tuple[int, int, int, int]:
    return (stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)


def _files(root: Path) -> Iterator[tuple[int, str, int]]:
    """(last use, name, size) of every file."""
    for directory in os.scandir(root / "sha256"):
        if not directory.is_dir(follow_symlinks=False):
            continue
        for entry in os.scandir(directory):
            with suppress(FileNotFoundError):
                stat = entry.stat(follow_symlinks=False)
                if known_digests([f"sha256:{entry.name}"]):
                    yield stat.st_mtime_ns, entry.name, stat.st_size


def _remove_left(arriving: Path) -> None:
    """Remove what nobody is writing any more: whoever writes holds a lock on the file."""
    for entry in os.scandir(arriving):
        with suppress(OSError):
            descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Path(entry.path).unlink()
            finally:
                os.close(descriptor)


def _remove_dangling(root: Path, bound: Bounded) -> None:
    """Remove the digests that lead to nothing any more."""
    for link in (root / "by").glob("*/??/*"):
        with suppress(OSError):
            if str(link.readlink()) not in bound:
                link.unlink()


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"the cache {path} cannot be used: {error.strerror or type(error).__name__}",
        "make room on the disk, or let it be written to",
    )
