"""A file goes out whole or visibly not: its last block waits until the event of it is durable.

A file that is here is read in blocks by worker threads. One that is still coming is sent as it comes, but for
its last block: that waits for its digest and for what is in it. Ranges (RFC 9110, section 14) are given only
of what is here and verified.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from seawall.adapters.stores.blobs import Arrival
from seawall.handing import Denied, Prepared
from seawall.kernel.errors import OutsideError, SeawallError, StoreError
from seawall.kernel.event import Delivery, Event

from .desk import LOCAL, Desk
from .lately import Held
from .request import Request

_BLOCK = 1024 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?("[^"]*")')

Settle = Callable[[Prepared], Prepared | Denied]


class WithheldError(OutsideError):
    """What was being sent must not be completed: it is not what it should be, or was denied."""


class ThrownOutError(OutsideError):
    """The cache made room for others between the answer about a file and its first byte."""


class Opened:
    """A file of the cache, open, with its first block. Close it when done."""

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError when it was thrown out."""
        self._file = path.open("rb", buffering=0)
        self.descriptor = self._file.fileno()
        self.first = os.pread(self.descriptor, _BLOCK, 0)

    def close(self) -> None:
        """Give it back."""
        self._file.close()


async def send_file(
    desk: Desk,
    kind: str,
    request: Request,
    prepared: Prepared,
    event: Event,
    settle: Settle,
    content_type: str,
    opened: Opened | Held | None = None,
) -> None:
    """Send the file and write down what came of it; workers of `kind` wait for one that is still coming.

    `opened` is the file where it is open already; whoever opened it closes it. Raises ClientGoneError,
    ThrownOutError, WithheldError, StoreError.
    """
    if prepared.path is None:
        await _send_coming(desk, kind, request, prepared, event, settle, content_type)
        return
    size, etag = prepared.size, f'"{prepared.digest}"'.encode()
    headers = [
        (b"content-type", content_type.encode()),
        (b"etag", etag),
        (b"accept-ranges", b"bytes"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if same(request.headers.get("if-none-match", ""), etag.decode()):
        await desk.noted(replace(event, delivery=Delivery.OFFERED))
        await request.start(304, headers)
        await request.block(b"", more=False)
        return
    begin, end = 0, size
    status = 200
    wanted = request.headers.get("range", "")
    if wanted and request.headers.get("if-range", etag.decode()).encode("latin-1") == etag:
        part = within(wanted, size)
        if part is None:
            await request.start(
                416, [(b"content-range", f"bytes */{size}".encode()), (b"content-length", b"0")]
            )
            await request.block(b"", more=False)
            return
        if part != EVERYTHING:
            begin, end = part
            status = 206
            headers.append((b"content-range", f"bytes {begin}-{end - 1}/{size}".encode()))
    headers.append((b"content-length", str(end - begin).encode()))
    whole = begin == 0 and end == size
    if request.method == "HEAD":
        await desk.noted(replace(event, delivery=Delivery.OFFERED))
        await request.start(status, headers)
        await request.block(b"", more=False)
        return
    if opened is not None:
        first = opened.first if begin == 0 and end >= len(opened.first) else b""
        await _send_held(
            desk, request, opened.descriptor, begin, end, status, headers, event, whole=whole, first=first
        )
        return
    try:
        descriptor = await desk.work(LOCAL, os.open, prepared.path, os.O_RDONLY)
    except FileNotFoundError:
        raise ThrownOutError(f"{event.file} was thrown out of the cache just now", "ask again") from None
    try:
        await _send_held(desk, request, descriptor, begin, end, status, headers, event, whole=whole)
    finally:
        os.close(descriptor)


async def _send_held(
    desk: Desk,
    request: Request,
    descriptor: int,
    begin: int,
    end: int,
    status: int,
    headers: list[tuple[bytes, bytes]],
    event: Event,
    *,
    whole: bool,
    first: bytes = b"",
) -> None:
    at, written = begin, False
    delivery = Delivery.SERVED if whole else Delivery.PARTIAL
    try:
        while True:
            data, first = first, b""
            if not data:
                data = await desk.work(LOCAL, os.pread, descriptor, min(_BLOCK, end - at), at)
            if not data and at < end:
                raise OutsideError("a file in the cache was cut short", "remove the cache")
            at += len(data)
            request.there()
            if at >= end:
                written = True
                await desk.noted(replace(event, delivery=delivery))
            if not request.started:
                await request.start(status, headers)
            await request.block(data, more=at < end)
            if at >= end:
                break
    except BaseException:
        if not written:
            _note_how_far(desk, request, event)
        raise
    finally:
        desk.metrics.bytes.labels(event.action.value).inc(request.sent)


def _note_how_far(desk: Desk, request: Request, event: Event) -> None:
    """Somebody went away, or we failed, before the last block: what they have, they have."""
    with suppress(StoreError):  # the ledger fails: whoever comes next is told so
        desk.record.note(replace(event, delivery=Delivery.PARTIAL if request.sent else Delivery.NONE))


async def _send_coming(
    desk: Desk,
    kind: str,
    request: Request,
    prepared: Prepared,
    event: Event,
    settle: Settle,
    content_type: str,
) -> None:
    """Everything but the last block as it comes, then the last one if all of it is what it should be."""
    arrival = prepared.arrival
    served = False
    assert arrival is not None  # noqa: S101 - one of the two is there
    headers = [(b"content-type", content_type.encode()), (b"x-content-type-options", b"nosniff")]
    if arrival.size is not None:
        headers.append((b"content-length", str(arrival.size).encode()))
    if request.method == "HEAD":
        await desk.noted(replace(event, delivery=Delivery.OFFERED))
        await request.start(200, headers)
        await request.block(b"", more=False)
        return
    try:
        await request.start(200, headers)
        held = b""
        async for data in coming(desk, kind, arrival):
            if held:
                await request.block(held, more=True)
            held = data
        settled = await desk.work(kind, settle, prepared)
        if isinstance(settled, Denied):
            await desk.noted(replace(event, delivery=Delivery.REFUSED, outcome="deny"))
            raise WithheldError(f"{event.file} was denied while it was sent")
        request.there()
        served = True
        await desk.noted(replace(event, delivery=Delivery.SERVED, digest=settled.digest, size=settled.size))
        await request.block(held, more=False)
    except WithheldError:
        raise
    except SeawallError:
        await desk.noted(replace(event, delivery=Delivery.REFUSED))
        raise
    except BaseException:
        if not served:
            _note_how_far(desk, request, event)
        raise


async def coming(desk: Desk, kind: str, arrival: Arrival) -> AsyncIterator[bytes]:
    """The blocks of a file while it comes; ends when all of it is here, whatever that proves to be."""
    loop = asyncio.get_running_loop()
    more = asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(more.set)

    at = 0
    await desk.work(kind, arrival.wait_for, 0)
    file = await desk.work(LOCAL, arrival.open)
    arrival.on_progress(wake)
    try:
        while True:
            more.clear()
            done, here = arrival.done, arrival.received
            while at < here:
                data = await desk.work(LOCAL, os.pread, file.fileno(), min(_BLOCK, here - at), at)
                if not data:
                    break
                at += len(data)
                yield data
            if done:
                return
            await more.wait()
    finally:
        arrival.forget(wake)
        file.close()


EVERYTHING = (0, -1)
"""What a `Range` header asks for that is to be ignored."""


def within(wanted: str, size: int) -> tuple[int, int] | None:
    """The half-open range of bytes that a `Range` header asks for; None when there is no such part.

    Anything but one plain range of bytes is ignored, and so is one that ends before it begins: EVERYTHING
    (RFC 9110, sections 14.1.1 and 14.2).
    """
    found = _RANGE.fullmatch(wanted.strip())
    if not found or not (found[1] or found[2]):
        return EVERYTHING
    if not found[1]:
        length = int(found[2])
        return (max(0, size - length), size) if length and size else None
    begin = int(found[1])
    end = int(found[2]) + 1 if found[2] else size
    if found[2] and end <= begin:
        return EVERYTHING
    return (begin, min(end, size)) if begin < size else None


def same(wanted: str, tag: str) -> bool:
    """An `If-None-Match` header names `tag`, in a list or weakly, too (RFC 9110, section 13.1.2)."""
    return wanted.strip() == "*" or (tag in wanted and tag in _TAG.findall(wanted))
