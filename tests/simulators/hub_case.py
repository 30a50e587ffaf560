"""A repository of a hub, written down as TOML: what rules about models and datasets are tried with."""

import tomllib
from pathlib import Path
from typing import Any

from seawall.kernel.hub import HubFile, Kind, Repository

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def repository_of(path: Path) -> Repository:
    told: dict[str, Any] = tomllib.loads(path.read_text())
    files = tuple(file_of(item) for item in told.pop("files", []))
    told["kind"] = Kind(told.get("kind", "model"))
    told["code"] = tuple(told.get("code", []))
    return Repository(**{"name": "acme/bert", "commit": COMMIT, "revision": COMMIT, **told, "files": files})


def file_of(told: dict[str, Any]) -> HubFile:
    """`begins` is written in hexadecimal digits."""
    begins = bytes.fromhex(told.pop("begins", ""))
    return HubFile(**told, begins=begins)
