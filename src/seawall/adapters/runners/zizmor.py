"""zizmor looks at copies of the very bytes that were read, alone in a directory, without network or settings.

Only a zizmor beside this Python is started, never one of the scanned tree or of PATH, with fixed arguments,
an empty environment, and no settings file, ignore comment or token. What it is given was read here as YAML
before: it stops at the first file that is none.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
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
_SECONDS = 60.0


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
    if not files:
        return Answer()
    with tempfile.TemporaryDirectory(prefix="seawall-zizmor-") as place:
        try:
            for path, data in files.items():
                target = Path(place, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            done = _run(zizmor, place, seconds)
        except subprocess.TimeoutExpired:
            return _not(f"it took longer than {seconds:.0f} s")
        except (OSError, ValueError) as error:
            return _not(getattr(error, "strerror", None) or str(error))
    if done.returncode != 0:
        return _not(f"it ended with {done.returncode}: {_last(done.stderr)}")
    try:
        return Answer(read_report(done.stdout, limits))
    except SyntaxFault as fault:
        return _not(f"its report cannot be read: {fault}")


def _run(zizmor: Path, place: str, seconds: float) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(zizmor), *_ARGUMENTS],
        cwd=place,
        env={"HOME": place, "XDG_CACHE_HOME": place, "PATH": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=seconds,
        check=False,
    )


def _not(reason: str) -> Answer:
    return Answer(skipped=(Skipped("zizmor", reason, "run it by hand: zizmor --offline ."),))


def _last(output: bytes) -> str:
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return (lines[-1] if lines else "without a word")[:200]
