"""Advisory data comes onto this machine whole, from a bucket, a mirror, a zip or a directory, or not at all.

Layout of the public bucket (OSV, "Data dumps"): `ECOSYSTEM/all.zip`, `ECOSYSTEM/ID.json` and
`ECOSYSTEM/modified_id.csv` with lines `MODIFIED,ID`. With an index at hand only what changed is fetched,
unless that is much.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from seawall.adapters.http import Http, Patience
from seawall.kernel.errors import FeedError, OutsideError, UsageError
from seawall.kernel.intake import FeedState
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.lockfile import Problem

from .archive import read_zip
from .index import Built, Index, Row, build, open_index, row_of

BUCKET = "https://storage.googleapis.com/osv-vulnerabilities"
"""OSV's public bucket."""
ECOSYSTEMS = ("npm", "PyPI", "crates.io", "Go")
"""What is synced when nothing is named."""

_ZIP_BYTES = 4 * 1024 * 1024 * 1024
_CSV_BYTES = 256 * 1024 * 1024
_FEW = 2_000
_BAD_SHARE = 0.02
_OPEN_AT_ONCE = 8

Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did. `refused` are records that could not be read; `fetched` counts those that came new."""

    built: Built
    fetched: int
    refused: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Feed:
    """One ecosystem's records on their way into the index."""

    name: str
    origin: str
    as_of: str = ""
    records: int = 0
    fetched: int = 0
    ecosystems: set[str] = field(default_factory=set)
    refused: list[Problem] = field(default_factory=list)

    def state(self) -> FeedState:
        return FeedState(self.name, self.as_of, self.records, tuple(sorted(self.ecosystems)), self.origin)


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

    `source` is empty for the public bucket, an http(s) address of a mirror with the same layout, a zip, or a
    directory: of zips in that layout, or of JSON files such as a checkout of an advisory repository. `now` is
    the age of what a server gives; what lies on disk is as old as its newest record.
    Raises FeedError when the data is cut short, rolled back or mostly unreadable; the old index stays.
    """
    old = open_index(index_path)
    try:
        feeds = list(_feeds(source, ecosystems))
        online = not source or source.startswith(("https://", "http://"))
        work = _Work(old, http or Http(patience=Patience(total=600.0, read=60.0)), limits, now, advance)
        records = work.everything(feeds, source or BUCKET, online)
        previous = old.states() if old else ()
        kept = tuple(s for s in previous if s.name not in {f.name for f in feeds})
        built = build(records, _States(feeds, kept), index_path, previous, accept_smaller)
        refused = tuple(problem for feed in feeds for problem in feed.refused)
        return Synced(built, sum(feed.fetched for feed in feeds), refused)
    finally:
        if old:
            old.close()


class _States(Iterable[FeedState]):
    """The feeds' states, asked for when all records have gone by."""

    def __init__(self, feeds: Sequence[_Feed], kept: Sequence[FeedState]) -> None:
        self._feeds, self._kept = feeds, kept

    def __iter__(self) -> Iterator[FeedState]:
        yield from self._kept
        for feed in self._feeds:
            _refuse_unreadable(feed)
            yield feed.state()


def _refuse_unreadable(feed: _Feed) -> None:
    total = feed.records + len(feed.refused)
    if not feed.records:
        first = f": {feed.refused[0].message}" if feed.refused else ""
        raise FeedError(
            f"{feed.origin} holds no advisory for {feed.name}{first}", "look at where it comes from"
        )
    if len(feed.refused) > max(5, _BAD_SHARE * total):
        bad = feed.refused[0]
        count = f"{len(feed.refused)} of {total} records of {feed.origin}"
        raise FeedError(f"{count} cannot be read, first {bad.path}: {bad.message}", "fetch the data again")


def _feeds(source: str, ecosystems: Sequence[str]) -> Iterator[_Feed]:
    if not source or source.startswith(("https://", "http://")):
        for name in ecosystems or ECOSYSTEMS:
            yield _Feed(f"osv:{name}", f"{source or BUCKET}/{name}", ecosystems={name})
        return
    path = Path(source)
    if path.is_dir():
        zips = sorted(p for p in path.glob("*/all.zip") if not ecosystems or p.parent.name in ecosystems)
        if zips:
            for item in zips:
                yield _Feed(f"osv:{item.parent.name}", str(item), ecosystems={item.parent.name})
            return
    elif not path.is_file():
        raise UsageError(f"{source} does not exist", "name a zip, a directory or an http(s) address")
    yield _Feed(f"local:{path.name}", str(path))


@dataclass(slots=True)
class _Work:
    old: Index | None
    http: Http
    limits: Limits
    now: datetime | None
    advance: Advance

    def everything(self, feeds: Sequence[_Feed], source: str, online: bool) -> Iterator[Row]:
        """The rows of all feeds, then those of the old index that belong to others."""
        for feed in feeds:
            newest = ""
            for row in self._online(feed, source) if online else self._local(feed):
                feed.records += 1
                newest = max(newest, row.outline.modified)
                if not feed.name.startswith("osv:"):
                    feed.ecosystems.update(ecosystem for ecosystem, _ in row.outline.about)
                yield row
            feed.as_of = self.now.isoformat() if online and self.now else newest
        if self.old:
            taken = {feed.name for feed in feeds}
            yield from self.old.rows(s.name for s in self.old.states() if s.name not in taken)

    def _local(self, feed: _Feed) -> Iterator[Row]:
        path = Path(feed.origin)
        yield from (
            self._zip(path, feed) if path.is_file() else self._read(_json_files(path, self.limits), feed)
        )

    def _zip(self, path: Path, feed: _Feed) -> Iterator[Row]:
        for rows, refused, done, total in read_zip(path, feed.name, self.limits):
            self.advance(done, total)
            feed.refused += refused
            feed.fetched += len(rows)
            yield from rows

    def _read(self, items: Iterable[tuple[str, bytes]], feed: _Feed) -> Iterator[Row]:
        for name, data in items:
            row = row_of(data, feed.name, name, self.limits)
            if isinstance(row, Problem):
                feed.refused.append(row)
            else:
                feed.fetched += 1
                yield row

    def _online(self, feed: _Feed, source: str) -> Iterator[Row]:
        base = f"{source.rstrip('/')}/{quote(feed.name.partition(':')[2])}"
        held = {row.outline.id: row for row in self.old.rows((feed.name,))} if self.old else {}
        if held:
            wanted = self._modified(base)
            stale = {
                name
                for name, when in wanted.items()
                if name not in held or held[name].outline.modified != when
            }
            if wanted and len(stale) <= _FEW:
                yield from (held[name] for name in wanted if name not in stale)
                yield from self._read(self._single(base, sorted(stale)), feed)
                return
        with tempfile.TemporaryDirectory() as place:
            target = Path(place) / "all.zip"
            self.http.download(f"{base}/all.zip", target, _ZIP_BYTES)
            yield from self._zip(target, feed)

    def _modified(self, base: str) -> dict[str, str]:
        """When each record was last changed, by id; empty when the source does not say."""
        answer = self.http.request("GET", f"{base}/modified_id.csv", limit=_CSV_BYTES)
        if answer.status != 200:
            return {}
        found = {}
        for line in answer.body.decode("utf-8", "replace").splitlines():
            when, comma, name = line.strip().partition(",")
            if comma:
                found[name.rpartition("/")[2].removesuffix(".json")] = when
        return found

    def _single(self, base: str, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        def fetch(name: str) -> tuple[str, bytes]:
            answer = self.http.request("GET", f"{base}/{quote(name)}.json", limit=self.limits.record_bytes)
            if answer.status != 200:
                raise OutsideError(f"{base} answered {answer.status} for {name}", "run it again later")
            return name, answer.body

        with ThreadPoolExecutor(_OPEN_AT_ONCE) as pool:
            yield from pool.map(fetch, names)


def _json_files(path: Path, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every JSON file below a directory, links not followed."""
    files = [p for p in sorted(path.rglob("*.json")) if not p.is_symlink() and ".git" not in p.parts]
    if len(files) > limits.zip_members:
        raise FeedError(f"{path} holds {len(files)} files; at most {limits.zip_members}", "look at it")
    for item in files:
        with item.open("rb") as file:
            yield str(item.relative_to(path)), file.read(limits.record_bytes + 1)
