"""A password is asked of the operator's own `keyring` command, the way pip, uv and poetry ask it.

They start the command of the package `keyring` (`keyring get SERVICE USER`); nothing of it is imported.
What it answers is kept in memory only, and asked for anew every few minutes: many of its plug-ins give
passwords that end after an hour.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seawall.kernel.errors import OutsideError

_SECONDS = 15.0
_FRESH = 300.0
_FAILED = 30.0
_LONGEST = 64 * 1024
_PASSED = re.compile(
    r"HOME|USER|LOGNAME|LANG|LC_ALL|TMPDIR|XDG_(?:DATA|CONFIG|CACHE)_HOME|XDG_(?:CONFIG|DATA)_DIRS|XDG_RUNTIME_DIR"
    r"|DBUS_SESSION_BUS_ADDRESS|PYTHON_KEYRING_BACKEND|KEYRING_PROPERTY_[A-Z0-9_]+"
    r"|GOOGLE_APPLICATION_CREDENTIALS|CLOUDSDK_CONFIG|AWS_(?:PROFILE|REGION|CONFIG_FILE|SHARED_CREDENTIALS_FILE)"
)
"""What a keyring needs to find its own files, its daemon and its plug-in; none of the other variables."""

_REASONS = {
    "KeyringLocked": "it is locked",
    "InitError": "it could not be opened",
    "NoKeyringError": "it has no place to keep passwords in (no backend)",
    "EOFError": "it wants somebody to type a password",
}
_UNLOCK = "unlock it for the user that starts the firewall, or name another place in `credentials`"


@dataclass(slots=True)
class _Held:
    """One answer, or why there is none, and when that was. The lock is held by whoever asks anew."""

    password: str = field(default="", repr=False)
    fault: OutsideError | None = None
    at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Keyring:
    """One operator's keyring. `keep_out` is a tree from which no program is started.

    `note` gets a sentence when an answer cannot be renewed and the one before goes on being used.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        keep_out: Path | None = None,
        note: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environment, self._keep_out, self._note, self._clock = environment, keep_out, note, clock
        self._held: dict[tuple[tuple[str, ...], str], _Held] = {}
        self._guard = threading.Lock()

    def password(self, services: Sequence[str], user: str) -> str:
        """What is kept for `user` under the first of `services` that has it.

        Raises OutsideError when there is no such command or entry, and when it does not answer for the first
        time. Later a keyring that does not answer changes nothing, and an entry that was removed is gone.
        """
        key = (tuple(services), user)
        with self._guard:
            held = self._held.setdefault(key, _Held())
        known = held.password
        if not held.lock.acquire(blocking=not known):
            return known  # somebody asks anew right now
        try:
            if self._clock() - held.at >= (_FRESH if held.password else _FAILED if held.fault else 0):
                self._renew(held, services, user)
            if held.fault is not None:
                raise OutsideError(str(held.fault), held.fault.advice)
            return held.password
        finally:
            held.lock.release()

    def _renew(self, held: _Held, services: Sequence[str], user: str) -> None:
        try:
            found = self._ask(services, user)
        except OutsideError as error:
            if held.password:
                self._note(f"a password could not be asked for anew, the one before is used: {error}")
            else:
                held.fault = error
        else:
            held.password, held.fault = found, None if found else _missing(services, user)
        held.at = self._clock()

    def _ask(self, services: Sequence[str], user: str) -> str:
        program, search = self._program()
        own = {name: value for name, value in self._environment.items() if _PASSED.fullmatch(name)}
        own |= {"PATH": search, "PYTHONSAFEPATH": "1"}
        for service in services:
            found = _answer((program, "get", service, user), own)
            if found:
                return found
        return ""

    def _program(self) -> tuple[str, str]:
        """The command, and the directories of PATH that it was looked for in."""
        path = self._environment.get("PATH", "")
        places = [part for part in path.split(os.pathsep) if Path(part).is_absolute()]
        outside = [part for part in places if not _inside(part, self._keep_out)]
        search = os.pathsep.join(outside)
        found = shutil.which("keyring", path=search) if search else None
        if found and not _inside(found, self._keep_out):
            return found, search
        if found or len(outside) < len(places):
            raise OutsideError(
                f"there is no keyring command on PATH outside of {self._keep_out}",
                "none is started from a project: install it for the user that starts the firewall"
                " (pipx install keyring)",
            )
        raise OutsideError(
            "there is no keyring command on PATH",
            "install it for the user that starts the firewall (pipx install keyring), or name another place"
            " in `credentials`",
        )


def _missing(services: Sequence[str], user: str) -> OutsideError:
    return OutsideError(
        f"the keyring has no password for {user} under {' or '.join(services)}",
        f"put it there: keyring set {services[0]} {user}",
    )


def _inside(path: str, tree: Path | None) -> bool:
    return tree is not None and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(tree))


def _answer(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """What it says, empty when it has nothing. Raises OutsideError when it fails, without its words."""
    try:
        process = subprocess.Popen(
            command,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # no terminal: it cannot stop us by asking for a password there
        )
    except OSError as error:
        raise OutsideError(f"keyring cannot be started: {error.strerror or error}", _UNLOCK) from None
    with process:
        try:
            said, complained = process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            why = f"it did not answer for {_SECONDS:.0f} s; it may wait for somebody to unlock it"
            raise OutsideError(f"the keyring gave no password: {why}", _UNLOCK) from None
    if process.returncode:
        if not complained.strip():
            return ""  # this is how it says that there is none
        raise OutsideError(
            f"the keyring gave no password: {_reason(complained, process.returncode)}", _UNLOCK
        )
    found = said[: _LONGEST + 1].decode("utf-8", "surrogateescape").rstrip("\r\n")
    if len(said) > _LONGEST or not found.isprintable():  # a byte that is no UTF-8 is not printable either
        raise OutsideError("what the keyring gave is no password", "look at the entry")
    return found


def _reason(complained: bytes, code: int) -> str:
    """Why it failed, by the name of the exception in its last line; of its own words nothing is repeated."""
    last = complained.decode("utf-8", "replace").strip().splitlines()[-1]
    name = re.match(r"(?:\w+\.)*(\w+)", last)
    return _REASONS.get(name[1] if name else "", f"it ended with {code}")
