"""What a job holds: each target with where in the job it can be got, and what gates that.

A target is in the environment of every step, in that of some steps, in what a step left behind, or the job
itself has it (its token, its identity). The reach rules ask nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .conditions import step_condition
from .edge import Line, Target, TargetKind
from .naming import EVERY, Named
from .steps import Course, Run, made_by_action

Key = tuple[TargetKind, str, str]


@dataclass(frozen=True, slots=True)
class Lying:
    """What a run left lies there for the runs behind `order`, up to `until`, which takes it away."""

    order: int
    until: int
    lines: tuple[Line, ...]


@dataclass(slots=True)
class Holding:
    """One target in one job. Keys of `steps` are orders of runs; `left` is where it lies after some of them.

    `job`: the job itself has it, by these lines. `tested`: lines that only compare it with something.
    `conditions` are those of the steps that name it; a target that a step without condition names has none.
    `gate` holds for whoever reaches it. `made`: no secret of the repository, but made in the job.
    """

    target: Target
    everywhere: tuple[Line, ...] = ()
    steps: dict[int, tuple[Line, ...]] = field(default_factory=dict)
    left: list[Lying] = field(default_factory=list)
    job: tuple[Line, ...] | None = None
    tested: tuple[Line, ...] = ()
    conditions: set[str] = field(default_factory=set)
    made: bool = False
    gate: str = ""

    @property
    def condition(self) -> str:
        """What the steps that name it demand; empty when one of them demands nothing, or none names it."""
        if self.everywhere or self.job is not None or "" in self.conditions or not self.conditions:
            return ""
        return " or ".join(sorted(step_condition(text) for text in self.conditions))


@dataclass(slots=True)
class Holdings:
    """All targets of one job, filled in one after another. `place_of` tells the scope of a name."""

    job_scope: str
    environments: Mapping[str, frozenset[str]]
    found: dict[Key, Holding] = field(default_factory=dict)

    def of(self, one: Named) -> Holding:
        """The holding of a credential."""
        key = one.key
        known = self.found.get(key)
        if known is None:
            known = Holding(Target(one.kind, one.name, one.scope or self._scope(one)))
            self.found[key] = known
        return known

    def add(self, holding: Holding) -> Holding:
        """A target that no expression names: an identity, a keychain, a cloud session."""
        target = holding.target
        return self.found.setdefault((target.kind, target.name, target.scope), holding)

    def everywhere(self, names: Iterable[Named]) -> None:
        """In the environment of every step."""
        for one in names:
            holding = self.of(one)
            holding.everywhere = _joined(holding.everywhere, one.lines)

    def in_step(self, run: Run, names: Iterable[Named]) -> None:
        """In the environment, the inputs or the script of one step."""
        for one in names:
            holding = self.of(one)
            holding.steps[run.order] = _joined(holding.steps.get(run.order, ()), one.lines)
            holding.conditions.add(run.condition)

    def tested(self, names: Iterable[Named]) -> None:
        """Named in a comparison: the job is sent it, and no step is given it there."""
        for one in names:
            holding = self.of(one)
            holding.tested = _joined(holding.tested, one.lines)

    def left_by(self, run: Run, one: Named, lines: tuple[Line, ...], until: int) -> None:
        """Readable by whatever runs after one step, up to the run `until`."""
        holding = self.of(one)
        holding.left.append(Lying(run.order, until, _joined(lines, one.lines)))
        holding.conditions.add(run.condition)

    def _scope(self, one: Named) -> str:
        if one.kind is not TargetKind.SECRET or one.name == EVERY:
            return "repository" if one.kind is TargetKind.SECRET else "job"
        return secret_scope(one.name, self.job_scope, self.environments)


def secret_scope(name: str, environment: str, environments: Mapping[str, frozenset[str]]) -> str:
    """`environment:NAME` for a secret that only jobs with an environment name (R7), else `repository`."""
    if environment and "" not in environments.get(name.upper(), frozenset()):
        return f"environment:{environment}"
    return "repository"


def _joined(first: tuple[Line, ...], more: tuple[Line, ...]) -> tuple[Line, ...]:
    return first + tuple(line for line in more if line not in first)


def fill(holdings: Holdings, course: Course, everywhere: Iterable[Named]) -> None:
    """Takes in what the job's own environment and each step of the course name."""
    holdings.everywhere(everywhere)
    for run in course.runs:
        names = run.names
        if names:
            holdings.in_step(run, names)
        if run.step.id and run.step.uses:
            holdings.in_step(run, made_by_action(run))  # who makes a credential has it


def weighed_all(holdings: Holdings, publishes: bool) -> tuple[Holding, ...]:
    """The holdings in a fixed order, each target with its worth."""
    from .worth import weighed

    for holding in holdings.found.values():
        holding.target = weighed(holding.target, publishes)
    return tuple(
        sorted(holdings.found.values(), key=lambda one: (one.target.kind, one.target.scope, one.target.name))
    )


def with_scope(target: Target, scope: str) -> Target:
    """The same target elsewhere."""
    return replace(target, scope=scope)
