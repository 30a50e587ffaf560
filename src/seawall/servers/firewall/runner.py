"""The process: one listening socket, plain only on loopback, ended and restarted without losing a request.

SIGTERM and SIGINT finish what was begun, write down the end and stop. SIGHUP does the same and then starts
the program anew on the same socket: whoever connects meanwhile waits in its queue and is answered by the new.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from types import FrameType
from typing import Any

import uvicorn

from seawall.kernel.errors import OutsideError, UsageError
from seawall.kernel.gate_settings import Listen

from .connection import IDLE_SECONDS, LEAVING_SECONDS, MOST_CONNECTIONS, Connection
from .phrase import speak_phrases

SOCKET = "SEAWALL_LISTENING"
"""The variable in which a restarted process is told which descriptor listens already."""
_GRACE = 20
_BACKLOG = 1_024
_THRESHOLDS = (5_000, 20, 100)
"""Of `gc.set_threshold`: seven times as many objects as usual between collections."""
_LOOK = 0.05
_SWITCH = 0.0005
"""After so many seconds a thread that computes gives way to the event loop; usually ten times as many."""
_OWN_FILES = 512
"""Descriptors that are kept for files, stores and registries."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Why serving ended: `restart` is true when the program is to be started anew on `descriptor`."""

    restart: bool
    descriptor: int


def listening(listen: Listen) -> socket.socket:
    """The socket, bound and listening; the one of the process before if it was handed on.

    Raises UsageError for an address that would be plain beyond this machine, OutsideError where it cannot be
    bound.
    """
    if not is_loopback(listen.host) and not (listen.certificate and listen.key):
        raise UsageError(
            f"{listen.host} is not loopback, and there is no certificate: plain text is not spoken beyond"
            " this machine",
            "name certificate and key in [listen] of firewall.toml, or listen on 127.0.0.1",
        )
    given = os.environ.pop(SOCKET, "")
    if given.isdigit():
        return socket.socket(fileno=int(given))
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((listen.host, listen.port))
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise OutsideError(
            f"{listen.host}:{listen.port} cannot be listened on: {error.strerror or error}",
            "end what listens there, or name another port with --listen",
        ) from None
    return made


def is_loopback(host: str) -> bool:
    """The address is this machine's own and reachable from nowhere else."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def bases(listen: Listen, listener: socket.socket) -> tuple[str, ...]:
    """Every address under which clients may reach it, the usual one first."""
    host, port = listener.getsockname()[:2]
    scheme = "https" if listen.certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    own = [f"{scheme}://{shown}:{port}"]
    if is_loopback(host):
        own.append(f"{scheme}://localhost:{port}")
    return tuple(dict.fromkeys((*(url.rstrip("/") for url in listen.urls), *own)))


def most_connections() -> int:
    """How many connections may be open; this process may open more files from now on, where it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + _OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MOST_CONNECTIONS
    return max(32, soft - min(_OWN_FILES, soft // 2))


def configured(app: Any, listen: Listen) -> uvicorn.Config:
    """How uvicorn serves us. What a header says of another address is for `identify` alone to judge."""
    return uvicorn.Config(
        app,
        http=Connection,
        loop="uvloop",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=int(IDLE_SECONDS),
        timeout_graceful_shutdown=_GRACE,
        limit_concurrency=most_connections(),
        backlog=_BACKLOG,
        ssl_certfile=listen.certificate or None,
        ssl_keyfile=listen.key or None,
        ssl_ca_certs=listen.client_ca or None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if listen.client_ca else ssl.CERT_NONE,
    )


def serve(app: Any, listen: Listen, listener: socket.socket, started: Callable[[], None]) -> Ended:
    """Serve until a signal ends it. `started` is called when requests are answered."""
    speak_phrases()
    sys.setswitchinterval(_SWITCH)
    kept = listener.dup()
    server = _Server(configured(app, listen), started)
    restart = False

    def again(_signal: int, _frame: FrameType | None) -> None:
        nonlocal restart
        restart = True
        server.should_exit = True

    # uvicorn gives the signal back to whoever had it before; those do nothing, so that we can clean up.
    before = {name: signal.signal(name, _nothing) for name in (signal.SIGTERM, signal.SIGINT)}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, again)
    try:
        server.run(sockets=[listener])
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    if not restart:
        kept.close()
        return Ended(False, -1)
    return Ended(True, kept.detach())


def collect_rarely() -> None:
    """What is here by now stays, so Python's collector need not look at it again and again.

    While packuments of 240 releases were made one after the other, full collections of 43-49 ms stopped every
    answer three to five times in six seconds; like this there was none, and no other took more than 10 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def start_anew(descriptor: int) -> None:
    """Replace this process by a new one with the same arguments, which listens on the same socket."""
    os.set_inheritable(descriptor, True)
    os.environ[SOCKET] = str(descriptor)
    os.execv(sys.executable, [sys.executable, "-m", "seawall", *sys.argv[1:]])  # noqa: S606 - ourselves


def _nothing(_signal: int, _frame: FrameType | None) -> None:
    pass


class _Server(uvicorn.Server):
    def __init__(self, config: Any, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nobody new, tell whoever asks to come back on another connection, then close the rest."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            if isinstance(connection, Connection):
                connection.leave()
        waited = 0.0
        while self.server_state.connections and not self.force_exit and waited < LEAVING_SECONDS:
            await asyncio.sleep(_LOOK)
            waited += _LOOK
        await super().shutdown(sockets)
