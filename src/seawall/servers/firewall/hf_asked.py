"""What a client of a hub asks for, by method and path; what is not about one repository is refused.

Source: huggingface_hub 2.4 (`hf_api.py`, `file_download.py`) and the addresses that it builds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from seawall.hub_offering import Wanted
from seawall.kernel.hub import Kind
from seawall.readers.registries.hub_info import is_path

_PART = re.compile(r"[A-Za-z0-9_][\w.-]{0,95}\Z", re.ASCII)
_KINDS = {f"{kind.value}s": kind for kind in Kind}
_READS = frozenset({"revision", "tree", "paths-info", "refs"})
_OTHERS = frozenset(
    {
        *("commit", "commits", "preupload", "discussions", "branch", "tag", "settings", "super-squash"),
        *("xet-read-token", "xet-write-token", "compare", "parquet", "croissant", "secrets", "variables"),
        *("resource-group", "user-access-request", "treesize", "likers", "like", "scan", "lfs-files"),
    }
)
_LONGEST_REVISION = 256


@dataclass(frozen=True, slots=True)
class Info:
    """What the hub says of a repository."""

    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Tree:
    """The files below `path`, page by page."""

    wanted: Wanted
    path: str


@dataclass(frozen=True, slots=True)
class PathsInfo:
    """What the hub says of single files; the body names them."""

    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Refs:
    """Branches and tags."""

    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Resolve:
    """One file."""

    wanted: Wanted
    path: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing that is handed on; `message` tells the person why."""

    status: int
    message: str


AskedFor = Info | Tree | PathsInfo | Refs | Resolve | Refused

_SEARCH = Refused(403, "Seawall hands out repositories by their names; it neither lists nor searches the hub")
_WRITES = Refused(405, "Seawall only hands out; upload to the hub itself, without HF_ENDPOINT")
_LOGIN = Refused(403, "Seawall passes no login on to the hub; HF_TOKEN is a token of this firewall, or unset")
_XET = Refused(403, "Seawall fetches files itself; it gives no token for another store")
_NOTHING = Refused(404, "Seawall does not hand this on; it knows models, datasets and spaces and their files")


def asked_for(method: str, path: str) -> AskedFor:
    """What `method` and the encoded `path` below the room's prefix ask for."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if any("\0" in part or "\\" in part for part in parts):
        return _NOTHING
    found = _api(parts[1:]) if parts[0] == "api" else _resolve(parts)
    if isinstance(found, PathsInfo):
        return found if method == "POST" else _NOTHING
    if method not in ("GET", "HEAD"):
        return _WRITES
    return found


def _api(parts: list[str]) -> AskedFor:
    kind = _KINDS.get(parts[0]) if parts else None
    if kind is None:
        login = bool(parts) and parts[0].startswith(("whoami", "login", "oauth"))
        return _LOGIN if login else _NOTHING
    rest = [part for part in parts[1:] if part]
    if not rest:
        return _SEARCH
    split = 1 if len(rest) == 1 or rest[1] in _READS | _OTHERS else 2
    name = _name(rest[:split])
    return _about(Wanted(kind, name), rest[split:]) if name else _NOTHING


def _about(wanted: Wanted, rest: list[str]) -> AskedFor:
    """What is asked about a repository: `rest` is what stands behind its name."""
    if not rest:
        return Info(wanted)
    verb, rest = rest[0], rest[1:]
    if verb == "refs" and not rest:
        return Refs(wanted)
    if verb.startswith("xet-"):
        return _XET
    revision = _revision(rest[0]) if rest else ""
    if verb not in _READS or not revision:
        return _NOTHING
    return _read(verb, Wanted(wanted.kind, wanted.name, revision), "/".join(rest[1:]))


def _read(verb: str, wanted: Wanted, below: str) -> AskedFor:
    if verb == "tree" and (not below or is_path(below)):
        return Tree(wanted, below)
    if below:
        return _NOTHING
    if verb == "revision":
        return Info(wanted)
    return PathsInfo(wanted) if verb == "paths-info" else _NOTHING


def _resolve(parts: list[str]) -> AskedFor:
    kind = Kind.MODEL
    if parts[0] in _KINDS:
        kind, parts = _KINDS[parts[0]], parts[1:]
    at = next((at for at in (1, 2) if parts[at : at + 1] == ["resolve"]), 0)
    name, rest = _name(parts[:at]), parts[at + 1 :]
    if not at or not name or len(rest) < 2:
        return _NOTHING
    revision, path = _revision(rest[0]), "/".join(rest[1:])
    return Resolve(Wanted(kind, name, revision), path) if revision and is_path(path) else _NOTHING


def _name(parts: list[str]) -> str:
    return "/".join(parts) if parts and all(_PART.match(part) for part in parts) else ""


def _revision(text: str) -> str:
    plain = 0 < len(text) <= _LONGEST_REVISION and all(c.isprintable() and c != " " for c in text)
    return text if plain and ".." not in text and not text.startswith(("-", "/")) else ""
