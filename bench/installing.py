"""A whole install through the firewall, in turn with the same install straight from the registry."""

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .firewall import firewall
from .measure import Line
from .registries import ROOT, upstream
from .upstream import PARTS, WHOLE

CLIENTS = ROOT / ".clients" / "bin"
ROUNDS = 9


def lines(place: Path) -> Iterator[Line]:
    """Wall time of the client, the median of runs in turn without a cache of its own; server CPU of a run.

    The median, because a machine that was idle lends one run a burst that no other has.
    """
    place = place / "installing"
    place.mkdir()
    with upstream(place) as up, firewall(up.port, place, "closed") as gate:
        ways = {
            "direct": f"http://127.0.0.1:{up.port}/simple/",
            "gate": f"http://127.0.0.1:{gate.port}/pypi/simple/",
        }
        for client in ("pip", "uv"):
            _install(client, ways["gate"], place)
            _install(client, ways["direct"], place)
            took: dict[str, list[float]] = {way: [] for way in ways}
            spent = []
            for number in range(ROUNDS):
                turns = list(ways.items())
                for way, url in turns[:: -1 if number % 2 else 1]:
                    before = gate.cpu()
                    took[way].append(_install(client, url, place))
                    if way == "gate":
                        spent.append(gate.cpu() - before)
            yield _line(client, took, spent)


def _line(client: str, took: dict[str, list[float]], spent: Sequence[float]) -> Line:
    ours, theirs = statistics.median(took["gate"]), statistics.median(took["direct"])
    cpu = statistics.median(spent)
    return Line(
        f"{client} installs {PARTS + 1} distributions, warm, in closed mode; CPU of the firewall for it",
        f"{ours:.2f} s, {cpu:.2f} s",
        f"{theirs:.2f} s ({client} straight from the registry)",
        f"{ours / theirs:.2f}",
        "≤ 1.05, ≤ 0.5 s",
        ours / theirs <= 1.05 and cpu <= 0.5,
    )


def _install(client: str, index: str, place: Path) -> float:
    target = place / "target"
    shutil.rmtree(target, ignore_errors=True)
    if client == "pip":
        words = ["pip", "install", "--isolated", "--no-cache-dir", "--quiet", "--disable-pip-version-check"]
        words += ["--index-url", index, "--target", str(target), WHOLE]
    else:
        words = ["uv", "pip", "install", "--no-config", "--no-cache", "--quiet", "--default-index", index]
        words += ["--python", str(CLIENTS / "python"), "--target", str(target), WHOLE]
    begun = time.perf_counter()
    subprocess.run(
        [str(CLIENTS / words[0]), *words[1:]],
        check=True,
        env={"PATH": os.environ["PATH"], "HOME": str(place)},
        stdout=subprocess.DEVNULL,
    )
    took = time.perf_counter() - begun
    if len(list(target.glob("*.dist-info"))) != PARTS + 1:
        raise SystemExit(f"{client} did not install everything")
    return took
