"""A registry that is down costs one wait, not one for every request, and none is asked too much at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from seawall.kernel.errors import OutsideError

_FAULTS = 3
_FIRST, _LONGEST = 2.0, 60.0
_PATIENCE = 20.0


@dataclass(slots=True)
class _Host:
    slots: dict[str, threading.BoundedSemaphore] = field(default_factory=dict)
    faults: int = 0
    until: float = 0.0
    why: str = ""


class Circuits:
    """One circuit per host. After three failures in a row a host is left alone for two seconds, then one
    request tries it; each further failure doubles the time, up to a minute.

    `connections` are open at most to one host for documents, and as many for files.
    """

    def __init__(self, connections: int = 16, patience: float = _PATIENCE) -> None:
        self._connections = connections
        self._patience = patience
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    @contextmanager
    def turn(self, host: str, kind: str) -> Iterator[None]:
        """Ask `host` now. Raises OutsideError when it is left alone, or busy for too long.

        An OutsideError that comes out of the block is a failure of the host.
        """
        slots = self._enter(host, kind)
        if not slots.acquire(timeout=self._patience):
            raise OutsideError(f"too many requests wait for {host}", "try again in a moment")
        try:
            yield
        except OutsideError as failure:
            self._failed(host, str(failure))
            raise
        except BaseException:
            self._answered(host)  # the fault is ours
            raise
        else:
            self._answered(host)
        finally:
            slots.release()

    def down(self) -> dict[str, str]:
        """The hosts that are left alone, and why."""
        with self._lock:
            return {name: host.why for name, host in self._hosts.items() if host.faults >= _FAULTS}

    def _enter(self, host: str, kind: str) -> threading.BoundedSemaphore:
        now = time.monotonic()
        with self._lock:
            state = self._hosts.setdefault(host, _Host())
            if state.faults >= _FAULTS:
                if now < state.until:
                    raise OutsideError(f"{state.why} (it is left alone for a moment)", "try again later")
                state.until = now + _LONGEST  # this request tries; the others wait for what it finds
            made = state.slots.get(kind)
            if made is None:
                made = state.slots[kind] = threading.BoundedSemaphore(self._connections)
            return made

    def _failed(self, host: str, why: str) -> None:
        with self._lock:
            state = self._hosts[host]
            state.faults += 1
            state.why = why
            if state.faults >= _FAULTS:
                wait = min(_LONGEST, _FIRST * 2.0 ** min(state.faults - _FAULTS, 10))
                state.until = time.monotonic() + wait

    def _answered(self, host: str) -> None:
        with self._lock:
            state = self._hosts[host]
            state.faults, state.until, state.why = 0, 0.0, ""
