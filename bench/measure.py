"""Wall and CPU time of a command and of its children, the best of several runs."""

import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Seconds of one run and the peak memory of the process in MiB."""

    wall: float
    cpu: float
    peak: float


def run(words: Sequence[str], cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> Cost:
    """The cost of one run. Output is thrown away; the exit code may be anything below 70."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen(
        list(words),
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _, errors = process.communicate()
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode >= 70 or process.returncode < 0:
        raise SystemExit(f"{' '.join(words)} failed with {process.returncode}: {errors.decode()[-800:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, after.ru_maxrss / 1024)


def best(words: Sequence[str], times: int = 3, **more: object) -> Cost:
    """The best wall and the best CPU time of several runs."""
    costs = [run(words, **more) for _ in range(times)]  # type: ignore[arg-type]
    return Cost(min(c.wall for c in costs), min(c.cpu for c in costs), max(c.peak for c in costs))


@dataclass(frozen=True)
class Line:
    """One line of the page: what was measured, the bar, and whether it is met."""

    what: str
    ours: str
    against: str
    ratio: str
    bar: str
    met: bool
