"""A few jobs at once, taken in order by a few workers: a future for each costs more than most answers do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

from seawall.kernel.errors import OutsideError

Job = TypeVar("Job")
Result = TypeVar("Result")
_AT_ONCE = 8


def each(
    jobs: Sequence[Job], work: Callable[[Job], Result], told: Callable[[int], None] = lambda _done: None
) -> list[tuple[Job, Result | OutsideError]]:
    """Every job with its result or its OutsideError, in order; `told` how many are done.

    Any other exception of `work` ends all of it and is raised here; no job is begun after it.
    """
    results: dict[int, Result | OutsideError] = {}
    left = iter(range(len(jobs)))
    lock = threading.Lock()
    done: SimpleQueue[BaseException | None] = SimpleQueue()

    def worker() -> None:
        while True:
            with lock:
                place = next(left, None)
            if place is None:
                return
            failure: BaseException | None = None
            try:
                results[place] = work(jobs[place])
            except OutsideError as error:
                results[place] = error
            except BaseException as error:
                failure = error
            done.put(failure)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            for _ in range(min(_AT_ONCE, len(jobs))):
                pool.submit(worker)
            for count in range(1, len(jobs) + 1):
                failure = done.get()
                if failure:
                    raise failure
                told(count)
        except BaseException:
            with lock:
                for _ in left:
                    pass
            raise
    return [(job, results[place]) for place, job in enumerate(jobs)]
