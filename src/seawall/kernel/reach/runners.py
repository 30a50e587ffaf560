"""R12: a runner's labels tell whether its machine is thrown away after the job."""

from __future__ import annotations

import re
from collections.abc import Iterable

_HOSTED = re.compile(r"(?:ubuntu|windows|macos)-(?:latest|slim|[\d.]+)[\w.-]*\Z", re.IGNORECASE)
_THROWN_AWAY = re.compile(
    r"(?:depot|blacksmith|buildjet|warp|namespace|nscloud|runs-on|ubicloud|cirun|codebuild)[-_=/]",
    re.IGNORECASE,
)
"""Labels of services that start a machine for each job, by their own documentation."""


def kept_machine(labels: Iterable[str]) -> str:
    """The labels of a machine that may be kept between jobs, joined by commas; empty when it is none.

    Without the label `self-hosted` a label of one's own may also be a larger hosted runner, and a label that
    an expression makes may be anything: neither is said to be kept.
    """
    named = [label.strip() for label in labels if not label.startswith("group:")]
    if any(_THROWN_AWAY.match(label) or _HOSTED.match(label) for label in named):
        return ""
    return ",".join(named) if any(label.lower() == "self-hosted" for label in named) else ""
