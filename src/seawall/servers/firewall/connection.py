"""A connection is cut when its client keeps us waiting, or sends a head that nobody needs.

uvicorn has no limits of its own for the size of a head, for the time it may take, for how many requests may
wait behind each other, and for a client that does not read: closing such a connection waits until it does.
Whoever is silent for longest makes room when there are too many connections.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .request import EXTENSION, SEND_SECONDS

HEAD_SECONDS = 20.0
"""A request's head is here after so long, or the connection is cut."""

IDLE_SECONDS = 75.0
"""So long a connection may wait for its next request; uvicorn counts the same time."""

LEAVING_SECONDS = 0.5
"""When we are about to end, whoever has a connection that is kept may still ask for so long."""

HEAD_BYTES = 64 * 1024
HEAD_FIELDS = 128
MOST_CONNECTIONS = 4_096
_URL_BYTES = 16 * 1024
_PIPELINED = 64
_LOOK = 2.0
_PROGRESS = 16 * 1024
_CLOSING_SECONDS = 10.0


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with limits. An application may `cut` it, and ask whether it is `gone`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody connected; a head must come soon."""
        super().connection_made(transport)
        self._in_head = True
        self._head_bytes = 0
        self._leaving = False
        self._waited_from = self._sent_at = self.loop.time()
        self._buffered = 0
        self._closing_from = 0.0
        self._extensions: dict[str, Any] = {EXTENSION: self}
        self._timer = self.loop.call_later(_LOOK, self._look)
        if len(self.connections) > _most(self.limit_concurrency):
            _make_room(self.connections)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._timer.cancel()
        super().connection_lost(exc)

    def cut(self) -> None:
        """End it now: what was not sent yet is never sent."""
        if self.cycle is not None:
            self.cycle.disconnected = True
        self.transport.abort()

    @property
    def gone(self) -> bool:
        """Nobody would get what is sent now."""
        return self.transport.is_closing()

    @property
    def idle_since(self) -> float | None:
        """Since when (the loop's time) nothing is asked and nothing sent; None while something is."""
        busy = self.cycle is not None and not self.cycle.response_complete
        return None if busy else self._waited_from

    def data_received(self, data: bytes) -> None:
        """Bytes came; those of a head that is still not whole are counted, a body behind one is not."""
        before = self._in_head
        super().data_received(data)
        if before and self._in_head:  # one that began in these bytes has another's body before it
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(431)

    def on_message_begin(self) -> None:
        """The first byte of a request is here."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self._in_head = True
        self._head_bytes = 0
        self._waited_from = self._sent_at = self.loop.time()

    def on_headers_complete(self) -> None:
        """A head is here; it is answered when those before it are."""
        self._in_head = False
        if len(self.url) > _URL_BYTES:
            self._refuse(414)
            return
        if len(self.headers) > HEAD_FIELDS or _size(self.headers) > HEAD_BYTES:
            self._refuse(431)
            return
        if self.transport.is_closing():
            return
        super().on_headers_complete()
        if self._leaving:
            self.cycle.keep_alive = False
        if len(self.pipeline) > _PIPELINED:
            self.cut()

    def on_body(self, body: bytes) -> None:
        """A part of a body came, for a request that was taken."""
        if self.cycle is not None and not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is here as a whole, if it was taken."""
        if self.cycle is not None and not self.transport.is_closing():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is on its way; whoever still sends what belonged to the question is not listened to."""
        self._waited_from = self.loop.time()
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body:
            self.transport.close()
        elif self._leaving:
            self.loop.call_later(LEAVING_SECONDS, self._leave)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, but not in the middle of an answer to what was."""
        if self.idle_since is None:
            self.cut()
        elif not self.transport.is_closing():
            super().send_400_response(msg)

    def leave(self) -> None:
        """We are about to end: the next answer says that it is the last one on this connection.

        One that has begun has not said so: whoever gets it may ask once more.
        """
        self._leaving = True
        for cycle in (self.cycle, *(waiting for waiting, _ in self.pipeline)):
            if cycle is not None and not cycle.response_started:
                cycle.keep_alive = False

    def shutdown(self) -> None:
        """End the connection, now if nothing is asked, else after the answer."""
        self.leave()
        if self.idle_since is not None:
            self.transport.close()

    def _leave(self) -> None:
        if self.idle_since is not None:
            self.transport.close()

    def resume_writing(self) -> None:
        """The client took most of what was sent."""
        self._sent_at = self.loop.time()
        super().resume_writing()

    def _refuse(self, status: int) -> None:
        """Say why if nothing else is being said, and listen no more."""
        if self.idle_since is None:
            self.cut()
        elif not self.transport.is_closing():
            lines = (STATUS_LINE[status], b"content-length: 0\r\nconnection: close\r\n\r\n")
            self.transport.write(b"".join(lines))
            self.transport.close()

    def _look(self) -> None:
        now = self.loop.time()
        if self._overdue(now):
            self.cut()
            return
        self._timer = self.loop.call_later(_LOOK, self._look)

    def _overdue(self, now: float) -> bool:
        if self._stuck(now):
            return True
        idle = self.idle_since
        if idle is None or self.transport.is_closing():
            return False
        if now - idle > (HEAD_SECONDS if self._in_head else IDLE_SECONDS):
            self.transport.close()
        return False

    def _stuck(self, now: float) -> bool:
        """What was sent is not taken, or so slowly that it makes no difference."""
        waiting = self.transport.get_write_buffer_size()
        if not self._buffered or waiting <= self._buffered - _PROGRESS:
            self._sent_at, self._buffered = now, waiting
        else:
            self._buffered = max(self._buffered, waiting) if waiting else 0
        if not self.transport.is_closing():
            return waiting > 0 and now - self._sent_at > SEND_SECONDS
        self._closing_from = self._closing_from or now
        return now - max(self._sent_at, self._closing_from) > _CLOSING_SECONDS


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    return sum([len(name) + len(value) for name, value in headers])


def _most(limit: int | None) -> int:
    """So many connections are kept; uvicorn refuses every request at `limit`."""
    return max(1, (limit or MOST_CONNECTIONS) * 7 // 8)


def _make_room(connections: set[Any]) -> None:
    """Cut the eighth of them that has asked nothing for longest."""
    idle = [(one.idle_since, id(one), one) for one in connections if isinstance(one, Connection)]
    quiet = sorted(item for item in idle if item[0] is not None)
    for _, _, one in quiet[: max(1, len(connections) // 8)]:
        one.cut()
