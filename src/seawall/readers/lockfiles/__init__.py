"""Lockfiles, manifests, SBOMs and installed environments: one file per format."""

from __future__ import annotations

from seawall.readers.format import Environment, Format

from . import (
    conda_lock,
    pdm_lock,
    pipfile_lock,
    poetry_lock,
    pylock,
    pyproject,
    requirements,
    site_packages,
    uv_lock,
)

FORMATS: tuple[Format, ...] = (
    uv_lock.FORMAT,
    poetry_lock.FORMAT,
    pdm_lock.FORMAT,
    pylock.FORMAT,
    pipfile_lock.FORMAT,
    conda_lock.FORMAT,
    pyproject.FORMAT,
    requirements.CONSTRAINTS,
    requirements.FORMAT,
)

ENVIRONMENTS: tuple[Environment, ...] = (site_packages.ENVIRONMENT,)
