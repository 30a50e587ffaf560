"""Lockfiles, manifests, SBOMs and installed environments: one file per format."""

from __future__ import annotations

from seawall.readers.format import Environment, Format

from . import (
    bun_lock,
    cargo_lock,
    conda_lock,
    cyclonedx,
    go_mod,
    node_modules,
    npm_lock,
    package_json,
    pdm_lock,
    pipfile_lock,
    pnpm_lock,
    poetry_lock,
    pylock,
    pyproject,
    requirements,
    site_packages,
    spdx,
    uv_lock,
    yarn_lock,
)

FORMATS: tuple[Format, ...] = (
    npm_lock.FORMAT,
    npm_lock.SHRINKWRAP,
    pnpm_lock.FORMAT,
    yarn_lock.FORMAT,
    bun_lock.FORMAT,
    package_json.FORMAT,
    uv_lock.FORMAT,
    poetry_lock.FORMAT,
    pdm_lock.FORMAT,
    pylock.FORMAT,
    pipfile_lock.FORMAT,
    conda_lock.FORMAT,
    pyproject.FORMAT,
    requirements.CONSTRAINTS,
    requirements.FORMAT,
    cargo_lock.FORMAT,
    go_mod.FORMAT,
    go_mod.SUM,
    cyclonedx.FORMAT,
    spdx.FORMAT,
)

ENVIRONMENTS: tuple[Environment, ...] = (site_packages.ENVIRONMENT, node_modules.ENVIRONMENT)
