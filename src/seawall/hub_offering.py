"""What a hub has under a name and a revision is fetched, read and judged once for each kind of asker.

Blocking; called from worker threads. A name is asked of the hubs in their order; a refusal of the last one
goes on to the client with its code. Nothing of a client's own credential goes to a hub.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from seawall.adapters.origins.hub import HubAnswer, HubDoor
from seawall.adapters.origins.places import host_of
from seawall.admit import Gate
from seawall.hub_judging import Inside, rule_on
from seawall.kernel.admission import Admission, Ruling
from seawall.kernel.errors import OutsideError
from seawall.kernel.hub import ECOSYSTEM, HubFile, Kind, Repository, titled
from seawall.kernel.identity import Identity
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.origin import Origin, route
from seawall.kernel.policy.facts import Mode
from seawall.kernel.release import Listing
from seawall.offering import until_asked
from seawall.readers.registries.hub_info import (
    MOST_FILES,
    Entry,
    file_of,
    is_path,
    read_born,
    read_info,
    read_tree,
    refs_for,
    tree_for,
)

INSPECTOR = "hub-1"
"""Names what looks into files of a hub; what another one found does not count."""

_LONG = 86_400.0
_PARSED_FILES = 200_000
_SHELF_FILES = 400_000
_MOST_NAMED = 5_000
_TREE_KEYS = frozenset({"recursive", "expand", "limit", "cursor"})
_MAY_BE_CUT = 10_000
_STRIPES = 64
_MOST_PAGES = 50
_UNKNOWN = frozenset({"RepoNotFound"})


class HubRefusal(Exception):
    """The hub refuses: `status` with its own `code` and `message`, which go on to the client."""

    def __init__(self, status: int, code: str, message: str, commit: str = "") -> None:
        super().__init__(message or code or str(status))
        self.status = status
        self.code = code
        self.message = message
        self.commit = commit


@dataclass(frozen=True, slots=True)
class Wanted:
    """A repository as a client names it; an empty `revision` is the default branch."""

    kind: Kind
    name: str
    revision: str = ""

    @property
    def title(self) -> str:
        """As purls and advisories have it."""
        return titled(self.kind, self.name)


@dataclass(frozen=True, slots=True)
class HubShelf:
    """One commit as it is offered to one kind of asker.

    It holds while the gate's generation is `ruling.generation` and Unix time is between `made` and `until`.
    """

    repository: Repository
    raw: Entry = field(repr=False)
    origin: Origin
    ruling: Ruling
    made: float
    until: float
    stale: bool
    files: Mapping[str, HubFile] = field(repr=False)

    def admission(self, path: str) -> Admission | None:
        """The answer about one file; None where there is no such file."""
        return self.ruling.admissions.get(path)

    def lets_in(self, path: str) -> bool:
        """That file is there and is handed out."""
        return self.ruling.lets_in(path)

    @property
    def shut(self) -> Admission | None:
        """The answer where not one file is let in; None where some are, or there are none."""
        if not self.files or any(item.lets_in for item in self.ruling.admissions.values()):
            return None
        return max(self.ruling.admissions.values(), key=lambda item: item.decision.outcome.rank)


class HubOfferer:
    """Everything that hubs offer, by name and revision. Safe to share between threads."""

    def __init__(
        self,
        door: HubDoor,
        gate: Gate,
        origins: Sequence[Origin],
        fresh_seconds: float,
        limits: Limits = DEFAULT_LIMITS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.door = door
        self._gate = gate
        self._origins = tuple(origins)
        self._fresh = fresh_seconds
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._parsed: OrderedDict[str, tuple[Repository, Entry]] = OrderedDict()
        self._shelves: OrderedDict[Hashable, HubShelf] = OrderedDict()
        self._more: OrderedDict[str, dict[str, HubFile]] = OrderedDict()
        self._ages: dict[tuple[str, str], tuple[float, datetime | None]] = {}
        self._alone = tuple(threading.Lock() for _ in range(_STRIPES))

    def shelf(self, wanted: Wanted, identity: Identity, mode: Mode) -> HubShelf:
        """The repository as it is offered. Raises HubRefusal, OutsideError, StoreError."""
        key = (wanted, self._gate.class_of(identity), mode)
        held = self._ready(key)
        if held is not None:
            return held
        with self._alone[hash(wanted) % len(self._alone)]:
            held = self._ready(key)
            return held if held is not None else self._made(key, wanted, identity, mode)

    def _ready(self, key: Hashable) -> HubShelf | None:
        """The shelf under `key` if it still holds; nothing is asked for."""
        with self._lock:
            held = self._shelves.get(key)
        if held is None or held.ruling.generation != self._gate.generation:
            return None
        return held if held.made <= self._clock() < held.until else None

    def _made(self, key: Hashable, wanted: Wanted, identity: Identity, mode: Mode) -> HubShelf:
        origin, heard, repository, raw = self._heard(wanted)
        repository = self._completed(repository)
        now = self._clock()
        with self._lock:
            before = self._shelves.get(key)
        if before is None or not self._same(before, repository, now):
            moment = datetime.fromtimestamp(now, UTC)
            inside = self._inside(repository)
            ruling = rule_on(self._gate, repository, identity, mode, moment, inside, origin.name)
        else:
            ruling = before.ruling
        ends = ruling.until.timestamp() if ruling.until else now + _LONG
        shelf = HubShelf(
            repository=repository,
            raw=raw,
            origin=origin,
            ruling=ruling,
            made=now,
            until=min(ends, until_asked(heard.at, now, self._fresh, stale=heard.stale, coming=heard.coming)),
            stale=heard.stale,
            files={file.path: file for file in repository.files},
        )
        self._keep(key, shelf)
        return shelf

    def _same(self, before: HubShelf, repository: Repository, now: float) -> bool:
        """What was decided then counts still: the same is known of the repository, and it is not later."""
        until = before.ruling.until
        return (
            before.made <= now < (until.timestamp() if until else now + 1)
            and before.ruling.generation == self._gate.generation
            and before.repository == repository
        )

    def _completed(self, repository: Repository) -> Repository:
        """With what its tree told of files that the hub's answer leaves out or tells no digest of."""
        with self._lock:
            more = dict(self._more.get(seen_name(repository), {}))
        if not more:
            return repository
        whole = [
            replace(more.pop(file.path), level=file.level) if file.path in more else file
            for file in repository.files
        ]
        return replace(repository, files=(*whole, *more.values()))

    def tree(
        self, wanted: Wanted, identity: Identity, mode: Mode, path: str, query: str
    ) -> tuple[HubShelf, bytes, str]:
        """The shelf, one page of its tree with what is let in, and the query of the next page, empty without
        one. Raises HubRefusal, OutsideError, StoreError.
        """
        kept = [(name, value) for name, value in parse_qsl(query)[:16] if name in _TREE_KEYS]
        shelf = self.shelf(wanted, identity, mode)
        entries, follows = self._page(shelf, path, kept)
        if self._learned(shelf, entries):
            shelf = self.shelf(wanted, identity, mode)
        return shelf, tree_for(entries, shelf.lets_in), follows

    def with_file(self, wanted: Wanted, identity: Identity, mode: Mode, path: str) -> HubShelf:
        """The shelf; a file that the hub's answer about a large repository leaves out is looked for in its
        tree. Raises HubRefusal, OutsideError, StoreError.
        """
        shelf = self.shelf(wanted, identity, mode)
        known = shelf.files.get(path)
        if (known and known.digests) or not is_path(path):
            return shelf
        if known is None and len(shelf.files) < _MAY_BE_CUT:
            return shelf
        query: list[tuple[str, str]] = []
        for _ in range(_MOST_PAGES):
            entries, follows = self._page(shelf, path.rpartition("/")[0], query)
            if self._learned(shelf, entries):
                shelf = self.shelf(wanted, identity, mode)
            known = shelf.files.get(path)
            if (known and known.digests) or not follows:
                break
            query = parse_qsl(follows)
        return shelf

    def _page(self, shelf: HubShelf, path: str, query: Sequence[tuple[str, str]]) -> tuple[list[Entry], str]:
        below = f"/{quote(path, safe='')}" if path else ""
        asked = f"?{urlencode(query)}" if query else ""
        heard = self._said(shelf.origin, f"{self._api(shelf)}/tree/{shelf.repository.commit}{below}{asked}")
        return read_tree(heard.body, self._limits), urlsplit(heard.next).query if heard.next else ""

    def _learned(self, shelf: HubShelf, entries: Sequence[Entry]) -> bool:
        """Remember files of the commit that the hub's answer about it left out; True if there were any."""
        files = [file_of(item) for item in entries]
        new = [file for file in files if file and is_path(file.path) and not _told(shelf, file.path)]
        if not new:
            return False
        name = seen_name(shelf.repository)
        with self._lock:
            known = self._more.setdefault(name, {})
            known.update((file.path, file) for file in new)
            self._more.move_to_end(name)
            while len(self._more) > 1 and sum(map(len, self._more.values())) > MOST_FILES:
                self._more.popitem(last=False)
            for key in [k for k, held in self._shelves.items() if seen_name(held.repository) == name]:
                del self._shelves[key]
        return True

    def paths_info(self, shelf: HubShelf, paths: Sequence[str], *, expand: bool) -> bytes:
        """What the hub says of these paths, as far as they are let in. Raises HubRefusal, OutsideError."""
        form = urlencode(
            [*(("paths", path) for path in paths[:_MOST_NAMED]), ("expand", "true" if expand else "false")]
        )
        address = f"{self._api(shelf)}/paths-info/{shelf.repository.commit}"
        heard = _refused_or(self.door.post(shelf.origin, address, form.encode()))
        return tree_for(read_tree(heard.body, self._limits), shelf.lets_in)

    def refs(self, wanted: Wanted, query: str) -> tuple[bytes, Origin]:
        """The repository's branches and tags. Raises HubRefusal, OutsideError."""
        prs = "?include_prs=1" if "include_prs=1" in query else ""
        origin, heard = self._first(wanted, f"/api/{wanted.kind}s/{quote(wanted.name)}/refs{prs}")
        return refs_for(heard.body, self._limits), origin

    def address(self, shelf: HubShelf, path: str) -> str:
        """Where the hub hands out the file."""
        repository = shelf.repository
        base = shelf.origin.url.rstrip("/")
        return f"{base}/{quote(repository.title)}/resolve/{repository.commit}/{quote(path)}"

    def _keep(self, key: Hashable, shelf: HubShelf) -> None:
        with self._lock:
            self._shelves[key] = shelf
            self._shelves.move_to_end(key)
            while len(self._shelves) > 1 and (
                sum(len(item.files) + 20 for item in self._shelves.values()) > _SHELF_FILES
            ):
                self._shelves.popitem(last=False)

    def _inside(self, repository: Repository) -> Inside:
        """What was found in files that were looked into before. Raises StoreError."""
        _, examined = self._gate.seen_of(ECOSYSTEM, seen_name(repository))
        mine = {item.filename: item for item in examined if item.engine == INSPECTOR}
        return MappingProxyType(mine)

    def _heard(self, wanted: Wanted) -> tuple[Origin, HubAnswer, Repository, Entry]:
        revision = f"/revision/{quote(wanted.revision, safe='')}" if wanted.revision else ""
        path = f"/api/{wanted.kind}s/{quote(wanted.name)}{revision}?blobs=true&securityStatus=true"
        origin, heard = self._first(wanted, path)
        key = hashlib.sha256(heard.body).hexdigest() + f" {wanted.kind} {wanted.name} {wanted.revision}"
        with self._lock:
            known = self._parsed.get(key)
        if known is None:
            repository, raw = read_info(heard.body, wanted.kind, wanted.name, wanted.revision, self._limits)
            born = self._born(origin, repository)
            known = (replace(repository, namespace_created=born), raw)
            with self._lock:
                self._parsed[key] = known
                while len(self._parsed) > 1 and (
                    sum(len(item.files) + 20 for item, _ in self._parsed.values()) > _PARSED_FILES
                ):
                    self._parsed.popitem(last=False)
        return origin, heard, *known

    def _born(self, origin: Origin, repository: Repository) -> datetime | None:
        """When the account was made; None where the hub does not say, which policy knows."""
        namespace, _, name = repository.name.rpartition("/")
        if not namespace or not name:
            return None
        key, now = (origin.url, namespace), self._clock()
        at, born = self._ages.get(key, (0.0, None))
        if at <= now < at + _LONG:
            return born
        born = self._asked_when(origin, namespace)
        if len(self._ages) > _MOST_NAMED:
            self._ages.clear()
        self._ages[key] = (now, born)
        return born

    def _asked_when(self, origin: Origin, namespace: str) -> datetime | None:
        base = origin.url.rstrip("/")
        for kind in ("organizations", "users"):
            try:
                heard = self.door.ask(origin, f"{base}/api/{kind}/{quote(namespace)}/overview", _LONG)
                if heard.status == 200:
                    return read_born(heard.body, self._limits)
            except OutsideError:
                return None
        return None

    def _first(self, wanted: Wanted, path: str) -> tuple[Origin, HubAnswer]:
        """The answer of the first hub that knows the name."""
        origins = route(ECOSYSTEM, wanted.title, self._origins)
        if not origins:
            raise OutsideError(
                "no hub is set up", f'name one as [[upstream]] with ecosystem "{ECOSYSTEM}" in firewall.toml'
            )
        refusal: HubRefusal | None = None
        for origin in origins:
            try:
                return origin, self._said(origin, origin.url.rstrip("/") + path)
            except HubRefusal as error:
                refusal = error
                if error.code not in _UNKNOWN:
                    break
        assert refusal is not None  # noqa: S101 - there was at least one hub, and it did not answer
        raise refusal

    def _said(self, origin: Origin, address: str) -> HubAnswer:
        return _refused_or(self.door.ask(origin, address, self._fresh))

    def _api(self, shelf: HubShelf) -> str:
        repository = shelf.repository
        return f"{shelf.origin.url.rstrip('/')}/api/{repository.kind}s/{quote(repository.name)}"


def _told(shelf: HubShelf, path: str) -> bool:
    """The file and a digest of it are known."""
    known = shelf.files.get(path)
    return known is not None and bool(known.digests)


def _refused_or(heard: HubAnswer) -> HubAnswer:
    if heard.status != 200:
        raise HubRefusal(heard.status, heard.code, heard.message)
    return heard


def seen_name(repository: Repository) -> str:
    """What sightings of its files are kept under: a commit is a world of its own."""
    return f"{repository.title}@{repository.commit}"


def offering_of(shelf: HubShelf, file: HubFile, url: str) -> Offering:
    """One file of a repository, as stores and downloads know files."""
    repository = shelf.repository
    offer = Offer(repository.commit, file.path, url, file.digests, size=file.size)
    return Offering(
        ecosystem=ECOSYSTEM,
        name=seen_name(repository),
        origin=shelf.origin.name,
        host=host_of(shelf.origin.url),
        listing=Listing(ECOSYSTEM, seen_name(repository), (), None),
        offers=(offer,),
        digest="",
    )
