"""A hub's answers become a repository, and go on to clients without anything that leads round the gate.

`xetHash` is what makes a client fetch from a store of its own instead of from us, so it never passes.
Source: the Hub API as huggingface_hub 2.4 uses it (`hf_api.py`: ModelInfo, RepoSibling, RepoFile).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from seawall.kernel.errors import OutsideError
from seawall.kernel.hub import HubFile, Kind, Repository, is_commit
from seawall.kernel.limits import Limits
from seawall.readers.syntax.json import deeper_than

Entry = dict[str, Any]

MOST_FILES = 400_000
_TRY = "ask again later, or look at the hub itself"
_HEX = re.compile(r"[0-9a-f]+\Z")
_NAME = re.compile(r"\w[\w.-]{0,95}(?:/\w[\w.-]{0,95})?\Z", re.ASCII)
_LONGEST_PATH = 1_024


def read_info(data: bytes, kind: Kind, asked: str, revision: str, limits: Limits) -> tuple[Repository, Entry]:
    """The repository that `data` is about, and the answer itself. Raises OutsideError when it is none.

    The answer is that of `/api/models/NAME?blobs=true&securityStatus=true`.
    """
    raw = _loaded(data, limits)
    if not isinstance(raw, dict):
        raise OutsideError("the hub's answer is no repository", _TRY)
    name, commit = raw.get("id"), raw.get("sha")
    if not isinstance(name, str) or not _NAME.match(name):
        raise OutsideError("the hub's answer names no repository", _TRY)
    if not isinstance(commit, str) or not is_commit(commit):
        raise OutsideError("the hub's answer names no commit", _TRY)
    if is_commit(revision) and commit != revision:
        raise OutsideError("the hub's answer is about another commit than was asked for", _TRY)
    levels = dict(_levels(raw.get("securityRepoStatus")))
    siblings = raw.get("siblings")
    gated = raw.get("gated")
    return (
        Repository(
            kind=kind,
            name=name,
            commit=commit,
            asked=asked,
            revision=revision,
            created=_time(raw.get("createdAt")),
            changed=_time(raw.get("lastModified")),
            gated=bool(gated) if isinstance(gated, bool | str) else None,
            files=tuple(_siblings(siblings if isinstance(siblings, list) else [], levels)),
            code=tuple(_code(raw)),
            scanned=_scanned(raw.get("securityRepoStatus")),
        ),
        raw,
    )


def read_tree(data: bytes, limits: Limits) -> list[Entry]:
    """The entries of one page of a tree or of `paths-info`. Raises OutsideError when there are none."""
    raw = _loaded(data, limits)
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        raise OutsideError("the hub's answer is no list of files", _TRY)
    return [item for item in raw if isinstance(item.get("path"), str)]


def read_born(data: bytes, limits: Limits) -> datetime | None:
    """When an account was made, as its overview says; None where it does not."""
    raw = _loaded(data, limits)
    return _time(raw.get("createdAt")) if isinstance(raw, dict) else None


def file_of(entry: Mapping[str, Any]) -> HubFile | None:
    """An entry of a tree as a file; None for a directory."""
    if entry.get("type") != "file":
        return None
    lfs = entry.get("lfs")
    large = lfs if isinstance(lfs, dict) else {}
    return HubFile(
        path=str(entry["path"]),
        size=_size(large.get("size", entry.get("size"))),
        blob=_hex(entry.get("oid"), 40),
        sha256=_hex(large.get("oid"), 64),
    )


def cleaned(value: object) -> object:
    """The same without anything about xet, at any depth. `value` is not deeper than it was read."""
    if isinstance(value, dict):
        return {key: cleaned(item) for key, item in value.items() if not str(key).lower().startswith("xet")}
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    return value


def info_for(raw: Entry, lets_in: Callable[[str], bool]) -> bytes:
    """The answer about a repository with those of its files that are let in."""
    siblings = raw.get("siblings")
    kept = [
        item
        for item in (siblings if isinstance(siblings, list) else [])
        if isinstance(item, dict) and isinstance(item.get("rfilename"), str) and lets_in(item["rfilename"])
    ]
    passed = cleaned({**raw, "siblings": kept} if siblings is not None else raw)
    return json.dumps(passed, separators=(",", ":")).encode()


def tree_for(entries: list[Entry], lets_in: Callable[[str], bool]) -> bytes:
    """A page of a tree with its directories and those of its files that are let in."""
    kept = [item for item in entries if item.get("type") != "file" or lets_in(str(item["path"]))]
    return json.dumps(cleaned(kept), separators=(",", ":")).encode()


def refs_for(data: bytes, limits: Limits) -> bytes:
    """A repository's branches and tags. Raises OutsideError for anything else."""
    raw = _loaded(data, limits)
    if not isinstance(raw, dict):
        raise OutsideError("the hub's answer holds no branches", _TRY)
    return json.dumps(cleaned(raw), separators=(",", ":")).encode()


def _loaded(data: bytes, limits: Limits) -> object:
    try:
        found: object = json.loads(data)
    except (ValueError, RecursionError):
        raise OutsideError("the hub's answer is not JSON", _TRY) from None
    if deeper_than(found, limits.nesting):
        raise OutsideError(f"the hub's answer is nested deeper than {limits.nesting} levels", _TRY)
    return found


def _siblings(siblings: list[object], levels: Mapping[str, str]) -> Iterator[HubFile]:
    if len(siblings) > MOST_FILES:
        raise OutsideError(f"the hub lists more than {MOST_FILES} files", _TRY)
    for item in siblings:
        path = item.get("rfilename") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(path, str) or not is_path(path):
            continue
        lfs = item.get("lfs")
        large = lfs if isinstance(lfs, dict) else {}
        yield HubFile(
            path=path,
            size=_size(large.get("size", item.get("size"))),
            blob=_hex(item.get("blobId"), 40),
            sha256=_hex(large.get("sha256", large.get("oid")), 64),
            level=levels.get(path, ""),
        )


def is_path(path: str) -> bool:
    """A path inside of a repository: no empty part, no `..`, no control character, no backslash."""
    parts = path.split("/")
    return (
        0 < len(path) <= _LONGEST_PATH
        and not {"", ".", ".."} & set(parts)
        and all(c.isprintable() and c != "\\" for c in path)
    )


def _levels(status: object) -> Iterator[tuple[str, str]]:
    issues = status.get("filesWithIssues") if isinstance(status, dict) else None
    for item in issues if isinstance(issues, list) else []:
        if isinstance(item, dict) and isinstance(item.get("path"), str):
            yield item["path"], str(item.get("level") or "suspicious")[:40].lower()


def _scanned(status: object) -> bool | None:
    done = status.get("scansDone") if isinstance(status, dict) else None
    return done if isinstance(done, bool) else None


def _code(raw: Entry) -> Iterator[str]:
    """What of the repository's Python its configuration names, as far as the hub tells."""
    config = raw.get("config")
    config = config if isinstance(config, dict) else {}
    for holder in (config, config.get("tokenizer_config")):
        named = holder.get("auto_map") if isinstance(holder, dict) else None
        for key in sorted(map(str, named))[:20] if isinstance(named, dict) else ():
            yield f"auto_map.{key}"[:200]
    info = raw.get("transformersInfo")
    if isinstance(info, dict) and isinstance(info.get("custom_class"), str):
        yield f"custom_class {info['custom_class']}"[:200]
    tags = raw.get("tags")
    if isinstance(tags, list) and "custom_code" in tags:
        yield "custom_code"


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _size(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _hex(value: object, length: int) -> str:
    text = value.lower() if isinstance(value, str) else ""
    return text if len(text) == length and _HEX.match(text) else ""
