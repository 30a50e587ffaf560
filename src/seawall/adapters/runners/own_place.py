"""The relay of one user is at the same place each time, so that clients' caches hold from run to run.

uv keeps what it fetched by the address it fetched it from, pip what it built, pnpm what it heard.
The place follows from a key that only this user can read; another run at the same time gets another port.
Knowing it is not enough: it is opened by a key that each run makes anew and that is part of no address.
"""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

_PORTS = (20_000, 32_000)
_SIZE = 32


def own_place(directory: Path, firewall: str) -> tuple[int, str]:
    """(port, 32 hexadecimal digits) for that firewall; (0, "") where no key can be kept."""
    key = _key(directory / "run.key")
    if key is None:
        return 0, ""
    digest = hmac.digest(key, firewall.encode(), "sha256")
    low, high = _PORTS
    return low + int.from_bytes(digest[:4], "big") % (high - low), digest[4:20].hex()


def _key(path: Path) -> bytes | None:
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_SIZE))
        about = path.lstat()
        data = path.read_bytes()
        if len(data) == _SIZE and about.st_uid == os.geteuid() and not about.st_mode & 0o77:
            return data
    return None
