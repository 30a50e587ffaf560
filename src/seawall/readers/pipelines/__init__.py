"""Workflows, actions, task files and container files: one file per format."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from seawall.kernel.reach.call import CallKind
from seawall.readers.format import PipelineFormat

from . import (
    actions_lock,
    codeowners,
    compose,
    dependabot,
    dockerfile,
    github_action,
    github_workflow,
    justfile,
    makefile,
    noxfile,
    package_scripts,
    pre_commit,
    python_file,
    repository_settings,
    shell_file,
    tox,
)

FORMATS: tuple[PipelineFormat, ...] = (
    github_workflow.FORMAT,
    github_action.FORMAT,
    actions_lock.FORMAT,
    dependabot.FORMAT,
    dependabot.RENOVATE,
    makefile.FORMAT,
    justfile.FORMAT,
    noxfile.FORMAT,
    tox.FORMAT,
    package_scripts.FORMAT,
    shell_file.FORMAT,
    python_file.FORMAT,
    dockerfile.FORMAT,
    compose.FORMAT,
    pre_commit.FORMAT,
    codeowners.FORMAT,
    repository_settings.FORMAT,
    repository_settings.RULESETS,
)

CALLED: Mapping[CallKind, PipelineFormat] = MappingProxyType(
    {
        "make": makefile.FORMAT,
        "just": justfile.FORMAT,
        "nox": noxfile.FORMAT,
        "tox": tox.FORMAT,
        "npm": package_scripts.FORMAT,
        "sh": shell_file.FORMAT,
        "python": python_file.FORMAT,
        "docker-build": dockerfile.FORMAT,
        "compose": compose.FORMAT,
        "pre-commit": pre_commit.FORMAT,
    }
)
"""Who reads a file that a call names, under whatever name it lies (`wanted` of kernel/reach/following.py)."""
