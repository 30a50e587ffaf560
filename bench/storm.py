"""Five hundred clients for a minute, while both registries fail, stall and lie at random.

    python -m bench.storm [CLIENTS SECONDS]

The firewall is a process of its own, with a small cache and documents that grow old quickly, so that its
registries are asked all the time. Ends with status 1 when anything wrong was handed out or anybody waited in
vain, or when memory, descriptors or threads grew beyond their bounds, or the ledger does not verify.
"""

import resource
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.simulators.running_gate import Running, running
from tests.simulators.storm import Seen, World, check_ledger, descriptors, resident, threads, world

from seawall.adapters.stores.ledger import open_ledger
from seawall.record import entries

MEGABYTE = 1024 * 1024
MOST_MEMORY, MOST_FILES, MOST_THREADS = 250 * MEGABYTE, 2_000, 180
SETTINGS = """
[cache]
size = "8 MiB"
hold = "256 KiB"
fresh_seconds = 0.5
[limits]
requests_per_second = 1000000
"""


class Watch:
    """The most that a process had of anything, looked at five times a second."""

    def __init__(self, pid: int) -> None:
        self.pid, self.memory, self.files, self.threads = pid, 0, 0, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.wait(0.2):
            self.memory = max(self.memory, resident(self.pid))
            self.files = max(self.files, descriptors(self.pid))
            self.threads = max(self.threads, threads(self.pid))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def main(clients: int, seconds: float) -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * clients + 2_000)), hard))
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as place, world(datetime.now(UTC), names=24) as made:
        made.stalls = 3600.0
        upstreams = {"npm": made.npm.npm_url, "PyPI": made.pypi.index_url}
        records = tuple(made.advisories())
        with running(Path(place), upstreams, records=records, more=SETTINGS, timeout=90) as gate:
            made.warm(gate.url)
            pid, first = gate.process.pid, len(written(gate))
            print(f"before: {resident(pid) // MEGABYTE} MB, {descriptors(pid)} files, {threads(pid)} threads")
            watch = Watch(pid)
            seen = made.storm(gate.url, clients, seconds, faults=0.35)
            watch.stop()
            faults += list(_faults(made, gate, seen, watch, first))
    for fault in faults:
        print(f"WRONG: {fault}")
    return 1 if faults else 0


def written(gate: Running) -> list[dict[str, Any]]:
    """Every entry of the ledger so far; what waits is written within a second."""
    time.sleep(1.5)
    store = open_ledger(gate.place / "data" / "ledger.db")
    try:
        return [dict(item.found) for item in entries(store)]
    finally:
        store.close()


def _faults(made: World, gate: Running, seen: Seen, watch: Watch, first: int) -> Iterator[str]:
    print(f"answers: {sum(seen.answers.values())}, gave up: {seen.left}, cut: {seen.cut}, late: {seen.late}")
    for key, count in sorted(seen.answers.items()):
        print(f"  {' '.join(map(str, key))}: {count}")
    print(f"faults told: {sum(made.told.values())}, of {len(made.told)} kinds; {dict(made.told)}")
    print(
        f"seconds: median {seen.late_at(0.5):.3f}, p99 {seen.late_at(0.99):.3f}, most {seen.late_at(1):.3f}"
    )
    print(f"held back though allowed: {seen.held_back}")
    most = f"{watch.memory // MEGABYTE} MB, {watch.files} files, {watch.threads} threads"
    print(f"most: {most}")
    yield from seen.wrong[:20]
    yield from seen.unreadable[:20]
    if seen.late:
        yield f"{seen.late} clients waited in vain"
    if watch.memory > MOST_MEMORY or watch.files > MOST_FILES or watch.threads > MOST_THREADS:
        yield f"too much: {most}"
    for path in ("/healthz", "/readyz", "/pypi/simple/shell-0/"):
        begun = time.monotonic()
        with urllib.request.urlopen(gate.url + path, timeout=60) as answer:
            answer.read()
        took = time.monotonic() - begun
        print(f"after the storm {path}: {took * 1000:.0f} ms")
        if took > (15 if "simple" in path else 2):
            yield f"{path} took {took:.1f} s after the storm"
    events = written(gate)
    print(f"entries: {len(events) - first}")
    yield from check_ledger(events[first:], seen)
    verified = gate.command("ledger", "verify")
    print(f"ledger verify: {verified.returncode} {verified.stdout.strip()[:200]}")
    if verified.returncode not in (0, 3):
        yield f"the ledger does not verify: {verified.stdout}{verified.stderr}"
    pid = gate.process.pid
    print(f"after: {resident(pid) // MEGABYTE} MB, {descriptors(pid)} files, {threads(pid)} threads")
    if "defect" in gate.said() or "Traceback" in gate.said():
        yield "a defect was logged: " + gate.said()[gate.said().index("defect") - 500 :][:3_000]


if __name__ == "__main__":
    given = sys.argv[1:] or ["500", "60"]
    sys.exit(main(int(given[0]), float(given[1])))
