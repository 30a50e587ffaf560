"""Nobody waits long for an answer that only confirms what is at hand; it comes for whoever asks next."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from seawall.kernel.errors import OutsideError

T = TypeVar("T")

SOON_SECONDS = 2.0
"""So long an answer is waited for where an older one is at hand."""

SOON_AGE = 86_400.0
"""An answer that is older than this (seconds) is at hand only while its registry is down."""

_MOST = 64


class SlowError(OutsideError):
    """The registry has not answered yet; its answer is still waited for, but not by whoever asked."""


class Refreshes(Generic[T]):
    """Questions that go on when nobody waits for them any more, one at a time for each key."""

    def __init__(self, soon: float = SOON_SECONDS) -> None:
        self._soon = soon
        self._lock = threading.Lock()
        self._running: dict[str, tuple[float, Future[T]]] = {}

    def ask(self, key: str, host: str, question: Callable[[], T]) -> T:
        """What `question` answers, if that is soon after it was begun. Raises SlowError, and as it does."""
        with self._lock:
            running = self._running.get(key)
            if running is None and len(self._running) < _MOST:
                running = (time.monotonic(), Future())
                about = (key, running[1], question)
                threading.Thread(target=self._run, args=about, name="seawall-refresh", daemon=True).start()
                self._running[key] = running
        if running is None:
            return question()
        begun, answer = running
        try:
            return answer.result(max(0.0, begun + self._soon - time.monotonic()))
        except TimeoutError:
            raise SlowError(
                f"{host} has not answered within {self._soon:g} s", "what it said last counts until it does"
            ) from None

    def _run(self, key: str, answer: Future[T], question: Callable[[], T]) -> None:
        try:
            answer.set_result(question())
        except BaseException as error:  # whoever still waits is told
            answer.set_exception(error)
        finally:
            with self._lock:
                del self._running[key]
