"""The process: one listening socket, plain only on loopback, ended and restarted without losing a request.

SIGTERM and SIGINT finish what was begun, write down the end and stop. SIGHUP does the same and then starts
the program anew on the same socket: whoever connects meanwhile waits in its queue and is answered by the new.
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from types import FrameType
from typing import Any

import uvicorn

from seawall.kernel.errors import OutsideError, UsageError
from seawall.kernel.gate_settings import Listen

from .phrase import speak_phrases

SOCKET = "SEAWALL_LISTENING"
"""The variable in which a restarted process is told which descriptor listens already."""
_GRACE = 20
_BACKLOG = 1_024
_MOST_CONNECTIONS = 4_096


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


def configured(app: Any, listen: Listen) -> uvicorn.Config:
    """How uvicorn serves us. What a header says of another address is for `identify` alone to judge."""
    return uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE,
        limit_concurrency=_MOST_CONNECTIONS,
        backlog=_BACKLOG,
        ssl_certfile=listen.certificate or None,
        ssl_keyfile=listen.key or None,
        ssl_ca_certs=listen.client_ca or None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if listen.client_ca else ssl.CERT_NONE,
    )


def serve(app: Any, listen: Listen, listener: socket.socket, started: Callable[[], None]) -> Ended:
    """Serve until a signal ends it. `started` is called when requests are answered."""
    speak_phrases()
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
