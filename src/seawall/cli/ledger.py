"""`seawall ledger`: is what Seawall keeps sound, and how to keep a copy of it."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
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
    parser.add_argument("do", choices=("check", "backup"), help="check: read all of it; backup: copy it")
    parser.add_argument(
        "to", nargs="?", metavar="FILE", help="backup: the file to write, which must not exist"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    store_argument(parser)


def _run(arguments: Namespace, streams: Streams) -> int:
    from seawall.adapters.stores.sqlite import open_store
    from seawall.kernel.errors import StoreError, UsageError
    from seawall.reports.plain import neutral

    if arguments.do == "check" and arguments.to:
        raise UsageError("check takes no file; only backup does", "name a store with --store sqlite:///PATH")
    path = store_path(arguments.store)
    if not path.exists():
        raise StoreError(f"there is no store at {path}", "a scan makes one, or name another with --store")
    store = open_store(path)
    try:
        if arguments.do == "backup":
            if not arguments.to:
                raise UsageError("backup needs the file to write", "write: seawall ledger backup FILE")
            store.check()
            store.backup(Path(arguments.to))
            answer: dict[str, object] = {"backup": arguments.to, "bytes": Path(arguments.to).stat().st_size}
            text = f"copied {path} to {arguments.to}"
        else:
            answer = store.check()
            text = f"sound: {path}, version {answer['version']}, {answer['bytes']} bytes"
    finally:
        store.close()
    streams.result(
        json.dumps({"schema": "seawall/ledger/1", **answer}) if arguments.format == "json" else neutral(text)
    )
    return 0


COMMAND = Command("ledger", "check and back up what Seawall keeps", _arguments, _run)
