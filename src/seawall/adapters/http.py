"""The one door to the network: bounded in time and size, honest about failure, careful with credentials.

TLS is verified against `SSL_CERT_FILE` or `REQUESTS_CA_BUNDLE` if they are set, else the system's roots.
Proxies come from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. Redirects are followed at most 5 times, never
from https to http, and a credential goes only to the host it was given for.
urllib3 is imported at the first request: an offline scan never pays for it.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    import urllib3

_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds, and how often to try again.

    `total` bounds everything about one request, retries and waiting included.
    """

    connect: float = 3.0
    read: float = 10.0
    total: float = 20.0
    tries: int = 3
    longest_wait: float = 5.0


@dataclass(slots=True)
class Http:
    """A client for many requests, safe to share between threads. Close it when done."""

    user_agent: str = "seawall"
    patience: Patience = field(default_factory=Patience)
    _pools: dict[str, Any] = field(default_factory=dict)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        body: bytes | None = None,
        limit: int = DEFAULT_LIMITS.response_bytes,
    ) -> Response:
        """The answer, whatever its status. Raises OutsideError when there is none that can be used.

        Connection failures and the statuses 408, 429, 500, 502, 503, 504 are tried again, waiting as
        `Retry-After` says or twice as long each time.
        """
        deadline = time.monotonic() + self.patience.total
        wait = 0.2
        for attempt in range(1, self.patience.tries + 1):
            last = attempt == self.patience.tries
            try:
                answer = self._follow(method, url, dict(headers), body, limit, deadline)
            except _Unreachable as failure:
                # A name that does not resolve and a port that refuses will not change in a second.
                if last or failure.final or time.monotonic() + wait > deadline:
                    raise OutsideError(str(failure), "check the network, or use --offline") from None
            else:
                if answer.status not in _RETRIED or last:
                    return answer
                wait = max(wait, _retry_after(answer.headers))
                if wait > self.patience.longest_wait or time.monotonic() + wait > deadline:
                    return answer
            time.sleep(wait)
            wait *= 2
        raise AssertionError("the last try returns or raises")

    def download(
        self, url: str, target: Path, limit: int, headers: Mapping[str, str] = MappingProxyType({})
    ) -> int:
        """Write the body of a GET to `target` and return its size. Raises OutsideError."""
        deadline = time.monotonic() + max(self.patience.total, 600.0)
        try:
            with target.open("wb") as file:
                return self._stream(url, file.write, limit, deadline, dict(headers))
        except _Unreachable as failure:
            target.unlink(missing_ok=True)
            raise OutsideError(str(failure), "check the network and run it again") from None

    def close(self) -> None:
        """Give all connections back."""
        for pool in self._pools.values():
            pool.clear()

    def _stream(self, url: str, write: Any, limit: int, deadline: float, headers: dict[str, str]) -> int:
        for _ in range(6):
            raw = self._send("GET", url, headers, None, deadline)
            try:
                if raw.status in _REDIRECTS:
                    url, headers = _redirected(url, raw.headers.get("location", ""), headers)
                    continue
                if raw.status != 200:
                    raise OutsideError(
                        f"{_host(url)} answered {raw.status} for {urlsplit(url).path}", "run it again later"
                    )
                return sum(write(block) for block in self._blocks(raw, url, limit, deadline))
            finally:
                raw.release_conn()
        raise _Unreachable(f"{_host(url)} redirects in circles", final=True)

    def _follow(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, limit: int, deadline: float
    ) -> Response:
        for _ in range(6):
            raw = self._send(method, url, headers, body, deadline)
            try:
                if raw.status not in _REDIRECTS:
                    data = b"".join(self._blocks(raw, url, limit, deadline))
                    kept = {name.lower(): value for name, value in raw.headers.items()}
                    return Response(raw.status, MappingProxyType(kept), data, url)
                url, headers = _redirected(url, raw.headers.get("location", ""), headers)
                if raw.status == 303:
                    method, body = "GET", None
            finally:
                raw.release_conn()
        raise _Unreachable(f"{_host(url)} redirects in circles", final=True)

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: float
    ) -> Any:
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

        host = _host(url)
        left = deadline - time.monotonic()
        if left <= 0:
            raise _Unreachable(f"{host} did not answer in {self.patience.total:.0f} s", final=True)
        timeout = Timeout(connect=min(self.patience.connect, left), read=min(self.patience.read, left))
        try:
            return self._pool(url).request(
                method,
                url,
                headers={"User-Agent": self.user_agent, "Accept-Encoding": "gzip", **headers},
                body=body,
                timeout=timeout,
                redirect=False,
                retries=False,
                preload_content=False,
            )
        except (NameResolutionError, NewConnectionError) as error:
            raise _Unreachable(f"{host} cannot be reached: {_why(error)}", final=True) from None
        except (HTTPError, OSError, ValueError) as error:
            raise _Unreachable(f"{host} did not answer: {_why(error)}") from None

    def _blocks(self, raw: Any, url: str, limit: int, deadline: float) -> Any:
        from urllib3.exceptions import HTTPError

        seen = 0
        try:
            for block in raw.stream(_BLOCK, decode_content=True):
                seen += len(block)
                if seen > limit:
                    raise OutsideError(
                        f"{_host(url)} sent more than {limit} bytes", "ask for less, or raise the bound"
                    )
                if time.monotonic() > deadline:
                    raise _Unreachable(f"{_host(url)} was too slow", final=True)
                yield block
        except (HTTPError, OSError) as error:
            raise _Unreachable(f"{_host(url)} broke off: {_why(error)}") from None

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise OutsideError(f"{_host(url) or 'an address'} is no http(s) address", "correct the address")
        proxy = "" if proxy_bypass(parts.hostname) else getproxies().get(parts.scheme, "")
        if proxy not in self._pools:
            self._pools[proxy] = _manager(proxy)
        pool: urllib3.PoolManager = self._pools[proxy]
        return pool


class _Unreachable(Exception):
    def __init__(self, message: str, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


def _manager(proxy: str) -> Any:
    import urllib3

    roots = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
    context = ssl.create_default_context(cafile=roots or None)
    if not proxy:
        return urllib3.PoolManager(maxsize=16, ssl_context=context)
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    secret = f"{parts.username}:{parts.password or ''}" if parts.username else ""
    headers = urllib3.make_headers(proxy_basic_auth=secret) if secret else None
    port = f":{parts.port}" if parts.port else ""
    bare = f"{parts.scheme}://{parts.hostname}{port}"
    return urllib3.ProxyManager(bare, maxsize=16, ssl_context=context, proxy_headers=headers)


def _redirected(url: str, location: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    target = urljoin(url, location)
    old, new = urlsplit(url), urlsplit(target)
    if not location or new.scheme not in ("http", "https"):
        raise _Unreachable(f"{_host(url)} redirects to nowhere", final=True)
    if new.scheme == "http" and old.scheme == "https":
        raise _Unreachable(f"{_host(url)} redirects from https to plain http", final=True)
    if (old.scheme, old.hostname, old.port) != (new.scheme, new.hostname, new.port):
        headers = {k: v for k, v in headers.items() if k.lower() not in _SECRET_HEADERS}
    return target, headers


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds; a date or anything else counts as nothing, the ordinary wait is then used."""
    text = headers.get("retry-after", "")
    return float(text) if text.isdigit() and len(text) < 6 else 0.0


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "an address that cannot be read"


def _why(error: BaseException) -> str:
    """What went wrong, without addresses: they may hold a credential."""
    cause = error.__cause__ or error.__context__ or error
    text = getattr(cause, "strerror", None) or type(cause).__name__
    return str(text)
