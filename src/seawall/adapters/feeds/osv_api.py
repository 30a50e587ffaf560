"""The OSV service is asked about just these package versions; what it did not answer is said, never passed.

Source: OSV API v1 (https://google.github.io/osv.dev/api/): `POST /v1/querybatch` names the ids of at most
1,000 queries at once, page by page; `GET /v1/vulns/ID` gives one record. A record that the service names but
does not deliver still counts, by its id, for exactly the versions it was named for.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from seawall.adapters.http import Http, Patience
from seawall.kernel.advisory import Advisory, Affected
from seawall.kernel.asset import package_name
from seawall.kernel.cache import Cache
from seawall.kernel.errors import OutsideError
from seawall.kernel.finding import Skipped
from seawall.kernel.intake import FeedState, Key
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.matching import is_affected
from seawall.kernel.versions import has_order
from seawall.readers.advisories.osv import read_record

BASE = "https://api.osv.dev"
"""OSV's public service. Another one comes from the user's own settings only."""

ECOSYSTEMS = frozenset(
    {
        "npm", "PyPI", "crates.io", "Go", "Maven", "NuGet", "RubyGems", "Packagist", "Pub", "Hex",
        "GitHub Actions", "CRAN", "SwiftURL",
    }
)  # fmt: skip
"""Those that the service knows: one unknown name would make it refuse the whole batch."""

_AT_ONCE = 1_000
_PAGES = 50
_IDS = 20_000
_FAULTS = 5
_BATCHES_OPEN = 4
_RECORDS_OPEN = 8
_KEPT = timedelta(days=30)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}\Z")
_CACHED = "osv-record"


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """What the service said. `feeds` is empty when it said nothing at all."""

    advisories: tuple[Advisory, ...]
    feeds: tuple[FeedState, ...]
    skipped: tuple[Skipped, ...] = ()


def ask(
    keys: Iterable[Key],
    cache: Cache,
    now: datetime,
    *,
    base: str = BASE,
    http: Http | None = None,
    seconds: float = 8.0,
    limits: Limits = DEFAULT_LIMITS,
) -> FeedAnswer:
    """Everything the service knows about `keys`, asked within `seconds` altogether. Does not raise.

    Keys of ecosystems that the service does not know are not sent, nor counted as covered.
    """
    wanted = [key for key in dict.fromkeys(keys) if key[0] in ECOSYSTEMS and key[1] and key[2]]
    if not wanted:
        return FeedAnswer((), ())
    patience = Patience(connect=min(2.5, seconds), read=6.0, total=seconds, longest_wait=3.0)
    client = http or Http(patience=patience)
    asking = _Asking(client, base.rstrip("/"), time.monotonic() + seconds, limits)
    try:
        _name_ids(asking, wanted)
        records = _records(asking, cache, now)
    finally:
        if http is None:
            client.close()
    return _answer(asking, wanted, records, now)


@dataclass(slots=True)
class _Asking:
    """One conversation: what was named so far, and what went wrong with whom."""

    http: Http
    base: str
    deadline: float
    limits: Limits
    claims: dict[str, set[Key]] = field(default_factory=dict)
    modified: dict[str, str] = field(default_factory=dict)
    failed: dict[Key, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _faults: int = 0
    _gone: str = ""

    def get(self, method: str, path: str, body: bytes | None = None) -> object:
        """The JSON of an answer. Raises OutsideError. A service that fails is soon left in peace."""
        if self._gone:
            raise OutsideError(self._gone)
        limit = self.limits.response_bytes if body else self.limits.record_bytes
        headers = {"content-type": "application/json"} if body else {}
        try:
            answer = self.http.request(
                method,
                self.base + path,
                headers=headers,
                body=body,
                limit=limit,
                deadline=self.deadline,
                repeatable=True,
            )
        except OutsideError as error:
            self._fault(str(error), final=body is not None)
            raise
        if answer.status == 400 and body:
            raise _Refused("the service refused the question")
        if answer.status != 200:
            why = f"the service answered {answer.status}"
            self._fault(why, final=answer.status == 429)
            raise OutsideError(why)
        try:
            document: object = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise OutsideError("the service answered something that is not JSON") from None
        return document

    def _fault(self, why: str, final: bool) -> None:
        with self._lock:
            self._faults += 1
            if final or self._faults >= _FAULTS:
                self._gone = why

    def claim(self, key: Key, name: str, modified: str) -> None:
        """The service says that the record `name` is about `key`."""
        with self._lock:
            if name not in self.claims and len(self.claims) >= _IDS:
                self.failed[key] = f"the service named more than {_IDS} records"
                return
            self.claims.setdefault(name, set()).add(key)
            self.modified[name] = max(modified, self.modified.get(name, ""))

    def fail(self, keys: Iterable[Key], why: str) -> None:
        """Nothing, or not everything, is known about these."""
        with self._lock:
            self.failed.update(dict.fromkeys(keys, why))


class _Refused(OutsideError):
    """The service does not take this question; a part of it, it may."""


def _name_ids(asking: _Asking, wanted: Sequence[Key]) -> None:
    parts = [wanted[start : start + _AT_ONCE] for start in range(0, len(wanted), _AT_ONCE)]
    with ThreadPoolExecutor(_BATCHES_OPEN) as pool:
        list(pool.map(lambda part: _name_some(asking, part), parts))


def _name_some(asking: _Asking, part: Sequence[Key]) -> None:
    """Ask about one batch, all its pages. A refused batch is halved until the refused question is alone."""
    open_pages: dict[Key, str] = dict.fromkeys(part, "")
    try:
        for _ in range(_PAGES):
            queries = [_query(key, token) for key, token in open_pages.items()]
            body = json.dumps({"queries": queries}).encode()
            answer = asking.get("POST", "/v1/querybatch", body)
            open_pages = _taken(asking, list(open_pages), answer)
            if not open_pages:
                return
        asking.fail(open_pages, f"the service had more than {_PAGES} pages to say")
    except _Refused as error:
        if len(part) == 1:
            asking.fail(part, str(error))
            return
        middle = len(part) // 2
        _name_some(asking, part[:middle])
        _name_some(asking, part[middle:])
    except OutsideError as error:
        asking.fail(open_pages, str(error))


def _query(key: Key, token: str) -> dict[str, object]:
    ecosystem, name, version = key
    # The service knows Go versions without their "v".
    bare = version.removeprefix("v") if ecosystem == "Go" else version
    query: dict[str, object] = {
        "package": {"ecosystem": ecosystem, "name": package_name(ecosystem, name)},
        "version": bare,
    }
    return {**query, "page_token": token} if token else query


def _taken(asking: _Asking, asked: Sequence[Key], answer: object) -> dict[Key, str]:
    """Keep what a page says; the keys that have another page, with its token. Raises OutsideError."""
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list) or len(results) != len(asked):
        raise OutsideError("the service answered another number of questions than it was asked")
    following: dict[Key, str] = {}
    for key, result in zip(asked, results, strict=True):
        named = list(_named(result))
        for name, modified in named:
            if _ID.match(name):
                asking.claim(key, name, modified if len(modified) <= 40 else "")
            else:
                asking.fail([key], "the service named a record in a way that cannot be read")
        token = result.get("next_page_token") if isinstance(result, dict) else None
        if isinstance(token, str) and token:
            following[key] = token
    return following


def _named(result: object) -> Iterator[tuple[str, str]]:
    """(id, modified) of every record that one result names. Raises OutsideError."""
    vulns = result.get("vulns", []) if isinstance(result, dict) else None
    if not isinstance(vulns, list):
        raise OutsideError("the service answered something that is no result")
    for item in vulns:
        name = item.get("id") if isinstance(item, dict) else None
        if not isinstance(name, str):
            raise OutsideError("the service named a record without an id")
        modified = item.get("modified")
        yield name, modified if isinstance(modified, str) else ""


def _records(asking: _Asking, cache: Cache, now: datetime) -> list[Advisory]:
    """The named records: from the cache as far as they have not changed, else from the service."""
    places = {f"{asking.base} {name} {when}": name for name, when in asking.modified.items() if when}
    found: dict[str, Advisory] = {}
    for place, data in cache.cached(_CACHED, places, now).items():
        record = read_record(data, place, asking.limits)
        if isinstance(record, Advisory) and record.id == places[place]:
            found[record.id] = record
    fresh: dict[str, bytes] = {}
    names = sorted(set(asking.claims) - set(found))
    with ThreadPoolExecutor(_RECORDS_OPEN) as pool:
        for name, answer in zip(names, pool.map(_fetcher(asking), names), strict=True):
            if answer is not None:
                found[name], data = answer
                if asking.modified[name]:
                    fresh[f"{asking.base} {name} {asking.modified[name]}"] = data
    if fresh:
        cache.remember(_CACHED, fresh, now + _KEPT)
    return list(found.values())


def _fetcher(asking: _Asking) -> Callable[[str], tuple[Advisory, bytes] | None]:
    def fetch(name: str) -> tuple[Advisory, bytes] | None:
        try:
            document = asking.get("GET", f"/v1/vulns/{quote(name, safe='')}")
        except OutsideError as error:
            asking.missing[name] = str(error)
            return None
        data = json.dumps(document).encode()
        record = read_record(data, name, asking.limits)
        if not isinstance(record, Advisory) or record.id != name:
            asking.missing[name] = "the service delivered another record, or none that can be read"
            return None
        return record, data

    return fetch


def _answer(asking: _Asking, wanted: Sequence[Key], records: Sequence[Advisory], now: datetime) -> FeedAnswer:
    delivered = {record.id for record in records}
    advisories = [_believed(record, asking.claims[record.id]) for record in records]
    for name in sorted(set(asking.claims) - delivered):
        affected = tuple(Affected(e, n, (v,)) for e, n, v in sorted(asking.claims[name]))
        advisories.append(Advisory(name, affected, malicious=name.startswith("MAL-"), feed="osv.dev"))
    asked = {ecosystem for ecosystem, _, _ in wanted}
    covers = sorted(asked - {ecosystem for ecosystem, _, _ in asking.failed})
    state = FeedState("osv.dev", _written(now), len(advisories), tuple(covers), asking.base)
    return FeedAnswer(
        advisories=tuple(advisories),
        feeds=(state,) if covers or advisories else (),
        skipped=tuple(_skipped(asking)),
    )


def _believed(record: Advisory, claimed: Iterable[Key]) -> Advisory:
    """The record; where a version cannot be compared here, the service's own comparison counts."""
    named: dict[tuple[str, str], list[str]] = {}
    for ecosystem, name, version in claimed:
        named.setdefault((ecosystem, package_name(ecosystem, name)), []).append(version)
    affected = []
    for item in record.affected:
        versions = named.get((item.ecosystem, package_name(item.ecosystem, item.name)), ())
        more = tuple(v for v in versions if is_affected(item, v) is None or not has_order(item.ecosystem))
        affected.append(replace(item, versions=(*item.versions, *more)))
    return replace(record, affected=tuple(affected), feed="osv.dev")


def _skipped(asking: _Asking) -> Iterator[Skipped]:
    advice = "run it again, or bring the data here: seawall sync"
    if asking.failed:
        ecosystems = ", ".join(sorted({ecosystem for ecosystem, _, _ in asking.failed}))
        reason = next(iter(asking.failed.values()))
        count = len(asking.failed)
        yield Skipped(
            f"malware and vulnerabilities ({ecosystems})",
            f"osv.dev was not heard about {count} package version{'s' * (count > 1)}: {reason}",
            advice,
            required=True,
        )
    if asking.missing:
        names = sorted(asking.missing)
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        reason = asking.missing[names[0]]
        yield Skipped(
            "details of advisories",
            f"osv.dev named {', '.join(names[:3])}{more} but did not deliver: {reason}",
            advice,
            required=True,
        )


def _written(now: datetime) -> str:
    return now.isoformat(timespec="seconds").replace("+00:00", "Z")
