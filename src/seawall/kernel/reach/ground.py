"""The ground is all that a tree holds about what runs in it, read and not yet judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from seawall.kernel.lockfile import Document, Problem
from seawall.kernel.ownership import ForgeSettings, Owners
from seawall.kernel.pipeline import Action, ActionsLock, Updates, Workflow
from seawall.kernel.task import Compose, Dockerfile, HookFile, TaskFile

PipelineFile = (
    Workflow
    | Action
    | ActionsLock
    | Updates
    | TaskFile
    | Dockerfile
    | Compose
    | HookFile
    | Owners
    | ForgeSettings
)
"""What one file of a pipeline can be."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Paths are relative to the repository's top, with `/`.

    `actions` are keyed by their directory (`.` = the top); the rest stands in the order of paths. `called`
    holds workflows and actions of other repositories that were already fetched, by `owner/repo/path@ref`.
    `files` are all paths of the tree: whether a lockfile stands beside a manifest is asked of them, and what
    those lockfiles hold of `documents`.
    """

    workflows: tuple[Workflow, ...] = ()
    actions: Mapping[str, Action] = field(default_factory=lambda: MappingProxyType({}))
    called: Mapping[str, Workflow | Action] = field(default_factory=lambda: MappingProxyType({}))
    locks: tuple[ActionsLock, ...] = ()
    updates: tuple[Updates, ...] = ()
    tasks: tuple[TaskFile, ...] = ()
    dockerfiles: tuple[Dockerfile, ...] = ()
    composes: tuple[Compose, ...] = ()
    hooks: tuple[HookFile, ...] = ()
    owners: tuple[Owners, ...] = ()
    settings: tuple[ForgeSettings, ...] = ()
    documents: tuple[Document, ...] = ()
    files: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


NO_GROUND = Ground()
