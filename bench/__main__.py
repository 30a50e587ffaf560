"""`make bench`: run every measurement and write docs/benchmarks.md."""

import platform
import sys
from pathlib import Path

from . import against_syft, feeds, startup
from .measure import Line

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MODULES = (startup, feeds, against_syft)

HEAD = """# Benchmarks

Written by `make bench`. Machines are noisy, so every line stands beside a peer or a physical limit that was
measured in the same run; the ratio is what counts.

| what | Seawall | against | ratio | bar | met |
| --- | --- | --- | --- | --- | --- |
"""


def main() -> int:
    """Measure, print and write; 1 when a bar is not met."""
    found: list[Line] = []
    for module in MODULES:
        for line in module.lines():
            found.append(line)
            print(
                f"{line.what}: {line.ours} against {line.against}, ratio {line.ratio} ({line.bar})",
                flush=True,
            )
    rows = [
        f"| {x.what} | {x.ours} | {x.against} | {x.ratio} | {x.bar} | {'yes' if x.met else '**no**'} |"
        for x in found
    ]
    machine = f"\nPython {platform.python_version()} on {platform.machine()}, {platform.system()}.\n"
    PAGE.write_text(HEAD + "\n".join(rows) + "\n" + machine)
    return 0 if all(line.met for line in found) else 1


if __name__ == "__main__":
    sys.exit(main())
