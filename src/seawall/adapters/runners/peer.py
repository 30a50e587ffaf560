"""On Linux the kernel tells whose process is at the other end of a connection on this machine.

Asked is the socket at the other end itself, by its addresses. Elsewhere nobody tells. Sources: sock_diag(7),
rtnetlink(7), proc(5).
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_SOCK_DIAG, _BY_FAMILY, _ERROR = 4, 20, 2
_REQUEST = 1
_NOT_THERE = 2
NOBODY = -1
"""The other end is closed, and belongs to no process any more."""


def is_ours(connection: socket.socket) -> bool:
    """The other end is a process of this user, of root, or of a user that a process below this one runs as.

    True as well where it cannot be told. `connection` is an accepted TCP connection (IPv4).
    """
    found = owner(connection)
    if found is None or found in (0, os.geteuid()):
        return True
    return found != NOBODY and found in _users_below(os.getpid())


def is_told() -> bool:
    """This system tells whose the other end of a connection is."""
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_connection(listener.getsockname(), timeout=5),
        ):
            accepted, _ = listener.accept()
            with accepted:
                return owner(accepted) == os.geteuid()
    except OSError:
        return False


def owner(connection: socket.socket) -> int | None:
    """The user id of the process at the other end, `NOBODY`, or None where the system does not tell."""
    if sys.platform != "linux":
        return None
    try:
        here, there = connection.getsockname(), connection.getpeername()
    except OSError:
        return NOBODY
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as diagnosis:
            diagnosis.settimeout(5)
            diagnosis.bind((0, 0))
            diagnosis.send(_question(there, here))
            return _answer(diagnosis.recv(8192))
    except (OSError, struct.error):
        return None


def _question(source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """`inet_diag_req_v2` for the one socket at `source` that is connected to `target`."""

    def address(host: str) -> bytes:
        return socket.inet_aton(host).ljust(16, b"\0")

    ports = struct.pack("!HH", source[1], target[1])
    any_interface_and_cookie = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
    identity = ports + address(source[0]) + address(target[0]) + any_interface_and_cookie
    body = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + identity
    return struct.pack("=IHHII", 16 + len(body), _BY_FAMILY, _REQUEST, 1, 0) + body


def _answer(data: bytes) -> int | None:
    """The user in `inet_diag_msg`. A socket that no process holds has number 0, and root's id."""
    kind = struct.unpack_from("=H", data, 4)[0]
    if kind == _ERROR:
        return NOBODY if struct.unpack_from("=i", data, 16)[0] == -_NOT_THERE else None
    if kind != _BY_FAMILY:
        return None
    user, number = struct.unpack_from("=II", data, 16 + 64)
    return int(user) if number else NOBODY


def _users_below(pid: int) -> set[int]:
    """The user ids of all processes that descend from `pid`."""
    children: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with suppress(OSError, ValueError, KeyError):
                lines = (place / "status").read_text().splitlines()
                said = dict(line.split(":", 1) for line in lines if ":" in line)
                children[int(said["PPid"])].append((int(place.name), int(said["Uid"].split()[1])))
    found: set[int] = set()
    pending = [pid]
    while pending:
        for child, user in children.pop(pending.pop(), ()):
            found.add(user)
            pending.append(child)
    return found
