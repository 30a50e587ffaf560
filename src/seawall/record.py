"""What happened is written down here and nowhere else; what cannot be written down does not happen.

`Record` is the only writer of the ledger. Events are queued by whoever has them (an event loop, too: that
costs less than a microsecond) and written by one thread: the leaves and the tree of a group are one
transaction. `keep` tells when an event is durable; `note` does not, but the oldest event that is not durable
yet is never older than a bound, or nothing more is taken. Edges and coverage are written once for many
groups; until then readers have them from the leaves.

When the store fails, nothing is taken: a gate that cannot record hands nothing out. Who waits is told; what
was noted stays, in its order. The store is opened again, after pauses that grow, until it can be written and
is the very ledger that was written last: another one, or a part of it, is the end until somebody has looked.
Whether the group that failed is in it after all is told by its head, so nothing is written twice.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from seawall.adapters.stores.ledger import LedgerStore
from seawall.kernel.errors import CorruptError, StoreError, TamperedError
from seawall.kernel.event import Event
from seawall.kernel.leaf import LATEST, read_leaf
from seawall.kernel.ledger import SPAN

from .writing import KNOWN_SECONDS, AnotherLedgerError, Writer, open_writer

LEDGER_FILE = "ledger.db"
NAMES_FILE = "names.db"

WITHIN_SECONDS = 2.0
"""A noted event is durable within this time, or `note` refuses the next one."""

BACKLOG = 20_000
"""No more events than this wait at any time."""

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 30.0
"""A store that failed is opened again after the first, and then after twice as long each time (seconds)."""

TRIES_FOR = 86_400.0
"""After so many seconds in vain it stays closed until it is started again."""

_GROUP = 2_000
_LINGER = 0.05  # notes wait this long for company, so that few groups are written
_COMPANY = 0.0005  # those who wait together come back together, but one after the other

_Item = tuple[Event, "Future[int] | None"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing is recorded now.

    `tries`: how often the store was opened again in vain. `pause`: seconds until the next time; 0 when it is
    not tried any more. `error` advises what to do.
    """

    error: StoreError
    tries: int = 0
    pause: float = 0.0

    def __str__(self) -> str:
        again = (
            f"tried again {self.tries} times, the next time in {self.pause:.0f} s"
            if self.pause
            else "not tried again: repair it, and start again"
        )
        return f"{self.error}; {again}"


class Record:
    """Takes events and writes them, in the order in which they came."""

    def __init__(
        self,
        writer: Writer,
        *,
        within: float = WITHIN_SECONDS,
        backlog: int = BACKLOG,
        tries_for: float = TRIES_FOR,
    ) -> None:
        self._writer = writer
        self.begins_anew = writer.begins_anew
        """Names of earlier entries are known, and the ledger holds none: somebody emptied or removed it."""
        self._within, self._most = within, backlog
        self._queue: deque[_Item] = deque()
        self._oldest = 0.0  # since when the oldest event waits; 0 = none does
        self._writing = 0
        self._group = 0  # how many the last group had
        self._awake = True
        self._closing = self._tried_last = False
        self._trouble: Trouble | None = None
        self._pause, self._fails_since, self._tries_for = FIRST_PAUSE, 0.0, tries_for
        self.tries = self.resumed = 0
        """How often a store that had failed was opened again, and how often it went on then."""
        self._wake, self._urgent = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="seawall-record", daemon=True)
        self._thread.start()

    @property
    def failed(self) -> Trouble | None:
        """Why nothing can be recorded now; None while it can."""
        return self._trouble

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
        """Write what waits, and give the ledger back. Events that come later are refused.

        What a store that fails kept from being written is the `backlog` afterwards.
        """
        self._closing = True
        self._wake.set()
        self._urgent.set()
        self._thread.join()
        self._refuse(_why(self._trouble))
        self._writer.close()

    def _take(self, event: Event, done: Future[int] | None) -> None:
        if self._trouble is not None or self._closing:
            raise _why(self._trouble)
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
            if not self._queue and not self._writer.unknown:
                if self._closing:
                    return
                continue
            begun = monotonic()
            self._writing = min(_GROUP, len(self._queue))
            items = [self._queue.popleft() for _ in range(self._writing)]
            try:
                first = self._writer.write([event for event, _ in items])
            except StoreError as error:
                if not self._goes_on(error, items):
                    return
                continue
            except Exception as error:
                told = StoreError(f"an event could not be recorded: {error!r}", "report this")
                self._fail(Trouble(told), items)
                raise
            self._fails_since, self._pause = 0.0, FIRST_PAUSE
            self._oldest = begun if self._queue else 0.0
            self._group, self._writing = len(items), 0
            for entry, (_, done) in enumerate(items, first):
                if done is not None and done.set_running_or_notify_cancel():
                    done.set_result(entry)

    def _await_events(self) -> None:
        self._awake = False
        # Whoever appends looks at `_awake` afterwards, so nothing is missed between these lines.
        if not self._queue and not self._closing:
            self._wake.wait(KNOWN_SECONDS if self._writer.unknown else None)
        self._awake = True
        self._wake.clear()
        if 0 < len(self._queue) < _GROUP and not self._closing:
            self._urgent.wait(_LINGER)
        self._urgent.clear()
        if 0 < len(self._queue) < self._group and not self._closing:
            sleep(_COMPANY)

    def _fail(self, trouble: Trouble, items: Sequence[_Item] = ()) -> None:
        """Nothing is taken from now on. Who waits is told so; what nobody waits for stays where it was."""
        self._trouble = trouble
        self._queue.extendleft(reversed(items))
        self._writing = 0
        self._refuse(trouble.error)

    def _refuse(self, error: StoreError) -> None:
        """Whoever waits is told; what was only noted stays in its order, before what comes meanwhile."""
        noted: list[_Item] = []
        while self._queue:
            item = self._queue.popleft()
            if item[1] is None:
                noted.append(item)
            elif item[1].set_running_or_notify_cancel():
                item[1].set_exception(error)
        self._queue.extendleft(reversed(noted))

    def _goes_on(self, error: StoreError, items: Sequence[_Item]) -> bool:
        """Refuse everything until the store can be written again; False when that is not waited for."""
        noted = sum(done is None for _, done in items)
        trouble = Trouble(error, 0, self._next_pause(error))
        self._fail(trouble, items)
        while trouble.pause:
            if not self._closing:
                self._wake.wait(trouble.pause)
                self._wake.clear()
            self._tried_last = self._closing
            self.tries += 1
            try:
                there = self._writer.open_again()
            except StoreError as again:
                trouble = Trouble(again, trouble.tries + 1, self._next_pause(again))
                self._fail(trouble)
                continue
            self._resume(noted if there else 0)
            return True
        return False

    def _next_pause(self, error: StoreError) -> float:
        """Seconds until the store is tried again; 0 = it is not."""
        now = monotonic()
        self._fails_since = self._fails_since or now
        lasting = isinstance(error, (CorruptError, AnotherLedgerError)) or not self._writer.can_reopen
        if lasting or self._tried_last or now - self._fails_since >= self._tries_for:
            return 0.0
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)
        return pause

    def _resume(self, written: int) -> None:
        """Take events again; the first ones that wait are in the ledger already."""
        for _ in range(written):
            self._queue.popleft()
        if self._trouble is not None:
            self._refuse(self._trouble.error)  # who came in the very moment in which it failed
        self._oldest = monotonic() if self._queue else 0.0
        self.resumed += 1
        self._trouble = None


def _why(trouble: Trouble | None) -> StoreError:
    if trouble is None:
        return StoreError("the record is closed")
    return StoreError(str(trouble.error), trouble.error.advice)  # one that is raised for ever grows for ever


def open_record(
    directory: Path, *, within: float = WITHIN_SECONDS, backlog: int = BACKLOG, tries_for: float = TRIES_FOR
) -> Record:
    """The record in a data directory, made if there is none. Raises as `Writer` and the stores do."""
    writer = open_writer(directory / LEDGER_FILE, directory / NAMES_FILE)
    return Record(writer, within=within, backlog=backlog, tries_for=tries_for)


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
