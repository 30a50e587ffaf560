"""A ledger with a story: three who took packages, some of it denied, in the names of this file and no others."""

from pathlib import Path

from seawall.kernel.event import Action, Delivery, Event
from seawall.kernel.identity import Identity, Proof
from seawall.record import open_record

START = 1_764_000_000_000
"""2025-11-24T16:00:00Z, in Unix milliseconds."""

CANARIES = (
    "token:canary-anna",
    "host-canary-7.corp.example",
    "run-canary-991",
    "c0ffee0canary",
    "address:10.99.88.77",
)
"""Names that must not be in the ledger, nor in anything that is made from it for others."""

ANNA = Identity(CANARIES[0], kind="Person", proof=Proof.TOKEN, place=CANARIES[1])
JOB = Identity("github:4711-canary", proof=Proof.OIDC, place=CANARIES[1], run=CANARIES[2], commit=CANARIES[3])
HOST = Identity(CANARIES[4], place="10.99.88.77")

_DIGEST = "sha256:" + "ab" * 32


def events(count: int = 12) -> list[Event]:
    """The firewall starts, then `count` requests one second apart, in turn by Anna, a job and a host."""
    started = Event(START, Action.SERVE, Identity("seawall:firewall"), subject="started")
    made = [started]
    for number in range(count):
        who = (ANNA, JOB, HOST)[number % 3]
        denied = number % 5 == 4
        made.append(
            Event(
                START + 1_000 * (number + 1),
                Action.FETCH,
                who,
                asset=f"pkg:npm/package-{number % 7}@1.{number}.0",
                file=f"package-{number % 7}-1.{number}.0.tgz",
                digest=_DIGEST,
                size=1_000 + number,
                delivery=Delivery.REFUSED if denied else Delivery.SERVED,
                outcome="deny" if denied else "allow",
                policies=("default/malware",) if denied else (),
                policy=_DIGEST,
                facts=_DIGEST,
                client=("npm/11.21.0", "pip/26.3", "uv/0.9.0")[number % 3],
                origin="npm",
                needs=("pkg:npm/needed",) if number == 1 else (),
            )
        )
    return made


def record(directory: Path, made: list[Event]) -> None:
    """Write them, and let the ledger go."""
    opened = open_record(directory)
    try:
        for done in [opened.keep(event) for event in made]:
            done.result(timeout=20)
    finally:
        opened.close()
