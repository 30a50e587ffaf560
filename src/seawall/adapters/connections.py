"""A connection gives up at its deadline, whatever the other side does.

urllib3 and the standard library bound each wait for bytes, but not their sum: a name server that stays
silent, sixteen addresses that swallow every packet, or a server that sends a byte now and then would each
hold a caller for minutes. Only `adapters/http.py` uses this file.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from seawall.kernel.errors import OutsideError

_ADDRESSES = 4
_LEAST = 1.0
_IDLE = 5.0
_HOSTS = 256
_PROXIES = (
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
    "REQUEST_METHOD",
)


class Watch:
    """Shuts the socket that it was shown when the deadline (`time.monotonic`) is there."""

    def __init__(self, deadline: float) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._deadline = deadline
        self.late = False

    def show(self, connected: socket.socket | None) -> None:
        """From now on this is the socket to shut."""
        with self._lock:
            self._socket = connected
            if self.late:
                _shut(connected)

    def extend(self, deadline: float) -> None:
        """From now on this is the deadline, unless the earlier one was there already."""
        _deadlines.add(self, deadline)

    def cut(self) -> None:
        """The deadline is there."""
        with self._lock:
            self.late = True
            _shut(self._socket)

    def __enter__(self) -> Watch:
        _deadlines.add(self, self._deadline)
        _current.watch = self
        return self

    def __exit__(self, *_: object) -> None:
        _deadlines.remove(self)
        _current.watch = None


class _Deadlines:
    """All deadlines in one thread, which ends when there are none: one thread for each costs milliseconds."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watches: dict[Watch, float] = {}
        self._next = 0.0
        self._running = False

    def add(self, watch: Watch, deadline: float) -> None:
        with self._changed:
            self._watches[watch] = deadline
            if not self._running:
                threading.Thread(target=self._run, name="seawall-deadlines", daemon=True).start()
                self._running = True
            elif deadline < self._next:
                self._changed.notify()

    def remove(self, watch: Watch) -> None:
        with self._changed:
            self._watches.pop(watch, None)

    def _run(self) -> None:
        with self._changed:
            while self._watches:
                now = time.monotonic()
                for watch in [watch for watch, deadline in self._watches.items() if deadline <= now]:
                    del self._watches[watch]
                    watch.cut()
                self._next = min(self._watches.values(), default=now + _IDLE)
                self._changed.wait(min(self._next - now, _IDLE))
            self._running = False


_deadlines = _Deadlines()
# A child that was forked has no thread of ours, and may have a lock that nobody gives back.
os.register_at_fork(after_in_child=_deadlines.__init__)  # type: ignore[misc]


class _Current(threading.local):
    watch: Watch | None = None


_current = _Current()


def _show(connected: socket.socket | None) -> None:
    if _current.watch:
        _current.watch.show(connected)


def _shut(connected: socket.socket | None) -> None:
    if connected is not None:
        # The method of the class below TLS: a reader in another thread then sees an end of file.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(connected, socket.SHUT_RDWR)


class _Answer(http.client.HTTPResponse):
    """What stands behind its end is nobody's answer: the connection is left to whoever sent it."""

    def __init__(self, sock: Any, *given: Any, **named: Any) -> None:
        super().__init__(sock, *given, **named)
        self._from: socket.socket = sock

    def _close_conn(self) -> None:
        if self.fp is not None and _more(self.fp, self._from):
            _shut(self._from)
        super()._close_conn()  # type: ignore[misc]


def _more(buffered: Any, connected: socket.socket) -> bool:
    """Bytes have come already that nobody asked for."""
    patience = connected.gettimeout()
    try:
        connected.settimeout(0)
        return bool(buffered.peek(1))
    except (OSError, ValueError):
        return False  # none is here, or nothing more can come
    finally:
        with contextlib.suppress(OSError):
            connected.settimeout(patience)


def give_back(answer: Any) -> None:
    """The connection of an answer of urllib3 that was read to its end may be used again, if it is sound."""
    if answer._original_response is not None:
        answer._original_response.close()
    answer.release_conn()


class _Bounded(HTTPConnection):
    """Finds the address and connects within `timeout` altogether, and shows its socket to the watch."""

    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        seconds = self.timeout if isinstance(self.timeout, int | float) else 3.0
        try:
            connected = _connected(self._dns_host, self.port, seconds)
            for option in self.socket_options or ():
                connected.setsockopt(*option)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no connection in time") from error
        except OSError as error:
            raise NewConnectionError(self, "no connection") from error
        _show(connected)
        return connected

    def getresponse(self) -> Any:
        _show(self.sock)
        return super().getresponse()


class _BoundedTls(_Bounded, HTTPSConnection):
    """The same, then TLS as urllib3 does it."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Bounded


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedTls


_POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _TlsPool}


def _connected(host: str, port: int, seconds: float) -> socket.socket:
    """A socket connected to the first address of `host` that answers. Raises OSError."""
    end = time.monotonic() + seconds
    addresses = _addresses(host, port, seconds)
    failure: OSError = TimeoutError("timed out")
    for place, (family, kind, protocol, _, address) in enumerate(addresses):
        left = end - time.monotonic()
        if left <= 0:
            break
        attempt = socket.socket(family, kind, protocol)
        try:
            attempt.settimeout(min(left, max(_LEAST, left / (len(addresses) - place))))
            attempt.connect(address)
        except OSError as error:
            failure = error
            attempt.close()
        else:
            attempt.settimeout(seconds)
            return attempt
    raise failure


def _addresses(host: str, port: int, seconds: float) -> list[Any]:
    """At most four addresses, the families taking turns. Asking takes its own time, but nobody waits."""
    found: list[Any] = []
    failures: list[OSError] = []

    def ask() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
        except OSError as error:
            failures.append(error)
        except UnicodeError:
            failures.append(socket.gaierror(socket.EAI_NONAME, "no name of a host"))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    if failures:
        raise failures[0]
    if not found:
        raise socket.gaierror(socket.EAI_AGAIN, "the name server did not answer")
    return list(_turns(found))[:_ADDRESSES]


def _turns(found: list[Any]) -> Iterator[Any]:
    first = found[0][0]
    same = [item for item in found if item[0] == first]
    other = [item for item in found if item[0] != first]
    for pair in zip_longest(same, other):
        yield from (item for item in pair if item is not None)


class Pools:
    """Connections that are kept open, directly and through each proxy. Whoever uses it takes turns."""

    def __init__(self) -> None:
        self._managers: dict[str, Any] = {}
        self._proxies: dict[tuple[str, str], tuple[object, str]] = {}

    def of(self, url: str) -> Any:
        """Where to ask for `url`. Raises OutsideError for a proxy or roots that cannot be used."""
        parts = urlsplit(url)
        proxy = self._proxy(parts.scheme, parts.netloc)
        if proxy not in self._managers:
            self._managers[proxy] = _manager(proxy)
        return self._managers[proxy]

    def clear(self) -> None:
        """Close them."""
        for manager in self._managers.values():
            manager.clear()

    def _proxy(self, scheme: str, netloc: str) -> str:
        """The proxy for a host, empty for none; looked up anew when the environment says something else."""
        said = tuple(map(os.environ.get, _PROXIES))
        known = self._proxies.get((scheme, netloc))
        if known is None or known[0] != said:
            proxy = "" if proxy_bypass(netloc) else getproxies().get(scheme, "")
            if len(self._proxies) >= _HOSTS:
                self._proxies.clear()
            known = self._proxies[scheme, netloc] = (said, proxy)
        return known[1]


def _manager(proxy: str) -> Any:
    context = roots()
    if not proxy:
        made: Any = urllib3.PoolManager(maxsize=16, ssl_context=context)
    else:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
        headers = urllib3.make_headers(proxy_basic_auth=secret) if secret else None
        bare = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        try:
            made = urllib3.ProxyManager(bare, maxsize=16, ssl_context=context, proxy_headers=headers)
        except (urllib3.exceptions.HTTPError, ValueError):
            raise OutsideError(
                "the proxy of this environment has no address that can be used",
                "correct HTTPS_PROXY or HTTP_PROXY",
            ) from None
    made.pool_classes_by_scheme = _POOLS
    return made


def roots() -> ssl.SSLContext:
    """Whom TLS is verified against: `SSL_CERT_FILE` or `REQUESTS_CA_BUNDLE`, else the system."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        place = os.environ.get(name)
        if place:
            try:
                if Path(place).is_dir():
                    return ssl.create_default_context(capath=place)
                return ssl.create_default_context(cafile=place)
            except (OSError, ssl.SSLError):
                raise OutsideError(
                    f"{name} names {place}, which holds no certificates", f"correct or unset {name}"
                ) from None
    return ssl.create_default_context()
