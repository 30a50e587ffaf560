"""A clock that is or was wrong leaves ages unjudged until it is right, unless a person says that it is.

Whatever the firewall sees is dated, and where its clock then says that it is earlier, no age is worth
anything: nobody can tell which of the two times was wrong. Where it is later than where the registries are,
what looks old may be young. A person can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from seawall.adapters.stores.seen import open_seen

CORRECT = "correct the clock; if it is right now: seawall firewall check --accept-clock"
JUMP = timedelta(minutes=5)
"""By so much a clock may go back without anybody asking why."""

AHEAD = timedelta(minutes=10)
"""By so much a clock may be ahead of a registry's."""


def told_ahead(seconds: float, names: Sequence[str]) -> str:
    """A sentence: by how much the clock is ahead of whom."""
    much = f"{seconds / 86_400:.0f} days" if seconds >= 2 * 86_400 else f"{seconds / 60:.0f} minutes"
    return f"the clock of this machine is {much} ahead of what {' and '.join(names)} says that it is"


def behind(database: Path, now: datetime) -> str:
    """A sentence where this machine's clock is well before what was written down, or was ahead of registries
    when a firewall last heard them; else empty.

    Raises StoreError.
    """
    if not database.exists():
        return ""
    store = open_seen(database, read_only=True)
    try:
        newest = store.newest()
        limit = AHEAD.total_seconds()
        ahead = {key: is_ for key, (is_, accepted) in store.ahead().items() if is_ > accepted + limit}
    finally:
        store.close()
    if newest is None or now >= newest - JUMP:
        names = sorted({name for _, name in ahead})
        return f"{told_ahead(min(ahead.values()), names)}: {CORRECT}" if ahead else ""
    return f"the clock says {now:%Y-%m-%d %H:%M} UTC, and it was {newest:%Y-%m-%d %H:%M}: {CORRECT}"


def accept(database: Path, now: datetime) -> None:
    """It is `now`, whatever was said before or elsewhere; what was written later counts as written now.

    Raises StoreError.
    """
    if database.exists():
        store = open_seen(database)
        try:
            store.nothing_after(now)
        finally:
            store.close()
