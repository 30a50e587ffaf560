"""A directory becomes one archive, so that it is looked into as archives are: bounded, and elsewhere."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seawall.kernel.errors import TargetError

_LEFT_OUT = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "venv", ".tox", "__pycache__"})
_MOST_FILES = 100_000
_MOST_BYTES = 1024 * 1024 * 1024


@contextmanager
def bundled(directory: Path) -> Iterator[Path]:
    """A temporary `.tar.gz` of the ordinary files in `directory`; links are left out, as is history.

    Raises TargetError when it cannot be read or is too large.
    """
    with tempfile.TemporaryDirectory(prefix="seawall-") as place:
        path = Path(place) / "source.tar.gz"
        try:
            with (
                gzip.open(path, "wb", compresslevel=1) as packed,
                tarfile.open(fileobj=packed, mode="w") as tar,
            ):
                _fill(tar, directory)
        except OSError as error:
            raise TargetError(f"{directory} cannot be read: {error.strerror or error}") from None
        yield path


def _fill(tar: tarfile.TarFile, directory: Path) -> None:
    count = size = 0
    described = False
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(item for item in folders if item not in _LEFT_OUT)
        for name in sorted(names):
            path = Path(folder) / name
            if path.is_symlink() or not path.is_file():
                continue
            with path.open("rb") as file:
                data = file.read(_MOST_BYTES - size + 1)
            count, size = count + 1, size + len(data)
            if count > _MOST_FILES or size > _MOST_BYTES:
                raise TargetError(f"{directory} is too large to be compared with", "name a smaller directory")
            inside = path.relative_to(directory).as_posix()
            described = described or inside == "PKG-INFO"
            _add(tar, f"source/{inside}", data)
    if not described:
        _add(tar, "source/PKG-INFO", b"")  # which makes a directory a source archive


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
