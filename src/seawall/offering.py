"""What there is under a name is fetched, read and judged once for each kind of asker, until it changes.

Blocking; called from worker threads. Nothing here decides: the gate does. Nothing here sends: a server does.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from seawall.adapters.origins.fetch import Fetcher, Heard
from seawall.adapters.origins.refreshing import SOON_SECONDS
from seawall.admit import Gate
from seawall.kernel.admission import Admission, Ruling
from seawall.kernel.asset import package_purl
from seawall.kernel.dialect import Dialect, Rendered
from seawall.kernel.errors import OutsideError, SeawallError
from seawall.kernel.identity import Identity
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.origin import Origin, route
from seawall.kernel.policy.facts import Mode

_PARSED_BYTES = 8 * 1024 * 1024
_OFFERS = 30_000
_MOST_NAMES = 20
_LONG = 365 * 86_400.0


class UnknownNameError(OutsideError):
    """No registry that may be asked knows the name."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One name as it is offered to one kind of asker.

    It holds while the gate's generation is `ruling.generation` and Unix time is between `made`, when it was,
    and `until`. `needs` are the names that each version depends on, as far as the registry says.
    """

    ecosystem: str
    name: str
    origin: str
    host: str
    offers: Mapping[str, Offer]
    ruling: Ruling
    made: float
    until: float
    tag: str
    stale: bool = False
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def purl(self) -> str:
        """The name's purl, without a version."""
        return package_purl(self.ecosystem, self.name)

    def admission(self, filename: str) -> Admission | None:
        """The answer about one file; None where there is no such file."""
        return self.ruling.admissions.get(filename)


Clock = Callable[[], float]


class Turn:
    """One thread at a time does what only computes: a second one would not be done sooner, and whoever
    serves needs the interpreter in between. It also keeps one document at a time in memory as objects.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mine = threading.local()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """It is this thread's turn; where it was already, it stays so."""
        if getattr(self._mine, "held", False):
            yield
            return
        with self._lock:
            self._mine.held = True
            try:
                yield
            finally:
                self._mine.held = False

    @contextmanager
    def left(self) -> Iterator[None]:
        """Others may have a turn while this thread waits for something, if it had one."""
        if not getattr(self._mine, "held", False):
            yield
            return
        self._mine.held = False
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()
            self._mine.held = True


class Offerer:
    """Everything that is offered, by name. Safe to share between threads."""

    def __init__(
        self,
        fetcher: Fetcher,
        gate: Gate,
        origins: Sequence[Origin],
        fresh_seconds: float,
        limits: Limits = DEFAULT_LIMITS,
        clock: Clock = time.time,
    ) -> None:
        self._fetcher = fetcher
        self._gate = gate
        self._origins = tuple(origins)
        self._fresh = fresh_seconds
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self.turn = Turn()
        self._shelves: OrderedDict[Hashable, Shelf] = OrderedDict()
        self._offers = 0
        self._parsed: OrderedDict[str, tuple[int, Offering]] = OrderedDict()

    def shelf(self, dialect: Dialect, name: str, identity: Identity, mode: Mode) -> Shelf:
        """The name as it is offered to `identity`. Raises UnknownNameError, OutsideError, StoreError."""
        key = self._key(dialect, name, identity, mode)
        held = self.ready(key)
        return held if held is not None else self._made(key, dialect, name, identity, mode)[1]

    def written(
        self, dialect: Dialect, name: str, form: str, base: str, identity: Identity, mode: Mode
    ) -> tuple[Rendered, Shelf]:
        """The name's document in one of the dialect's forms. Raises as `shelf` does."""
        key = self._key(dialect, name, identity, mode)
        offering, shelf = self._made(key, dialect, name, identity, mode)
        with self.turn.taken():
            return dialect.render(offering, shelf.ruling, form, base), shelf

    def offering(self, dialect: Dialect, name: str) -> Offering:
        """Everything there is under a name, judged by nobody. Raises as `shelf` does."""
        return self._read(dialect, name, self._hear(dialect, name))

    def key(self, dialect: Dialect, name: str, identity: Identity, mode: Mode) -> Hashable:
        """What one shelf is kept under."""
        return self._key(dialect, name, identity, mode)

    def ready(self, key: Hashable) -> Shelf | None:
        """The shelf under `key` if it still holds; nothing is asked for and nobody waits."""
        with self._lock:
            shelf = self._shelves.get(key)
            if shelf is None:
                return None
            here = shelf.made <= self._clock() < shelf.until
            if shelf.ruling.generation != self._gate.generation or not here:
                self._forget(key)
                return None
            self._shelves.move_to_end(key)
            return shelf

    def _key(self, dialect: Dialect, name: str, identity: Identity, mode: Mode) -> Hashable:
        return (dialect.prefix, name, self._gate.class_of(identity), mode)

    def _made(
        self, key: Hashable, dialect: Dialect, name: str, identity: Identity, mode: Mode
    ) -> tuple[Offering, Shelf]:
        heard = self._hear(dialect, name)
        offering = self._read(dialect, name, heard)
        known = self.ready(key)
        if known is not None and known.tag == offering.digest:
            return offering, known
        now = self._clock()
        with self.turn.taken():
            ruling = self._gate.rule(offering, identity, mode, datetime.fromtimestamp(now, UTC))
        until = ruling.until.timestamp() if ruling.until else now + _LONG
        shelf = Shelf(
            ecosystem=dialect.ecosystem,
            name=offering.name,
            origin=offering.origin,
            host=offering.host,
            offers={offer.filename: offer for offer in offering.offers},
            ruling=ruling,
            made=now,
            until=min(until, until_asked(heard.at, now, self._fresh, stale=heard.stale, coming=heard.coming)),
            tag=offering.digest,
            stale=heard.stale,
            needs=_needs(offering),
        )
        self._keep(key, shelf)
        return offering, shelf

    def _hear(self, dialect: Dialect, name: str) -> Heard:
        origins = route(dialect.ecosystem, name, self._origins)
        if not origins:
            raise OutsideError(
                f"no registry for {dialect.ecosystem} is set up",
                "name one as [[upstream]] in firewall.toml",
            )
        heard = self._fetcher.document(
            origins,
            lambda origin: dialect.address(origin.url, name),
            dialect.accept,
            self._fresh,
            lambda body, kind, url: self._parse(dialect, name, body, kind, url),
        )
        if heard is None:
            raise UnknownNameError(f"{' and '.join(o.name for o in origins)} does not know {name}")
        return heard

    def _read(self, dialect: Dialect, name: str, heard: Heard) -> Offering:
        offering = self._parse(dialect, name, heard.body, heard.content_type, heard.url, heard.digest)
        return replace(offering, origin=heard.origin.name)

    def _parse(
        self, dialect: Dialect, name: str, body: bytes, kind: str, url: str, digest: str = ""
    ) -> Offering:
        """The document as an offering of nobody yet; the last few are remembered."""
        digest = digest or f"sha256:{hashlib.sha256(body).hexdigest()}"
        key = f"{dialect.prefix} {name} {digest}"
        with self._lock:
            found = self._parsed.get(key)
            if found is not None:
                self._parsed.move_to_end(key)
                return found[1]
        with self.turn.taken():
            offering = dialect.read(body, kind, url, name, "", self._limits)
        with self._lock:
            self._parsed[key] = (len(body), offering)
            while len(self._parsed) > 1 and sum(size for size, _ in self._parsed.values()) > _PARSED_BYTES:
                self._parsed.popitem(last=False)
        return offering

    def _keep(self, key: Hashable, shelf: Shelf) -> None:
        with self._lock:
            self._forget(key)
            self._shelves[key] = shelf
            self._offers += len(shelf.offers)
            while self._offers > _OFFERS and len(self._shelves) > 1:
                self._forget(next(iter(self._shelves)))

    def _forget(self, key: Hashable) -> None:
        old = self._shelves.pop(key, None)
        if old is not None:
            self._offers -= len(old.offers)


class Names:
    """Tells when names first appeared, by asking the registries about them; unknown where they do not say.

    It can be asked before there is an offerer: then nothing is known.
    """

    def __init__(self) -> None:
        self._offerer: Offerer | None = None
        self._dialects: Mapping[str, Dialect] = {}

    def ask(self, offerer: Offerer, dialects: Mapping[str, Dialect]) -> None:
        """From now on `offerer` is asked; `dialects` are by ecosystem."""
        self._offerer, self._dialects = offerer, dialects

    def __call__(self, ecosystem: str, names: Sequence[str]) -> Mapping[str, datetime | None]:
        """When each name first appeared. At most 20 are asked about at a time."""
        dialect = self._dialects.get(ecosystem)
        if self._offerer is None or dialect is None:
            return {}
        return {name: self._first(dialect, name) for name in names[:_MOST_NAMES]}

    def _first(self, dialect: Dialect, name: str) -> datetime | None:
        if self._offerer is None:
            return None
        try:
            with self._offerer.turn.left():
                return self._offerer.offering(dialect, name).listing.first_release
        except SeawallError:
            return None


def until_asked(at: float, now: float, fresh: float, *, stale: bool, coming: bool) -> float:
    """Until when an answer that was confirmed `at` holds; one that is only late is asked for again soon."""
    if coming:
        return now + min(fresh, SOON_SECONDS)
    return (max(at, now) if stale else at) + fresh


def _needs(offering: Offering) -> Mapping[str, tuple[str, ...]]:
    return {
        item.version: tuple(name for name, _ in item.dependencies)
        for item in offering.listing.releases
        if item.dependencies
    }
