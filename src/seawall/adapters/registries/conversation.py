"""A registry is asked politely: a few questions at once, and one that keeps failing is left in peace.

A credential goes into a request to the registry that it was set for, and into no other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from seawall.adapters.http import Http, Response
from seawall.kernel.client import Upstream
from seawall.kernel.errors import OutsideError

_FAULTS = 5
Authorization = Callable[[Upstream], str]
"""The value of the `Authorization` header for one registry, empty when there is none."""


class NotThereError(OutsideError):
    """The registry does not know the name."""


class LateError(OutsideError):
    """There was no time left to ask."""


@dataclass(slots=True)
class Conversation:
    """Questions to several registries within one deadline (`time.monotonic`).

    Whoever reads a large answer holds `large`: eight at once would need gigabytes.
    """

    http: Http
    authorization: Authorization
    deadline: float
    large: threading.Lock = field(default_factory=threading.Lock)
    _secrets: dict[str, str] = field(default_factory=dict, repr=False)
    _faults: dict[str, int] = field(default_factory=dict)
    _gone: dict[str, OutsideError] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(
        self, upstream: Upstream, url: str, accept: str, *, limit: int, etag: str = "", until: float = 0.0
    ) -> Response:
        """The answer, 200, or 304 where `etag` still counts. No question begins after `until`.

        Raises NotThereError, LateError, or OutsideError for anything else.
        """
        host = urlsplit(url).netloc
        if time.monotonic() >= (until or self.deadline):
            raise LateError("there was no time left to ask")
        gone = self._gone.get(host)
        if gone:
            raise OutsideError(str(gone), gone.advice)
        headers = {"accept": accept}
        if etag:
            headers["if-none-match"] = etag
        secret = self._secret(upstream) if _same_place(url, upstream.url) else ""
        if secret:
            headers["authorization"] = secret
        try:
            answer = self.http.request("GET", url, headers=headers, limit=limit, deadline=self.deadline)
        except OutsideError as error:
            if time.monotonic() >= self.deadline:
                raise LateError(str(error)) from None
            self._fault(host, error)
            raise
        return self._judged(answer, host, etag)

    def _judged(self, answer: Response, host: str, etag: str) -> Response:
        if answer.status == 200 or (answer.status == 304 and etag):
            with self._lock:
                self._faults[host] = 0
            return answer
        if answer.status in (404, 410):
            raise NotThereError(f"{host} does not know it, or not any more")
        why = f"{host} answered {answer.status}"
        if answer.status == 401:
            why = f"{host} does not let us in (401)"
        elif answer.status in (403, 451):
            why = f"{host} refuses to answer about it ({answer.status})"
        error = OutsideError(why, "look at what your own client says to it")
        self._fault(host, error, final=answer.status == 429)
        raise error

    def _fault(self, host: str, why: OutsideError, *, final: bool = False) -> None:
        with self._lock:
            self._faults[host] = self._faults.get(host, 0) + 1
            if final or self._faults[host] >= _FAULTS:
                self._gone[host] = why

    def _secret(self, upstream: Upstream) -> str:
        with self._lock:
            if upstream.url not in self._secrets:
                self._secrets[upstream.url] = self.authorization(upstream)
            return self._secrets[upstream.url]


def _same_place(one: str, other: str) -> bool:
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.netloc.lower()) == (second.scheme, second.netloc.lower())
