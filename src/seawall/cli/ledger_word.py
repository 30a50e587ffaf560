"""What the words behind `seawall ledger` have in common: where its files lie, and formats."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Streams

if TYPE_CHECKING:
    from seawall.adapters.stores.ledger import LedgerStore
    from seawall.adapters.stores.names import NameStore
    from seawall.kernel.ledger_settings import LedgerSettings


@dataclass(frozen=True, slots=True)
class Word:
    """One word behind `seawall ledger`."""

    name: str
    summary: str
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Streams], int]


def ledger_arguments(parser: ArgumentParser, *formats: str) -> None:
    """Add `--ledger`, `--settings` and `--format`, the same for every word that has them."""
    add = parser.add_argument
    add("--ledger", metavar="FILE", default="", help="the ledger (default: ledger.db in the data directory)")
    add(
        "--settings",
        metavar="FILE",
        default="",
        help="its settings (default: ledger.toml beside seawall.toml)",
    )
    add("--format", choices=formats or ("text", "json"), default=(formats or ("text",))[0])


def ledger_path(arguments: Namespace) -> Path:
    """The ledger's file."""
    from seawall.adapters.disk.places import data_directory
    from seawall.record import LEDGER_FILE

    return Path(arguments.ledger).expanduser() if arguments.ledger else data_directory() / LEDGER_FILE


@contextmanager
def opened(arguments: Namespace, *, write: bool = False) -> Iterator[LedgerStore]:
    """The ledger, given back at the end. Raises StoreError when there is none."""
    from seawall.adapters.stores.ledger import open_ledger
    from seawall.kernel.errors import StoreError

    path = ledger_path(arguments)
    if not path.exists():
        raise StoreError(f"there is no ledger at {path}", "a firewall makes one: seawall firewall")
    store = open_ledger(path, write=write)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def opened_names(arguments: Namespace) -> Iterator[NameStore | None]:
    """The names beside the ledger, None where there are none."""
    from seawall.adapters.stores.names import open_names
    from seawall.record import NAMES_FILE

    path = ledger_path(arguments).with_name(NAMES_FILE)
    names = open_names(path) if path.exists() else None
    try:
        yield names
    finally:
        if names:
            names.close()


def found_settings(arguments: Namespace) -> LedgerSettings | None:
    """The ledger's settings, None when it was not set up."""
    from seawall.vouching import ledger_settings, settings_path

    return ledger_settings(settings_path(arguments.settings))


def needed_settings(arguments: Namespace) -> LedgerSettings:
    """The ledger's settings. Raises UsageError when it was not set up."""
    from seawall.kernel.errors import UsageError
    from seawall.vouching import settings_path

    settings = found_settings(arguments)
    if settings is None:
        path = settings_path(arguments.settings)
        raise UsageError(
            f"this ledger was not set up: there is no {path}", "set it up with: seawall ledger init"
        )
    return settings


def answer(arguments: Namespace, streams: Streams, values: object, lines: Iterable[str]) -> None:
    """Print a result in the format that was asked for."""
    from seawall.reports.plain import neutral

    as_json = arguments.format == "json"
    streams.result(json.dumps(values, indent=1) if as_json else "\n".join(map(neutral, lines)))
