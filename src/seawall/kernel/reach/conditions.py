"""R13: what gates code or a credential is kept as words beside the edge, never dropped."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seawall.kernel.pipeline import Job, Workflow

FORKS = "only for branches of this repository, not for forks"
_ALWAYS = re.compile(r"\s*(?:always\(\)|success\(\)|!\s*cancelled\(\)|true|always\(\)\s*&&\s*true)?\s*\Z")
_UNTRUSTED = ("pull_request", "pull_request_review", "pull_request_review_comment")


def bare(condition: str) -> str:
    """An `if` as written without `${{ }}` around all of it, on one line."""
    text = " ".join(condition.split())
    inner = re.fullmatch(r"\$\{\{(.*)\}\}", text)
    return (inner[1] if inner and "${{" not in inner[1] else text).strip()


def own_condition(condition: str) -> str:
    """What an `if` demands; empty when it lets everything through that got so far."""
    text = bare(condition)
    return "" if _ALWAYS.match(text) else text


def both(*conditions: str) -> str:
    """All of these conditions, each once, also where one of them is several."""
    kept: dict[str, None] = {}
    for part in conditions:
        rest = _without(part, kept) if " and " in part and kept else part
        if rest and not any(_among(rest, other) for other in kept):
            kept[rest] = None
    return " and ".join(kept)


def _without(condition: str, known: Iterable[str]) -> str:
    """What a condition demands beside those that are known."""
    for one in known:
        if condition == one:
            return ""
        condition = condition.removeprefix(f"{one} and ").removesuffix(f" and {one}")
    return condition


def _among(condition: str, whole: str) -> bool:
    return (
        condition == whole
        or whole.startswith(f"{condition} and ")
        or whole.endswith(f" and {condition}")
        or f" and {condition} and " in whole
    )


def only_forks_gate(triggers: Iterable[str]) -> str:
    """What holds for workflows that only pull requests start: a fork's run gets no secret, a read token."""
    names = tuple(triggers)
    return FORKS if names and all(name in _UNTRUSTED for name in names) else ""


def job_condition(workflow: Workflow, job: Job) -> str:
    """What gates a whole job beside its workflow's triggers."""
    del workflow
    parts = [f"if {text}" if (text := own_condition(job.condition)) else ""]
    if job.environment:
        parts.append(f"after approval of environment {job.environment}, where it demands one")
    return both(*parts)


def step_condition(text: str) -> str:
    """A step's `if` as part of an edge's condition."""
    return f"if {text}" if text else ""
