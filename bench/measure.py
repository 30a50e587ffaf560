"""Wall time, CPU time and memory of a command and of everything that it starts.

CPU time is user and system time of the process and of all its descendants that were waited for (wait4).
Memory is an upper bound: every 10 ms the high-water marks of the resident sizes (VmHWM in /proc) of all
living processes of the command are added up, as if all had been at their peak at once and shared nothing;
the largest sum counts.
"""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Cost:
    """Seconds of one run, and the peak memory of all its processes in bytes (0 = not looked at)."""

    wall: float
    cpu: float
    peak: int = 0
    code: int = 0


@dataclass(frozen=True)
class Line:
    """One line of the page: what was measured, the bar (empty = none), and whether it is met."""

    what: str
    ours: str
    against: str = ""
    ratio: str = ""
    bar: str = ""
    met: bool = True


def run(words: Sequence[str], environment: Mapping[str, str] | None = None, *, memory: bool = False) -> Cost:
    """The cost of one run. Output is thrown away; the exit code may be anything below 70."""
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            list(words),
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        peaks: list[int] = []
        done = threading.Event()
        watch = threading.Thread(target=_watch, args=(process.pid, done, peaks))
        if memory:
            watch.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        done.set()
        if memory:
            watch.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode >= 70 or process.returncode < 0:
            errors.seek(0)
            said = errors.read()[-800:].decode()
            raise SystemExit(f"{' '.join(words)} failed with {process.returncode}: {said}")
    # Not `ru_maxrss`: it begins with what this process had when it forked.
    return Cost(wall, used.ru_utime + used.ru_stime, max(peaks, default=0), process.returncode)


def output(words: Sequence[str], **more: str) -> str:
    """What a command prints; it may exit as it likes below 70."""
    done = subprocess.run(
        list(words), capture_output=True, text=True, check=False, env={**os.environ, **more}
    )
    if done.returncode >= 70 or done.returncode < 0:
        raise SystemExit(f"{' '.join(words)} failed with {done.returncode}: {done.stderr[-800:]}")
    return done.stdout


def _watch(root: int, done: threading.Event, peaks: list[int]) -> None:
    peaks.append(0)
    while not done.wait(0.01):
        peaks[0] = max(peaks[0], sum(map(_high_water, _family(root))))


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return
    for child in " ".join(children).split():
        yield from _family(int(child))


def _high_water(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def best(costs: Sequence[Cost]) -> Cost:
    """The best wall and the best CPU time of several runs, and the worst peak."""
    return Cost(
        min(c.wall for c in costs), min(c.cpu for c in costs), max(c.peak for c in costs), costs[-1].code
    )


def in_turn(times: int, *runs: Callable[[], Cost]) -> tuple[Cost, ...]:
    """The best of several runs of each, taken in turn, so that all suffer from the same neighbours."""
    costs: list[list[Cost]] = [[] for _ in runs]
    for _ in range(times):
        for kept, one in zip(costs, runs, strict=True):
            kept.append(one())
    return tuple(best(kept) for kept in costs)


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """CPU seconds of this process for the best of several calls."""
    found = []
    for _ in range(times):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def minus(whole: Cost, part: Cost) -> Cost:
    """What remains of a run without another."""
    return replace(whole, wall=max(0.0, whole.wall - part.wall), cpu=max(0.0, whole.cpu - part.cpu))
