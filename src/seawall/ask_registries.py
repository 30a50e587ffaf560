"""Ask the user's own registries about releases, as their clients would ask, and only while there is time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from seawall.judging import Facts
from seawall.kernel.asking import registries
from seawall.kernel.cache import Cache, NoCache
from seawall.kernel.client import Machine, Project, Upstream
from seawall.kernel.intake import Key
from seawall.kernel.release import Wanted

_FIRST_VERDICT = 9.0
_LEAST = 2.0

Advance = Callable[[int, int], None]


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""
    del done, total


def registry_facts(
    machine: Machine,
    project: Project,
    cache: Cache,
    now: datetime,
    begun: float | None = None,
    advance: Advance = no_progress,
) -> Callable[[Sequence[Wanted]], Facts]:
    """A function that asks about releases, for `World.facts`. It never raises for what the outside does.

    `begun` (of `time.monotonic`) is when the person began to wait: after nine seconds no more is asked, but
    for two it always is.
    """
    start = time.monotonic() if begun is None else begun

    def facts(wanted: Sequence[Wanted]) -> Facts:
        from seawall.adapters.registries.facts import Asker, ask

        left = max(_LEAST, _FIRST_VERDICT - (time.monotonic() - start))
        known = registries(machine, project)
        asker = Asker(known, _authorization(machine), cache, now, left, advance)
        answer = ask(wanted, asker)
        return Facts(answer.releases, answer.skipped)

    return facts


def ask_about(key: Key, now: datetime) -> Facts:
    """What the user's own registries say about one release, asked now and kept nowhere."""
    from seawall.adapters.machine.clients import look

    return registry_facts(look(os.environ), Project(), NoCache(), now)([Wanted(key)])


def _authorization(machine: Machine) -> Callable[[Upstream], str]:
    from seawall.adapters.machine.credentials import credential_for

    def authorization(upstream: Upstream) -> str:
        found = credential_for(upstream, machine, os.environ)
        return found.authorization if found and found.host == upstream.host else ""

    return authorization
