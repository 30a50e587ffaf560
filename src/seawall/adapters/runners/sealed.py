"""A sealed command has one door, the relay; where the seal cannot be had the command is not started.

Linux: a user, network, mount and process namespace of its own. The relay's listener is made inside and
accepted on out here; so is the packet socket that sees where else the command wanted to go. Nothing inside
has an interface but `lo`. What is sealed is the network: files are read and written as ever.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from seawall.kernel.errors import OutsideError
from seawall.kernel.run import one_line

from .process import forwarding, program_of
from .watch import Watch

INSIDE = Path(__file__).with_name("inside.py")
_SECONDS = 20.0
_ADVICE = (
    "nothing was started; --sealed needs Linux with user namespaces (in a container a profile that allows"
    " unshare, as --security-opt seccomp=unconfined does; on Ubuntu"
    " kernel.apparmor_restrict_unprivileged_userns=0)"
)


class Sealed:
    """A seal that is ready: `listener` and `also` are for the relay. Close it when done."""

    def __init__(self, firewall: str, port: int = 0) -> None:
        if sys.platform != "linux":
            raise OutsideError(f"--sealed cannot be had on {sys.platform}", _ADVICE)
        self._control, theirs = socket.socketpair()
        self._control.settimeout(_SECONDS)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(INSIDE), str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                env={"PATH": os.defpath},  # none of ours: what is inside could read it
            )
        except OSError as error:
            self._control.close()
            raise OutsideError(f"the seal cannot be made: {error.strerror or error}", _ADVICE) from None
        finally:
            theirs.close()
        self._rest = b""
        self._made: list[socket.socket] = []
        self.also: socket.socket | None = None
        try:
            self._prepare(firewall, port)
        except BaseException:
            self.close()
            raise

    def _prepare(self, firewall: str, port: int) -> None:
        self._send({"port": port, "own": _own_address(firewall)})
        self._expect("map")
        _map_ids(self._process.pid)
        self._send({"step": "mapped"})
        made = self._expect("doors")
        self._made = [socket.socket(fileno=descriptor) for descriptor in made]
        if len(self._made) < 2:
            raise OutsideError("the seal cannot be made: it handed out no door", _ADVICE)
        self.listener, packets, *rest = self._made
        self.also = rest[0] if rest else None
        self.watch = Watch(packets)

    def _send(self, words: Mapping[str, object]) -> None:
        try:
            self._control.sendall(json.dumps(words).encode() + b"\n")
        except OSError:
            raise OutsideError("the seal cannot be made: its first process ended", _ADVICE) from None

    def _expect(self, step: str) -> list[int]:
        """The descriptors that come with that step. Raises OutsideError with what was said instead."""
        descriptors: list[int] = []
        while b"\n" not in self._rest:
            try:
                data, more, _, _ = socket.recv_fds(self._control, 65_536, 8)
            except OSError:
                data, more = b"", []
            descriptors += more
            if not data:
                raise OutsideError("the seal cannot be made: its first process ended", _ADVICE)
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        said = json.loads(line)
        if said.get("step") != step:
            for descriptor in descriptors:
                os.close(descriptor)
            why = one_line(str(said.get("error", "it does not answer")))
            raise OutsideError(f"the seal cannot be made: {why}", _ADVICE)
        return descriptors

    def run(self, command: Sequence[str], environment: Mapping[str, str], *, to_errors: bool = False) -> int:
        """Run the command inside to its end; its exit code.

        Standard streams are ours; with `to_errors` what it prints goes to standard error.
        """
        order = {
            "to_errors": to_errors,
            "command": list(command),
            "program": program_of(command, environment),
            "environment": dict(environment),
        }
        with forwarding(self._process.pid):
            self._send(order)
            self._expect("sealed")
            code = self._process.wait()
        return code if code >= 0 else 128 - code

    def close(self) -> None:
        """End whatever is left inside, and give everything back."""
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        self._control.close()
        watch = getattr(self, "watch", None)
        if watch is not None:
            watch.close()
        for item in self._made:
            item.close()


def _own_address(firewall: str) -> list[object] | None:
    """Where the firewall can be had under its own address too: plain http at an address, not a name."""
    parts = urlsplit(firewall)
    if parts.scheme != "http":
        return None
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    try:
        return [str(ip_address(host)), parts.port or 80]
    except ValueError:
        return None


def _map_ids(pid: int) -> None:
    """Ids inside are the ids outside, so that files keep their owners: all of ours for root, else our own."""
    place = Path("/proc") / str(pid)
    try:
        if os.geteuid() == 0:
            for name in ("uid_map", "gid_map"):
                rows = [line.split() for line in (Path("/proc/self") / name).read_text().splitlines()]
                text = "".join(f"{inside} {inside} {count}\n" for inside, _, count in rows)
                (place / name).write_text(text)
            return
        (place / "setgroups").write_text("deny")
        (place / "uid_map").write_text(f"{os.geteuid()} {os.geteuid()} 1")
        (place / "gid_map").write_text(f"{os.getegid()} {os.getegid()} 1")
    except OSError as error:
        raise OutsideError(f"the seal cannot be made: ids: {error.strerror or error}", _ADVICE) from None
