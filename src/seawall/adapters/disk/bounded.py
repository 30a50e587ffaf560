"""A room on disk stays below its bound: what was used longest ago goes first, and nothing that is in use."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable


class Bounded:
    """The names and sizes of what lies in one room, in the order of their last use. Safe between threads.

    It knows no files: whoever keeps them removes what `room_for` says. `limit` and sizes in bytes.
    """

    def __init__(self, limit: int, entries: Iterable[tuple[str, int]] = ()) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._total = 0
        self._coming = 0
        for name, size in entries:
            self.used(name, size)

    @property
    def total(self) -> int:
        """What is there and what room is kept for."""
        with self._lock:
            return self._total + self._coming

    def used(self, name: str, size: int) -> None:
        """`name` is there and was used now."""
        with self._lock:
            self._total += size - self._sizes.pop(name, 0)
            self._sizes[name] = size

    def gone(self, name: str) -> None:
        """`name` is not there any more."""
        with self._lock:
            self._total -= self._sizes.pop(name, 0)

    def room_for(self, size: int, in_use: frozenset[str] = frozenset()) -> list[str] | None:
        """Keep room for `size` bytes that are coming; the names that must go, oldest first.

        None when there is no such room even without all that is not in use; then none is kept.
        """
        with self._lock:
            out: list[str] = []
            short = self._total + self._coming + size - self.limit
            for name, held in self._sizes.items():
                if short <= 0:
                    break
                if name not in in_use:
                    out.append(name)
                    short -= held
            if short > 0:
                return None
            for name in out:
                self._total -= self._sizes.pop(name)
            self._coming += size
            return out

    def too_much(self) -> list[str]:
        """What must go before there is room for anything: the bound was larger once."""
        with self._lock:
            out = []
            while self._total > self.limit and self._sizes:
                name, size = self._sizes.popitem(last=False)
                self._total -= size
                out.append(name)
            return out

    def __contains__(self, name: str) -> bool:
        with self._lock:
            return name in self._sizes

    def came(self, size: int) -> None:
        """The room that was kept for `size` bytes is not needed any more."""
        with self._lock:
            self._coming -= size
