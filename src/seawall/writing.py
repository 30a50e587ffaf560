"""Groups of events become leaves, a tree and what is known, all of it durable or nothing of it.

Also after the files failed: they are opened again, and gone on with only where they hold the very entries
that were written last. Used by one thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic

from seawall.adapters.stores.ledger import LedgerStore, open_ledger
from seawall.adapters.stores.names import NameStore, open_names
from seawall.kernel.errors import StoreError, TamperedError
from seawall.kernel.event import Event
from seawall.kernel.known import Known
from seawall.kernel.leaf import Pseudonyms, leaf
from seawall.kernel.ledger import SPAN, Group
from seawall.kernel.merkle import Head, leaf_hash
from seawall.kernel.tiles import TileEdge

KNOWN_SECONDS = 1.0
"""Edges and coverage are written this seldom; readers take the rest from the leaves."""

_KNOWN_EVENTS = 8_000
_HELD = 20_000

Stores = tuple[LedgerStore, NameStore]


class AnotherLedgerError(StoreError):
    """What lies there now is not the ledger that was written last."""


class Writer:
    """The only one who appends to a ledger. `reopen` opens its files again and makes none."""

    _tree: TileEdge
    _head: Head
    _known: Known
    _known_at: float
    _names_seen: int

    def __init__(
        self, store: LedgerStore, names: NameStore, reopen: Callable[[], Stores] | None = None
    ) -> None:
        """Claims the ledger. Raises StoreError when another process writes it, TamperedError when its last
        tiles are not those of its head.
        """
        store.claim()
        self._pseudonyms: dict[tuple[str, str, str, str], Pseudonyms] = {}
        self._reopen = reopen
        self.unknown = 0
        """How many events are in no table yet; writing no events writes what they say."""
        self._use(store, names)
        self.begins_anew = self._head.size == 0 and names.knows_any()
        """Names of earlier entries are known, and the ledger holds none: somebody emptied or removed it."""

    @property
    def can_reopen(self) -> bool:
        """The files can be opened again."""
        return self._reopen is not None

    def write(self, events: Sequence[Event]) -> int:
        """Make the group durable; the number of its first entry. After a StoreError call `open_again`."""
        before, known = self._head, self._known
        hidden = self._hidden(events)
        salts = os.urandom(16 * len(events)).hex()
        leaves = []
        for at, (event, names) in enumerate(zip(events, hidden, strict=True)):
            leaves.append(leaf(event, names, salts[32 * at : 32 * at + 32]))
            known.add_event(before.size + at, event, names)
        self._tree.extend(map(leaf_hash, leaves))
        after = self._tree.edge.head()
        self.unknown += len(events)
        now = monotonic()
        if events and self.unknown < _KNOWN_EVENTS and now - self._known_at < KNOWN_SECONDS:
            self.store.append(Group(before, after, leaves, self._tree.changed(), known.spans))
            known.spans = _newest(known.spans, after.size)
        else:
            self.store.append(
                Group(
                    before, after, leaves, self._tree.changed(), known.spans,
                    True, known.edges, known.coverage, known.periods,
                )
            )  # fmt: skip
            self._known = Known(known.periods[-1:], _newest(known.spans, after.size))
            self.unknown, self._known_at = 0, now
        self._head = after
        return before.size

    def open_again(self) -> bool:
        """Use the files anew; whether they hold the group that failed, although it was said that they do not.

        Raises StoreError while they cannot be used, AnotherLedgerError when this is not what was written.
        """
        if self._reopen is None:
            raise StoreError("the ledger cannot be opened again", "start again")
        self.close()
        store, names = self._reopen()
        try:
            there = self._is_there(store, names)
            self._use(store, names)
        except TamperedError as error:
            _close(store, names)
            raise AnotherLedgerError(str(error), error.advice) from None
        except BaseException:
            _close(store, names)
            raise
        return there

    def close(self) -> None:
        """Give the files back."""
        _close(self.store, self.names)

    def _is_there(self, store: LedgerStore, names: NameStore) -> bool:
        store.claim()
        store.try_to_write()
        head, before, after = store.head(), self._head, self._tree.edge.head()
        if head not in (before, after) or store.length() != head.size:
            raise AnotherLedgerError(
                f"{store.path} is not the ledger that was written last: {head.size} entries in place of"
                f" {before.size}, or others",
                "keep it, it is evidence; put the right one in its place, and start again",
            )
        if head.size and not names.knows_any():
            raise AnotherLedgerError(
                f"{names.path} knows nobody any more",
                "put the right one in its place, and start again; the ledger itself stays sound",
            )
        return head != before

    def _use(self, store: LedgerStore, names: NameStore) -> None:
        """Go on where these files are. Raises TamperedError and StoreError."""
        tree, known, seen = store.edge(), store.tail(), names.changed_elsewhere()
        self.store, self.names = store, names
        self._tree, self._head = tree, tree.edge.head()
        self._known, self.unknown, self._known_at = known, 0, monotonic()
        self._names_seen = seen
        self._pseudonyms.clear()

    def _hidden(self, events: Sequence[Event]) -> list[Pseudonyms]:
        """The pseudonyms of each event's names; new ones are durable before any entry holds them."""
        seen = self.names.changed_elsewhere()
        if seen != self._names_seen or len(self._pseudonyms) > _HELD:
            # A principal may have been erased: the old key must not be used again.
            self._names_seen = seen
            self._pseudonyms.clear()
        held = self._pseudonyms
        keys = [(who.id, who.place, who.run, who.commit) for who in [event.identity for event in events]]
        new = [key for key in dict.fromkeys(keys) if key not in held]
        if new:
            held.update(zip(new, self.names.pseudonyms(new), strict=True))
        return [held[key] for key in keys]


def open_writer(ledger: Path, names: Path) -> Writer:
    """The writer of these two files, made if there are none. Raises as `Writer` and the stores do."""
    store, known = _open(ledger, names, existing=False)
    try:
        return Writer(store, known, lambda: _open(ledger, names, existing=True))
    except BaseException:
        _close(store, known)
        raise


def _open(ledger: Path, names: Path, *, existing: bool) -> Stores:
    store = open_ledger(ledger, write=True, existing=existing)
    try:
        return store, open_names(names, write=True, existing=existing)
    except BaseException:
        store.close()
        raise


def _close(*stores: LedgerStore | NameStore) -> None:
    for store in stores:
        store.close()


def _newest(spans: Mapping[int, tuple[int, int]], size: int) -> dict[int, tuple[int, int]]:
    """The span that the next entry belongs to, if it has begun."""
    return {number: times for number, times in spans.items() if number == size // SPAN}
