"""A clock that ran ahead once leaves everything unjudged until that time comes, unless a person accepts it.

Whatever the firewall sees is dated, and where its clock then says that it is earlier, no age is worth
anything: nobody can tell which of the two times was wrong. A person can.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from seawall.adapters.stores.seen import open_seen

CORRECT = "correct the clock; if it is right now and was ahead before: seawall firewall check --accept-clock"
JUMP = timedelta(minutes=5)
"""By so much a clock may go back without anybody asking why."""


def behind(database: Path, now: datetime) -> str:
    """A sentence where this machine's clock says that it is well before what was written down, else empty.

    Raises StoreError.
    """
    if not database.exists():
        return ""
    store = open_seen(database, read_only=True)
    try:
        newest = store.newest()
    finally:
        store.close()
    if newest is None or now >= newest - JUMP:
        return ""
    return f"the clock says {now:%Y-%m-%d %H:%M} UTC, and it was {newest:%Y-%m-%d %H:%M}: {CORRECT}"


def accept(database: Path, now: datetime) -> None:
    """It is `now`, whatever was said before; what was written later counts as written now.

    Raises StoreError.
    """
    if database.exists():
        store = open_seen(database)
        try:
            store.nothing_after(now)
        finally:
            store.close()
