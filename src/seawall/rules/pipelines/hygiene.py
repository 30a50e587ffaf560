"""What zizmor says of workflows, passed on under its own ids and weighed by what is in reach there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from posixpath import dirname, normpath

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.hygiene import HygieneNote
from seawall.kernel.intake import Intake
from seawall.kernel.reach.ranking import assumed, score
from seawall.kernel.rule import rule

_CAPS = ((70.0, Severity.HIGH), (45.0, Severity.MEDIUM), (25.0, Severity.LOW))


@rule("pipelines/hygiene", Severity.LOW)
def hygiene(intake: Intake) -> Iterator[Evidence]:
    """What zizmor finds in a job weighs as much as what strangers' code can reach there, and no more.

    Findings stand under zizmor's own ids (`zizmor/artipacked`). One in a job without anything of worth in
    reach is information; one beside a publish token keeps the severity that zizmor gave it. Needs the extra
    `zizmor`; where it is not installed the scan says so.

    Why: a workflow has about four findings of hygiene on the average, and one of them matters: the one in the
    job that holds something.

    Attack: the miner of Ultralytics (December 2024) came in through a branch name in a `pull_request_target`
    workflow: what zizmor calls template-injection and dangerous-triggers.

    Fix: what zizmor's page of that id says (its documentation lists every id).
    """
    worst: dict[str, float] = {}
    for edge in intake.reach.edges:
        if assumed(edge):
            continue
        worst[edge.place] = max(worst.get(edge.place, 0.0), score(edge))
    places = sorted((p.file, p.line, p.id) for p in intake.reach.places if p.job)
    users = _users(intake)
    seen: Counter[tuple[str, str, str]] = Counter()
    for note in intake.hygiene:
        most = _worst_at(note, places, worst, users)
        key = (note.rule, note.path, note.what)
        seen[key] += 1
        cap = next((severity for least, severity in _CAPS if most >= least), Severity.INFO)
        yield Evidence(
            message=f"{note.claim}: {note.what}" if note.what else note.claim,
            advice=f"zizmor's documentation of {note.rule.partition('/')[2]} says how",
            path=note.path,
            line=note.line,
            severity=min(note.severity, cap),
            subject=f"{note.what} {seen[key]}",
            detail={"confidence": note.confidence, "severity": note.severity.word, "in_reach": most},
            under=note.rule,
        )


def _worst_at(
    note: HygieneNote,
    places: list[tuple[str, int, str]],
    worst: Mapping[str, float],
    users: Mapping[str, frozenset[str]],
) -> float:
    """The worst score in the job that holds the line; above all jobs of any, in an action of its users."""
    mine = [(line, place) for file, line, place in places if file == note.path]
    above = [place for line, place in mine if line <= note.line]
    if above:
        return worst.get(above[-1], 0.0)
    named = [place for _, place in mine] or users.get(dirname(note.path), frozenset())
    return max((worst.get(place, 0.0) for place in named), default=0.0)


def _users(intake: Intake) -> dict[str, frozenset[str]]:
    """For the folder of each action of the tree the jobs that use it, also through other actions."""
    inner = {
        dirname(action.path): {folder for step in action.steps if (folder := _folder(step.uses))}
        for action in intake.ground.actions.values()
    }
    found: dict[str, set[str]] = {}
    for workflow in intake.ground.workflows:
        for job in workflow.jobs:
            waiting = [folder for step in job.steps if (folder := _folder(step.uses))]
            seen: set[str] = set()
            while waiting:
                folder = waiting.pop()
                if folder not in seen:
                    seen.add(folder)
                    found.setdefault(folder, set()).add(f"{workflow.path}#{job.id}")
                    waiting += inner.get(folder, ())
    return {folder: frozenset(jobs) for folder, jobs in found.items()}


def _folder(uses: str) -> str:
    """The folder of an action of the tree, empty for any other."""
    return normpath(uses[2:]) if uses.startswith(("./", "$/")) else ""
