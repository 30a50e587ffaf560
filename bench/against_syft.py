"""`seawall scan --offline --no-history` against syft on the same tree of lockfiles.

syft only lists packages; the scan also matches them against 200,000 advisories, asks every rule and decides.
Nothing is remembered between runs; the files and both programs are in the page cache of the machine.
"""

import gzip
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from . import lockfiles
from .feeds import RECORDS, index_in
from .measure import Line, in_turn, output, run
from .startup import Turn

ROOT = Path(__file__).parent.parent
PEERS = ROOT / ".bench" / "peers"
REAL = ROOT / "tests" / "data" / "lockfiles" / "public"
QUIET = {"SYFT_CHECK_FOR_APP_UPDATE": "false"}


def syft() -> str:
    """The path of syft: `SYFT`, the one that `make bench` installs, or one on the PATH."""
    given = os.environ.get("SYFT")
    installed = PEERS / "bin" / "syft"
    found = given or (str(installed) if installed.exists() else shutil.which("syft"))
    if not found:
        raise SystemExit("there is no syft: run `make bench`, or set SYFT to its path")
    return found


def write(tree: Path) -> list[Path]:
    """Generated lockfiles, and the real public ones that are test data (without the SBOMs)."""
    files = list(lockfiles.write(tree))
    for packed in sorted(REAL.glob("*/*.gz")):
        if not packed.parent.name.startswith(("cdx", "spdx")):
            path = tree / packed.parent.name / packed.stem
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.decompress(packed.read_bytes()))
            files.append(path)
    return files


def lines(place: Path) -> Iterator[Line]:
    """All files, then those alone that the pinned syft lists anything from: it does not know all formats."""
    tree = place / "tree"
    files = write(tree)
    listed = json.loads(output(_syft(tree), **QUIET))["artifacts"]
    yield from _tree(tree, place, files, len(listed), "", 2)
    known = {location["path"].lstrip("/") for item in listed for location in item["locations"]}
    for path in files:
        if str(path.relative_to(tree)) not in known:
            path.unlink()
    yield from _tree(
        tree, place, [f for f in files if f.exists()], len(listed), " that this syft lists from", 2
    )


def _tree(tree: Path, place: Path, files: list[Path], listed: int, which: str, times: int) -> Iterator[Line]:
    size = sum(file.stat().st_size for file in files) / 1e6
    what = f"scan of {len(files)} lockfiles{which}, {size:.1f} MB"
    turn = Turn(place)
    scan = ("scan", str(tree), "--offline", "--no-history", "--index", str(index_in(place)))
    report = turn.report(*scan)
    hits = sum(bool(f["advisories"]) for f in report["findings"])
    ours, theirs = in_turn(
        times, lambda: turn.run(*scan, memory=True), lambda: run(_syft(tree), QUIET, memory=True)
    )
    yield Line(
        f"{what}: what is told",
        f"{len(report['assets']):,} packages, {hits:,} findings from {RECORDS:,} advisories",
        f"{listed:,} packages (syft)",
    )
    for name, mine, other in (("wall", ours.wall, theirs.wall), ("CPU", ours.cpu, theirs.cpu)):
        yield Line(
            f"{what}, {name}",
            f"{mine:.2f} s",
            f"{other:.2f} s (syft)",
            f"{mine / other:.2f}",
            "≤ 0.5",
            mine <= 0.5 * other,
        )
    yield Line(
        f"{what}, memory",
        f"{ours.peak / 1e6:.0f} MB",
        f"{theirs.peak / 1e6:.0f} MB (syft)",
        f"{ours.peak / theirs.peak:.2f}",
    )


def _syft(tree: Path) -> list[str]:
    return [syft(), f"dir:{tree}", "-o", "json", "-q"]
