"""`make bench`: run every measurement and write docs/benchmarks.md."""

import os
import platform
import sys
import tempfile
from pathlib import Path

from . import against_syft, feeds, history, policy, reading, startup
from .measure import Line, output

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MODULES = (startup, feeds, against_syft, history, policy, reading)
"""In this order: the index that `feeds` makes is asked by those behind it."""

HEAD = """# Benchmarks

Written by `make bench`. Machines are noisy, so every line stands beside a peer or a physical limit that was
measured in the same run; the ratio is what counts. Of several runs, taken in turn, the best counts. Nothing
is remembered between runs; files and programs are in the machine's page cache. The advisories and most of the
lockfiles are generated, the rest of the lockfiles are the public ones of `tests/data/lockfiles`.

| what | Seawall | against | ratio | bar | met |
| --- | --- | --- | --- | --- | --- |
"""


def main() -> int:
    """Measure, print and write; 1 when a bar is not met."""
    found: list[Line] = []
    with tempfile.TemporaryDirectory() as place:
        for module in MODULES:
            for line in module.lines(Path(place)):
                found.append(line)
                print(_told(line), flush=True)
    rows = [f"| {x.what} | {x.ours} | {x.against} | {x.ratio} | {x.bar} | {_met(x)} |" for x in found]
    PAGE.write_text(HEAD + "\n".join(rows) + "\n" + _machine())
    return 0 if all(line.met for line in found) else 1


def _told(line: Line) -> str:
    said = f"{line.what}: {line.ours}"
    said += f" against {line.against}" if line.against else ""
    said += f", ratio {line.ratio}" if line.ratio else ""
    return f"{said} ({line.bar}: {_met(line)})" if line.bar else said


def _met(line: Line) -> str:
    return "" if not line.bar else "yes" if line.met else "**no**"


def _machine() -> str:
    syft = output([against_syft.syft(), "version"]).split("Version:")[-1].split()[0]
    return (
        f"\nPython {platform.python_version()}, syft {syft}, {os.cpu_count()} processors"
        f" ({platform.machine()}, {platform.system()}).\n"
    )


if __name__ == "__main__":
    sys.exit(main())
