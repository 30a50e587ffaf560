"""Many clients at once while both registries fail, stall and lie: nothing wrong goes out, nobody is left waiting."""

import time
from datetime import UTC, datetime
from pathlib import Path

from tests.simulators.firewall import firewall
from tests.simulators.storm import check_ledger, descriptors, resident, threads, world

from seawall.kernel.gate_settings import GateSettings

CLIENTS, SECONDS = 100, 8.0
MEGABYTE = 1024 * 1024


def test_a_storm_changes_no_decision_and_wedges_nobody(tmp_path: Path) -> None:
    began = datetime.now(UTC)
    settings = GateSettings(
        fresh_seconds=0.3, hold_bytes=256 * 1024, requests_per_second=100_000, cache_bytes=8 * 1024 * 1024
    )
    with (
        world(began) as made,
        firewall(
            tmp_path,
            npm=made.npm.npm_url,
            pypi=made.pypi.index_url,
            advisories=made.advisories(),
            settings=settings,
        ) as gate,
    ):
        made.warm(gate.url)
        first = len(gate.entries())
        memory, files, count = resident(), descriptors(), threads()
        seen = made.storm(gate.url, CLIENTS, SECONDS)
        assert not seen.wrong, seen.wrong[:10]
        assert not seen.unreadable, seen.unreadable[:10]
        assert not seen.late
        assert seen.of("file", 200) > 20
        assert seen.of("document", 200) > 20
        asked = time.monotonic()
        assert gate.get("/healthz").status == 200
        assert gate.get("/readyz").status == 200
        assert time.monotonic() - asked < 2
        settled = time.monotonic() + 30
        while (descriptors() > files + 40 or threads() > count + 110) and time.monotonic() < settled:
            time.sleep(0.1)
        assert descriptors() <= files + 40
        assert threads() <= count + 110
        assert resident() - memory < 200 * MEGABYTE
        faults = check_ledger(gate.entries()[first:], seen)
        assert not faults, "\n".join(faults)
