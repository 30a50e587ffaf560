"""Files of editors, agents and dev containers are claimed by their names and read once, in order.

Settings of package managers that lie in a tree are read by the readers that `setup` uses; of them only
whether a credential stands there in so many characters is kept here.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from posixpath import basename, dirname

from seawall.kernel.client import Layer
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.secrecy import is_example, variables_in
from seawall.kernel.source import SourceKind, source_from_url
from seawall.kernel.tool import Given, ToolFile
from seawall.readers.clients import npmrc, pip_conf, uv_toml
from seawall.readers.format import ToolFormat
from seawall.readers.tools import FORMATS
from seawall.readers.tools.instructions import BESIDE, SKILL

from .tree import Walk, claimer

CLIENT_FILES = (".npmrc", "pip.conf", "pip.ini", "uv.toml")
"""Settings of package managers, of which only credentials are looked for here."""

_FOLDERS = frozenset({"scripts", "hooks", "bin", "tools"})
_ENDINGS = (".bash", ".js", ".mjs", ".cjs", ".ps1", ".py", ".rb", ".sh", ".ts")
_MOST = 5_000

Claimed = tuple[str, ToolFormat]


def read_tools(walked: Walk, limits: Limits) -> tuple[ToolFile, ...]:
    """Every tool file of the walk, at most 5,000, and a problem where there are more."""
    claimed = _claimed(walked)
    found = []
    for paths in _beside(claimed, walked).values():
        claimed += [(path, BESIDE) for path in paths[: limits.skill_files]]
        if len(paths) > limits.skill_files:
            what = f"more than {limits.skill_files} files beside one skill"
            found.append(_too_many(paths[limits.skill_files], BESIDE.id, what))
    for path, item in claimed[:_MOST]:
        most = limits.source_bytes if item is BESIDE else limits.tool_bytes
        data = walked.read(path, replace(limits, file_bytes=min(limits.file_bytes, most)))
        found.append(
            item.read(data, path, limits) if isinstance(data, bytes) else _unread(path, data, item.id)
        )
    if len(claimed) > _MOST:
        path, item = claimed[_MOST]
        found.append(_too_many(path, item.id, f"more than {_MOST} files of agents and editors"))
    return tuple(sorted(found, key=lambda file: file.path))


def is_tool(path: str) -> bool:
    """Whether a file of this path is read here, told by its name alone."""
    return format_of(path) is not None


def _claimed(walked: Walk) -> list[Claimed]:
    """The files that a format claims. The directories above a target count where they are hidden ones."""
    above = "/".join(walked.root.absolute().parts[-2:])
    above = f"{above}/" if "." in (above[:1], above.partition("/")[2][:1]) else ""
    return sorted(
        ((path, item) for path in walked.files if (item := format_of(above + path)) is not None),
        key=lambda claimed: claimed[0],
    )


def format_of(path: str) -> ToolFormat | None:
    """The format that claims the path. Most files are told apart by a look, without a pattern."""
    names, claims = _claims()
    name = path.rpartition("/")[2]
    if name in CLIENT_FILES:
        return CLIENTS
    if "/." in path or path[:1] == "." or name in names or name.endswith((".mdc", ".code-workspace")):
        return claims(path)
    return None


@lru_cache(maxsize=1)
def _claims() -> tuple[frozenset[str], Callable[[str], ToolFormat | None]]:
    names = {glob.rpartition("/")[2] for item in FORMATS for glob in item.globs}
    return frozenset(name for name in names if not set(name) & set("*?[")), claimer(FORMATS)


def _beside(claimed: Sequence[Claimed], walked: Walk) -> dict[str, list[str]]:
    """Scripts beside each skill: in its own directory, and all in those in which skills keep scripts."""
    skills = {dirname(path) for path, item in claimed if item is SKILL}
    found: dict[str, list[str]] = defaultdict(list)
    if not skills:
        return found
    known = {path for path, _ in claimed} | {path for path, _ in walked.claimed}
    for path in sorted(walked.files - known):
        above = _skill_of(path, skills)
        if above is not None:
            found[above].append(path)
    return found


def _skill_of(path: str, skills: set[str]) -> str | None:
    """The directory of the skill that the file belongs to. A skill at the top keeps only its scripts."""
    folder = dirname(path)
    if folder in skills and folder:
        return folder if path.endswith(_ENDINGS) else None
    while folder:
        last, folder = basename(folder), dirname(folder)
        if folder in skills:
            return folder if last in _FOLDERS and (folder or path.endswith(_ENDINGS)) else None
    return None


def _unread(path: str, problem: Problem, format_: str) -> ToolFile:
    return ToolFile(path, format_, "", "", problems=(problem,))


def _too_many(path: str, format_: str, what: str) -> ToolFile:
    message = f"{what}; this and the rest were not read"
    return _unread(path, Problem(path, ProblemKind.TOO_MANY, message), format_)


def _client(data: bytes, path: str, limits: Limits) -> ToolFile:
    """Which credentials stand in the settings of a package manager."""
    name = basename(path)
    if name == ".npmrc":
        problems, given = _npmrc(data, path, limits)
    else:
        problems, given = _indexes(data, path, limits, uv_toml if name == "uv.toml" else pip_conf)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return ToolFile(path, CLIENTS.id, "package managers", digest, given=given, problems=problems)


def _npmrc(data: bytes, path: str, limits: Limits) -> tuple[tuple[Problem, ...], tuple[Given, ...]]:
    configuration = npmrc.read(data, path, limits, Layer.PROJECT)
    keys = {place.key for place in configuration.credentials}
    lines = npmrc.settings(data.decode("utf-8", "replace")) if keys else ()
    found = tuple(_given(key, value, line) for key, value, line in lines if key in keys)
    return configuration.problems, found


def _indexes(
    data: bytes, path: str, limits: Limits, reader: object
) -> tuple[tuple[Problem, ...], tuple[Given, ...]]:
    module = uv_toml if reader is uv_toml else pip_conf
    configuration = module.read(data, path, limits, Layer.PROJECT)
    found = []
    for upstream in configuration.upstreams:
        for place in upstream.credentials:
            urls = module.urls(data, place.key, limits)
            secret = any(source_from_url(url, SourceKind.REGISTRY).credential for url in urls)
            names = tuple(name for url in urls for name in variables_in(url))
            found.append(Given(upstream.host or place.key, upstream.line, "setting", names, secret, secret))
    return configuration.problems, tuple(dict.fromkeys(found))


def _given(key: str, value: str, line: int) -> Given:
    names = variables_in(value)
    literal = bool(value) and "$" not in value and not is_example(value)
    return Given(key.rpartition(":")[2] or key, line, "setting", names, literal, literal)


CLIENTS = ToolFormat(id="client-settings", globs=CLIENT_FILES, read=_client)
"""Here and not among the formats of tools, because it asks readers of another room."""
