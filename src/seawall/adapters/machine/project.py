"""What a tree tells the clients that are used in it: read like the rest of the tree, and never obeyed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from posixpath import basename, dirname, join

from seawall.adapters.disk import tree
from seawall.kernel.client import Configuration, InstalledClient, Layer, Project
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.readers.clients import (
    bunfig,
    npmrc,
    pip_conf,
    pnpm_config,
    poetry_config,
    uv_toml,
    yarn_config,
)

_READERS = {
    ".npmrc": (npmrc.read,),
    "pnpm-workspace.yaml": (pnpm_config.read,),
    ".yarnrc": (yarn_config.read_v1,),
    ".yarnrc.yml": (yarn_config.read,),
    "bunfig.toml": (bunfig.read,),
    "pip.conf": (pip_conf.read,),
    "pyproject.toml": (uv_toml.read, poetry_config.read),
    "uv.toml": (uv_toml.read,),
    "poetry.toml": (poetry_config.read,),
}
_DECLARED = re.compile(r"(npm|pnpm|yarn|bun)@(\d+\.\d+[\w.-]*)")
_YARN_FILE = re.compile(r"yarn-(\d+\.\d+[\w.-]*?)\.c?js\Z")
_READ = frozenset({*_READERS, "package.json"})
_DIRECTORIES = 1_000


def look_at_project(root: Path, files: Iterable[str], limits: Limits = DEFAULT_LIMITS) -> Project:
    """The settings files of the tree at `root`, whose paths are `files`, and the versions it declares.

    A file that cannot be read is in it with its problem. At most 1,000 directories that hold such files are
    looked at, the ones nearest to the root first, and a note says so. No variable of the environment is
    put into a tree's settings.
    """
    known = frozenset(files)
    small = partial(tree.read, root)
    wanted = {dirname(path) for path in known if basename(path) in _READ}
    nearest = sorted(wanted, key=lambda d: (d.count("/") + bool(d), d))
    notes = _too_many(nearest)
    del nearest[_DIRECTORIES:]
    configurations: list[Configuration] = []
    declared: list[InstalledClient] = []
    for directory in nearest:
        for name, readers in _READERS.items():
            path = join(directory, name)
            if path not in known:
                continue
            data = small(path, limits)
            for reader in readers:
                if isinstance(data, bytes):
                    configurations.append(reader(data, path, limits, Layer.PROJECT))
                else:
                    # An unreadable pyproject.toml may well say something to uv.
                    empty = reader(
                        b"[tool.uv]" if name == "pyproject.toml" else b"", path, limits, Layer.PROJECT
                    )
                    configurations.append(replace(empty, problems=(data,)))
        manifest = join(directory, "package.json")
        if manifest in known:
            data = small(manifest, limits)
            if isinstance(data, bytes):
                declared += _declared(data, manifest)
    declared += _vendored(configurations)
    return Project(tuple(_without_shadowed(configurations)), tuple(declared), known, notes)


def _too_many(directories: Sequence[str]) -> tuple[str, ...]:
    if len(directories) <= _DIRECTORIES:
        return ()
    return (f"only {_DIRECTORIES} of {len(directories)} directories with settings of clients were looked at",)


def _declared(data: bytes, path: str) -> Iterator[InstalledClient]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return
    value = content.get("packageManager") if isinstance(content, dict) else None
    found = _DECLARED.match(value) if isinstance(value, str) else None
    if found:
        yield InstalledClient(found[1], found[2], path, "packageManager")


def _vendored(configurations: Iterable[Configuration]) -> Iterator[InstalledClient]:
    for place in configurations:
        option = place.options.get("yarn-path")
        found = _YARN_FILE.search(option.value) if option else None
        if found:
            yield InstalledClient("yarn", found[1], place.path, "yarnPath")


def _without_shadowed(configurations: Iterable[Configuration]) -> Iterator[Configuration]:
    """uv reads no `[tool.uv]` in a directory that has a `uv.toml`."""
    places = list(configurations)
    own = {dirname(p.path) for p in places if p.format == "uv" and p.path.endswith("uv.toml")}
    for place in places:
        shadowed = place.format == "uv" and place.path.endswith("pyproject.toml")
        if not (shadowed and dirname(place.path) in own):
            yield place
