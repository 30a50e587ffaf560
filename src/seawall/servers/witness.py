"""A witness of ledgers: it signs a checkpoint only after it has seen that nothing before it was changed.

`POST /add-checkpoint` and `GET /SHA256-OF-ORIGIN/checkpoint`, nothing else. It knows only the logs that it
was told of, answers whoever asks, and reads at most `note_bytes` of a request. Source: C2SP tlog-witness.
"""

from __future__ import annotations

import re
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from seawall import __version__
from seawall.adapters.signers.ed25519 import Signer, WrongSignature, signed_by
from seawall.adapters.witnesses.memory import Memory
from seawall.kernel.checkpoint import Checkpoint
from seawall.kernel.checkpoint import parse as parse_checkpoint
from seawall.kernel.errors import SeawallError, UsageError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.merkle import Head
from seawall.kernel.note import Key, NotANote, Note
from seawall.kernel.witnessing import Ask, parse_ask, refusal

_CHECKPOINT = re.compile(r"/([0-9a-f]{64})/checkpoint")
_TEXT = "text/plain; charset=utf-8"
_MOST_BYTES = DEFAULT_LIMITS.note_bytes
_MOST_AT_ONCE = 64
_SECONDS = 10.0
_LONGEST = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body and its content type."""

    status: int
    body: bytes = b""
    kind: str = _TEXT


@dataclass(slots=True)
class Witness:
    """What a witness does, without the socket. `logs` are the keys of each origin."""

    signer: Signer
    logs: Mapping[str, Sequence[Key]]
    memory: Memory
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add_checkpoint(self, data: bytes, now: int) -> Answer:
        """The answer to `add-checkpoint`; `now` is Unix time in seconds."""
        try:
            ask = parse_ask(data)
            new = parse_checkpoint(ask.note.text)
        except NotANote as error:
            return _said(400, str(error))
        keys = self.logs.get(new.origin)
        if keys is None:
            return _said(404, "this witness does not know that log")
        try:
            signed = signed_by(ask.note, keys)
        except WrongSignature as error:
            return _said(403, str(error))
        if not signed:
            return _said(403, "it is not signed by the log")
        # Looking at what was signed last and replacing it are one step.
        with self._lock:
            return self._signed(ask, new, keys, now)

    def checkpoint(self, name: str) -> Answer:
        """The last checkpoint of the log whose origin has that SHA-256."""
        data = self.memory.read(name)
        return _said(404, "nothing was signed for that log") if data is None else Answer(200, data)

    def _signed(self, ask: Ask, new: Checkpoint, keys: Sequence[Key], now: int) -> Answer:
        found = self.memory.last(new.origin)
        last = Head(found[1].size, found[1].root) if found else None
        refused = refusal(ask, new, last)
        if refused:
            kind = "text/x.tlog.size" if refused.status == 409 else _TEXT
            body = refused.why if refused.why.endswith("\n") else refused.why + "\n"
            return Answer(refused.status, body.encode(), kind)
        signature = self.signer.cosign(ask.note.text, now)
        ours = [item for key in keys for item in ask.note.by(key)]
        # Only what the log itself and this witness signed is kept and shown.
        self.memory.keep(new.origin, Note(ask.note.text, (*ours, signature)))
        return Answer(200, signature.line.encode())


def _said(status: int, why: str) -> Answer:
    return Answer(status, f"{why}\n".encode())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = f"seawall/{__version__}"
    sys_version = ""
    timeout = _SECONDS
    server: Listener

    def do_POST(self) -> None:
        """`add-checkpoint`."""
        length = self.headers.get("content-length", "")
        if not re.fullmatch(r"[0-9]{1,9}", length):
            return self._refuse(411, "say how long the body is")
        if int(length) > _MOST_BYTES:
            return self._refuse(413, f"at most {_MOST_BYTES} bytes")
        if self.path != "/add-checkpoint":
            return self._refuse(404, "there is nothing here")
        data = self.rfile.read(int(length))
        if len(data) != int(length):
            return self._refuse(400, "the body is cut short")
        try:
            answer = self.server.witness.add_checkpoint(data, int(time.time()))
        except SeawallError as error:
            self.server.fault = error
            return self._refuse(500, "this witness cannot keep what it signs")
        return self._answer(answer)

    def do_GET(self) -> None:
        """The last checkpoint of a log."""
        found = _CHECKPOINT.fullmatch(self.path)
        self._answer(
            self.server.witness.checkpoint(found[1]) if found else _said(404, "there is nothing here")
        )

    def _refuse(self, status: int, why: str) -> None:
        self.close_connection = True
        self._answer(_said(status, why))

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged: who asks is nobody's business, and what is signed is on the disk."""


class Listener(ThreadingHTTPServer):
    """The socket of a witness. `close` after `serve_forever` has ended; what is under way is finished."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True

    def __init__(self, witness: Witness, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.witness = witness
        self.fault: SeawallError | None = None
        self._tls = tls
        self._open: dict[socket.socket, float] = {}
        self._places = threading.BoundedSemaphore(_MOST_AT_ONCE)
        if ":" in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise UsageError(
                f"{host}:{port} cannot be listened on: {error.strerror}", "name another with --listen"
            ) from None

    def verify_request(self, *_: object) -> bool:
        """More at once than there are places is refused at once."""
        return self._places.acquire(blocking=False)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """One connection, in its own thread; the handshake of TLS too, so that nobody holds up the others."""
        try:
            request.settimeout(_SECONDS)
            with suppress(OSError), self._counted(request) as sock:
                _Handler(sock, client_address, self)
        finally:
            self._places.release()

    @contextmanager
    def _counted(self, request: socket.socket) -> Iterator[socket.socket]:
        sock = self._tls.wrap_socket(request, server_side=True) if self._tls else request
        self._open[sock] = time.monotonic()
        try:
            yield sock
        finally:
            self._open.pop(sock, None)
            if sock is not request:
                sock.close()

    def service_actions(self) -> None:
        """Whoever sends a byte now and then does not keep a place for ever."""
        late = time.monotonic() - _LONGEST
        for sock, began in tuple(self._open.items()):
            if began < late:
                _end(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Take no more, finish what was begun, and give the socket back."""
        for sock in tuple(self._open):
            _end(sock, socket.SHUT_RD)
        self.server_close()


def serve_until_told(listener: Listener) -> None:
    """Answer until SIGTERM or SIGINT, then finish what was begun."""

    def stop(*_: object) -> None:
        threading.Thread(target=listener.shutdown).start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        listener.serve_forever(0.2)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        listener.close()


def _end(sock: socket.socket, how: int) -> None:
    with suppress(OSError):
        # The socket itself: TLS would answer, and wait for the other side.
        socket.socket.shutdown(sock, how)


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS with that certificate. Raises UsageError when the files cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"the certificate {certificate} with the key {key} cannot be used: {error.strerror or error}",
            "name both as PEM files",
        ) from None
    return context


def parse_listen(text: str) -> tuple[str, int]:
    """(host, port) of `HOST:PORT`; the host is an address. Raises UsageError."""
    host, found, port = text.rpartition(":")
    with suppress(ValueError):
        if found and 0 <= int(port) < 65_536:
            return str(ip_address(host.removeprefix("[").removesuffix("]"))), int(port)
    raise UsageError(f"{text!r} is no address to listen on", "write ADDRESS:PORT, like 127.0.0.1:7380")


def is_loopback(host: str) -> bool:
    """Only this machine can reach it."""
    return ip_address(host).is_loopback
