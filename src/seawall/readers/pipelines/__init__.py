"""Workflows, actions, task files and container files: one file per format."""

from __future__ import annotations

from seawall.readers.format import PipelineFormat

from . import actions_lock, dependabot, github_action, github_workflow

FORMATS: tuple[PipelineFormat, ...] = (
    github_workflow.FORMAT,
    github_action.FORMAT,
    actions_lock.FORMAT,
    dependabot.FORMAT,
    dependabot.RENOVATE,
)
