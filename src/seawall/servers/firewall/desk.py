"""A desk has everything at hand that the rooms of the firewall need to answer."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from seawall.admit import Gate
from seawall.handing import Hander
from seawall.kernel.dialect import Said
from seawall.kernel.errors import StoreError
from seawall.kernel.event import Action, Event
from seawall.kernel.gate_settings import GateSettings
from seawall.kernel.identity import Identity
from seawall.offering import Offerer
from seawall.record import Record

from .identify import Refusal
from .metrics import CONTENT_TYPE, Metrics
from .request import Request
from .views import View, Views
from .workers import Workers

T = TypeVar("T")
WAIT_SECONDS = 55.0
"""Nobody waits longer for an answer to begin."""

LOCAL = "local"
"""The workers for what waits for nobody but this machine: disk, readiness, numbers."""

LOG = logging.getLogger("seawall.firewall")
_LEDGER_SECONDS = 30.0
_SAY_AGAIN = 60.0

Identify = Callable[[str, Mapping[str, str], bool, float], Identity | Refusal]
Own = Callable[[Request, bytes], Said]


class BusyError(Exception):
    """More wait for a worker than can be served in time."""


class Pool:
    """Workers for one kind of work, and how many wait for one or have one."""

    __slots__ = ("threads", "waiting")

    def __init__(self, name: str, workers: int) -> None:
        self.threads = Workers(name, workers)
        self.waiting = 0


@dataclass(slots=True)
class Desk:
    """`bases` are the addresses under which clients may reach us, the usual one first. `own` are answers of
    our own by (method, path); they run in a worker thread and get the request's body. `clock` gives Unix
    seconds. Each kind of work has `workers` of its own, so that a registry that stalls keeps nobody from
    another one, from what is here already, or from asking how we are. `notes` are told to whoever asks that.
    """

    settings: GateSettings
    gate: Gate
    offerer: Offerer
    hander: Hander
    record: Record
    identify: Identify
    bases: tuple[str, ...]
    instance: str
    own: dict[tuple[str, str], Own] = field(default_factory=dict)
    views: Views = field(default_factory=Views)
    metrics: Metrics = field(default_factory=Metrics)
    clock: Callable[[], float] = time.time
    workers: int = 20
    most_waiting: int = 600
    notes: tuple[str, ...] = ()
    _pools: dict[str, Pool] = field(default_factory=dict, repr=False)
    _flights: dict[object, asyncio.Future[Any]] = field(default_factory=dict, repr=False)
    _told_stale: dict[str, float] = field(default_factory=dict, repr=False)
    _ready_counts: dict[tuple[str, bool], Any] = field(default_factory=dict, repr=False)

    async def work(self, kind: str, do: Callable[..., T], *given: object) -> T:
        """`do(*given)` in a worker of that kind. Raises BusyError, TimeoutError, or what it raises."""
        pool = self._pools.get(kind)
        if pool is None:
            pool = self._pools[kind] = Pool(kind, self.workers)
        if pool.waiting >= self.most_waiting:
            raise BusyError
        pool.waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await asyncio.wait_for(loop.run_in_executor(pool.threads, do, *given), WAIT_SECONDS)
        finally:
            pool.waiting -= 1

    async def once(self, kind: str, key: object, do: Callable[..., T], *given: object) -> T:
        """As `work`, but all that ask for `key` at the same time get one answer."""
        flight: asyncio.Future[T] | None = self._flights.get(key)
        if flight is None:
            flight = asyncio.ensure_future(self.work(kind, do, *given))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight)

    def _landed(self, key: object, done: asyncio.Future[Any]) -> None:
        self._flights.pop(key, None)
        if not done.cancelled():
            done.exception()  # whoever waited has seen it; nobody may have

    async def own_answer(self, request: Request) -> Said | None:
        """Our own answers: health, metrics, and what was put into `own`; None for everything else."""
        if request.method in ("GET", "HEAD") and request.path in ("/healthz", "/readyz", "/metrics", "/"):
            return await self._about_us(request.path)
        do = self.own.get((request.method, request.path))
        if do is None:
            return None
        return await self.work("own", do, request, await request.body())

    async def _about_us(self, path: str) -> Said:
        if path == "/healthz":
            return Said(200, b'{"status":"alive"}\n')
        if path == "/metrics":
            return Said(200, await self.work(LOCAL, self._measured), CONTENT_TYPE)
        if path == "/readyz":
            status, told = await self.work(LOCAL, self.readiness)
            return Said(status, json.dumps(told, indent=1).encode() + b"\n")
        return Said(200, _ABOUT.encode(), "text/plain; charset=utf-8")

    def readiness(self) -> tuple[int, dict[str, object]]:
        """200 and what is known, or 503 and why nothing can be decided."""
        about = self.gate.describe()
        reasons = list(about.reasons)
        if trouble := self.record.failed:
            reasons.append(f"the ledger cannot be written: {trouble}")
        told: dict[str, object] = {
            "status": "not ready" if reasons else "ready",
            "reasons": reasons,
            "notes": [*about.notes, *self.notes],
            "instance": self.instance,
            "mode": self.settings.mode.value,
            "policy": about.policy,
            "advisories": about.advisories,
            "origins": [f"{item.ecosystem}: {item.name}" for item in self.settings.origins],
        }
        return (503 if reasons else 200), told

    def _measured(self) -> bytes:
        count, size = self.views.held
        self.metrics.views.set(count)
        self.metrics.view_bytes.set(size)
        self.metrics.generation.set(self.gate.generation)
        self.metrics.waiting.set(sum(pool.waiting for pool in list(self._pools.values())))
        self.metrics.backlog.set(self.record.backlog)
        self.metrics.ledger_failed.set(1 if self.record.failed else 0)
        self.metrics.ledger_tries.set(self.record.tries)
        self.metrics.ledger_resumed.set(self.record.resumed)
        self.metrics.broken.set(1 if self.gate.describe().broken else 0)
        self.metrics.ready.set(1 if self.readiness()[0] == 200 else 0)
        return self.metrics.text()

    def counted_ready(self, view: View) -> None:
        """Count an answer that was ready."""
        known = self._ready_counts.get((view.room, view.refused))
        if known is None:
            answer = "refused" if view.refused else "ready"
            known = self.metrics.requests.labels(view.room, "document", answer)
            self._ready_counts[view.room, view.refused] = known
        known.inc()

    def told_stale(self, room: str, origin: str) -> None:
        """A document is made of what a registry said before: it is down or slow."""
        self.metrics.stale.labels(room).inc()
        now = time.monotonic()
        if now - self._told_stale.get(origin, -_SAY_AGAIN) >= _SAY_AGAIN:
            self._told_stale[origin] = now
            LOG.warning("what it said before counts", extra={"why": f"{origin} is down or slow"})

    async def noted(self, event: Event) -> None:
        """Write the event down. In closed mode that of a file is durable when this returns; every other one
        is within the bound. Raises StoreError.
        """
        if self.settings.durability == "closed" and event.action is Action.FETCH:
            durable = asyncio.wrap_future(self.record.keep(event))
            try:
                await asyncio.wait_for(durable, _LEDGER_SECONDS)
            except TimeoutError:
                raise StoreError(
                    f"the ledger took longer than {_LEDGER_SECONDS:.0f} s", "look at the disk it is on"
                ) from None
        else:
            self.record.note(event)

    def close(self) -> None:
        """Nothing new is begun."""
        for pool in self._pools.values():
            pool.threads.shutdown(wait=False, cancel_futures=True)


_ABOUT = """Seawall stands between package managers and their registries.

  pip, uv, poetry      index   <this address>/pypi/simple/
  npm, pnpm, yarn, bun registry <this address>/npm/
  huggingface_hub      HF_ENDPOINT=<this address>/hf

  /readyz says whether it can decide, /metrics what it did.
"""
