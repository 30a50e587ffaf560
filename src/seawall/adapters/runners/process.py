"""A command is started as it is, in the same terminal, and what is signalled to us is signalled to it."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from seawall.kernel.errors import UsageError

_FORWARDED = tuple(
    getattr(signal, name)
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
_FROM_TERMINAL = (signal.SIGINT, getattr(signal, "SIGQUIT", signal.SIGINT))


def keep_to_ourselves() -> None:
    """Other processes of this user cannot read our memory and environment, where a token is (Linux).

    Root can, and so can whoever can read the process that started us.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE, prctl(2)


def program_of(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """The program that a command names, found as a shell would. Raises UsageError when there is none."""
    if not command:
        raise UsageError("there is no command to run", "write: seawall run -- npm ci")
    found = shutil.which(command[0], path=environment.get("PATH", os.defpath))
    if found is None:
        raise UsageError(f"there is no program {command[0]!r}", "install it, or correct PATH")
    return found


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    directory: Path | None = None,
    to_errors: bool = False,
    pass_fds: Sequence[int] = (),
    started: Callable[[int], None] = lambda _: None,
) -> int:
    """Run `command` to its end; its exit code, or 128 and the number of the signal that ended it.

    Standard streams are the caller's own; with `to_errors` what it prints goes to standard error. Signals
    that come to this process meanwhile go on to the child; what a terminal sends it gets by itself.
    `started` is called with its process id. Must be called from the main thread. Raises UsageError when it
    cannot be started.
    """
    try:
        child = subprocess.Popen(
            [*command],
            executable=program_of(command, environment),
            env=dict(environment),
            cwd=directory,
            stdout=sys.stderr.fileno() if to_errors else None,
            close_fds=True,
            pass_fds=tuple(pass_fds),
        )
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be started: {error.strerror or error}", "correct it") from None
    with child, forwarding(child.pid):
        started(child.pid)
        code = child.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def forwarding(pid: int) -> Iterator[None]:
    """While the block runs, signals that come to this process go on to `pid`."""

    def forward(number: int, _frame: FrameType | None) -> None:
        # Ctrl-C in a terminal goes to the whole group: twice would kill what wants to end in peace.
        if number in _FROM_TERMINAL and _in_front():
            return
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_front() -> bool:
    """This process is in the group that a terminal sends its signals to."""
    for descriptor in (0, 1, 2):
        with suppress(OSError):
            if os.tcgetpgrp(descriptor) == os.getpgrp():
                return True
    return False
