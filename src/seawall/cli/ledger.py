"""`seawall ledger`: what was recorded, whether it is as it was, and who outside can vouch for that."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from .command import Command, Streams


def store_argument(parser: ArgumentParser) -> None:
    """Add `--store`, the same for every command that has one."""
    parser.add_argument(
        "--store",
        metavar="URL",
        default=os.environ.get("SEAWALL_STORE", ""),
        help="where Seawall keeps what it knows: sqlite:///PATH (default: the platform's data directory)",
    )


def store_path(url: str) -> Path:
    """The store's file: `url`, or the default place when it is empty."""
    from seawall.adapters.disk.places import data_directory
    from seawall.adapters.stores.sqlite import path_of

    return path_of(url) if url else data_directory() / "seawall.db"


def _arguments(parser: ArgumentParser) -> None:
    from . import ledger_asked, ledger_files, ledger_shown, ledger_signed

    words = parser.add_subparsers(dest="do", metavar="WORD", required=True)
    for word in (*ledger_signed.WORDS, *ledger_shown.WORDS, *ledger_asked.WORDS, *ledger_files.WORDS):
        added = words.add_parser(word.name, help=word.summary, description=word.summary, allow_abbrev=False)
        word.arguments(added)
        added.set_defaults(run=word.run)


def _run(arguments: Namespace, streams: Streams) -> int:
    run: Callable[[Namespace, Streams], int] = arguments.run
    return run(arguments, streams)


COMMAND = Command("ledger", "what was recorded, is it unchanged, and who can vouch for it", _arguments, _run)
