"""The one door to the network: bounded in time and size, honest about failure, careful with credentials.

TLS is verified against `SSL_CERT_FILE` or `REQUESTS_CA_BUNDLE` if they are set, else the system's roots.
Proxies come from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. Redirects are followed at most 5 times and to
https only (on this machine itself also to http); a credential goes only to the host it was given for.
urllib3 is imported at the first request: an offline scan never pays for it.
"""

from __future__ import annotations

import base64
import random
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from seawall import __version__
from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import DEFAULT_LIMITS

_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TO_ANYONE = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "if-modified-since",
        "if-none-match",
        "seawall-via",
        "user-agent",
    }
)
"""Headers that anybody may see after a redirect: any other one may be a credential."""
_BLOCK = 256 * 1024
_SURELY_FINE, _DENSEST = 4 * 1024 * 1024, 100
"""What is larger unpacked, and so many times larger than packed, is no document."""
_LONG = 600.0


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. Header names are lower-case; `url` is without userinfo."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds, and how often to try again.

    `connect` bounds finding the address and connecting together. `total` bounds everything about one
    request, retries and waiting included.
    """

    connect: float = 3.0
    read: float = 10.0
    total: float = 20.0
    tries: int = 3
    longest_wait: float = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How slow a long answer may be: after `grace` seconds, `slowest` bytes a second on the average."""

    slowest: float = 16 * 1024
    grace: float = 30.0


def anywhere(url: str) -> bool:
    """Every address may be asked."""
    return bool(url)


def _nothing(answer: Response) -> None:
    del answer


@dataclass(frozen=True, slots=True)
class _Order:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    limit: int
    deadline: float
    begin: Callable[[Response], None] = _nothing
    allowed: Callable[[str], bool] = anywhere
    trusted: Callable[[str], bool] = anywhere
    pace: Pace | None = None
    """Set for a stream: it is not decompressed, and its deadline is that of its head."""


@dataclass(slots=True)
class Http:
    """A client for many requests, safe to share between threads. Close it when done."""

    user_agent: str = f"seawall/{__version__}"
    patience: Patience = field(default_factory=Patience)
    _pools: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        body: bytes | None = None,
        limit: int = DEFAULT_LIMITS.response_bytes,
        deadline: float | None = None,
        repeatable: bool | None = None,
        allowed: Callable[[str], bool] = anywhere,
        trusted: Callable[[str], bool] = anywhere,
    ) -> Response:
        """The answer, whatever its status. Raises OutsideError when there is none that can be used.

        Broken connections and the statuses 408, 429, 500, 502, 503, 504 are tried again, waiting as
        `Retry-After` says or twice as long each time; by default only where asking twice does nothing
        twice (GET, HEAD), otherwise if `repeatable`. `limit` bounds the body, also after decompression.
        `deadline` (of `time.monotonic`) may end it earlier than `patience.total`. A user name and password
        in `url` are sent as an Authorization header. `allowed` is asked about every address on the way;
        what may be a credential goes on to one of the same scheme, host and port that is `trusted`.
        """
        end = time.monotonic() + self.patience.total
        order = self._order(
            method, url, headers, body, limit, end if deadline is None else min(end, deadline)
        )
        order = replace(order, allowed=allowed, trusted=trusted)
        again = method in ("GET", "HEAD") if repeatable is None else repeatable
        return self._patiently(lambda: self._answer(order), order, again)

    def download(
        self, url: str, target: Path, limit: int, headers: Mapping[str, str] = MappingProxyType({})
    ) -> int:
        """Write the body of a GET to `target` and return its size. Raises OutsideError and leaves no file."""
        deadline = time.monotonic() + max(self.patience.total, _LONG)
        order = self._order("GET", url, headers, None, limit, deadline)

        def once() -> Response:
            with target.open("wb") as file:
                return self._exchange(order, file.write)

        try:
            answer = self._patiently(once, order, again=True)
            if answer.status != 200:
                raise OutsideError(f"{_host(url)} answered {answer.status}", "run it again later")
            return target.stat().st_size
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def stream(
        self,
        url: str,
        begin: Callable[[Response], None],
        write: Callable[[bytes], object],
        *,
        limit: int,
        headers: Mapping[str, str] = MappingProxyType({}),
        pace: Pace = Pace(),
        allowed: Callable[[str], bool] = anywhere,
        trusted: Callable[[str], bool] = anywhere,
    ) -> Response:
        """Hand the body of a GET to `write`, as it is stored there: nothing is decompressed.

        `begin` gets the answer before its first block, if it is 200; of any other answer no body is read.
        `allowed` is asked about every address, redirects included, and `trusted` as in `request`. The head
        has `patience.total`, each block `patience.read`, the whole what `pace` leaves it. Raises
        OutsideError; whatever `begin` and `write` raise ends it too. Nothing is tried again once a block was
        written.
        """
        order = self._order("GET", url, headers, None, limit, time.monotonic() + self.patience.total)
        identity = {**order.headers, "accept-encoding": "identity"}
        begun: list[Response] = []

        def started(answer: Response) -> None:
            begun.append(answer)
            begin(answer)

        order = replace(order, headers=identity, begin=started, allowed=allowed, trusted=trusted, pace=pace)

        def once() -> Response:
            try:
                return self._exchange(order, write)
            except _Unreachable as failure:
                raise _Unreachable(str(failure), final=failure.final or bool(begun)) from None

        return self._patiently(once, order, again=True)

    def close(self) -> None:
        """Give all connections back."""
        with self._lock:
            if self._pools is not None:
                self._pools.clear()

    def _order(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        limit: int,
        deadline: float,
    ) -> _Order:
        address, secret = _split(url)
        own = {"user-agent": self.user_agent, "accept-encoding": "gzip"}
        given = {name.lower(): value for name, value in headers.items()}
        if secret:
            own["authorization"] = secret
        return _Order(method, address, {**own, **given}, body, limit, deadline)

    def _patiently(self, once: Callable[[], Response], order: _Order, again: bool) -> Response:
        wait, tries = 0.2, self.patience.tries if again else 1
        for attempt in range(1, tries + 1):
            pause = wait * random.uniform(0.5, 1.5)  # noqa: S311 - so that many do not come back at once
            late = time.monotonic() + pause > order.deadline
            try:
                answer = once()
            except _Unreachable as failure:
                # A name that does not resolve and a port that refuses will not change in a second.
                if attempt == tries or failure.final or late:
                    raise OutsideError(str(failure), "check the network") from None
            else:
                if answer.status not in _RETRIED or attempt == tries:
                    return answer
                pause = max(pause, _retry_after(answer.headers))
                if pause > self.patience.longest_wait or time.monotonic() + pause > order.deadline:
                    return answer
            time.sleep(pause)
            wait *= 2
        raise AssertionError("the last try returns or raises")

    def _answer(self, order: _Order) -> Response:
        parts: list[bytes] = []
        answer = self._exchange(order, parts.append)
        return replace(answer, body=b"".join(parts))

    def _exchange(self, order: _Order, write: Callable[[bytes], object]) -> Response:
        """Follow redirects and hand the final body to `write`; the answer itself comes without it."""
        from .connections import Watch, give_back

        host = _host(order.url)
        with Watch(order.deadline) as watch:
            for _ in range(6):
                if not order.allowed(order.url):
                    raise OutsideError(
                        f"{host} leads to {_host(order.url)}, which may not be asked",
                        "if that is right, say so in the settings of the one who is asked",
                    )
                raw = self._sent(order, watch)
                try:
                    if raw.status not in _REDIRECTS:
                        kept = {name.lower(): value for name, value in raw.headers.items()}
                        answer = Response(raw.status, MappingProxyType(kept), b"", order.url)
                        if order.pace is None or raw.status == 200:
                            order.begin(answer)
                            for block in _body(raw, order, watch):
                                write(block)
                            give_back(raw)
                        return answer
                    order = _redirected(order, raw.status, raw.headers.get("location", ""))
                finally:
                    raw.close()
        raise _Unreachable(f"{host} redirects in circles", final=True)

    def _sent(self, order: _Order, watch: Any) -> Any:
        from urllib3 import Timeout
        from urllib3.exceptions import (
            ConnectTimeoutError,
            HTTPError,
            NameResolutionError,
            NewConnectionError,
            ProxyError,
            SSLError,
        )

        host = _host(order.url)
        left = order.deadline - time.monotonic()
        if left <= 0:
            raise _Unreachable(f"{host} did not answer in time", final=True)
        timeout = Timeout(connect=min(self.patience.connect, left), read=min(self.patience.read, left))
        try:
            return self._pool(order.url).request(
                order.method,
                order.url,
                headers=dict(order.headers),
                body=order.body,
                timeout=timeout,
                redirect=False,
                retries=False,
                preload_content=False,
            )
        except ProxyError as error:
            raise _Unreachable(f"{host}: the proxy did not connect: {_why(error)}", final=True) from None
        except (NameResolutionError, NewConnectionError, ConnectTimeoutError) as error:
            raise _Unreachable(f"{host} cannot be reached: {_why(error)}", final=True) from None
        except SSLError as error:
            raise _Unreachable(f"{host} cannot be trusted: {_why(error)}", final=True) from None
        except (HTTPError, OSError, ValueError) as error:
            what = "did not answer in time" if watch.late else f"did not answer: {_why(error)}"
            raise _Unreachable(f"{host} {what}", final=watch.late) from None

    def _pool(self, url: str) -> Any:
        from .connections import Pools

        with self._lock:
            if self._pools is None:
                self._pools = Pools()
            return self._pools.of(url)


class _Unreachable(Exception):
    """One try failed; `final` when another one would too."""

    def __init__(self, message: str, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


def _body(raw: Any, order: _Order, watch: Any) -> Iterator[bytes]:
    from urllib3.exceptions import HTTPError

    host = _host(order.url)
    seen = 0
    blocks = _received(raw, order, watch)
    if order.pace is None:
        blocks = _plain(blocks, raw.headers.get("content-encoding", ""), host)
    try:
        for block in blocks:
            seen += len(block)
            if seen > order.limit:
                raise _too_much(order)
            yield block
    except (HTTPError, OSError, ValueError, zlib.error) as error:
        if watch.late:
            raise _Unreachable(f"{host} was too slow", final=True) from None
        raise _Unreachable(f"{host} broke off: {_why(error)}") from None


def _received(raw: Any, order: _Order, watch: Any) -> Iterator[bytes]:
    """The bytes as they travel, never more than the limit: compressed ones are not more than plain ones."""
    said = raw.headers.get("content-length", "")
    if order.method != "HEAD" and said.isdigit() and (len(said) > 18 or int(said) > order.limit):
        raise _too_much(order)
    seen = 0
    begun = time.monotonic()
    if order.pace:
        size = int(said) if said.isdigit() else order.limit
        watch.extend(begun + order.pace.grace + size / order.pace.slowest)
    while block := raw.read1(_BLOCK, decode_content=False):
        seen += len(block)
        if seen > order.limit:
            raise _too_much(order)
        if order.pace and seen < (time.monotonic() - begun - order.pace.grace) * order.pace.slowest:
            raise _Unreachable(f"{_host(order.url)} was too slow", final=True)
        yield block
    if watch.late:
        raise _Unreachable(f"{_host(order.url)} was too slow", final=True)


def _plain(blocks: Iterator[bytes], encoding: str, host: str) -> Iterator[bytes]:
    """Decompressed in small steps: a few bytes can stand for a thousand times as many."""
    coding = encoding.strip().lower()
    if coding in ("", "identity"):
        yield from blocks
        return
    if coding not in ("gzip", "x-gzip"):
        raise _Unreachable(f"{host} sent an encoding that nobody asked for", final=True)
    machine = zlib.decompressobj(31)
    begun = False
    packed = plain = 0
    for block in blocks:
        rest, begun = block, True
        packed += len(block)
        while rest:
            piece = machine.decompress(rest, _BLOCK)
            plain += len(piece)
            if plain > _SURELY_FINE and plain > _DENSEST * packed:
                raise OutsideError(
                    f"{host} sent a body that grows more than {_DENSEST} times when it is unpacked",
                    "do not use it; ask whoever runs the registry",
                )
            yield piece
            rest = machine.unconsumed_tail
            if machine.eof:
                rest = machine.unused_data
                if not rest.startswith(b"\x1f\x8b"):
                    break
                machine = zlib.decompressobj(31)
    yield machine.flush()
    if begun and not machine.eof:
        raise _Unreachable(f"{host} broke off: its compressed body is cut short")


def _too_much(order: _Order) -> OutsideError:
    return OutsideError(
        f"{_host(order.url)} sent more than {order.limit} bytes", "ask for less, or raise the bound"
    )


def _redirected(order: _Order, status: int, location: str) -> _Order:
    """The order to the next place. What may be secret stays with the host it was meant for."""
    host = _host(order.url)
    try:
        target, _ = _split(urljoin(order.url, location))
    except (OutsideError, ValueError):
        target = ""
    if not location or not target:
        raise _Unreachable(f"{host} redirects to nowhere", final=True)
    old, new = urlsplit(order.url), urlsplit(target)
    if new.scheme == "http" and not (_is_here(old.hostname) and _is_here(new.hostname)):
        raise _Unreachable(f"{host} redirects to plain http", final=True)
    method, body, headers = order.method, order.body, order.headers
    if status == 303 and method != "HEAD":
        method, body = "GET", None
    if (old.scheme, old.hostname, old.port) != (new.scheme, new.hostname, new.port):
        if body is not None:
            raise _Unreachable(f"{host} redirects what was sent to it to another host", final=True)
        headers = _without_secrets(headers)
    elif not order.trusted(target):
        headers = _without_secrets(headers)
    return replace(order, method=method, url=target, headers=headers, body=body)


def _without_secrets(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in headers.items() if name in _TO_ANYONE}


def _is_here(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _split(url: str) -> tuple[str, str]:
    """The address without userinfo and fragment, and the Authorization header that the userinfo means."""
    try:
        parts = urlsplit(url)
        named = parts.hostname and parts.port != 0
    except ValueError:
        named = None
    if not named or parts.scheme not in ("http", "https") or any(c <= " " or c in '\\"<>\x7f' for c in url):
        raise OutsideError(f"{_host(url) or 'an address'} is no http(s) address", "correct the address")
    secret = ""
    if parts.username or parts.password:
        pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        secret = "Basic " + base64.b64encode(pair.encode()).decode()
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, "")), secret


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds. A date counts from the server's own `Date`; anything else counts as nothing."""
    text = headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text) if len(text) < 8 else 1e7
    try:
        until, now = parsedate_to_datetime(text), parsedate_to_datetime(headers["date"])
        return max(0.0, (until - now).total_seconds())
    except (KeyError, ValueError, TypeError, OverflowError):
        return 0.0


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return (f"[{host}]" if ":" in host else host) + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "an address that cannot be read"


def _why(error: BaseException) -> str:
    """What went wrong, without addresses: they may hold a credential."""
    inner = getattr(error, "original_error", None) or error
    cause = inner.__cause__ or inner.__context__ or inner
    text = getattr(cause, "strerror", None) or type(cause).__name__
    return str(text)


def trusted_roots() -> ssl.SSLContext:
    """Whom TLS is verified against: `SSL_CERT_FILE` or `REQUESTS_CA_BUNDLE`, else the system."""
    from .connections import roots

    return roots()
