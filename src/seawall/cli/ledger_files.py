"""`seawall ledger check` and `backup`: are the files that Seawall keeps sound, and how to keep a copy."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from .command import Streams
from .ledger_word import Word, ledger_path


def _check_arguments(parser: ArgumentParser) -> None:
    from .ledger import store_argument

    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument(
        "--ledger", metavar="FILE", default="", help="the ledger (default: in the data directory)"
    )
    store_argument(parser)


def _backup_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("to", metavar="FILE", help="the file to write, which must not exist")
    parser.add_argument(
        "--of",
        choices=("store", "ledger"),
        default="store",
        help="store: what can be asked for again (default); ledger: what was recorded, without the names",
    )
    _check_arguments(parser)


def _check(arguments: Namespace, streams: Streams) -> int:
    from seawall.kernel.errors import StoreError
    from seawall.reports.plain import neutral

    from .ledger import store_path

    store, ledger = store_path(arguments.store), ledger_path(arguments)
    if not store.exists() and (arguments.store or not ledger.exists()):
        raise StoreError(f"there is no store at {store}", "a scan makes one, or name another with --store")
    found = _check_store(store) if store.exists() else {}
    lines = [f"sound: {store}, version {found['version']}, {found['bytes']} bytes"] if found else []
    if ledger.exists() and not arguments.store:
        found["ledger"] = _check_ledger(ledger)
        lines.append(f"sound: {ledger}, {found['ledger']['entries']} entries")  # type: ignore[index]
    as_json = json.dumps({"schema": "seawall/ledger/1", **found})
    streams.result(as_json if arguments.format == "json" else "\n".join(map(neutral, lines)))
    return 0


def _check_store(path: Path) -> dict[str, object]:
    from seawall.adapters.stores.sqlite import open_store

    store = open_store(path)
    try:
        return store.check()
    finally:
        store.close()


def _check_ledger(path: Path) -> dict[str, object]:
    from seawall.adapters.stores.ledger import open_ledger

    store = open_ledger(path)
    try:
        store.check()
        return {"path": str(path), "entries": store.head().size, "bytes": path.stat().st_size}
    finally:
        store.close()


def _backup(arguments: Namespace, streams: Streams) -> int:
    from seawall.adapters.stores.ledger import open_ledger
    from seawall.adapters.stores.sqlite import open_store
    from seawall.kernel.errors import StoreError
    from seawall.reports.plain import neutral

    from .ledger import store_path

    whole = arguments.of == "ledger"
    path = ledger_path(arguments) if whole else store_path(arguments.store)
    if not path.exists():
        raise StoreError(
            f"there is no {arguments.of} at {path}",
            "a firewall makes one, or name another with --ledger" if whole
            else "a scan makes one, or name another with --store",
        )  # fmt: skip
    store = open_ledger(path) if whole else open_store(path)
    try:
        store.check()
        store.backup(Path(arguments.to))
    finally:
        store.close()
    size = Path(arguments.to).stat().st_size
    values = {"schema": "seawall/ledger/1", "backup": arguments.to, "bytes": size}
    text = f"copied {path} to {arguments.to}"
    streams.result(json.dumps(values) if arguments.format == "json" else neutral(text))
    return 0


WORDS = (
    Word("check", "are the files sound? reads all of them", _check_arguments, _check),
    Word("backup", "copy the store or the ledger while it is used", _backup_arguments, _backup),
)
