"""What happened is written down here and nowhere else; what cannot be written down does not happen.

`Record` is the only writer of the ledger. Events are queued by whoever has them (an event loop, too: that
costs less than a microsecond) and written by one thread: the leaves and the tree of a group are one
transaction. `keep` tells when an event is durable; `note` does not, but the oldest event that is not durable
yet is never older than a bound, or nothing more is taken. Edges and coverage are written once for many
groups; until then readers have them from the leaves. When the store fails, everything fails from then on: a
gate that cannot record hands nothing out.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from seawall.adapters.stores.ledger import LedgerStore, open_ledger
from seawall.adapters.stores.names import NameStore, open_names
from seawall.kernel.errors import StoreError, TamperedError
from seawall.kernel.event import Event
from seawall.kernel.known import Known
from seawall.kernel.leaf import LATEST, Pseudonyms, leaf, read_leaf
from seawall.kernel.ledger import SPAN, Group
from seawall.kernel.merkle import leaf_hash

LEDGER_FILE = "ledger.db"
NAMES_FILE = "names.db"

WITHIN_SECONDS = 2.0
"""A noted event is durable within this time, or `note` refuses the next one."""

BACKLOG = 20_000
"""No more events than this wait at any time."""

_GROUP = 2_000
_LINGER = 0.05  # notes wait this long for company, so that few groups are written
_COMPANY = 0.0005  # those who wait together come back together, but one after the other
_HELD = 20_000
_KNOWN_EVENTS = 8_000  # edges and coverage are written this seldom;
_KNOWN_SECONDS = 1.0  # readers take the rest from the leaves

_Item = tuple[Event, "Future[int] | None"]


class Record:
    """Takes events and writes them, in the order in which they came."""

    def __init__(
        self, store: LedgerStore, names: NameStore, *, within: float = WITHIN_SECONDS, backlog: int = BACKLOG
    ) -> None:
        """Claims the ledger. Raises StoreError when another process writes it, TamperedError when its last
        tiles are not those of its head.
        """
        store.claim()
        self._store, self._names = store, names
        self._tree = store.edge()
        self._head = self._tree.edge.head()
        self.begins_anew = self._head.size == 0 and bool(names.all())
        """Names of earlier entries are known, and the ledger holds none: somebody emptied or removed it."""
        self._known, self._unknown, self._known_at = store.tail(), 0, monotonic()
        self._pseudonyms: dict[tuple[str, str, str, str], Pseudonyms] = {}
        self._names_seen = names.changed_elsewhere()
        self._within, self._most = within, backlog
        self._queue: deque[_Item] = deque()
        self._oldest = 0.0  # since when the oldest event waits; 0 = none does
        self._writing = 0
        self._group = 0  # how many the last group had
        self._awake = True
        self._closing = False
        self._failed: StoreError | None = None
        self._wake, self._urgent = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="seawall-record", daemon=True)
        self._thread.start()

    @property
    def failed(self) -> StoreError | None:
        """Why nothing can be recorded any more; None while it can."""
        return self._failed

    @property
    def backlog(self) -> int:
        """How many events are not durable yet."""
        return len(self._queue) + self._writing

    def note(self, event: Event) -> None:
        """Take an event; it is durable within the bound.

        Raises StoreError, and does not take it, when the store has failed or the bound cannot be held.
        """
        self._take(event, None)

    def keep(self, event: Event) -> Future[int]:
        """Take an event; the answer is its entry's number, when that is durable, or a StoreError.

        Raises StoreError as `note` does.
        """
        done: Future[int] = Future()
        self._take(event, done)
        self._urgent.set()
        return done

    def close(self) -> None:
        """Write what waits, and give the ledger back. Events that come later are refused."""
        self._closing = True
        self._wake.set()
        self._urgent.set()
        self._thread.join()
        self._give_up(self._failed or StoreError("the record is closed"))
        self._store.close()
        self._names.close()

    def _take(self, event: Event, done: Future[int] | None) -> None:
        if self._failed is not None or self._closing:
            raise self._failed or StoreError("the record is closed")
        now = monotonic()
        if not self._oldest:
            self._oldest = now
        elif now - self._oldest > self._within or self.backlog >= self._most:
            raise StoreError(
                f"the ledger is behind: {self.backlog} events wait, for {now - self._oldest:.1f} s",
                "look at the disk; what cannot be recorded in time is not handed out",
            )
        self._queue.append((event, done))
        if not self._awake:
            self._awake = True
            self._wake.set()

    def _run(self) -> None:
        while True:
            self._await_events()
            if not self._queue and not self._unknown:
                if self._closing:
                    return
                continue
            begun = monotonic()
            self._writing = min(_GROUP, len(self._queue))
            items = [self._queue.popleft() for _ in range(self._writing)]
            try:
                first = self._write([event for event, _ in items])
            except StoreError as error:
                self._fail(error, items)
                return
            except Exception as error:
                self._fail(StoreError(f"an event could not be recorded: {error!r}", "report this"), items)
                raise
            self._oldest = begun if self._queue else 0.0
            self._group, self._writing = len(items), 0
            for entry, (_, done) in enumerate(items, first):
                if done is not None and done.set_running_or_notify_cancel():
                    done.set_result(entry)

    def _await_events(self) -> None:
        self._awake = False
        # Whoever appends looks at `_awake` afterwards, so nothing is missed between these lines.
        if not self._queue and not self._closing:
            self._wake.wait(_KNOWN_SECONDS if self._unknown else None)
        self._awake = True
        self._wake.clear()
        if 0 < len(self._queue) < _GROUP and not self._closing:
            self._urgent.wait(_LINGER)
        self._urgent.clear()
        if 0 < len(self._queue) < self._group and not self._closing:
            sleep(_COMPANY)

    def _write(self, events: Sequence[Event]) -> int:
        """Make the group durable; the number of its first entry."""
        before, known = self._head, self._known
        hidden = self._hidden(events)
        salts = os.urandom(16 * len(events)).hex()
        leaves = []
        for at, (event, names) in enumerate(zip(events, hidden, strict=True)):
            leaves.append(leaf(event, names, salts[32 * at : 32 * at + 32]))
            known.add_event(before.size + at, event, names)
        self._tree.extend(map(leaf_hash, leaves))
        after = self._tree.edge.head()
        self._unknown += len(events)
        now = monotonic()
        if events and self._unknown < _KNOWN_EVENTS and now - self._known_at < _KNOWN_SECONDS:
            self._store.append(Group(before, after, leaves, self._tree.changed(), known.spans))
            known.spans = _newest(known.spans, after.size)
        else:
            self._store.append(
                Group(
                    before, after, leaves, self._tree.changed(), known.spans,
                    True, known.edges, known.coverage, known.periods,
                )
            )  # fmt: skip
            self._known = Known(known.periods[-1:], _newest(known.spans, after.size))
            self._unknown, self._known_at = 0, now
        self._head = after
        return before.size

    def _hidden(self, events: Sequence[Event]) -> list[Pseudonyms]:
        """The pseudonyms of each event's names; new ones are durable before any entry holds them."""
        seen = self._names.changed_elsewhere()
        if seen != self._names_seen or len(self._pseudonyms) > _HELD:
            # A principal may have been erased: the old key must not be used again.
            self._names_seen = seen
            self._pseudonyms.clear()
        held = self._pseudonyms
        keys = [(who.id, who.place, who.run, who.commit) for who in [event.identity for event in events]]
        new = [key for key in dict.fromkeys(keys) if key not in held]
        if new:
            held.update(zip(new, self._names.pseudonyms(new), strict=True))
        return [held[key] for key in keys]

    def _fail(self, error: StoreError, items: Sequence[_Item]) -> None:
        self._failed, self._writing = error, 0
        self._queue.extendleft(reversed(items))
        self._give_up(error)

    def _give_up(self, error: StoreError) -> None:
        while self._queue:
            _, done = self._queue.popleft()
            if done is not None and done.set_running_or_notify_cancel():
                done.set_exception(error)


def _newest(spans: Mapping[int, tuple[int, int]], size: int) -> dict[int, tuple[int, int]]:
    """The span that the next entry belongs to, if it has begun."""
    return {number: times for number, times in spans.items() if number == size // SPAN}


def open_record(directory: Path, *, within: float = WITHIN_SECONDS, backlog: int = BACKLOG) -> Record:
    """The record in a data directory, made if there is none. Raises as `Record` and the stores do."""
    store = open_ledger(directory / LEDGER_FILE, write=True)
    try:
        names = open_names(directory / NAMES_FILE, write=True)
    except BaseException:
        store.close()
        raise
    try:
        return Record(store, names, within=within, backlog=backlog)
    except BaseException:
        store.close()
        names.close()
        raise


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry that was read: its number and its members (`kernel/leaf.py`)."""

    index: int
    found: Mapping[str, object]


def entries(store: LedgerStore, since: int = 0, until: int = LATEST) -> Iterator[Entry]:
    """The entries whose time (Unix milliseconds) is from `since` to `until`, both included, in order.

    Sound when clocks went back: what is skipped was looked up, not guessed. Raises TamperedError for an
    entry that is not one.
    """
    for number, (first, last) in store.spans().items():
        if first > until or last < since:
            continue
        for index, data in store.leaves(number * SPAN, (number + 1) * SPAN):
            entry = read_entry(store, index, data)
            time = entry.found["time"]
            if isinstance(time, int) and since <= time <= until:
                yield entry


def read_entry(store: LedgerStore, index: int, data: bytes) -> Entry:
    """The entry in these bytes. Raises TamperedError where they are none."""
    try:
        return Entry(index, read_leaf(data))
    except ValueError as error:
        raise TamperedError(f"entry {index} of {store.path}: {error}", "run seawall ledger verify") from None
