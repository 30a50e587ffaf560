"""`make bench`: run every measurement and write docs/benchmarks.md."""

import platform
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from . import (
    admit,
    against_syft,
    feeds,
    firewall,
    history,
    hostile,
    installing,
    ledger,
    policy,
    reach,
    reading,
    release_diff,
    startup,
)
from .measure import Line

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
# The index that `feeds` makes is used by those behind it.
MODULES = (
    (startup, "Start"),
    (feeds, "Advisories"),
    (against_syft, "A tree of lockfiles, beside syft"),
    (history, "History"),
    (reach, "Reach, beside zizmor"),
    (reading, "Reading"),
    (policy, "Policy"),
    (admit, "The gate's answers"),
    (hostile, "Hostile files"),
    (firewall, "The firewall, beside other registry proxies"),
    (ledger, "The ledger"),
    (installing, "An install through the firewall"),
    (release_diff, "A release beside the one before it"),
)

HEAD = """# Benchmarks

Written by `make bench`; nothing here is edited by hand. Machines are noisy, so lines stand beside a peer or a
physical limit that was measured in the same run, in turn with ours, and the best of several runs counts: look
at the ratio, where there is one.

How it is measured: CPU time is user and system time of a command and all that it starts. Memory is an upper
bound: every 10 ms the high-water marks of the resident sizes of all living processes of the command are added
up, and the largest sum counts. *Cold*: each run of Seawall has a data directory of its own, so nothing is
remembered from the one before. *Warm*: the files and the programs lie in the machine's page cache, for the
peer too. The data is generated from fixed seeds, and public lockfiles from `tests/data/lockfiles` are added;
sockets are opened on loopback only.
"""
TABLE = """
## {}

| what | Seawall | against | ratio | bar | met |
| --- | --- | --- | --- | --- | --- |
"""


def main() -> int:
    """Measure, print and write; 1 when a bar is not met."""
    found: dict[str, list[Line]] = {}
    with tempfile.TemporaryDirectory(prefix="seawall-bench-") as place:
        for module, title in MODULES:
            found[title] = []
            for line in module.lines(Path(place)):
                found[title].append(line)
                print(f"{line.what}: {line.ours}", *_rest(line), sep="; ", flush=True)
    PAGE.write_text(HEAD + _machine() + "".join(_table(title, rows) for title, rows in found.items()))
    missed = [line.what for rows in found.values() for line in rows if line.bar and not line.met]
    for what in missed:
        print(f"NOT MET: {what}", file=sys.stderr)
    return 1 if missed else 0


def _rest(line: Line) -> Iterator[str]:
    if line.against:
        yield f"against {line.against}"
    if line.ratio:
        yield f"ratio {line.ratio}"
    if line.bar:
        yield f"bar {line.bar}: {'met' if line.met else 'NOT MET'}"


def _table(title: str, rows: list[Line]) -> str:
    text = "".join(f"| {x.what} | {x.ours} | {x.against} | {x.ratio} | {x.bar} | {_met(x)} |\n" for x in rows)
    return TABLE.format(title) + text


def _met(line: Line) -> str:
    if not line.bar:
        return ""
    return "yes" if line.met else "**no**"


def _machine() -> str:
    """What it ran on, and the versions of what was measured."""
    syft = _first_line([against_syft.syft(), "--version"])
    git = _first_line(["git", "--version"]).removeprefix("git version ")
    return (
        f"\nMachine: {_processors()}, {platform.system()} on {platform.machine()}.\n"
        f"Seawall {version('seawall')}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, cedarpy {version('cedarpy')}, PyYAML {version('pyyaml')}, "
        f"git {git}, {syft}, zizmor {version('zizmor')}.\n"
    )


def _processors() -> str:
    import os

    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "processor")
    return f"{os.cpu_count()} × {model}"


def _first_line(words: list[str]) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0].strip()


if __name__ == "__main__":
    sys.exit(main())
