"""A copy of a checkpoint elsewhere shows a rewritten ledger to whoever compares, if it is out of reach.

A file (on another volume), an address that takes PUT and answers GET; git is in `adapters/vcs/copying.py`.
"""

from __future__ import annotations

import os
from pathlib import Path

from seawall.adapters.http import Http
from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import DEFAULT_LIMITS

_KIND = {"content-type": "text/plain; charset=utf-8"}
_MOST_BYTES = DEFAULT_LIMITS.note_bytes


def read_file(path: Path) -> bytes:
    """What the file holds, empty when there is none. Raises OutsideError."""
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise OutsideError(f"the copy {path} cannot be read: {error.strerror}", _LOOK) from None


def write_file(path: Path, data: bytes) -> None:
    """Put `data` in place of what was there, whole or not at all. Raises OutsideError."""
    draft = path.with_name(path.name + ".new")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise OutsideError(f"the copy {path} cannot be written: {error.strerror}", _LOOK) from None


def read_url(http: Http, url: str) -> bytes:
    """What the address answers, empty when there is nothing yet. Raises OutsideError."""
    answer = http.request("GET", url, limit=_MOST_BYTES)
    if answer.status in (404, 410):
        return b""
    if answer.status != 200:
        raise OutsideError(f"the copy {answer.url} answered {answer.status}", _LOOK)
    return answer.body


def write_url(http: Http, url: str, data: bytes) -> None:
    """Put `data` there. Raises OutsideError."""
    answer = http.request("PUT", url, headers=_KIND, body=data, limit=_MOST_BYTES, repeatable=True)
    if answer.status not in (200, 201, 204):
        raise OutsideError(f"the copy {answer.url} answered {answer.status}", _LOOK)


_LOOK = "look at the place, or name another with: seawall ledger init --copy"
