"""Look at what runs in a tree: its pipelines, what strangers' code can reach there, what zizmor says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seawall.adapters.disk.tree import Walk
from seawall.kernel.finding import Skipped
from seawall.kernel.hygiene import HygieneNote
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document
from seawall.kernel.reach.edge import NO_REACH, Reach
from seawall.kernel.reach.ground import NO_GROUND, Ground


@dataclass(frozen=True, slots=True)
class Running:
    """What runs, what is in reach of it, and what another tool says; `skipped` is what was not looked at."""

    ground: Ground = NO_GROUND
    reach: Reach = NO_REACH
    hygiene: tuple[HygieneNote, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def running(walked: Walk, documents: Sequence[Document], limits: Limits) -> Running:
    """What runs in a walked tree. Where it holds no pipeline, nothing is read."""
    from seawall.kernel.reach.reaching import reach_of
    from seawall.reach import ground_from

    ground = ground_from(walked, limits, documents)
    if not (ground.workflows or ground.dockerfiles or ground.hooks or ground.composes):
        return Running(ground)
    found = reach_of(ground, limits)
    notes, skipped = _hygiene(walked, ground, limits)
    return Running(ground, found, notes, skipped)


def _hygiene(
    walked: Walk, ground: Ground, limits: Limits
) -> tuple[tuple[HygieneNote, ...], tuple[Skipped, ...]]:
    from seawall.adapters.runners import zizmor

    program = zizmor.program()
    if program is None or not ground.workflows:
        return (), ()
    # It stops at the first file that it cannot read, so it is given those that could be read here.
    sound = [item.path for item in ground.workflows if not item.problems]
    sound += [item.path for item in ground.actions.values() if not item.problems]
    files = {path: data for path in sound if isinstance(data := walked.read(path, limits), bytes)}
    answer = zizmor.ask(files, limits, program)
    return answer.notes, answer.skipped
