"""Records are parsed on two processors, because one cannot do it while it also writes them.

Measured on 200,000 records: reading and parsing costs three times what writing does. Workers are fresh
interpreters that read slices of the same zip and send rows back; nothing but this code runs in them. Where
none can be started, or one dies, the work goes on here.
"""

from __future__ import annotations

import gc
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem
from seawall.readers.advisories.osv import Outline

from .archive import Entry, entries, members
from .index import Row, row_of

_SLICE = 2_000
_WORTH_IT = 10 * _SLICE
"""Fewer records are parsed here sooner than two interpreters have started."""
_WORKERS = 2
_AHEAD = 6
"""Slices that may wait unread, so that memory stays bounded."""

Parsed = list[Row | Problem]
_Flat = list[tuple[Any, ...] | Problem]
"""Rows as the workers send them: plain tuples travel at a third of the cost of named ones."""


def read_zip(path: Path, feed: str, limits: Limits) -> Iterator[tuple[Parsed, int]]:
    """The records of a zip in order, slice by slice, each with how many there are. Raises FeedError."""
    found = entries(path, limits)
    parts = [found[start : start + _SLICE] for start in range(0, len(found), _SLICE)]
    total = len(found)
    if total < _WORTH_IT or (os.cpu_count() or 1) < 2:
        yield from ((read_slice(path, part, feed, limits), total) for part in parts)
        return
    del found
    # Spawned and not forked: a fork would copy whatever threads and locks the caller has.
    pool = ProcessPoolExecutor(_WORKERS, get_context("spawn"), initializer=gc.disable)
    try:
        waiting: deque[tuple[Sequence[Entry], Future[_Flat]]] = deque()
        for part in [*parts, *([] for _ in range(_AHEAD))]:
            if part:
                waiting.append((part, _given(pool, path, part, feed, limits)))
            if waiting and (not part or len(waiting) >= _AHEAD):
                mine, answer = waiting.popleft()
                yield _result(answer, feed) or read_slice(path, mine, feed, limits), total
    finally:
        pool.shutdown(cancel_futures=True)


def _given(
    pool: ProcessPoolExecutor, path: Path, part: Sequence[Entry], feed: str, limits: Limits
) -> Future[_Flat]:
    try:
        return pool.submit(_flat_slice, path, [tuple(entry) for entry in part], feed, limits)
    except (BrokenProcessPool, OSError):
        nothing: Future[_Flat] = Future()
        nothing.set_result([])
        return nothing


def _flat_slice(path: Path, part: Sequence[tuple[Any, ...]], feed: str, limits: Limits) -> _Flat:
    rows = read_slice(path, [Entry(*item) for item in part], feed, limits)
    return [row if isinstance(row, Problem) else (*row.outline, row.data, row.digest) for row in rows]


def _result(answer: Future[_Flat], feed: str) -> Parsed:
    """The rows, or nothing when the worker died."""
    try:
        flat = answer.result()
    except (BrokenProcessPool, OSError):
        return []
    return [
        item if isinstance(item, Problem) else Row(Outline(*item[:-2]), feed, item[-2], item[-1])
        for item in flat
    ]


def read_slice(path: Path, part: Sequence[Entry], feed: str, limits: Limits) -> Parsed:
    """The rows of these members, and the problems of those that cannot be read."""
    return [
        member
        if isinstance(member, Problem)
        else row_of(member.data, feed, member.name, limits, member.packed)
        for member in members(path, part, limits)
    ]
