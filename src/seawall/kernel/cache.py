"""A cache is something that may forget: whoever asks it must be able to ask the source again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol


class Cache(Protocol):
    """Bytes by (kind, key), each with the time from which it no longer counts. Never raises on a miss."""

    def cached(self, kind: str, keys: Iterable[str], now: datetime) -> dict[str, bytes]:
        """Those of `keys` that are held and not past their time."""
        ...

    def remember(self, kind: str, values: Mapping[str, bytes], until: datetime) -> None:
        """Hold `values` until then; older values under the same keys are replaced."""
        ...


class NoCache:
    """Holds nothing."""

    def cached(self, kind: str, keys: Iterable[str], now: datetime) -> dict[str, bytes]:
        """Nothing."""
        del kind, keys, now
        return {}

    def remember(self, kind: str, values: Mapping[str, bytes], until: datetime) -> None:
        """Forget at once."""
        del kind, values, until
