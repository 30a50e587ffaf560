"""Threads that wait for registries and disks, and that nobody waits for when the process ends.

The pool of `concurrent.futures` is joined at exit, also where a worker still waits for a registry that says
nothing: ending took as long as that. What is to be kept is durable before anybody is told of it, so that a
worker may be left at any moment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Workers(Executor):
    """At most `most` daemon threads, started when there is something to do and none is idle."""

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = threading.Semaphore(0)
        self._count = 0
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do it in a thread. Raises RuntimeError when nothing new is begun any more."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError(f"{self._name}: nothing new is begun")
            self._queue.put((future, lambda: fn(*args, **kwargs)))
            if not self._idle.acquire(blocking=False) and self._count < self._most:
                self._count += 1
                threading.Thread(
                    target=self._run, name=f"seawall {self._name} {self._count}", daemon=True
                ).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Begin nothing new, and with `cancel_futures` nothing that waits. Nobody is waited for."""
        del wait
        with self._lock:
            self._closed = True
            if cancel_futures:
                self._cancel()
            for _ in range(self._count):
                self._queue.put(None)

    def _cancel(self) -> None:
        while True:
            try:
                item = self._queue.get_nowait()
            except Empty:
                return
            if item is not None:
                item[0].cancel()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            future, do = item
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(do())
                except BaseException as error:  # whoever waits for it is told
                    future.set_exception(error)
            del item, future, do  # nothing is kept while it waits
            self._idle.release()
