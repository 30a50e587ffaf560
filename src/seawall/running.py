"""Look at what runs in a tree: its pipelines, what strangers' code can reach there, what zizmor says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from seawall.adapters.disk.tree import Walk
from seawall.kernel.finding import Skipped
from seawall.kernel.hygiene import HygieneNote
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import OURS, Document, Problem
from seawall.kernel.pipeline import may_run
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
    if not any(map(may_run, walked.files)):
        return Running()
    from seawall.kernel.reach.reaching import reach_of
    from seawall.reach import ground_from

    ground = ground_from(walked, limits, documents)
    if not (ground.workflows or ground.dockerfiles or ground.hooks or ground.composes):
        return Running(ground)
    found = reach_of(ground, limits)
    notes, skipped = _hygiene(walked, ground, limits)
    return Running(ground, found, notes, (*_not_understood(found.skipped), *skipped))


def _not_understood(skipped: Sequence[Skipped]) -> Iterator[Skipped]:
    """What of all that runs was not looked at, in a line or two; a scan is about more than that."""
    yield from (replace(item, required=False) for item in skipped if item.required)
    count = sum(not item.required for item in skipped)
    if count:
        what = f"{count} part{'s' * (count != 1)} of workflows and scripts"
        yield Skipped(what, "not understood", "seawall reach --all")


def _hygiene(
    walked: Walk, ground: Ground, limits: Limits
) -> tuple[tuple[HygieneNote, ...], tuple[Skipped, ...]]:
    from seawall.adapters.runners import zizmor

    program, count = zizmor.program(), len(ground.workflows)
    if not count:
        return (), ()
    if program is None:
        check = f"hygiene of {count} workflow{'s' * (count != 1)}"
        return (), (Skipped(check, "zizmor is not installed", "pip install 'seawall[zizmor]'"),)
    # It stops at the first file that it cannot read, so it is given those that could be read here.
    sound = [item.path for item in ground.workflows if _sound(item.problems)]
    sound += [item.path for item in ground.actions.values() if _sound(item.problems)]
    files = {path: data for path in sound if isinstance(data := walked.read(path, limits), bytes)}
    answer = zizmor.ask(files, limits, program)
    return answer.notes, answer.skipped


def _sound(problems: Sequence[Problem]) -> bool:
    return all(problem.kind in OURS for problem in problems)
