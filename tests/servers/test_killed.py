"""The process is killed, ended and restarted under load: nothing that came is unrecorded, nobody is turned away."""

import hashlib
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.simulators.past import serving
from tests.simulators.past_pypi import PastPypi
from tests.simulators.process_gate import Load, ProcessGate

from seawall.adapters.stores.ledger import open_ledger
from seawall.record import entries

NOW = datetime.now(UTC)
KILLS, FILES = 8, 60
SETTINGS = '[cache]\nsize = "1 MiB"\n[limits]\nrequests_per_second = 1000000\n'


@pytest.fixture
def pypi() -> Iterator[PastPypi]:
    with serving(PastPypi(NOW)) as server:
        yield server


def published(pypi: PastPypi) -> dict[str, bytes]:
    dice, found = random.Random(3), {}
    for number in range(FILES):
        days = 400 if number % 10 else 30  # some of them are looked into
        files = {"data/part.bin": dice.randbytes(60_000)} if days == 400 else {}
        item = pypi.wheel(f"ebb-{number}", "1.0", NOW - timedelta(days=days), files=files)
        found[f"/pypi/files/ebb-{number}/{item.filename}"] = item.data
    return found


def served(gate: ProcessGate) -> Counter[str]:
    store = open_ledger(gate.data / "ledger.db")
    try:
        return Counter(
            str(item.found["file"]) for item in entries(store) if item.found.get("delivery") == "served"
        )
    finally:
        store.close()


def sound(gate: ProcessGate) -> None:
    """The ledger verifies, and every store and file is what it says."""
    verified = gate.command("ledger", "verify")
    assert verified.returncode in (0, 3), verified.stdout + verified.stderr
    for name in ("gate.db", "ledger.db", "names.db"):
        connection = sqlite3.connect(gate.data / name)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
    for file in (gate.data / "files" / "sha256").glob("??/*"):
        assert hashlib.sha256(file.read_bytes()).hexdigest() == file.name


def test_whatever_came_whole_is_in_the_ledger_although_it_was_killed(pypi: PastPypi, tmp_path: Path) -> None:
    files = published(pypi)
    gate = ProcessGate(tmp_path / "gate", {"PyPI": pypi.index_url}, SETTINGS)
    dice = random.Random(9)
    gate.start()
    load = Load(gate.port, files, calm=["/pypi/simple/ebb-1/", "/pypi/simple/ebb-2/"])
    try:
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.1, 0.9))
            gate.kill()
            gate.start()
    finally:
        load.stop()
    assert gate.end() == 0
    assert not load.wrong
    assert sum(load.whole.values()) > 50, (load.statuses, load.errors[:5])
    recorded = served(gate)
    missing = {
        path: (count, recorded[path.rpartition("/")[2]])
        for path, count in load.whole.items()
        if recorded[path.rpartition("/")[2]] < count
    }
    assert not missing
    # What is recorded and did not come whole was being sent when it was killed: at most one to each client.
    assert sum(recorded.values()) - sum(load.whole.values()) <= KILLS * 6
    sound(gate)
    assert not [*(gate.data / "files" / "arriving").iterdir()]


def test_a_graceful_restart_loses_no_request(pypi: PastPypi, tmp_path: Path) -> None:
    files = published(pypi)
    gate = ProcessGate(tmp_path / "gate", {"PyPI": pypi.index_url}, SETTINGS)
    gate.start()
    load = Load(gate.port, files, calm=["/pypi/simple/ebb-1/", "/healthz"])
    try:
        for _ in range(3):
            time.sleep(0.5)
            starts = gate.log.read_text().count("listens on")
            gate.process.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + 60
            while gate.log.read_text().count("listens on") == starts:
                assert time.monotonic() < deadline, gate.log.read_text()[-2_000:]
                time.sleep(0.05)
        time.sleep(0.3)
    finally:
        load.stop()
    assert gate.end() == 0
    assert load.errors == []
    assert not load.wrong
    assert set(load.statuses) == {200}, load.statuses
    assert served(gate) == Counter({path.rpartition("/")[2]: n for path, n in load.whole.items()})
    sound(gate)


def test_what_was_begun_is_finished_before_it_ends(pypi: PastPypi, tmp_path: Path) -> None:
    files = published(pypi)
    gate = ProcessGate(tmp_path / "gate", {"PyPI": pypi.index_url}, SETTINGS)
    gate.start()
    load = Load(gate.port, files)
    time.sleep(0.7)
    begun = time.monotonic()
    assert gate.end() == 0
    took = time.monotonic() - begun
    load.stop()
    assert took < 15
    # Afterwards nobody listens, and who waited to be let in is turned away; what was begun came whole.
    wrong = [error for error in load.errors if "refused" not in error and "reset" not in error]
    assert not wrong, wrong[:5]
    assert served(gate) == Counter({path.rpartition("/")[2]: n for path, n in load.whole.items()})
    sound(gate)
