"""A policy has tests like any other program: facts, and the answer that is expected of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seawall.kernel.decision import Decision, Outcome

from .engine import Asks, Policy, decide_all


@dataclass(frozen=True, slots=True)
class Case:
    """One expectation. `by` names statements that must be among those that decided, () = any."""

    name: str
    question: Asks
    expect: Outcome
    by: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy answered to one case; `wrong` says in words where that is not what was expected."""

    case: Case
    decision: Decision
    wrong: str = ""


def try_cases(policy: Policy, cases: Sequence[Case]) -> tuple[Trial, ...]:
    """Every case with the policy's answer, in order."""
    answers = decide_all(policy, [case.question for case in cases])
    return tuple(
        Trial(case, answer, _wrong(case, answer)) for case, answer in zip(cases, answers, strict=True)
    )


def _wrong(case: Case, answer: Decision) -> str:
    deciding = [item.policy for item in answer.decided_by]
    if answer.outcome is not case.expect:
        return f"expected {case.expect}, got {answer.outcome} by {', '.join(deciding) or 'nothing'}"
    absent = [name for name in case.by if name not in deciding]
    if absent:
        return f"expected {', '.join(absent)} to decide; it was {', '.join(deciding) or 'nothing'}"
    return ""
