"""Events as a team's day makes them, the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

from seawall.kernel.event import Action, Delivery, Event
from seawall.kernel.identity import Identity, Proof

START = 1_764_077_100_000
"""Unix milliseconds of the first event."""

IDENTITIES = tuple(
    Identity(
        f"github:{1000 + n % 50}",
        proof=Proof.OIDC,
        place=f"runner-{n % 10}.example",
        run=f"{990_000 + n}",
        commit=f"{n:040x}",
    )
    for n in range(200)
)


def day(count: int, seed: int = 1, packages: int = 3_000) -> Iterator[Event]:
    """`count` events: a name is listed, described and fetched; few names are asked for often."""
    chance = random.Random(seed)
    for number in range(count):
        name = min(int(chance.expovariate(10 / packages)), packages - 1)
        yield event(number, name, chance.choice(IDENTITIES), packages)


def event(number: int, name: int, who: Identity, packages: int = 3_000) -> Event:
    """Event `number` of a day, about package `name`."""
    policy, advisories = "sha256:" + "1b" * 32, "2026-11-25T10:00:00Z"
    if number % 3:
        return Event(
            time=START + number,
            action=Action.LIST if number % 3 == 1 else Action.METADATA,
            identity=who,
            asset=f"pkg:npm/name-{name}",
            digest=f"sha256:{name:064x}",
            delivery=Delivery.OFFERED,
            outcome="allow",
            policies=("default/old-enough",),
            policy=policy,
            advisories=advisories,
            client="npm/11.21.0",
            origin="npm",
        )
    return Event(
        time=START + number,
        action=Action.FETCH,
        identity=who,
        asset=f"pkg:npm/name-{name}@1.0.{name}",
        file=f"name-{name}-1.0.{name}.tgz",
        digest=f"sha512:{name:0128x}",
        size=1_000 + name,
        delivery=Delivery.SERVED,
        outcome="allow",
        policies=("default/old-enough",),
        policy=policy,
        facts=f"sha256:{name:064x}",
        advisories=advisories,
        client="npm/11.21.0",
        origin="npm",
        needs=tuple(f"pkg:npm/name-{(name * 7 + k) % packages}" for k in range(name % 9)),
    )
