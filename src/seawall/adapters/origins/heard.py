"""What registries said is kept on disk, so that a restart while they are down still has an answer.

One file per address: a line of JSON, then the body. Its time of change is when it was last confirmed. A file
whose body does not have the digest in its first line counts as not there: nothing is synchronised to disk.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkstemp

from seawall.adapters.disk.bounded import Bounded

_HEAD = 16 * 1024
_TEXTS = ("type", "etag", "modified", "url", "sha256")


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer: `status` 200 with its body, or 404. `at` is Unix time, when it was last confirmed."""

    status: int
    at: float
    url: str = field(default="", repr=False)
    content_type: str = ""
    etag: str = ""
    modified: str = ""
    body: bytes = field(default=b"", repr=False)
    sha256: str = ""


class HeardStore:
    """Answers under `root`, `limit` bytes at most. Safe to share between threads and processes."""

    def __init__(self, root: Path, limit: int) -> None:
        self._root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = sorted(_files(root))
        self._bound = Bounded(limit, ((name, size) for _, name, size in found))
        for name in self._bound.too_much():
            self._path(name).unlink(missing_ok=True)

    def get(self, key: str) -> Kept | None:
        """What was heard under `key`; None when nothing was, or it is not whole."""
        name = _name(key)
        path = self._path(name)
        try:
            with path.open("rb") as file:
                stamp = os.fstat(file.fileno())
                head, _, body = file.read().partition(b"\n")
            kept = _kept(head, body, stamp.st_mtime)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            self.forget(key)
            return None
        self._bound.used(name, stamp.st_size)
        return kept

    def put(self, key: str, kept: Kept) -> None:
        """Keep an answer in place of the one before. A disk that is full keeps the old one."""
        name, data = _name(key), _written(kept)
        out = self._bound.room_for(len(data))
        if out is None:
            return
        try:
            for old in out:
                self._path(old).unlink(missing_ok=True)
            path = self._path(name)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, temporary = mkstemp(prefix=".", dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                os.utime(temporary, (kept.at, kept.at))
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            self._bound.used(name, len(data))
        except OSError:
            return
        finally:
            self._bound.came(len(data))

    def confirmed(self, key: str, at: float) -> None:
        """What is kept under `key` still counts at this time."""
        with suppress(OSError):
            os.utime(self._path(_name(key)), (at, at))

    def forget(self, key: str) -> None:
        """Nothing is kept under `key` any more."""
        name = _name(key)
        with suppress(OSError):
            self._path(name).unlink(missing_ok=True)
        self._bound.gone(name)

    def _path(self, name: str) -> Path:
        return self._root / name[:2] / name


def kept_at(root: Path, key: str) -> Kept | None:
    """What was heard under `key`, for whoever only looks: nothing is made, moved or removed."""
    try:
        path = root / _name(key)[:2] / _name(key)
        with path.open("rb") as file:
            stamp = os.fstat(file.fileno())
            head, _, body = file.read().partition(b"\n")
        return _kept(head, body, stamp.st_mtime)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def _files(root: Path) -> Iterator[tuple[float, str, int]]:
    """(last confirmed, name, size) of every answer; what a crash left is removed."""
    for path in root.glob("??/*"):
        with suppress(OSError):
            stamp = path.stat()
            if path.name.startswith("."):
                path.unlink()
            else:
                yield stamp.st_mtime, path.name, stamp.st_size


def _written(kept: Kept) -> bytes:
    texts = (kept.content_type, kept.etag, kept.modified, kept.url, kept.sha256)
    head = json.dumps({"status": kept.status, **dict(zip(_TEXTS, texts, strict=True))})
    return head.encode() + b"\n" + kept.body


def _kept(head: bytes, body: bytes, at: float) -> Kept:
    """Raises ValueError, KeyError, TypeError or RecursionError for what is no whole answer."""
    said = json.loads(head[:_HEAD])
    content_type, etag, modified, url, sha256 = (str(said[name]) for name in _TEXTS)
    if said["status"] not in (200, 404) or hashlib.sha256(body).hexdigest() != sha256:
        raise ValueError("not whole")
    return Kept(said["status"], at, url, content_type, etag, modified, body, sha256)
