"""The door: who asks, what may be answered at once, and which room answers the rest.

The fast path does four look-ups and sends finished bytes. Whatever has to be fetched, read or judged happens
in worker threads; nothing here waits for a disk or a registry.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from seawall.adapters.origins.fetch import VIA
from seawall.freeze import came_through_us
from seawall.kernel.dialect import Said
from seawall.kernel.errors import OutsideError, SeawallError, StoreError, TamperedError, UsageError
from seawall.kernel.event import Action, Delivery, Event
from seawall.kernel.gate_settings import mode_for
from seawall.kernel.identity import Identity, address
from seawall.kernel.leading import COMMIT_HEADER, PLACE_HEADER, RUN_HEADER
from seawall.kernel.policy.facts import Mode
from seawall.reports.denial import failure

from .desk import BusyError, Desk
from .files import same
from .identify import ANONYMOUS, Refusal
from .posted import TOKEN_PATH
from .request import EXTENSION, ClientGoneError, Message, Receive, Request, Send, TooLargeError
from .views import View

LOG = logging.getLogger("seawall.firewall")
_KNOWN_FOR = 2.0
_EXCHANGE = TOKEN_PATH.encode()
_TELLING = frozenset(
    name.encode()
    for name in ("x-forwarded-for", "x-forwarded-proto", RUN_HEADER, COMMIT_HEADER, PLACE_HEADER)
)
"""Headers besides a credential that tell who asks."""
_MOST_CALLERS = 20_000
_LONGEST_KEY = 2_000
"""What is kept by what a client sent is not kept by more than that."""
_CLIENTS = frozenset(
    (
        *("pip", "uv", "poetry", "pdm", "twine", "npm", "pnpm", "yarn", "bun", "Bun"),
        *("hf_hub", "huggingface_hub", "python-requests", "seawall"),
    )
)
"""User agents that are written down; whoever else asks is `other`."""


class Room(Protocol):
    """Whoever answers for everything below one prefix."""

    async def serve(self, request: Request) -> None:
        """Answer, whatever it is."""
        ...


class _Head(NamedTuple):
    """The headers that the fast path needs; `told` are those that tell who asks, besides a credential."""

    host: bytes
    accept: bytes
    coding: bytes
    auth: bytes
    told: bytes
    tag: bytes
    agent: bytes


def _head(headers: Iterable[tuple[bytes, bytes]]) -> _Head:
    host = accept = coding = auth = told = tag = agent = b""
    for name, value in headers:
        if name == b"accept":
            accept = value
        elif name == b"host":
            host = value
        elif name == b"authorization":
            auth = value
        elif name == b"accept-encoding":
            coding = value
        elif name == b"if-none-match":
            tag = value
        elif name == b"user-agent":
            agent = value
        elif name in _TELLING:
            told = b"%b\0%b\0%b" % (told, name, value)
    return _Head(host, accept, coding, auth, told, tag, agent)


class Bucket:
    """How much one principal, or one address that is nobody, may still ask for."""

    __slots__ = ("left", "refilled")

    def __init__(self, now: float, burst: float) -> None:
        self.left = burst
        self.refilled = now


class Caller(NamedTuple):
    """One that was known a moment ago."""

    identity: Identity
    kind: Any
    until: float
    bucket: Bucket


class Firewall:
    """An ASGI application. `rooms` are by prefix (`pypi`)."""

    def __init__(self, desk: Desk, rooms: Mapping[str, Room]) -> None:
        self._desk = desk
        self._rooms = dict(rooms)
        self._callers: dict[tuple[str, bytes, bytes], Caller] = {}
        self._buckets: dict[str, Bucket] = {}
        self._clients: dict[bytes, str] = {}
        self._rate = desk.settings.requests_per_second
        self._burst = max(50.0, 10 * self._rate)
        self._one_mode = None if desk.settings.modes else desk.settings.mode
        self._bases = {base.partition("://")[2].encode(): base for base in desk.bases}
        self._default_base = desk.bases[0]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; anything else is closed."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        await self._answer(scope, receive, send)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        now = self._desk.clock()
        head = _head(scope["headers"])
        host, raw = (scope.get("client") or ("", 0))[0], scope["raw_path"]
        caller = self._callers.get((host, head.auth, head.told))
        if caller is None or not now <= caller.until <= now + _KNOWN_FOR:  # clocks go back, too
            known = self._identified(scope, host, head, now)
            if isinstance(known, Refusal):
                if not self._within_rate(self._bucket(host, now), now):
                    await self._too_many(send)
                    return
                self._desk.metrics.failures.labels("door", "identity").inc()
                await _say(send, Said(known.status, known.body, headers=known.headers))
                return
            caller = known
        if not self._within_rate(caller.bucket, now):
            await self._too_many(send)
            return
        mode = self._one_mode or self._mode(caller.identity, raw)
        base = self._bases.get(head.host, self._default_base)
        key = (raw, head.accept, b"gzip" in head.coding, base, caller.kind, mode)
        view = self._desk.views.get(key, self._desk.gate.generation, now)
        if view is not None and not scope["query_string"] and scope["method"] in ("GET", "HEAD"):
            await self._finished(view, head, caller.identity, mode, now, scope["method"], send)
            return
        client = self._client(head.agent)
        await self._slow(_request(scope, raw, base, caller.identity, mode, client, key, receive, send))

    async def _finished(
        self, view: View, head: _Head, identity: Identity, mode: Mode, now: float, method: str, send: Send
    ) -> None:
        try:
            self._desk.record.note(listed(view, identity, mode, self._client(head.agent), now))
        except StoreError as error:
            await _say(send, Said(503, failure(str(error), error.advice)))
            return
        self._desk.counted_ready(view)
        if head.tag and same(head.tag.decode("latin-1"), view.etag.decode()):
            await send(view.unchanged)
            await send(_EMPTY)
            return
        await send(view.start)
        await send(view.body if method != "HEAD" else _EMPTY)

    def _identified(self, scope: Message, host: str, head: _Head, now: float) -> Caller | Refusal:
        found = self._desk.identify(host, _headers(scope), scope.get("scheme") == "https", now)
        key = (host, head.auth, head.told)
        if isinstance(found, Refusal):
            if found.policy != ANONYMOUS or scope["raw_path"] != _EXCHANGE:
                return found
            # Whoever asks for a token has none yet; the key is one that no other request has.
            found, key = address(host), (host, _EXCHANGE, b"")
        kind, until = self._desk.gate.class_of(found), now + _KNOWN_FOR
        caller = Caller(found, kind, until, self._bucket(found.id, now))
        if len(head.auth) + len(head.told) <= _LONGEST_KEY:
            if len(self._callers) >= _MOST_CALLERS:
                self._callers.clear()
            self._callers[key] = caller
        return caller

    def _bucket(self, who: str, now: float) -> Bucket:
        bucket = self._buckets.get(who)
        if bucket is None:
            if len(self._buckets) >= _MOST_CALLERS:
                self._buckets.clear()
            bucket = self._buckets[who] = Bucket(now, self._burst)
        return bucket

    def _within_rate(self, bucket: Bucket, now: float) -> bool:
        left = min(self._burst, bucket.left + max(0.0, now - bucket.refilled) * self._rate)
        bucket.refilled = now
        bucket.left = max(left - 1.0, -1.0)
        return left >= 1.0

    async def _too_many(self, send: Send) -> None:
        self._desk.metrics.limited.inc()
        await _say(send, Said(429, failure("too many requests"), headers=(("retry-after", "1"),)))

    def _mode(self, identity: Identity, raw: bytes) -> Mode:
        return mode_for(self._desk.settings, identity, raw.decode("latin-1"))

    def _client(self, agent: bytes) -> str:
        agent = agent[:200]
        known = self._clients.get(agent)
        if known is None:
            if len(self._clients) > 1_000:
                self._clients.clear()
            known = self._clients[agent] = product(agent)
        return known

    async def _slow(self, request: Request) -> None:
        prefix, _, rest = request.path.lstrip("/").partition("/")
        try:
            if came_through_us(request.headers.get(VIA, ""), self._desk.instance):
                await request.say(Said(508, failure("an upstream leads back to this firewall", _LOOP)))
                return
            own = await self._desk.own_answer(request)
            if own is not None:
                await request.say(own)
                return
            room = self._rooms.get(prefix)
            if room is None:
                await request.say(Said(404, failure(f"there is nothing at {request.path[:80]}", _WHERE)))
                return
            request.path = "/" + rest
            request.base = f"{request.base}/{prefix}"
            await room.serve(request)
        except (ClientGoneError, ConnectionError):
            self._desk.metrics.failures.labels(prefix if prefix in self._rooms else "", "client gone").inc()
            request.leave()
        except asyncio.CancelledError:
            await self._ending(request)
        except Exception as error:
            await self._failed(request, error)

    async def _ending(self, request: Request) -> None:
        """The process ends and waited long enough for this answer."""
        if request.started or request.gone:
            request.leave()
            return
        said = Said(503, failure("this firewall is ending", "ask again"), headers=(("retry-after", "2"),))
        with suppress(ClientGoneError):
            await request.say(said)

    async def _failed(self, request: Request, error: Exception) -> None:
        """Never a package: an answer that says whose fault it is, or an end where one has begun."""
        said, why = _said_of(error)
        self._desk.metrics.failures.labels("", why).inc()
        if said.status == 500:
            LOG.exception("a defect in Seawall itself", exc_info=error)
        else:
            LOG.warning("no answer", extra={"path": request.path[:200], "why": str(error)[:300]})
        if request.started or request.gone:
            request.leave()
            return
        with suppress(ClientGoneError):
            await request.say(said)


_EMPTY: dict[str, Any] = {"type": "http.response.body", "body": b""}
_LOOP = "correct [[upstream]] in firewall.toml, or firewall-upstreams.toml in the data directory"
_WHERE = "clients use /pypi/simple/, /npm/ and /hf/; /readyz says whether it can decide"


_FAULTS: tuple[tuple[tuple[type[Exception], ...], int, str], ...] = (
    ((TooLargeError,), 413, "too large"),
    ((BusyError, TimeoutError), 503, "busy"),
    ((StoreError,), 503, "store"),
    ((TamperedError,), 502, "tampered"),
    ((UsageError,), 400, "usage"),
    ((OutsideError,), 502, "upstream"),
    ((SeawallError,), 503, "other"),
)
"""Whose fault it is, by the first kind that fits: the status, and the word that is counted."""


def _said_of(error: Exception) -> tuple[Said, str]:
    for kinds, status, why in _FAULTS:
        if isinstance(error, kinds):
            if isinstance(error, SeawallError):
                return Said(status, failure(str(error), error.advice)), why
            return Said(status, failure(why, "try again"), headers=(("retry-after", "2"),)), why
    return Said(500, failure("a defect in Seawall itself", "report it; nothing was handed out")), "defect"


def listed(view: View, identity: Identity, mode: Mode, client: str, now: float) -> Event:
    """The event of a document that was handed out, or of one of which nothing was let in."""
    return Event(
        time=int(now * 1000),
        action=Action.LIST,
        identity=identity,
        asset=view.asset,
        digest=view.digest,
        delivery=Delivery.REFUSED if view.refused else Delivery.OFFERED,
        outcome=view.outcome,
        policies=view.policies,
        mode=mode,
        policy=view.policy,
        advisories=view.advisories,
        client=client,
        origin=view.origin,
        subject="stale" if view.stale else "",
    )


def product(agent: bytes) -> str:
    """The first product of a user agent if it is a known client, else `other`."""
    first = agent.decode("latin-1").partition(" ")[0]
    name, _, version = first.partition("/")
    if name not in _CLIENTS:
        return "other"
    plain = "".join(c for c in version[:20] if c.isalnum() or c in ".-+")
    return f"{name}/{plain}" if plain else name


def _headers(scope: Message) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _request(
    scope: Message,
    raw: bytes,
    base: str,
    identity: Identity,
    mode: Mode,
    client: str,
    key: Any,
    receive: Receive,
    send: Send,
) -> Request:
    return Request(
        method=scope["method"],
        path=raw.decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=_headers(scope),
        base=base,
        identity=identity,
        mode=mode,
        client=client,
        key=None if scope["query_string"] or len(raw) + len(key[1]) > _LONGEST_KEY else key,
        send=send,
        receive=receive,
        wire=scope.get("extensions", {}).get(EXTENSION),
    )


async def _say(send: Send, said: Said) -> None:
    headers = [
        (b"content-type", said.content_type.encode()),
        (b"content-length", str(len(said.body)).encode()),
        *((name.encode(), value.encode("latin-1", "replace")) for name, value in said.headers),
    ]
    await send({"type": "http.response.start", "status": said.status, "headers": headers})
    await send({"type": "http.response.body", "body": said.body})
