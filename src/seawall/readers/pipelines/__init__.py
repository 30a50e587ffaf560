"""Workflows, actions, task files and container files: one file per format."""

from __future__ import annotations

from seawall.readers.format import PipelineFormat

FORMATS: tuple[PipelineFormat, ...] = ()
