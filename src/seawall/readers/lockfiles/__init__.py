"""Lockfiles, manifests, SBOMs and installed environments: one file per format."""

from __future__ import annotations

from seawall.readers.format import Environment, Format

FORMATS: tuple[Format, ...] = ()

ENVIRONMENTS: tuple[Environment, ...] = ()
