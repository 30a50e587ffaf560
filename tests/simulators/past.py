"""A registry on this machine that tells any past and any lie, and remembers what it was asked.

Make a class of it that answers `Request → Reply` as of `self.now`; then, in a test:

    with serving(PastPypi(now=at("2026-03-31T00:25:00Z"))) as past:
        past.release("axios", "1.14.0", at("2026-03-20T10:00:00Z"))
        past.now = at("2026-03-31T04:00:00Z")               # what came since is there from the next request on
        past.faults["/files/*"] = stall()                   # by path, `*` as in fnmatch; the last that fits counts
        past.faults["/simple/axios/"] = in_turn(status(503), reset(), honest)
        past.choose = lambda request: drip() if dice() else None        # before `faults`, for any rule
        ...
        assert {seen.headers["user-agent"] for seen in past.seen} == {"seawall/…"}

A fault is a function `(Reply, Wire) → None` that puts something else on the wire. `serving` ends every
connection, stalled ones too, joins every thread, and fails when `answer` raised. HTTP/1.1, keep-alive, ETag and
304, HEAD; at most `MOST` connections at once, the next one is closed unheard.
"""

import gzip as compression
import hashlib
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

MOST = 600
LONGEST_BODY = 32 * 1024 * 1024


def at(text: str) -> datetime:
    """`2026-03-31T00:25:00Z` → aware UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Request:
    """`path` as it came, without query; header names lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers` beside Content-Length, Content-Type and ETag, which come by themselves.

    `phrase` stands in the status line; empty = the usual one.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    phrase: str = ""

    def head(self, length: int | None = None, more: Mapping[str, str] = {}) -> bytes:
        said = {
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.body) if length is None else length),
            **self.headers,
            **more,
        }
        phrase = self.phrase or HTTPStatus(self.status).phrase
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {value}" for name, value in said.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Wire:
    """What a fault may do with the connection."""

    def __init__(self, sock: socket.socket, closing: threading.Event, head_only: bool) -> None:
        self._sock, self._closing, self.head_only = sock, closing, head_only
        self.keep = True

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def wait(self, seconds: float) -> bool:
        """False when the server is closing."""
        return not self._closing.wait(seconds)

    def hang_up(self, reset: bool = False) -> None:
        if reset:  # close() then sends RST instead of FIN
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keep = False


Fault = Callable[[Reply, Wire], None]


def honest(reply: Reply, wire: Wire) -> None:
    wire.send(reply.head() + (b"" if wire.head_only else reply.body))


def instead(reply: Reply) -> Fault:
    """Something else altogether."""
    return lambda _, wire: honest(reply, wire)


def status(code: int, **headers: str) -> Fault:
    """`status(429, Retry_After="1")`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return instead(Reply(code, b'{"error":"as told"}', headers=named))


def redirect(to: str, code: int = 302) -> Fault:
    return instead(Reply(code, headers={"Location": to}))


def wrong(body: bytes) -> Fault:
    """Other bytes, with everything else as it would be."""
    return lambda reply, wire: honest(replace(reply, body=body), wire)


def stall(seconds: float = 3600.0, after: int = 0) -> Fault:
    """Silence after `after` bytes of the answer (head included), then the connection ends."""

    def fault(reply: Reply, wire: Wire) -> None:
        wire.send((reply.head() + reply.body)[:after])
        wire.wait(seconds)
        wire.hang_up()

    return fault


def drip(size: int = 1, pause: float = 0.05) -> Fault:
    """The body in pieces of `size` bytes, `pause` seconds apart."""

    def fault(reply: Reply, wire: Wire) -> None:
        wire.send(reply.head())
        for start in range(0, len(reply.body), size):
            if not wire.wait(pause):
                return wire.hang_up()
            wire.send(reply.body[start : start + size])
        return None

    return fault


def cut(keep: int) -> Fault:
    """The promised length, but only `keep` bytes of the body; then the connection ends."""

    def fault(reply: Reply, wire: Wire) -> None:
        wire.send(reply.head() + reply.body[:keep])
        wire.hang_up()

    return fault


def longer(extra: bytes = b"x" * 64) -> Fault:
    """More body than Content-Length says; then the connection ends."""

    def fault(reply: Reply, wire: Wire) -> None:
        wire.send(reply.head() + reply.body + extra)
        wire.hang_up()

    return fault


def endless(block: bytes = b"\0" * 65_536) -> Fault:
    """A body that never ends, in chunks."""

    def fault(reply: Reply, wire: Wire) -> None:
        head = replace(reply, body=b"").head().replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        wire.send(head)
        while wire.wait(0):
            wire.send(b"%x\r\n%s\r\n" % (len(block), block))
        wire.hang_up()

    return fault


def reset(after: int = 0) -> Fault:
    """The connection is reset, after `after` bytes of the answer."""

    def fault(reply: Reply, wire: Wire) -> None:
        wire.send((reply.head() + reply.body)[:after])
        wire.hang_up(reset=True)

    return fault


def gzip(reply: Reply, wire: Wire) -> None:
    """The same, compressed, whether it was asked for or not."""
    coded = {**reply.headers, "Content-Encoding": "gzip"}
    honest(replace(reply, body=compression.compress(reply.body, 1), headers=coded), wire)


def in_turn(*faults: Fault) -> Fault:
    """One after the other, the last one for ever."""
    left, lock = list(faults), threading.Lock()

    def fault(reply: Reply, wire: Wire) -> None:
        with lock:
            chosen = left.pop(0) if len(left) > 1 else left[0]
        chosen(reply, wire)

    return fault


class Past:
    """Override `answer`. `seen` are the requests so far; `most` is how many connections were open at once."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.now = now
        self.seen: deque[Request] = deque(maxlen=100_000)
        self.faults: dict[str, Fault] = {}
        self.choose: Callable[[Request], Fault | None] = lambda _: None
        self.most = 0
        self.etags = True
        self.broken: list[BaseException | None] = []
        self._closing = threading.Event()
        self._server = _Listener(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.host = self.url.removeprefix("http://")
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def asked(self) -> list[str]:
        return [seen.path for seen in self.seen]

    def answer(self, request: Request) -> Reply:
        return Reply(404, b'{"error":"not found"}')

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def say(self, request: Request, wire: Wire) -> None:
        reply = self.answer(request)
        if self.etags and reply.status == 200:
            tag = f'"{hashlib.sha256(reply.body).hexdigest()[:24]}"'
            reply = replace(reply, headers={"ETag": tag, **reply.headers})
            if request.headers.get("if-none-match") == reply.headers["ETag"]:
                reply = replace(reply, status=304, body=b"")
        fault = self.choose(request)
        for pattern, named in self.faults.items() if fault is None else ():
            fault = named if fnmatchcase(request.path, pattern) else fault
        (fault or honest)(reply, wire)


Kind = TypeVar("Kind", bound=Past)


@contextmanager
def serving(past: Kind) -> Iterator[Kind]:
    try:
        yield past
    finally:
        past.close()
    assert not past.broken, past.broken


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Listener"

    def _once(self) -> None:
        path, _, query = self.path.partition("?")
        length = min(int(self.headers.get("content-length") or 0), LONGEST_BODY)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, path, query, headers, self.rfile.read(length))
        past = self.server.past
        past.seen.append(request)
        wire = Wire(self.connection, past._closing, self.command == "HEAD")
        try:
            past.say(request, wire)
        except OSError:  # whoever asked has gone
            wire.keep = False
        if not wire.keep:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = _once

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def log_message(self, *_: object) -> None:
        pass


class _Listener(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = False  # so that server_close waits for them

    def __init__(self, past: Past) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.past = past
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def process_request(self, request: Any, address: Any) -> None:
        with self._lock:
            full = len(self._open) >= MOST
            if not full:
                self._open.add(request)
                self.past.most = max(self.past.most, len(self._open))
        if full:
            return super().shutdown_request(request)
        return super().process_request(request, address)

    def shutdown_request(self, request: Any) -> None:
        """Without `shutdown`: it would send FIN before the RST of a reset."""
        with self._lock:
            self._open.discard(request)
        self.close_request(request)

    def hang_up(self) -> None:
        with self._lock:
            for sock in self._open:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, address: Any) -> None:
        self.past.broken.append(sys.exc_info()[1])
