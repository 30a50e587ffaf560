"""The door: find the command, hand it its words, and turn every failure into one clear line.

Nothing but the chosen command is imported, so that `seawall --version` costs next to nothing.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module

from seawall import __version__
from seawall.kernel.errors import SeawallError, UsageError

from .command import Command, Streams

COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("scan", "seawall.cli.scan", "look at a tree or file and say what came in and what is wrong with it"),
    ("explain", "seawall.cli.explain", "what a rule, a package version or an advisory means"),
    ("setup", "seawall.cli.setup", "which package managers here are open, and close them"),
    ("sync", "seawall.cli.sync", "bring advisory data onto this machine"),
    ("policy", "seawall.cli.policy", "check, test and explain policies"),
    ("ledger", "seawall.cli.ledger", "check and back up what Seawall keeps"),
)
"""Every command: its word, the module that holds its `COMMAND`, and what it does."""

_EPILOG = "`seawall` alone is `seawall scan .`. Help for one command: seawall COMMAND --help"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code (kernel/errors.py)."""
    words = list(sys.argv[1:] if argv is None else argv)
    streams = Streams(sys.stdout, sys.stderr)
    try:
        return _run(words, streams)
    except SeawallError as error:
        _say(streams, error)
        return error.exit_code
    except KeyboardInterrupt:
        streams.note("seawall: stopped")
        return 130
    except BrokenPipeError:
        # The reader of our output went away; say nothing, also not at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (
        Exception
    ) as error:  # a defect must not look like "policy denies", which is what Python's own exit 1 means
        return _defect(streams, error)


def _defect(streams: Streams, error: Exception) -> int:
    """Say that Seawall itself is at fault, with the place; SEAWALL_DEBUG=1 shows all of it."""
    import traceback

    if os.environ.get("SEAWALL_DEBUG"):
        raise error
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(last.filename)}:{last.lineno}"  # noqa: PTH119
    what = f"a defect in Seawall itself: {type(error).__name__} at {where}"
    _say(streams, SeawallError(what, "report it, with what SEAWALL_DEBUG=1 shows; nothing was decided"))
    return SeawallError.exit_code


def _run(words: list[str], streams: Streams) -> int:
    if words[:1] in (["--version"], ["-V"]):
        streams.result(f"seawall {__version__}")
        return 0
    if words[:1] in (["--help"], ["-h"], ["help"]):
        streams.result(_overview())
        return 0
    if not words or words[0].startswith("-"):
        words = ["scan", *words]
    command = load(words[0])
    arguments = parser_of(command).parse_args(words[1:])
    code = command.run(arguments, streams)
    streams.out.flush()
    return code


def load(word: str) -> Command:
    """The command of that name. Raises UsageError for an unknown one."""
    for name, module, _ in COMMANDS:
        if name == word:
            command: Command = import_module(module).COMMAND
            return command
    known = ", ".join(name for name, _, _ in COMMANDS)
    hint = f"to look at {word}, write: seawall scan {word}" if os.path.exists(word) else f"commands: {known}"  # noqa: PTH110
    raise UsageError(f"{word!r} is not a command", hint)


def parser_of(command: Command) -> ArgumentParser:
    """The parser of one command."""
    parser = ArgumentParser(
        prog=f"seawall {command.name}",
        description=command.summary,
        formatter_class=RawDescriptionHelpFormatter,
    )
    command.arguments(parser)
    return parser


def _overview() -> str:
    width = max(len(name) for name, _, _ in COMMANDS)
    lines = [f"  {name:<{width}}  {summary}" for name, _, summary in COMMANDS]
    return "\n".join(
        [
            "usage: seawall [COMMAND] [options]",
            "",
            *lines,
            "",
            _EPILOG,
            "`seawall --version` tells the version.",
        ]
    )


def _say(streams: Streams, error: SeawallError) -> None:
    # Imported here: a failure may afford it, `--version` may not.
    from seawall.reports.plain import neutral

    streams.note(f"seawall: {neutral(str(error))}")
    if error.advice:
        streams.note(f"  {neutral(error.advice)}")
