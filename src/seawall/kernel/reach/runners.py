"""R12: a runner's labels tell whether its machine is thrown away after the job, and which system it has."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seawall.kernel.pipeline import Job

_HOSTED = re.compile(r"(?:ubuntu|windows|macos)-(?:latest|slim|[\d.]+)[\w.-]*\Z", re.IGNORECASE)
_THROWN_AWAY = re.compile(
    r"(?:depot|blacksmith|buildjet|warp|namespace|nscloud|runs-on|ubicloud|cirun|codebuild)[-_=/]",
    re.IGNORECASE,
)
"""Labels of services that start a machine for each job, by their own documentation."""


_EXPRESSION = re.compile(r"\$\{\{")


def kept_machine(labels: Iterable[str]) -> tuple[str, str]:
    """(labels joined by commas, condition) of a machine that may be kept between jobs, both empty for none.

    The label `self-hosted` says so. Any other label or group of one's own may also be a larger hosted runner,
    which only the condition tells; a label that an expression makes is not guessed at.
    """
    named = [label.strip() for label in labels]
    if not named or any(_HOSTED.match(one) or _THROWN_AWAY.match(one) for one in named):
        return "", ""
    words = ",".join(named)
    if any(one.lower() == "self-hosted" for one in named):
        return words, "unless the runner is thrown away after each job"
    if any(_EXPRESSION.search(one) for one in named):
        return "", ""
    return words, f"where {words} is a machine of one's own that is kept between jobs"


_SYSTEMS = {"ubuntu": "linux", "linux": "linux", "macos": "macos", "windows": "windows"}
_AXIS = re.compile(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}\Z")


def systems_of(job: Job) -> frozenset[str]:
    """`linux`, `macos` and `windows`, as far as the labels or their one axis tell; empty = any of them."""
    if job.container is not None:
        return frozenset(("linux",))
    axes = dict(job.matrix)
    found: set[str] = set()
    for label in job.runs_on:
        axis = _AXIS.match(label.strip())
        values = axes.get(axis[1], ()) if axis and "include" not in axes else (label,)
        for value in values:
            system = next((kind for name, kind in _SYSTEMS.items() if value.lower().startswith(name)), "")
            if not system and ("${{" in value or axis):
                return frozenset()
            found.update((system,) if system else ())
    return frozenset(found)
