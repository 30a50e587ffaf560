"""Advisory data comes onto this machine whole, from a bucket, a mirror, a zip or a directory, or not at all.

Layout of the public bucket (OSV, "Data dumps"): `ECOSYSTEM/all.zip`, `ECOSYSTEM/ID.json` and
`ECOSYSTEM/modified_id.csv` with lines `MODIFIED,ID`. With an index at hand only what changed is fetched,
unless that is much.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote, urlsplit

from seawall.adapters.http import Http, Patience
from seawall.kernel.asset import ECOSYSTEM_TO_PURL_TYPE
from seawall.kernel.errors import FeedError, OutsideError, UsageError
from seawall.kernel.intake import FeedState
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.source import SourceKind, source_from_url

from .index import Built, Filled, Index, Row, build, open_index, row_of
from .slices import read_zip

BUCKET = "https://storage.googleapis.com/osv-vulnerabilities"
"""OSV's public bucket."""
ECOSYSTEMS = ("npm", "PyPI", "crates.io", "Go")
"""What is synced when nothing is named."""

_ZIP_BYTES = 2 * 1024 * 1024 * 1024
_CSV_BYTES = 64 * 1024 * 1024
_FEW = 2_000
_BAD_SHARE = 0.02
_OPEN_AT_ONCE = 8
_RECORD_FILES = (".json", ".yaml", ".yml")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}\Z")
_ECOSYSTEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .:_-]{0,63}\Z")

Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did.

    `built` tells of the whole index, `states` of the feeds that this sync brought. `refused` are records that
    could not be read; `fetched` counts those that came new.
    """

    built: Built
    states: tuple[FeedState, ...]
    fetched: int
    refused: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Feed:
    """One feed's records on their way into the index. `covers` grows with the records unless it is given."""

    name: str
    place: str
    origin: str
    given: frozenset[str] = frozenset()
    vouched: bool = False
    newest: str = ""
    records: int = 0
    fetched: int = 0
    covers: set[str] = field(default_factory=set)
    refused: list[Problem] = field(default_factory=list)

    def filled(self, now: datetime | None) -> Filled:
        """Its state: as old as its newest record, but of the public bucket as old as the asking."""
        asked = _written(now) if now else ""
        newest = min(self.newest, asked) if asked else self.newest
        as_of = asked if self.vouched and asked else newest
        covers = tuple(sorted(self.given or self.covers))
        return Filled(FeedState(self.name, as_of, self.records, covers, self.origin), newest)


def sync(
    source: str,
    index_path: Path,
    ecosystems: Sequence[str] = (),
    *,
    now: datetime | None = None,
    accept_smaller: Iterable[str] = (),
    http: Http | None = None,
    limits: Limits = DEFAULT_LIMITS,
    advance: Advance = lambda _done, _total: None,
) -> Synced:
    """Bring the records of `source` into the index at `index_path`, keeping its other feeds.

    `source` is empty for the public bucket, an https address of a mirror with the same layout, a zip, or a
    directory: of zips in that layout, or of JSON and YAML files such as a checkout of an advisory repository.
    `ecosystems` narrows it. Raises UsageError for anything else, FeedError when the data is cut short, rolled
    back or more than 2 % unreadable, OutsideError when it cannot be had. The old index stays then.
    """
    feeds = list(_feeds(source, ecosystems))
    old = open_index(index_path)
    client = http or Http(patience=Patience(total=120.0, read=30.0))
    try:
        held = {s.name: Filled(s, newest) for s, newest in _held(old)}
        work = _Work(old, frozenset(held), client, limits, advance)
        names = {feed.name for feed in feeds}
        kept = tuple(filled for name, filled in held.items() if name not in names)
        brought: list[Filled] = []

        def finished() -> Iterator[Filled]:
            """Asked for when all rows have gone by."""
            for feed in feeds:
                _refuse_unreadable(feed)
                brought.append(feed.filled(now))
            yield from (*kept, *brought)

        built = build(work.everything(feeds), finished(), index_path, held, accept_smaller)
    finally:
        if old:
            old.close()
        if http is None:
            client.close()
    refused = tuple(problem for feed in feeds for problem in feed.refused)
    states = tuple(filled.state for filled in brought)
    return Synced(built, states, sum(feed.fetched for feed in feeds), refused)


def _held(old: Index | None) -> Iterator[tuple[FeedState, str]]:
    if old:
        newest = old.newest()
        yield from ((state, newest.get(state.name, "")) for state in old.states())


def _refuse_unreadable(feed: _Feed) -> None:
    """Files of a directory that are no advisories at all are told of, but spoil nothing."""
    bad = [p for p in feed.refused if p.kind is not ProblemKind.UNSUPPORTED or Path(feed.place).is_file()]
    total = feed.records + len(bad)
    if not feed.records:
        first = f"; {feed.refused[0].path}: {feed.refused[0].message}" if feed.refused else ""
        raise FeedError(
            f"{feed.origin} holds no advisory for {feed.name}{first}", "look at where it comes from"
        )
    if len(bad) > _BAD_SHARE * total:
        count = f"{len(bad)} of {total} records of {feed.origin}"
        raise FeedError(
            f"{count} cannot be read, first {bad[0].path}: {bad[0].message}", "fetch the data again"
        )


def _feeds(source: str, ecosystems: Sequence[str]) -> Iterator[_Feed]:
    for name in ecosystems:
        if not _ECOSYSTEM.match(name):
            raise UsageError(f"{name!r} is no ecosystem", "write it as OSV does: npm, PyPI, crates.io, Go …")
    if not source or "://" in source:
        yield from _online_feeds(source or BUCKET, ecosystems)
        return
    path = Path(source)
    zips = sorted(path.glob("*/all.zip")) if path.is_dir() else []
    if zips:
        wanted = [item for item in zips if not ecosystems or item.parent.name in ecosystems]
        missing = sorted(set(ecosystems) - {item.parent.name for item in wanted})
        if missing:
            raise UsageError(f"{source} holds no {missing[0]}/all.zip", "name another --ecosystem")
        yield from (_zip_feed(item) for item in wanted)
    elif path.is_file() and path.name == "all.zip" and path.resolve().parent.name in ECOSYSTEM_TO_PURL_TYPE:
        yield _zip_feed(path)
    elif path.exists():
        yield _Feed(f"local:{path.resolve().name}", str(path), str(path), frozenset(ecosystems))
    else:
        raise UsageError(f"{source} does not exist", "name a zip, a directory or an https address")


def _zip_feed(path: Path) -> _Feed:
    ecosystem = path.resolve().parent.name
    return _Feed(f"osv:{ecosystem}", str(path), str(path), frozenset({ecosystem}))


def _online_feeds(base: str, ecosystems: Sequence[str]) -> Iterator[_Feed]:
    try:
        parts = urlsplit(base)
    except ValueError:
        raise UsageError("what --from names is no address", "write an https:// address or a path") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname)):
        raise UsageError(
            f"{parts.scheme}://{parts.hostname or ''} cannot be trusted with advisories",
            "name an https address, or fetch the files and name their directory",
        )
    shown = source_from_url(base, SourceKind.URL).location.rstrip("/")
    for name in ecosystems or ECOSYSTEMS:
        place = f"{base.rstrip('/')}/{quote(name, safe='')}"
        yield _Feed(f"osv:{name}", place, f"{shown}/{name}", frozenset({name}), vouched=base == BUCKET)


def _is_here(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class _Work:
    old: Index | None
    held: frozenset[str]
    http: Http
    limits: Limits
    advance: Advance

    def everything(self, feeds: Sequence[_Feed]) -> Iterator[Row]:
        """The rows of all feeds, then those of the old index that belong to others."""
        for feed in feeds:
            online = "://" in feed.place
            narrowed = bool(feed.given) and not feed.name.startswith("osv:")
            for row in self._online(feed) if online else self._local(feed):
                about = {ecosystem for ecosystem, _, _ in row.outline.about}
                if narrowed and not about & feed.given:
                    continue
                feed.records += 1
                feed.newest = max(feed.newest, _moment(row.outline.modified))
                feed.covers |= about
                yield row
        if self.old:
            for name in sorted(self.held - {feed.name for feed in feeds}):
                yield from self.old.rows(name)

    def _local(self, feed: _Feed) -> Iterator[Row]:
        path = Path(feed.place)
        if path.is_file():
            yield from self._zip(path, feed)
        else:
            yield from self._read(_record_files(path, self.limits), feed)

    def _zip(self, path: Path, feed: _Feed) -> Iterator[Row]:
        done = 0
        for rows, total in read_zip(path, feed.name, self.limits):
            done += len(rows)
            self.advance(done, total)
            refused = [row for row in rows if isinstance(row, Problem)]
            feed.refused += refused
            feed.fetched += len(rows) - len(refused)
            yield from (row for row in rows if not isinstance(row, Problem))

    def _read(self, items: Iterable[tuple[str, bytes]], feed: _Feed) -> Iterator[Row]:
        for name, data in items:
            yield from self._taken(row_of(data, feed.name, name, self.limits), feed)

    def _taken(self, row: Row | Problem, feed: _Feed) -> Iterator[Row]:
        if isinstance(row, Problem):
            feed.refused.append(row)
        else:
            feed.fetched += 1
            yield row

    def _online(self, feed: _Feed) -> Iterator[Row]:
        held = self.old.modified(feed.name) if self.old and feed.name in self.held else {}
        wanted = self._modified(feed) if held else {}
        stale = {n for n, when in wanted.items() if n not in held or _moment(held[n]) != _moment(when)}
        if self.old and wanted and len(stale) <= _FEW:
            yield from (
                r for r in self.old.rows(feed.name) if r.outline.id in wanted and r.outline.id not in stale
            )
            yield from self._single(feed, sorted(stale))
            return
        with tempfile.TemporaryDirectory() as place:
            target = Path(place) / "all.zip"
            with _named(feed):
                self.http.download(f"{feed.place}/all.zip", target, _ZIP_BYTES)
            yield from self._zip(target, feed)

    def _modified(self, feed: _Feed) -> dict[str, str]:
        """When each record was last changed, by id; empty when the source does not say."""
        with _named(feed):
            answer = self.http.request("GET", f"{feed.place}/modified_id.csv", limit=_CSV_BYTES)
        if answer.status != 200:
            return {}
        found = {}
        for line in answer.body.decode("utf-8", "replace").splitlines():
            when, _, name = line.strip().partition(",")
            if not _ID.match(name) or not _moment(when):
                return {}
            found[name] = when
        return found

    def _single(self, feed: _Feed, names: Sequence[str]) -> Iterator[Row]:
        """Records one by one. One that does not come spoils the sync: what is not new must not look so."""

        def fetch(name: str) -> Row:
            with _named(feed):
                answer = self.http.request(
                    "GET", f"{feed.place}/{quote(name, safe='')}.json", limit=self.limits.record_bytes
                )
            if answer.status != 200:
                raise FeedError(f"{feed.origin} answered {answer.status} for {name}", "run it again later")
            row = row_of(answer.body, feed.name, name, self.limits)
            if isinstance(row, Problem) or row.outline.id != name:
                raise FeedError(f"{feed.origin} gave something else for {name}", "run it again later")
            return row

        with ThreadPoolExecutor(_OPEN_AT_ONCE) as pool:
            try:
                for done, row in enumerate(pool.map(fetch, names), 1):
                    self.advance(done, len(names))
                    feed.fetched += 1
                    yield row
            finally:
                pool.shutdown(cancel_futures=True)


@contextmanager
def _named(feed: _Feed) -> Iterator[None]:
    """A failure of the network as one of this feed."""
    try:
        yield
    except OutsideError as error:
        advice = "run it again later, or bring the files here by hand: seawall sync --from PATH"
        raise FeedError(f"{feed.name} could not be fetched: {error}", advice) from None


def _record_files(path: Path, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every JSON or YAML file below a directory; links and hidden ones are left out."""
    count = 0
    for place, directories, files in os.walk(path, followlinks=False):
        directories[:] = sorted(name for name in directories if not name.startswith("."))
        for name in sorted(files):
            item = Path(place, name)
            if (
                name.startswith(".")
                or not name.endswith(_RECORD_FILES)
                or item.is_symlink()
                or not item.is_file()
            ):
                continue
            count += 1
            if count > limits.zip_members:
                raise FeedError(f"{path} holds more than {limits.zip_members} files", "look at it")
            try:
                with item.open("rb") as file:
                    data = file.read(limits.record_bytes + 1)
            except OSError as error:
                raise FeedError(f"{item} cannot be read: {error.strerror}", "look at it") from None
            yield item.relative_to(path).as_posix(), data


def _moment(text: str) -> str:
    """A time of a record in UTC, to the second, so that two can be compared; empty when it is none."""
    if len(text) >= 20 and text[10] == "T" and text.endswith("Z"):
        return text[:19] + "Z"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return _written(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
