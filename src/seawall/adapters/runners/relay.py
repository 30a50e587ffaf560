"""A relay on loopback holds the token; whoever is led to it knows an address or a key that nobody can guess.

It passes on to one firewall, never anywhere else: no redirect is followed, no credential of the child is sent
on, and no header of the child can claim to be somebody. npm's documents hold absolute addresses, so the
firewall's are replaced by the relay's in them.
"""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from seawall.adapters.http import trusted_roots
from seawall.kernel.errors import UsageError
from seawall.kernel.leading import MARK, USER, Door
from seawall.kernel.run import Passage, denied_at, one_line, wanted

from .peer import is_ours

_CONNECT = 5.0
_READ = 600.0
_BODY = 64 * 1024 * 1024
_DOCUMENT = 256 * 1024 * 1024
_DENIAL = 64 * 1024
_BLOCK = 256 * 1024
_MOST = 100_000
_NOTICES = 200
_NOT_PASSED_ON = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade",
        "transfer-encoding", "host", "authorization", "cookie", "content-length", "accept-encoding",
        "forwarded", "expect",
    }
)  # fmt: skip
_ADDRESSES = frozenset({"location", "link"})
_NOT_PASSED_BACK = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "trailer", "upgrade", "set-cookie"}
)


class Relay:
    """One relay for one run. `door` is what the child is given. Close it when done.

    `listener` is a bound, listening TCP socket, which may be of another network namespace; without one it
    listens on `port`, or on any where that is taken. `path` is 32 hexadecimal digits: the address that stays
    the same from run to run, which only the key of this run opens.
    `secret` may be empty; `headers` go with every request. `also` answers on a
    second socket under the firewall's own address, without a secret path: for settings that name it.
    """

    def __init__(
        self,
        firewall: str,
        secret: str = "",
        headers: Mapping[str, str] = MappingProxyType({}),
        listener: socket.socket | None = None,
        also: socket.socket | None = None,
        *,
        port: int = 0,
        path: str = "",
    ) -> None:
        self.firewall = address_of(firewall)
        self._passages: list[Passage] = []
        self._notices: dict[str, None] = {}
        self._lock = threading.Lock()
        self._servers: list[_Server] = []
        # Inside a seal there is nobody else.
        guarded = listener is None
        if listener is None:
            listener = _listener(port)
        here = f"http://127.0.0.1:{listener.getsockname()[1]}/{MARK}"
        self.door = Door(
            f"{here}{secrets.token_hex(16)}", f"{here}{path}" if path else "", secrets.token_hex(16)
        )
        told = _Told(self.firewall, secret, dict(headers), self._note)
        self._serve(listener, _Way(self.door), told, guarded=guarded)
        if also is not None:
            self._serve(also, _Way(Door(self.firewall), anywhere=True), told)

    @property
    def base(self) -> str:
        """The address of this run alone, without the last slash."""
        return self.door.base

    def _serve(self, listener: socket.socket, way: _Way, told: _Told, *, guarded: bool = False) -> None:
        server = _Server(listener, way, told, guarded=guarded)
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), name="seawall-relay", daemon=True).start()

    def _note(self, passage: Passage | None, notice: str) -> None:
        with self._lock:
            if passage is not None and len(self._passages) < _MOST:
                self._passages.append(passage)
            if notice and len(self._notices) < _NOTICES:
                self._notices[notice] = None

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Every file that was asked for so far, in order; at most 100,000."""
        with self._lock:
            return tuple(self._passages)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the firewall said beside its documents, each once."""
        with self._lock:
            return tuple(self._notices)

    def close(self) -> None:
        """Take nothing more, and end what is open."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
            server.end_open()


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=128)
    except OSError:
        return socket.create_server(("127.0.0.1", 0), backlog=128)


class _Way:
    """What has to stand before a path, and with which key. `anywhere`: nothing."""

    def __init__(self, door: Door, *, anywhere: bool = False) -> None:
        self._own = (door.base, "" if anywhere else urlsplit(door.base).path)
        self._kept = (door.kept, urlsplit(door.kept).path) if door.kept else None
        pair = base64.b64encode(f"{USER}:{door.key}".encode()).decode()
        self._keys = (f"Basic {pair}", f"Bearer {door.key}") if door.key else ()

    def below(self, path: str, key: str) -> tuple[str, str] | None:
        """(address that it was asked under, path below it); None when that is not here.

        Raises PermissionError for the lasting address without this run's key.
        """
        found = _below(self._own, path)
        if found is None and self._kept is not None:
            found = _below(self._kept, path)
            if found is not None and not any(_same(key, one) for one in self._keys):
                raise PermissionError
        return found


def _below(place: tuple[str, str], path: str) -> tuple[str, str] | None:
    base, own = place
    if own and not _same(path[: len(own) + 1], f"{own}/"):
        return None
    rest = path[len(own) :]
    return (base, rest) if rest.startswith("/") and not rest.startswith("//") else None


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


class _Told:
    """What every server of one relay knows."""

    def __init__(
        self,
        firewall: str,
        secret: str,
        headers: Mapping[str, str],
        note: Callable[[Passage | None, str], None],
    ) -> None:
        self.firewall = firewall
        self.headers = {**headers, **({"authorization": f"Bearer {secret}"} if secret else {})}
        self.note = note
        parts = urlsplit(firewall)
        self.host = parts.hostname or ""
        self.port = parts.port
        self.prefix = parts.path
        self.context = trusted_roots() if parts.scheme == "https" else None

    def connection(self) -> http.client.HTTPConnection:
        if self.context is not None:
            made: http.client.HTTPConnection = http.client.HTTPSConnection(
                self.host, self.port, timeout=_CONNECT, context=self.context
            )
        else:
            made = http.client.HTTPConnection(self.host, self.port, timeout=_CONNECT)
        made.connect()
        assert made.sock is not None  # noqa: S101
        made.sock.settimeout(_READ)
        made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, way: _Way, told: _Told, *, guarded: bool) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.way = way
        self.told = told
        self.guarded = guarded
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def end_open(self) -> None:
        """Shut what clients left open, so that their threads end."""
        with self._guard:
            left = list(self._open)
        for item in left:
            try:
                item.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "seawall-relay"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = _READ
    server: _Server
    _up: http.client.HTTPConnection | None = None
    _base = ""

    def do_GET(self) -> None:
        if self._strange:
            self._refuse(403, "this is the relay of another user's command")
            return
        try:
            found = self.server.way.below(self.path, self.headers.get("authorization", "").strip())
        except PermissionError:
            self._refuse(
                403, "this address is opened by the key of the run that goes on, and by nothing else"
            )
            return
        if found is None:
            self._refuse(404, "nothing is here")
            return
        self._base, path = found
        body = self._body()
        if body is None:
            return
        self._pass_on(path, body)

    do_HEAD = do_GET  # noqa: N815
    do_POST = do_GET  # noqa: N815

    def setup(self) -> None:
        super().setup()
        self._strange = self.server.guarded and not is_ours(self.connection)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the address in a log would be the address in a log."""

    def finish(self) -> None:
        super().finish()
        if self._up is not None:
            self._up.close()

    def _body(self) -> bytes | None:
        if self.headers.get("transfer-encoding"):
            self._refuse(411, "say how long the body is")
            return None
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or len(length) > 12 or int(length) > _BODY:
            self._refuse(413, "the body is too large")
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: int, why: str) -> None:
        self.close_connection = True
        body = json.dumps({"error": f"Seawall: {why}"}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _pass_on(self, path: str, body: bytes) -> None:
        try:
            answer = self._ask(path, body)
        except (OSError, http.client.HTTPException):
            self._refuse(502, "the firewall does not answer")
            return
        try:
            self._pass_back(path, answer)
        except (OSError, http.client.HTTPException):
            # What was sent is not the whole: the client must not take it for that.
            self.close_connection = True
            self._drop()

    def _ask(self, path: str, body: bytes) -> http.client.HTTPResponse:
        """The firewall's answer. An idle connection that it closed meanwhile is made anew once."""
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in _NOT_PASSED_ON
            and not name.lower().startswith(("x-seawall", "x-forwarded"))
        }
        headers.update(self.server.told.headers)
        headers["accept-encoding"] = "identity"
        reused = self._up is not None
        try:
            return self._once(path, body, headers)
        except (OSError, http.client.HTTPException):
            self._drop()
            if not reused:
                raise
            return self._once(path, body, headers)

    def _once(self, path: str, body: bytes, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        if self._up is None:
            self._up = self.server.told.connection()
        target = self.server.told.prefix + path
        self._up.request(self.command, target, body or None, dict(headers))
        return self._up.getresponse()

    def _drop(self) -> None:
        if self._up is not None:
            self._up.close()
            self._up = None

    def _pass_back(self, path: str, answer: http.client.HTTPResponse) -> None:
        bare = path.partition("?")[0]
        kind = answer.headers.get("content-type", "")
        about = self._rewritten(answer) if bare.startswith("/npm/") and "json" in kind else None
        denial = answer.read(_DENIAL) if about is None and answer.status == 403 else about
        self._noted(bare, answer, denial)
        length = answer.headers.get("content-length") if denial is None else str(len(denial))
        self.send_response_only(answer.status, one_line(answer.reason))
        for name, value in answer.headers.items():
            if name.lower() not in _NOT_PASSED_BACK:
                self.send_header(name, self._ours(value) if name.lower() in _ADDRESSES else value)
        if length is not None:
            self.send_header("content-length", length)
        elif self.command != "HEAD" and answer.status not in (204, 304):
            self.close_connection = True
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            answer.close()
        elif denial is not None:
            self.wfile.write(denial)
            if not answer.isclosed():
                self._drop()
        else:
            self._stream(answer, length)

    def _stream(self, answer: http.client.HTTPResponse, length: str | None) -> None:
        left = int(length) if length is not None and length.isdigit() else None
        while block := answer.read1(_BLOCK):
            self.wfile.write(block)
            left = None if left is None else left - len(block)
        if left and answer.status not in (204, 304):
            raise http.client.IncompleteRead(b"")
        # Read to the last byte it still counts as open; then the next question would be asked twice.
        answer.close()

    def _rewritten(self, answer: http.client.HTTPResponse) -> bytes | None:
        if self.command == "HEAD" or answer.status in (204, 304):
            return None
        data = answer.read(_DOCUMENT + 1)
        if len(data) > _DOCUMENT:
            raise http.client.HTTPException("too large")
        old, new = self.server.told.firewall, self._base
        return data.replace(f'"{old}/'.encode(), f'"{new}/'.encode()) if old != new else data

    def _ours(self, location: str) -> str:
        """An address of the firewall, alone or as `<address>; rel="next"`, as one of the relay."""
        old, mark = self.server.told.firewall, "<" if location.startswith("<") else ""
        if not location.startswith(f"{mark}{old}/"):
            return location
        return mark + self._base + location.removeprefix(mark + old)

    def _noted(self, path: str, answer: http.client.HTTPResponse, body: bytes | None) -> None:
        notice = one_line(answer.headers.get("npm-notice", ""), 500)
        find = denied_at if answer.status == 403 else wanted
        found = find(path) if self.command == "GET" else None
        if found is None:
            self.server.told.note(None, notice)
            return
        reason = allowed = ""
        if answer.status == 403:
            reason, allowed = _denied(body or b"")
        size = answer.headers.get("content-length", "0")
        self.server.told.note(
            Passage(found, answer.status, int(size) if size.isdigit() else 0, reason, allowed), notice
        )


def _denied(body: bytes) -> tuple[str, str]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return "denied without a reason", ""
    error, version = said.get("error"), said.get("allowed_version")
    reason = one_line(error) if isinstance(error, str) and error else "denied without a reason"
    return reason, one_line(version, 100) if isinstance(version, str) else ""


def address_of(url: str) -> str:
    """A firewall's address without its last slash. Raises UsageError for anything but plain http(s)."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or "@" in parts.netloc or parts.query or parts.fragment or any(c <= " " for c in url):
        raise UsageError("--firewall needs an address like https://firewall.example:8443", "correct it")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
