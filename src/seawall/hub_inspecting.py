"""Into a file of a model that is about to be handed out one looks briefly: is it what its name says?

Its first bytes, and configurations as a whole. A deep scan of weights takes the place of `look_into`: what it
finds is kept, and counts from then on whenever the repository is judged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.hub import BEGINNING, HubFile, Repository
from seawall.kernel.intake import Intake
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.rule import judge
from seawall.readers.registries.hub_config import CONFIGS, LARGEST, code_named
from seawall.rules.hub import HUB

Looked = tuple[tuple[Finding, ...], tuple[Skipped, ...]]
Inspect = Callable[[Repository, HubFile, Path, datetime], Looked]
"""Looks into a file that is here and verified. A serious finding blocks the file, a required check that did
not run makes it unscannable."""

_LOOKS = tuple(rule for rule in HUB if rule.id in ("hub/remote-code", "hub/not-what-it-says"))


def look_into(repository: Repository, file: HubFile, path: Path, now: datetime) -> Looked:
    """What rules find in the file at `path`. Raises OSError where it cannot be read."""
    skipped: tuple[Skipped, ...] = ()
    code: tuple[str, ...] = ()
    with path.open("rb") as opened:
        begins = opened.read(BEGINNING)
        if file.path.rpartition("/")[2] in CONFIGS:
            named = None
            if (file.size or 0) <= LARGEST:
                opened.seek(0)
                named = code_named(opened.read(LARGEST + 1), DEFAULT_LIMITS)
            if named is None:
                skipped = (_unread(file.path),)
            code = named or ()
    seen = replace(file, begins=begins, code=code)
    intake = Intake(documents=(), now=now, repository=replace(repository, files=(seen,), code=()))
    return judge(_LOOKS, intake), skipped


def _unread(path: str) -> Skipped:
    return Skipped(f"what {path} makes its reader run", "it is no JSON, or too large", "take another copy")
