"""What is small and went out a moment ago goes out again without a look at the disk.

A package is asked for by many machines at the same time, and its metadata before it by each of them. The
cache on disk is still the one that is kept: bytes are here for a minute, and were verified when they came.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from seawall.handing import Prepared

SMALL = 256 * 1024
"""Only files of at most so many bytes are here."""

KEPT_SECONDS = 60.0
"""So long; then the cache on disk is asked, and learns that the file is in use."""

_MOST_BYTES = 16 * 1024 * 1024
_MOST = 1_000


class Held:
    """A whole small file in memory, as `Opened` is one on disk."""

    descriptor = -1

    def __init__(self, data: bytes) -> None:
        self.first = data

    def close(self) -> None:
        """There is nothing to give back."""


class Lately:
    """Files by what was asked for, bounded in bytes and in number; whoever came first goes first."""

    def __init__(self) -> None:
        self._held: OrderedDict[Hashable, tuple[float, Prepared, Held]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, now: float) -> tuple[Prepared, Held] | None:
        """The file, if it was put here within the last minute (`now`: monotonic seconds)."""
        found = self._held.get(key)
        if found is None:
            return None
        if not 0 <= now - found[0] < KEPT_SECONDS:
            self._drop(key)
            return None
        return found[1], found[2]

    def put(self, key: Hashable, prepared: Prepared, data: bytes, now: float) -> None:
        """Keep the file if it is small and `data` is all of it."""
        self._drop(key)
        if not data or len(data) > SMALL or len(data) != prepared.size:
            return
        self._held[key] = (now, prepared, Held(data))
        self._bytes += len(data)
        while self._bytes > _MOST_BYTES or len(self._held) > _MOST:
            self._drop(next(iter(self._held)))

    def _drop(self, key: Hashable) -> None:
        found = self._held.pop(key, None)
        if found is not None:
            self._bytes -= len(found[2].first)
