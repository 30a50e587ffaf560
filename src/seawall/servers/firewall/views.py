"""What was filtered once is sent many times: finished bytes, until something they depend on changes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

Headers = tuple[tuple[bytes, bytes], ...]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class View:
    """One document as it goes out.

    It holds while the gate's `generation` is this one and the clock (Unix seconds) is between `made`, when it
    was, and `until`.
    `start`, `body` and `unchanged` are finished ASGI messages. `digest` is that of the set of files that is
    offered, `outcome` the worst answer that was given for it. `stale`: its registry could not confirm it.
    """

    generation: int
    until: float
    etag: bytes
    start: dict[str, Any] = field(repr=False)
    body: dict[str, Any] = field(repr=False)
    unchanged: dict[str, Any] = field(repr=False)
    asset: str = ""
    digest: str = ""
    size: int = 0
    origin: str = ""
    outcome: str = ""
    policies: tuple[str, ...] = ()
    policy: str = ""
    advisories: str = ""
    room: str = ""
    refused: bool = False
    made: float = 0.0
    stale: bool = False


class Views:
    """Views by key, bounded in bytes; whoever was not asked for longest goes first."""

    def __init__(self, most: int = 48 * 1024 * 1024) -> None:
        self._most = most
        self._bytes = 0
        self._held: OrderedDict[Key, View] = OrderedDict()

    def get(self, key: Key, generation: int, now: float) -> View | None:
        """The view if it still holds."""
        view = self._held.get(key)
        if view is None:
            return None
        if view.generation != generation or not view.made <= now < view.until:
            self._drop(key)
            return None
        self._held.move_to_end(key)
        return view

    def put(self, key: Key, view: View) -> None:
        """Keep it; one that is larger than a quarter of everything is not kept."""
        self._drop(key)
        if _weight(view) > self._most // 4:
            return
        self._held[key] = view
        self._bytes += _weight(view)
        while self._bytes > self._most:
            self._drop(next(iter(self._held)))

    def _drop(self, key: Key) -> None:
        view = self._held.pop(key, None)
        if view is not None:
            self._bytes -= _weight(view)

    @property
    def held(self) -> tuple[int, int]:
        """How many views, and how many bytes."""
        return len(self._held), self._bytes


def _weight(view: View) -> int:
    return view.size + 1_000


def view_of(
    body: bytes,
    etag: bytes,
    headers: Headers,
    *,
    generation: int,
    until: float,
    status: int = 200,
    **told: Any,
) -> View:
    """A view of finished bytes; `headers` hold everything but the length and the tag."""
    tagged = (*headers, (b"etag", etag))
    return View(
        generation=generation,
        until=until,
        etag=etag,
        start={
            "type": "http.response.start",
            "status": status,
            "headers": [*tagged, (b"content-length", str(len(body)).encode())],
        },
        body={"type": "http.response.body", "body": body},
        unchanged={"type": "http.response.start", "status": 304, "headers": list(tagged)},
        size=len(body),
        **told,
    )
