"""Registries are asked in order, and one that fails is never passed over for the next.

The next one is asked only when the one before said that it does not know the name: who can make an internal
registry fail must not decide that the public one answers in its place. While a registry is down, what it said
last counts, and the ones after it are not asked anything new either: an outage brings nothing in. The same
holds for one that is slow, until its answer comes: what it said within the last day is not waited for.

Blocking, safe to share between threads. A credential goes to its registry's own scheme, host and port; a
redirect takes it along below the registry's own directory only.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from seawall.adapters.http import Http, Pace, Patience, Response
from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.origin import Origin

from .circuit import Circuits
from .dates import Dates
from .heard import HeardStore, Kept
from .places import host_of, is_below, may_fetch, same_place
from .refreshing import SOON_AGE, SOON_SECONDS, Refreshes, SlowError

Check = Callable[[bytes, str, str], object]
"""Given body, content type and address; raises OutsideError for what is no answer at all."""

Authorization = Callable[[Origin], str]
"""The value of the `Authorization` header for one origin, empty when there is none."""

VIA = "seawall-via"
"""The header that says which firewalls a request came through."""

_DOCUMENTS = Patience(connect=3.0, read=10.0, total=30.0, tries=2, longest_wait=2.0)
_FILES = Patience(connect=3.0, read=20.0, total=30.0, tries=2, longest_wait=2.0)
_PACE = Pace()
_LONGEST_TAG = 1_000


class NotThereError(OutsideError):
    """The registry does not have the file."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A document as `origin` sent it. `at` is Unix time, when it was last confirmed; `digest` is
    `sha256:<hex>` of `body`; `url` is where it came from, after redirects. `stale`: somebody who had to be
    asked could not be. `coming`: their answer is only late, so ask again soon."""

    body: bytes = field(repr=False)
    content_type: str
    etag: str
    url: str = field(repr=False)
    origin: Origin
    at: float
    stale: bool
    digest: str
    coming: bool = False


@dataclass(frozen=True, slots=True)
class _Question:
    accept: str
    fresh: float
    check: Check


class Fetcher:
    """Asks origins for documents and files.

    `clock` gives Unix time. `stale_seconds`: so long what was heard counts while its origin cannot be asked.
    `document_bytes` bounds a document, also decompressed. `instance` is our own id in the `seawall-via`
    header. `pace` is how slow a file may come. `soon` is how many seconds a document is waited for where an
    older one is at hand. `dates` are told what time the origins say that it is.
    """

    def __init__(
        self,
        heard: HeardStore,
        *,
        clock: Callable[[], float],
        authorization: Authorization = lambda _: "",
        stale_seconds: float = 7 * 86_400.0,
        document_bytes: int = DEFAULT_LIMITS.response_bytes,
        instance: str = "",
        circuits: Circuits | None = None,
        documents: Patience = _DOCUMENTS,
        files: Patience = _FILES,
        pace: Pace = _PACE,
        soon: float = SOON_SECONDS,
        dates: Dates | None = None,
    ) -> None:
        self._heard = heard
        self._clock = clock
        self._authorization = authorization
        self._stale = stale_seconds
        self._document_bytes = document_bytes
        self._instance = instance
        self._circuits = circuits or Circuits()
        self._documents = Http(patience=documents)
        self._files = Http(patience=files)
        self._pace = pace
        self._flights = _Flights()
        self._refreshes: Refreshes[Kept] = Refreshes(soon)
        self._dates = dates or Dates(clock)

    def document(
        self,
        origins: Sequence[Origin],
        address_of: Callable[[Origin], str],
        accept: str,
        fresh_seconds: float,
        check: Check = lambda *_: None,
    ) -> Heard | None:
        """The document of the first origin that knows it; None when all of them say that they do not.

        What was confirmed less than `fresh_seconds` ago is not asked for again. What `check` refuses counts
        as a failure and is not kept. Raises OutsideError when an origin that had to be asked cannot be, and
        what it said last is unknown or too old.
        """
        question = _Question(accept, fresh_seconds, check)
        try:
            heard, failure = self._first(origins, address_of, question, patient=False)
            # That nobody knows a name is not said because somebody is slow.
            if heard is not None or not isinstance(failure, SlowError):
                return heard
        except SlowError:
            pass  # nothing is at hand
        return self._first(origins, address_of, question, patient=True)[0]

    def file(
        self,
        url: str,
        origin: Origin,
        begin: Callable[[int | None], None],
        write: Callable[[bytes], object],
        limit: int,
    ) -> None:
        """Hand a file's bytes to `write`, block by block. `begin` gets its size first, None = not said.

        The file may lie where `Origin.files` allows; redirects are followed there and nowhere else. Raises
        NotThereError, or OutsideError for anything else that keeps it from coming whole.
        """
        host = host_of(url)
        if not may_fetch(origin, url):
            raise OutsideError(
                f"{origin.name} says that a file lies on {host or 'no host'}, from which it is not fetched",
                "add the host to `files` of that upstream in firewall.toml, if it is right",
            )
        with self._circuits.turn(host, "file"):
            answer = self._files.stream(
                url,
                lambda head: begin(_said(head)),
                write,
                limit=limit,
                headers=self._headers(origin, url, {}),
                pace=self._pace,
                allowed=lambda place: may_fetch(origin, place),
                trusted=lambda place: is_below(place, origin.url),
            )
            if answer.status >= 500 or answer.status == 429:
                raise _refused(answer, host)
        if answer.status in (404, 410):
            raise NotThereError(f"{host} does not have the file, or not any more")
        if answer.status != 200:
            raise _refused(answer, host)

    def down(self) -> Mapping[str, str]:
        """The hosts that cannot be asked at the moment, and why."""
        return self._circuits.down()

    def close(self) -> None:
        """Give all connections back."""
        self._documents.close()
        self._files.close()

    def _first(
        self,
        origins: Sequence[Origin],
        address_of: Callable[[Origin], str],
        question: _Question,
        *,
        patient: bool,
    ) -> tuple[Heard | None, OutsideError | None]:
        """The document of the first origin that knows it, and why somebody could not be asked."""
        failure: OutsideError | None = None
        for origin in origins:
            url = address_of(origin)
            if not url:
                continue  # no name that this registry could have
            kept, failed = self._from(origin, url, question, failure, patient=patient)
            failure = failure or failed
            if kept.status == 200:
                return _heard(kept, origin, failure), failure
        return None, failure

    def _from(
        self, origin: Origin, url: str, question: _Question, failure: OutsideError | None, *, patient: bool
    ) -> tuple[Kept, OutsideError | None]:
        """What one origin says, and why it could not be asked now. With a `failure` nobody is asked."""
        key = kept_under(origin, url, question.accept)
        kept = self._heard.get(key)
        age = float("inf") if kept is None else self._age(kept)
        if kept is not None and age < question.fresh:
            return kept, None
        try:
            if failure is not None:
                raise failure
            if kept is None or patient or age >= min(SOON_AGE, self._stale):
                return self._confirmed(origin, url, question, key), None
            refresh = partial(self._confirmed, origin, url, question, key)
            return self._refreshes.ask(key, host_of(url), refresh), None
        except OutsideError as error:
            if kept is not None and age < self._stale:
                return kept, error
            raise

    def _confirmed(self, origin: Origin, url: str, question: _Question, key: str) -> Kept:
        """What the origin says now; whoever asks the same meanwhile waits for that. Raises OutsideError."""
        with self._flights.alone(key):
            kept = self._heard.get(key)
            if kept is not None and self._age(kept) < question.fresh:
                return kept
            return self._asked(origin, url, question, key, kept)

    def _age(self, kept: Kept) -> float:
        """Seconds. A time that has not come yet is as old as can be: a clock was set back."""
        age = self._clock() - kept.at
        return age if age >= 0 else float("inf")

    def _asked(self, origin: Origin, url: str, question: _Question, key: str, kept: Kept | None) -> Kept:
        if not may_fetch(replace(origin, files=()), url):
            raise OutsideError(f"the address of {origin.name} is not asked", "it must be https")
        known = kept if kept is not None and kept.status == 200 else None
        conditions = _conditions(known)
        host = host_of(url)
        with self._circuits.turn(host, "document"):
            answer = self._documents.request(
                "GET",
                url,
                headers=self._headers(origin, url, {"accept": question.accept, **conditions}),
                limit=self._document_bytes,
                allowed=lambda place: may_fetch(origin, place),
                trusted=lambda place: is_below(place, origin.url),
            )
            if answer.status >= 500 or answer.status == 429:
                raise _refused(answer, host)
        self._dates.heard(origin, answer.headers)
        now = self._clock()
        if answer.status == 304 and known is not None and conditions:
            self._heard.confirmed(key, now)
            return replace(known, at=now)
        if answer.status in (404, 410):
            new = Kept(404, now, sha256=hashlib.sha256().hexdigest())
        elif answer.status == 200:
            new = _new(answer, now)
            question.check(new.body, new.content_type, new.url)
        else:
            raise _refused(answer, host)
        self._heard.put(key, new)
        return new

    def _headers(self, origin: Origin, url: str, more: Mapping[str, str]) -> Mapping[str, str]:
        headers = dict(more)
        if self._instance:
            headers[VIA] = self._instance
        secret = self._authorization(origin) if same_place(url, origin.url) else ""
        if secret:
            headers["authorization"] = secret
        return headers


def kept_under(origin: Origin, url: str, accept: str) -> str:
    """The key under which an origin's answer is kept."""
    return f"{origin.url}\n{url}\n{accept}"


class _Flights:
    """One question at a time about one thing; whoever asks the same waits and takes that answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Nobody else is in here with the same key."""
        with self._lock:
            lock, waiting = self._running.get(key, (threading.Lock(), 0))
            self._running[key] = (lock, waiting + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, waiting = self._running[key]
                if waiting == 1:
                    del self._running[key]
                else:
                    self._running[key] = (lock, waiting - 1)


def _heard(kept: Kept, origin: Origin, failure: OutsideError | None) -> Heard:
    return Heard(
        body=kept.body,
        content_type=kept.content_type,
        etag=kept.etag,
        url=kept.url,
        origin=origin,
        at=kept.at,
        stale=failure is not None,
        digest=f"sha256:{kept.sha256}",
        coming=isinstance(failure, SlowError),
    )


def _new(answer: Response, now: float) -> Kept:
    texts = {name: answer.headers.get(name, "") for name in ("content-type", "etag", "last-modified")}
    kept = {name: text if len(text) <= _LONGEST_TAG else "" for name, text in texts.items()}
    return Kept(
        status=200,
        at=now,
        url=answer.url,
        content_type=kept["content-type"],
        etag=kept["etag"],
        modified=kept["last-modified"],
        body=answer.body,
        sha256=hashlib.sha256(answer.body).hexdigest(),
    )


def _conditions(known: Kept | None) -> dict[str, str]:
    if known is None:
        return {}
    if known.etag:
        return {"if-none-match": known.etag}
    return {"if-modified-since": known.modified} if known.modified else {}


def _said(head: Response) -> int | None:
    text = head.headers.get("content-length", "")
    return int(text) if text.isdigit() and len(text) < 19 else None


def _refused(answer: Response, host: str) -> OutsideError:
    if answer.status == 401:
        why = f"{host} does not let us in (401)"
        return OutsideError(why, "name where its credential is kept: `credentials` of that upstream")
    if answer.status in (403, 451):
        return OutsideError(f"{host} refuses to answer ({answer.status})", "look at what it says to you")
    return OutsideError(f"{host} answered {answer.status}", "try again later")
