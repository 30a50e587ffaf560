"""A command is one file with one value; the door only parses, calls a verb and hands on to a report."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Streams:
    """Where a command writes: results to `out`, everything else to `err`."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)

    def result(self, text: str) -> None:
        """Write a result, ending in exactly one newline."""
        self.out.write(text if text.endswith("\n") else text + "\n")

    def note(self, text: str) -> None:
        """Write a remark that is not the result."""
        self.err.write(text + "\n")

    @contextmanager
    def progress(self, label: str) -> Iterator[Callable[[int, int], None]]:
        """Show progress while the block runs: a bar on a terminal, nothing in a pipe.

        The block gets `advance(done, total)`; a total of 0 shows a spinner.
        """
        if not self.err.isatty():
            yield lambda _done, _total: None
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(file=self.err), transient=True) as bar:
            task = bar.add_task(label, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total or None)


def agreed(streams: Streams, question: str, *, yes: bool) -> bool:
    """Whether the person says yes. Raises UsageError where nobody can be asked and `yes` was not given."""
    from seawall.kernel.errors import UsageError

    if yes:
        return True
    if not (sys.stdin.isatty() and streams.out.isatty()):
        raise UsageError("nobody can be asked here, so nothing was changed", "add --yes")
    streams.out.write(f"{question} [y/N] ")
    streams.out.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


@dataclass(frozen=True, slots=True)
class Screen:
    """How a text may look where it goes: colours, characters to a line, beyond ASCII or not."""

    color: bool
    width: int
    unicode: bool


def screen_of(streams: Streams | None, *, least: int, otherwise: int) -> Screen:
    """What the output can show; None is a file in UTF-8. Colours obey NO_COLOR and `TERM=dumb`.

    `least` is the narrowest that is written for a terminal, `otherwise` the width of a file or a pipe.
    """
    import shutil

    terminal = streams is not None and streams.out.isatty()
    encoding = (getattr(streams.out, "encoding", "") or "") if streams else "utf-8"
    return Screen(
        terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        max(least, shutil.get_terminal_size((otherwise, 24)).columns) if terminal else otherwise,
        "utf" in encoding.lower(),
    )


def reports_to_write(words: Sequence[str], formats: Sequence[str]) -> list[tuple[str, Path]]:
    """(format, file) of each `--report FORMAT=FILE`. Raises UsageError for what is none."""
    from pathlib import Path

    from seawall.kernel.errors import UsageError

    found = []
    for word in words:
        kind, _, path = word.partition("=")
        if kind not in formats or not path:
            raise UsageError(f"--report {word!r} is not FORMAT=FILE", f"formats: {', '.join(formats)}")
        found.append((kind, Path(path)))
    return found


@dataclass(frozen=True, slots=True)
class Command:
    """One word of the command line. `run` returns the exit code; errors are raised as SeawallError."""

    name: str
    summary: str
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Streams], int]
