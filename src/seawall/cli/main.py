"""The door: find the command, hand it its words, and turn every failure into one clear line.

Nothing but the chosen command is imported, so that `seawall --version` costs next to nothing.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import NoReturn, TextIO

from seawall import __version__
from seawall.kernel.errors import OutsideError, SeawallError, UsageError

from .command import Command, Streams

COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("scan", "seawall.cli.scan", "look at a tree or file and say what came in and what is wrong with it"),
    ("reach", "seawall.cli.reach", "which third-party code can get at which credential"),
    ("trace", "seawall.cli.trace", "who may have taken a bad version, and what was in its reach"),
    ("explain", "seawall.cli.explain", "what a rule, a package version or an advisory means"),
    ("setup", "seawall.cli.setup", "which package managers here are open, and close them"),
    ("sync", "seawall.cli.sync", "bring advisory data onto this machine"),
    ("firewall", "seawall.cli.firewall", "the registry that package managers talk to instead of their own"),
    ("run", "seawall.cli.run", "run a command with its package managers led to the firewall"),
    ("policy", "seawall.cli.policy", "check, test and explain policies"),
    ("ledger", "seawall.cli.ledger", "what was recorded, is it unchanged, and who can vouch for it"),
)
"""Every command: its word, the module that holds its `COMMAND`, and what it does."""

_EPILOG = "`seawall` alone is `seawall scan .`. Help for one command: seawall COMMAND --help"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code (kernel/errors.py)."""
    words = list(sys.argv[1:] if argv is None else argv)
    streams = Streams(_open(sys.stdout), _open(sys.stderr))
    try:
        return _run(words, streams)
    except KeyboardInterrupt:
        streams.note("seawall: stopped")
        return 130
    except BrokenPipeError:
        # The reader of our output went away.
        _silence(streams.out)
        return 141
    except Exception as error:
        return _failed(streams, error)


def _failed(streams: Streams, error: Exception) -> int:
    """Never Python's own traceback and exit 1: that would look like "policy denies"."""
    if isinstance(error, SeawallError):
        return _say(streams, error)
    if isinstance(error, OSError):
        _silence(streams.out)
        where = f"{error.filename}: " if error.filename else ""
        return _say(streams, OutsideError(f"{where}{error.strerror or error}", "nothing was decided"))
    return _defect(streams, error)


def _defect(streams: Streams, error: Exception) -> int:
    """Say that Seawall itself is at fault, with the place; SEAWALL_DEBUG=1 shows all of it."""
    import traceback

    if os.environ.get("SEAWALL_DEBUG"):
        raise error
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(last.filename)}:{last.lineno}"  # noqa: PTH119
    what = f"a defect in Seawall itself: {type(error).__name__} at {where}"
    advice = "report it, with what SEAWALL_DEBUG=1 shows; nothing was decided"
    return _say(streams, SeawallError(what, advice))


def _open(stream: TextIO | None) -> TextIO:
    """A stream that takes every character; one that was closed before we began swallows them."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _silence(stream: TextIO) -> None:
    """Nothing more is said, also not when the interpreter ends and flushes what is left."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


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


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Said like every other error, so that nothing from the command line reaches a terminal raw."""
        raise UsageError(message, f"help: {self.prog} --help")


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
    parser = _Parser(
        prog=f"seawall {command.name}",
        description=command.summary,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.arguments(parser)
    return parser


def help_of(command: Command) -> list[str]:
    """The help of a command, and of each of its words when it has any."""
    parser = parser_of(command)
    words = [
        word.format_help()
        for action in parser._actions  # argparse has no other way to list them
        if isinstance(action.choices, dict)
        for word in action.choices.values()
    ]
    return [parser.format_help(), *words]


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


def _say(streams: Streams, error: SeawallError) -> int:
    # Imported here: a failure may afford it, `--version` may not.
    from seawall.reports.plain import neutral

    streams.note(f"seawall: {neutral(str(error))}")
    if error.advice:
        streams.note(f"  {neutral(error.advice)}")
    return error.exit_code
