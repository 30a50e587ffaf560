"""A hostile file is looked into by a process of its own, so that it can neither stall nor bloat this one.

A few workers (`looking.py`, this interpreter again) are kept and given one question at a time. One that
crashes, takes too long or answers too much is killed and another takes its place; the question then has no
answer, and that is said.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from .looking import LENGTH

_MOST_ANSWER = 4 * 1024 * 1024
_LOOKS = 200
"""After so many looks a worker is replaced, so that no memory is kept for ever."""


class NoAnswer(Exception):
    """The worker died, took too long, or none was free; `str()` says which."""


class Examiners:
    """Up to `workers` processes, started when they are first needed. Used from any thread.

    `seconds` is what one look may take (of CPU, and as much again of waiting); `patience` is how long
    somebody waits for a free worker.
    """

    def __init__(self, workers: int = 2, seconds: float = 60.0, patience: float = 240.0) -> None:
        self._seconds = seconds
        self._patience = patience
        self._idle: queue.SimpleQueue[_Worker | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._all: set[_Worker] = set()
        self._closed = False
        for _ in range(workers):
            self._idle.put(None)

    def ask(self, question: dict[str, Any], files: Sequence[int]) -> dict[str, Any]:
        """The worker's answer about open files. Raises NoAnswer."""
        try:
            worker = self._idle.get(timeout=self._patience)
        except queue.Empty:
            raise NoAnswer(f"no worker was free for {self._patience:.0f} seconds") from None
        kept: _Worker | None = None
        try:
            if worker and not worker.lives:
                self._ended(worker)
                worker = None
            kept = worker or self._started()
            answer = kept.ask({**question, "seconds": self._seconds}, files, 2 * self._seconds)
            if kept.looks >= _LOOKS:
                self._ended(kept)
                kept = None
            return answer
        except (NoAnswer, OSError, ValueError) as error:
            if kept:
                self._ended(kept)
                kept = None
            raise NoAnswer(str(error)) from None
        finally:
            self._idle.put(kept)

    def _started(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise NoAnswer("it is being shut down")
            worker = _Worker()
            self._all.add(worker)
        return worker

    def _ended(self, worker: _Worker) -> None:
        with self._lock:
            self._all.discard(worker)
        worker.end()

    def close(self) -> None:
        """End every worker; whoever still waits for one gets no answer."""
        with self._lock:
            self._closed = True
            workers, self._all = list(self._all), set()
        for worker in workers:
            worker.end()


class _Worker:
    def __init__(self) -> None:
        self.looks = 0
        self._door, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-m", "seawall.adapters.runners.looking", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={},
                    cwd="/",
                )
            except OSError:
                self._door.close()
                raise

    @property
    def lives(self) -> bool:
        """It has not ended by itself, as one does that the system took the memory from."""
        return self._process.poll() is None

    def ask(self, question: dict[str, Any], files: Sequence[int], most: float) -> dict[str, Any]:
        self.looks += 1
        until = time.monotonic() + most
        text = json.dumps(question).encode()
        self._door.settimeout(most)
        socket.send_fds(self._door, [LENGTH.pack(len(text))], list(files))
        self._door.sendall(text)
        (length,) = LENGTH.unpack(self._taken(LENGTH.size, until))
        if length > _MOST_ANSWER:
            raise NoAnswer("its answer was too long")
        answer = json.loads(self._taken(length, until))
        if not isinstance(answer, dict):
            raise NoAnswer("its answer was none")
        return answer

    def _taken(self, length: int, until: float) -> bytes:
        found = bytearray()
        while len(found) < length:
            left = until - time.monotonic()
            if left <= 0:
                raise NoAnswer("looking into it took too long")
            self._door.settimeout(left)
            try:
                part = self._door.recv(min(length - len(found), 1 << 16))
            except TimeoutError:
                raise NoAnswer("looking into it took too long") from None
            except OSError:
                part = b""
            if not part:
                raise NoAnswer("the process that looked into it ended: too much memory or time, or a fault")
            found += part
        return bytes(found)

    def end(self) -> None:
        """Kill it and wait for it; it holds nothing that could be lost."""
        self._door.close()
        with suppress(OSError):
            self._process.kill()
        self._process.wait()


def opened(path: str | os.PathLike[str]) -> int:
    """A descriptor of the file, for looking only. Raises OSError."""
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
