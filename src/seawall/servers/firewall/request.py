"""A request is what one client asks, by whom, and the way to answer it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from seawall.kernel.dialect import Asked, Said
from seawall.kernel.identity import Identity
from seawall.kernel.policy.facts import Mode

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

_LARGEST_BODY = 8 * 1024 * 1024
_BODY_SECONDS = 60.0
SEND_SECONDS = 60.0
"""A client that takes nothing for so long is left."""

EXTENSION = "seawall.connection"
"""The name under which a `Wire` stands among the extensions of an ASGI scope."""


class Wire(Protocol):
    """The connection under a request, where the server shows it (`connection.py`)."""

    @property
    def gone(self) -> bool:
        """Nobody would get what is sent now."""

    def cut(self) -> None:
        """End it now: what was not sent yet is never sent."""


class ClientGoneError(Exception):
    """The client went away, or took nothing for too long."""


class TooLargeError(Exception):
    """The client sent a larger body than anybody needs."""


@dataclass(slots=True)
class Request:
    """One request below a room's prefix. `path` begins with `/` and is as the client encoded it.

    `client` is the product that asks (`pip/26.3`), `key` what a finished answer may be kept under, None for
    one that is not kept. `sent` counts the body's bytes that went out. `wire` is None where a server shows
    none.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    base: str
    identity: Identity
    mode: Mode
    client: str
    key: tuple[Any, ...] | None
    send: Send = field(repr=False)
    receive: Receive = field(repr=False)
    wire: Wire | None = field(default=None, repr=False)
    started: bool = False
    sent: int = 0

    def asked(self, body: bytes = b"") -> Asked:
        """The same for a dialect."""
        return Asked(self.method, self.path, self.query, self.headers, self.base, body)

    async def body(self) -> bytes:
        """What the client sent, all of it within a minute. Raises TooLargeError, ClientGoneError."""
        try:
            return await asyncio.wait_for(self._body(), _BODY_SECONDS)
        except TimeoutError as error:
            raise ClientGoneError from error

    async def _body(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            part = message.get("body", b"")
            size += len(part)
            if size > _LARGEST_BODY:
                raise TooLargeError
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)

    @property
    def gone(self) -> bool:
        """The client went away: a server takes what is sent to it all the same."""
        return self.wire is not None and self.wire.gone

    def there(self) -> None:
        """Raises ClientGoneError when nobody is there any more."""
        if self.gone:
            raise ClientGoneError

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Send the head of the answer. Raises ClientGoneError when nobody is there."""
        self.there()
        self.started = True
        await self.send({"type": "http.response.start", "status": status, "headers": headers})

    async def block(self, data: bytes, *, more: bool) -> None:
        """Send a part of the body. Raises ClientGoneError when nobody takes it."""
        self.there()
        try:
            await asyncio.wait_for(
                self.send({"type": "http.response.body", "body": data, "more_body": more}), SEND_SECONDS
            )
        except (TimeoutError, OSError) as error:
            raise ClientGoneError from error
        self.sent += len(data)

    def leave(self) -> None:
        """Cut the connection, so that what was sent is not taken for the whole."""
        if self.wire is None:
            raise asyncio.CancelledError
        self.wire.cut()

    async def say(self, said: Said) -> None:
        """Send an answer that is known as a whole."""
        headers = [
            (b"content-type", said.content_type.encode("latin-1")),
            (b"content-length", str(len(said.body)).encode()),
            *((name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in said.headers),
        ]
        await self.start(said.status, headers)
        await self.block(said.body if self.method != "HEAD" else b"", more=False)
