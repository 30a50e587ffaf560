"""zizmor looks at copies of the very bytes that were read, alone in a directory, without network or settings.

Only a zizmor beside this Python is started, never one of the scanned tree or of PATH, with fixed arguments,
an empty environment, and no settings file, ignore comment or token. What it is given was read here as YAML
before: it stops at the first file that is none, or is no UTF-8. Its work and its report grow with the square
of a file (zizmor 1.32), so the size of both is bounded, and so is its time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from seawall.kernel.finding import Skipped
from seawall.kernel.hygiene import HygieneNote
from seawall.kernel.limits import Limits
from seawall.readers.pipelines.zizmor_report import read_report
from seawall.readers.syntax.fault import SyntaxFault

_ARGUMENTS = (
    "--offline",
    "--no-config",
    "--no-ignores",
    "--no-progress",
    "--quiet",
    "--color=never",
    "--format=json-v1",
    "--no-exit-codes",
    "--collect=all",
    "--",
    ".",
)
_SECONDS = 10.0
"""Twelve well-known repositories with up to 1.7 MB of workflows took half a second to one and a half."""

_FILE_BYTES, _ALL_BYTES = 256 * 1024, 3 * 1024 * 1024
"""Twice the largest workflow of those, and all of the largest; it takes up to 130 times as much memory."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What zizmor said, or why it did not."""

    notes: tuple[HygieneNote, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def program() -> Path | None:
    """The zizmor that was installed beside this Python (extra `zizmor`), None when there is none."""
    path = Path(sys.executable).with_name("zizmor")
    return path if path.is_file() else None


def ask(files: Mapping[str, bytes], limits: Limits, zizmor: Path, seconds: float = _SECONDS) -> Answer:
    """What zizmor says about `files`, by path relative to the repository's top. Never raises."""
    left = _unfit_of(files)
    apart = tuple(_left_out(left))
    files = {path: data for path, data in files.items() if path not in left}
    if not files:
        return Answer(skipped=apart)
    with tempfile.TemporaryDirectory(prefix="seawall-zizmor-") as place:
        try:
            for path, data in files.items():
                target = Path(place, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            code, report, said = _run(zizmor, place, seconds, limits.response_bytes)
        except TimeoutError:
            return _not(f"it took longer than {seconds:.0f} s", apart)
        except (OSError, ValueError) as error:
            return _not(getattr(error, "strerror", None) or str(error), apart)
    if len(report) > limits.response_bytes:
        return _not(f"its report is longer than {limits.response_bytes} bytes", apart)
    return _read(code, report, said, limits, apart)


def _read(code: int, report: bytes, said: bytes, limits: Limits, apart: tuple[Skipped, ...]) -> Answer:
    if code != 0:
        return _not(f"it ended with {code}: {_last(said)}", apart)
    try:
        return Answer(read_report(report, limits), apart)
    except SyntaxFault as fault:
        return _not(f"its report cannot be read: {fault}", apart)


def _unfit_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Files that are kept from it, and why: one such file, and it says nothing about any other."""
    left: dict[str, str] = {}
    room = _ALL_BYTES
    for path, data in files.items():
        why = _unfit(path, data) or ("" if len(data) <= room else f"all are more than {_ALL_BYTES} bytes")
        if why:
            left[path] = why
        else:
            room -= len(data)
    return left


def _unfit(path: str, data: bytes) -> str:
    if len(data) > _FILE_BYTES:
        return f"larger than {_FILE_BYTES} bytes"
    try:
        path.encode()
        data.decode()
    except UnicodeError:
        return "no UTF-8"
    return ""


def _left_out(left: Mapping[str, str]) -> Iterator[Skipped]:
    for why in dict.fromkeys(left.values()):
        paths = [path for path, reason in left.items() if reason == why]
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        yield Skipped("zizmor", f"it was not given {paths[0]}{more}: {why}")


def _run(zizmor: Path, place: str, seconds: float, most: int) -> tuple[int, bytes, bytes]:
    """The exit code, at most `most` + 1 bytes of its report, the end of what else it said."""
    late = threading.Event()
    with (
        tempfile.TemporaryFile() as other,
        subprocess.Popen(
            [str(zizmor), *_ARGUMENTS],
            cwd=place,
            env={"HOME": place, "XDG_CACHE_HOME": place, "PATH": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=other,
        ) as process,
    ):

        def end() -> None:
            late.set()
            process.kill()

        alarm = threading.Timer(seconds, end)
        alarm.start()
        try:
            report = process.stdout.read(most + 1) if process.stdout else b""
            if len(report) > most:
                process.kill()
            process.wait()
        finally:
            alarm.cancel()
            process.kill()
        if late.is_set():
            raise TimeoutError
        other.seek(max(0, other.seek(0, os.SEEK_END) - 4096))
        return process.returncode, report, other.read(4096)


def _not(reason: str, apart: tuple[Skipped, ...]) -> Answer:
    return Answer(skipped=(Skipped("zizmor", reason, "run it by hand: zizmor --offline ."), *apart))


def _last(output: bytes) -> str:
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return (lines[-1] if lines else "without a word")[:200]
