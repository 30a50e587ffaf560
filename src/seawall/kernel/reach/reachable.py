"""The reach rules inside one job, one small function each; all that lead from code to a target make one edge.

Each function is asked about one code item and one target of the same job, and answers how sure it is and on
which lines that can be seen, or nothing. R8 (caches.py), R9 (artifacts.py), R10 (calls.py) and R13
(conditions.py) join jobs, and so stand elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from seawall.kernel.code import Code

from .edge import Confidence, Line, TargetKind
from .holding import Holding
from .naming import EVERY

UNSEEN = "only if something imports it"
BUILT = "inside a container: only what it is given"
NEVER = 1 << 30


@dataclass(frozen=True, slots=True)
class Runner:
    """One code item as it runs in a job. Orders are those of runs.

    `order`: the run that brings it, -1 = before all of them. `own`: runs that run it by themselves,
    `imported`: runs that import it. `given`: what a contained one is given (kind, name in upper case).
    `through`: the rule by which it came from another job (R8, R9), empty = it stands in this one.
    `hidden`: credentials of its step that its own process is not given (a task that passes few variables on).
    `apart`: a container that hands nothing back to the job.
    `first` and `latest` are the first and the last run in which its code surely runs, NEVER = none is seen.
    """

    code: Code
    order: int
    own: frozenset[int] = frozenset()
    imported: frozenset[int] = frozenset()
    given: frozenset[tuple[TargetKind, str]] = frozenset()
    through: str = ""
    hidden: frozenset[tuple[TargetKind, str]] = frozenset()
    apart: bool = False
    first: int = field(init=False)
    latest: int = field(init=False)
    line: Line = field(init=False)

    def __post_init__(self) -> None:
        runs = (*self.own, *self.imported)
        object.__setattr__(self, "first", min(runs, default=NEVER))
        object.__setattr__(self, "latest", max(runs, default=-1))
        object.__setattr__(self, "line", Line(self.code.path, self.code.line))


@dataclass(frozen=True, slots=True)
class Found:
    """What one rule says about one pair."""

    rule: str
    confidence: Confidence
    lines: tuple[Line, ...] = ()
    condition: str = ""


Rule = Callable[[Runner, Holding], Found | None]


def r0(who: Runner, what: Holding) -> Found | None:
    """R0: every step can use the job's token, with the permissions that the job's block gives it."""
    del who
    if what.target.kind is not TargetKind.TOKEN or what.job is None:
        return None
    return Found("R0", Confidence.CERTAIN, what.job)


def r1(who: Runner, what: Holding) -> Found | None:
    """R1: code reads the environment of its own step: the workflow's, the job's, its own and its inputs."""
    if not who.own or (what.target.kind, what.target.name.upper()) in who.hidden:
        return None
    lines = what.everywhere + tuple(line for order in who.own for line in what.steps.get(order, ()))
    return Found("R1", Confidence.CERTAIN, lines) if lines else None


def r2(who: Runner, what: Holding) -> Found | None:
    """R2: code reads what earlier steps left on the machine: files, keychains, agents, `$GITHUB_ENV`."""
    runs = who.own | who.imported
    lines = tuple(
        line for one in what.left if any(one.order < run <= one.until for run in runs) for line in one.lines
    )
    return Found("R2", Confidence.CERTAIN, lines) if lines else None


def r3(who: Runner, what: Holding) -> Found | None:
    """R3: a process that stayed behind reads later steps of the same machine, or replaces what they run."""
    later = [line for order, lines in what.steps.items() if order > who.first for line in lines]
    later += [line for one in what.left if one.order > who.first for line in one.lines]
    return Found("R3", Confidence.STRONG, tuple(dict.fromkeys(later))) if later else None


def r3_import(who: Runner, what: Holding) -> Found | None:
    """R3′: a later command that imports the package runs it in its process, with that step's environment."""
    if not who.imported:
        return None
    runs = sorted(order for order in what.steps if order in who.imported)
    lines = [line for order in runs for line in what.steps[order]]
    lines += what.everywhere
    return Found("R3′", Confidence.CERTAIN, tuple(dict.fromkeys(lines))) if lines else None


def r4(who: Runner, what: Holding) -> Found | None:
    """R4: the runner's memory holds every secret that the job names anywhere, whichever step names it."""
    del who
    if what.target.kind is not TargetKind.SECRET or what.made:
        return None
    lines = what.everywhere + tuple(line for lines in what.steps.values() for line in lines) + what.tested
    return Found("R4", Confidence.STRONG, tuple(dict.fromkeys(lines))) if lines else None


def r5(who: Runner, what: Holding) -> Found | None:
    """R5: a job that asks for all secrets at once, or for one by a computed name, is sent all of them."""
    del who
    if what.target.name != EVERY:
        return None
    lines = what.everywhere + (what.job or ()) + tuple(line for some in what.steps.values() for line in some)
    return Found("R5", Confidence.CERTAIN, tuple(dict.fromkeys(lines)))


def r6(who: Runner, what: Holding) -> Found | None:
    """R6: with `id-token: write` code asks for an identity of this workflow for any audience."""
    del who
    if what.target.kind is not TargetKind.OIDC or what.job is None:
        return None
    return Found("R6", Confidence.CERTAIN, what.job)


def r12(who: Runner, what: Holding) -> Found | None:
    """R12: a machine that is kept between jobs keeps what code left on it for the jobs that come later."""
    del who
    if what.target.kind is not TargetKind.CREDENTIAL or not what.target.name.startswith("runner:"):
        return None
    return Found("R12", Confidence.CONDITIONAL, what.job or (), what.gate)


RULES: tuple[Rule, ...] = (r0, r1, r2, r3, r3_import, r4, r5, r6, r12)
_SUREST = {confidence: place for place, confidence in enumerate(Confidence)}
_FOUND_ORDER = (
    "R0",
    "R1",
    "R2",
    "R3",
    "R3′",
    "R4",
    "R4′",
    "R5",
    "R6",
    "R7",
    "R8",
    "R9",
    "R10",
    "R11",
    "R12",
    "R13",
)
RULE_ORDER = {rule: place for place, rule in enumerate(_FOUND_ORDER)}


def r7(what: Holding) -> bool:
    """R7: secrets of an environment are for jobs that declare it; approval gates only the start."""
    return what.target.scope.startswith("environment:")


def r11(who: Runner, what: Holding) -> Found | None:
    """R11: a container build sees its build arguments, mounted secrets and its output, and nothing else."""
    if (what.target.kind, what.target.name.upper()) not in who.given:
        return None
    lines = what.everywhere + what.steps.get(who.order, ())
    return Found("R11", Confidence.CONDITIONAL, lines, BUILT)


def found_by(who: Runner, what: Holding) -> list[Found]:
    """What each rule says that leads from this code to this target, the surest first."""
    if who.code.contained:
        contained = r11(who, what)
        found = [contained] if contained else []
    else:
        found = [one for rule in RULES if (one := rule(who, what)) is not None]
    if found and r7(what):
        found.append(Found("R7", Confidence.BOUND))
    if found and who.through:
        found.append(Found(who.through, Confidence.BOUND))
    return sorted(found, key=lambda one: (_SUREST[one.confidence], RULE_ORDER[one.rule]))


def strongest(*confidences: Confidence) -> Confidence:
    """The surest of some."""
    return min(confidences, key=_SUREST.__getitem__)
