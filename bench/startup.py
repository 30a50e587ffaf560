"""What it costs to start: `seawall --version`, a scan of one lockfile, and a scan of the demo project."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from . import lockfiles
from .measure import Cost, Line, in_turn, output, run

ROOT = Path(__file__).parent.parent
_NUMBERS = count()
SEAWALL = (sys.executable, "-m", "seawall")


def lines(place: Path) -> Iterator[Line]:
    """CPU time against an interpreter that does nothing; wall time for the demo, as a person feels it."""
    one = place / "one"
    one.mkdir()
    (one / "package-lock.json").write_text(lockfiles.package_lock(60, 1))
    turn = Turn(place)
    nothing, version, scan = in_turn(
        7,
        lambda: run([sys.executable, "-c", "pass"]),
        lambda: run([*SEAWALL, "--version"]),
        lambda: turn.run("scan", str(one), "--offline", "--no-history"),
    )
    empty = f"{nothing.cpu * 1000:.0f} ms (an empty interpreter)"
    for what, cost, limit in (
        ("`seawall --version`, CPU", version, 0.150),
        ("`seawall scan --offline --no-history` of one lockfile of 60 packages, CPU", scan, 0.400),
    ):
        yield Line(
            what,
            f"{cost.cpu * 1000:.0f} ms",
            empty,
            f"{cost.cpu / nothing.cpu:.1f}",
            f"≤ {limit * 1000:.0f} ms",
            cost.cpu <= limit,
        )
    yield _demo(turn, nothing)


def _demo(turn: "Turn", nothing: Cost) -> Line:
    """The project of `make demo` as it is after the repair, with its history, nothing remembered."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(
        [sys.executable, str(ROOT / "demo" / "axios_day.py")],
        check=True,
        capture_output=True,
        env=environment,
    )
    (cost,) = in_turn(5, lambda: turn.run("scan", str(ROOT / ".demo" / "assistant"), "--offline"))
    return Line(
        "`seawall scan --offline` of the demo project with its history, wall (CPU)",
        f"{cost.wall * 1000:.0f} ms ({cost.cpu * 1000:.0f} ms)",
        f"{nothing.wall * 1000:.0f} ms (an empty interpreter)",
        f"{cost.wall / nothing.wall:.1f}",
        "≤ 2 s",
        cost.wall <= 2,
    )


class Turn:
    """Runs of Seawall that remember nothing of each other: each has a data directory of its own."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def environment(self) -> dict[str, str]:
        """The variables of the next run."""
        return {"SEAWALL_DATA": str(self._place / f"data-{next(_NUMBERS)}")}

    def run(self, *words: str, memory: bool = False) -> Cost:
        """The cost of one run of Seawall."""
        return run([*SEAWALL, *words], self.environment(), memory=memory)

    def report(self, *words: str) -> dict[str, Any]:
        """What one run of Seawall reports as JSON."""
        found: dict[str, Any] = json.loads(
            output([*SEAWALL, *words, "--format", "json"], **self.environment())
        )
        return found
