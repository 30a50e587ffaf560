"""`kill -9` at any moment loses no event that was acknowledged, and what is left is sound."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from seawall.adapters.stores.ledger import open_ledger
from seawall.kernel.merkle import Head, consistency_proof, consistent
from seawall.ledger_check import check
from seawall.record import LEDGER_FILE, entries

ROUNDS = 25

WRITER = """
import os, sys, threading
from dataclasses import replace
from pathlib import Path
from seawall.record import open_record
from tests.simulators.events import day

record, start = open_record(Path(sys.argv[1])), int(sys.argv[2])

def write(lane):
    for number, item in enumerate(day(1_000_000, seed=lane)):
        time = start + number * 4 + lane
        record.note(replace(item, time=5))
        entry = record.keep(replace(item, time=time)).result()
        os.write(1, f"{entry} {time}\\n".encode())

for lane in range(4):
    threading.Thread(target=write, args=(lane,), daemon=True).start()
threading.Event().wait()
"""


def test_killing_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(7)
    acknowledged: dict[int, int] = {}
    before = Head(0, b"")
    for number in range(ROUNDS):
        acknowledged.update(one_life(tmp_path, 1_000 + number * 10_000_000, chance.random() * 0.06))
        before = sound(tmp_path, acknowledged, before)
    assert len(acknowledged) > ROUNDS


def one_life(place: Path, start: int, after: float) -> dict[int, int]:
    """What a writer acknowledged that was killed so many seconds after its first acknowledgement."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, place, str(start)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
    said += process.stdout.read()
    process.stdout.close()
    assert process.wait(30) == -signal.SIGKILL, "it ended by itself"
    pairs = [line.split() for line in said.decode().splitlines()]
    return {int(entry): int(time) for entry, time in pairs}


def sound(place: Path, acknowledged: dict[int, int], before: Head) -> Head:
    """All that was acknowledged is there, and it goes on where it was."""
    store = open_ledger(place / LEDGER_FILE)
    found = check(store)
    times = {entry.index: entry.found["time"] for entry in entries(store)}
    assert {index: times.get(index) for index in acknowledged} == acknowledged
    assert found.faults == []
    if before.size:
        proof = consistency_proof(before.size, found.head.size, store.hash_of)
        assert consistent(before, found.head, proof)
    store.close()
    return found.head
