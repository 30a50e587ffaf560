"""Workflows, actions, task files and container files: one file per format."""

from __future__ import annotations

from seawall.readers.format import PipelineFormat

from . import github_workflow

FORMATS: tuple[PipelineFormat, ...] = (github_workflow.FORMAT,)
