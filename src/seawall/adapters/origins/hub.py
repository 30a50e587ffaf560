"""A hub is asked in words of its own: pages that lead on to the next, refusals with a code, other names.

As with documents of registries: what was confirmed lately is not asked for again, and what was heard last
counts while the hub is down, or, where it is slow, until its answer comes. A refusal is handed on with its
code and never kept. Blocking, safe to share between threads. Source: the Hub API as huggingface_hub 2.4 uses
it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import urljoin

from seawall.adapters.http import Http, Patience, Response
from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.origin import Origin

from .circuit import Circuits
from .dates import Dates
from .fetch import VIA, Authorization
from .heard import HeardStore, Kept
from .places import host_of, may_fetch, same_place
from .refreshing import SOON_AGE, SOON_SECONDS, Refreshes, SlowError

_PATIENCE = Patience(connect=3.0, read=10.0, total=25.0, tries=2, longest_wait=2.0)
_NEXT = re.compile(r'<([^<>\s]{1,4000})>\s*;\s*rel="?next"?(?:\s*[;,]|\s*\Z)')
_LONGEST = 1_000
_REFUSALS = frozenset({400, 401, 403, 404, 410, 451})


@dataclass(frozen=True, slots=True)
class HubAnswer:
    """What a hub said. `status` is 200, or one of its refusals with `code` and `message` as it gave them.

    `next` is the address of the next page, empty on the last one. `url` is where the answer came from, after
    redirects. `at` is Unix time, when it was last confirmed; `stale`: the hub could not be asked now, or,
    `coming`, has not answered yet.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    next: str = field(default="", repr=False)
    code: str = ""
    message: str = ""
    url: str = field(default="", repr=False)
    at: float = 0.0
    stale: bool = False
    coming: bool = False


class HubDoor:
    """Asks hubs. `clock` gives Unix time; the rest is as for `Fetcher`."""

    def __init__(
        self,
        heard: HeardStore,
        *,
        clock: Callable[[], float],
        authorization: Authorization = lambda _: "",
        stale_seconds: float = 7 * 86_400.0,
        instance: str = "",
        circuits: Circuits | None = None,
        patience: Patience = _PATIENCE,
        limit: int = DEFAULT_LIMITS.response_bytes,
        soon: float = SOON_SECONDS,
        dates: Dates | None = None,
    ) -> None:
        self._heard = heard
        self._clock = clock
        self._authorization = authorization
        self._stale = stale_seconds
        self._instance = instance
        self._circuits = circuits or Circuits()
        self._http = Http(patience=patience)
        self._limit = limit
        self._refreshes: Refreshes[HubAnswer] = Refreshes(soon)
        self._dates = dates or Dates(clock)

    def ask(self, origin: Origin, address: str, fresh_seconds: float) -> HubAnswer:
        """What the hub says at `address`, an absolute URL on its host. Raises OutsideError when it cannot be
        asked, and what it said last is unknown or too old."""
        key = f"hub\n{origin.url}\n{address}"
        kept = self._heard.get(key)
        age = self._age(kept)
        if kept is not None and age < fresh_seconds:
            return _unpacked(kept)
        if kept is None or age >= min(SOON_AGE, self._stale):
            try:
                return self._told(origin, address, key, kept)
            except OutsideError:
                if kept is not None and age < self._stale:
                    return _unpacked(kept, stale=True)
                raise
        try:
            return self._refreshes.ask(key, host_of(address), partial(self._told, origin, address, key, kept))
        except OutsideError as error:
            return _unpacked(kept, stale=True, coming=isinstance(error, SlowError))

    def _age(self, kept: Kept | None) -> float:
        """Seconds. What was never heard is as old as can be, and a time that has not come yet too."""
        age = self._clock() - kept.at if kept is not None else -1.0
        return age if age >= 0 else float("inf")

    def _told(self, origin: Origin, address: str, key: str, kept: Kept | None) -> HubAnswer:
        """What the hub says now; kept when it is an answer and no refusal. Raises OutsideError."""
        answer = self._asked("GET", origin, address, _conditions(kept))
        now = self._clock()
        if answer.status == 304 and kept is not None:
            self._heard.confirmed(key, now)
            return _unpacked(replace(kept, at=now))
        said = _said(answer, now)
        if said.status == 200:
            self._heard.put(key, _packed(said, answer))
        return said

    def post(self, origin: Origin, address: str, form: bytes) -> HubAnswer:
        """What the hub answers to a form; it only asks, and is never kept. Raises OutsideError."""
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return _said(self._asked("POST", origin, address, headers, form), self._clock())

    def head(self, origin: Origin, address: str) -> HubAnswer:
        """What the hub says of a file without handing it out. Raises OutsideError."""
        return _said(self._asked("HEAD", origin, address, {}, elsewhere=True), self._clock())

    def close(self) -> None:
        """Give all connections back."""
        self._http.close()

    def _asked(
        self,
        method: str,
        origin: Origin,
        address: str,
        more: Mapping[str, str],
        body: bytes | None = None,
        *,
        elsewhere: bool = False,
    ) -> Response:
        """Documents are never taken from another host than the hub's own, whatever it redirects to."""
        if not same_place(address, origin.url):
            raise OutsideError(f"{origin.name} leads to another host, which is not asked", "tell its owner")
        headers = {"accept": "application/json", **more}
        if self._instance:
            headers[VIA] = self._instance
        secret = self._authorization(origin)
        if secret:
            headers["authorization"] = secret
        host = host_of(address)

        def allowed(place: str) -> bool:
            return may_fetch(origin, place) and (elsewhere or same_place(place, origin.url))

        with self._circuits.turn(host, "document"):
            answer = self._http.request(
                method,
                address,
                headers=headers,
                body=body,
                limit=self._limit,
                repeatable=True,
                allowed=allowed,
            )
            if answer.status >= 500 or answer.status in (408, 429):
                raise OutsideError(f"{host} answered {answer.status}", "try again later")
        self._dates.heard(origin, answer.headers)
        if answer.status not in (200, 304) and answer.status not in _REFUSALS:
            raise OutsideError(f"{host} answered {answer.status}", "try again later")
        return answer


def _said(answer: Response, now: float) -> HubAnswer:
    headers = answer.headers
    found = _NEXT.search(headers.get("link", ""))
    return HubAnswer(
        status=answer.status,
        body=answer.body,
        next=urljoin(answer.url, found[1]) if found and answer.status == 200 else "",
        code=_plain(headers.get("x-error-code", "")),
        message=_plain(headers.get("x-error-message", "")),
        url=answer.url,
        at=now,
    )


def _plain(text: str) -> str:
    """Printable ASCII, at most 300 characters: it goes into a header again."""
    return "".join(c for c in text[:300] if " " <= c <= "~").strip()


def _conditions(kept: Kept | None) -> dict[str, str]:
    return {"if-none-match": kept.etag} if kept is not None and kept.etag else {}


def _packed(said: HubAnswer, answer: Response) -> Kept:
    """The body with the address of the next page before it, on a line of its own."""
    body = json.dumps({"next": said.next}).encode() + b"\n" + said.body
    etag = answer.headers.get("etag", "")
    return Kept(
        status=200,
        at=said.at,
        url=said.url,
        content_type="application/json",
        etag=etag if len(etag) <= _LONGEST else "",
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
    )


def _unpacked(kept: Kept, *, stale: bool = False, coming: bool = False) -> HubAnswer:
    head, _, body = kept.body.partition(b"\n")
    try:
        following = str(json.loads(head)["next"])
    except (ValueError, KeyError, TypeError):
        raise OutsideError("what a hub said last was kept in another form", "ask again") from None
    return HubAnswer(200, body, following, url=kept.url, at=kept.at, stale=stale, coming=coming)
