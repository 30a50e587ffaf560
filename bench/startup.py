"""What it costs to say `seawall --version`, against an interpreter that does nothing."""

import sys
from collections.abc import Iterator

from .measure import Line, best

LIMIT = 0.150


def lines() -> Iterator[Line]:
    """CPU time of `seawall --version`."""
    nothing = best([sys.executable, "-c", "pass"], 7).cpu
    ours = best([sys.executable, "-m", "seawall", "--version"], 7).cpu
    yield Line(
        "`seawall --version`, CPU",
        f"{ours * 1000:.0f} ms",
        f"{nothing * 1000:.0f} ms (an empty interpreter)",
        f"{ours / nothing:.1f}",
        "≤ 150 ms",
        ours <= LIMIT,
    )
