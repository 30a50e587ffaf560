"""Where Seawall keeps its own files, and where a person keeps settings for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from seawall.kernel.errors import PolicyError


def data_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """The directory of the store and the index: `SEAWALL_DATA`, else the platform's data directory."""
    given = environment.get("SEAWALL_DATA")
    if given:
        return Path(given).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "seawall"
    base = environment.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "seawall"


def config_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """The directory of a person's settings and keys."""
    base = environment.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "seawall"


def settings_paths(environment: Mapping[str, str] = os.environ) -> tuple[Path, Path]:
    """Where the machine's and the user's `seawall.toml` would lie."""
    given = environment.get("SEAWALL_CONFIG")
    user = config_directory(environment) / "seawall.toml"
    return Path("/etc/seawall/seawall.toml"), Path(given).expanduser() if given else user


def settings_files(environment: Mapping[str, str] = os.environ) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of the machine's and then the user's `seawall.toml`, as far as they exist.

    `SEAWALL_CONFIG` names the user's file. Raises PolicyError when it cannot be read.
    """
    machine, user = settings_paths(environment)
    for path in (machine, user):
        if path.is_file() or (environment.get("SEAWALL_CONFIG") and path != machine):
            try:
                yield str(path), path.read_bytes()
            except OSError as error:
                raise PolicyError(
                    f"the settings {path} cannot be read: {error.strerror or error}",
                    "correct SEAWALL_CONFIG, or make the file readable",
                ) from None
