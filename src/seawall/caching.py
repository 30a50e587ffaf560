"""The store of this machine as a cache: what can be asked again may be forgotten."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from seawall.adapters.disk.places import data_directory
from seawall.adapters.stores.sqlite import open_store, writable
from seawall.kernel.cache import Cache, NoCache
from seawall.kernel.errors import StoreError


def cache_at(named: Path | None, opened: ExitStack) -> Cache:
    """The store at a place that was named, or the usual one; closed when `opened` is.

    One that cannot be written is done without. Raises StoreError when it is corrupt.
    """
    path = named or data_directory() / "seawall.db"
    if not named and path.exists() and not writable(path):
        return NoCache()
    try:
        store = open_store(path)
    except StoreError:
        if named or path.exists():
            raise
        return NoCache()
    opened.callback(store.close)
    return store
