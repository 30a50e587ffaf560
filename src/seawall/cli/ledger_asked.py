"""`seawall ledger verify`, `prove` and `export`: is it as it was, and how others can see that themselves."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Streams
from .ledger_word import (
    Word,
    answer,
    found_settings,
    ledger_arguments,
    ledger_path,
    needed_settings,
    opened,
    opened_names,
)

if TYPE_CHECKING:
    from seawall.adapters.stores.ledger import LedgerStore
    from seawall.kernel.ledger_settings import LedgerSettings


def _verify_arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--checkpoint",
        action="append",
        default=[],
        metavar="FILE",
        help="a checkpoint that was kept elsewhere: what it covers must not have changed; repeatable",
    )
    add(
        "--witness-key",
        action="append",
        default=[],
        metavar="VKEY",
        help="look for this witness's signature too; repeatable",
    )
    add("--key", default="", metavar="VKEY", help="the ledger's public key (default: that of its settings)")
    add("--offline", action="store_true", help="ask no witness and read no copy now")
    ledger_arguments(parser)


def _verify(arguments: Namespace, streams: Streams) -> int:
    from seawall.adapters.http import Http
    from seawall.adapters.witnesses.asking import PATIENCE
    from seawall.kernel.errors import TargetError, UsageError
    from seawall.ledger import verify
    from seawall.ledger_setup import witness_key
    from seawall.reports.ledger import standing_lines, standing_values

    given = {}
    for name in arguments.checkpoint:
        try:
            given[f"the checkpoint {name}"] = Path(name).read_bytes()
        except OSError as error:
            raise TargetError(f"{name}: {error.strerror}", "name the file of a checkpoint") from None
    settings = _believed(arguments)
    keys = [witness_key(text) for text in arguments.witness_key]
    if (given or keys) and settings is None:
        raise UsageError("whose ledger is it? its public key is not known here", "name it with --key VKEY")
    http = None if arguments.offline else Http(patience=PATIENCE)
    try:
        with (
            opened(arguments) as store,
            opened_names(arguments) as names,
            streams.progress("recomputing the ledger") as advance,
        ):
            standing = verify(store, settings, given, keys, http, advance, names)
    finally:
        if http:
            http.close()
    where = str(ledger_path(arguments))
    answer(arguments, streams, standing_values(standing), standing_lines(standing, where))
    lacking = [key for key in keys if key not in {item.key for item in standing.witnessed}]
    if standing.faults or lacking:
        return 5
    return 3 if standing.failed and not arguments.offline else 0


def _believed(arguments: Namespace) -> LedgerSettings | None:
    """Whose signatures count: those of the settings, or of the key that was named instead."""
    from dataclasses import replace

    from seawall.kernel.ledger_settings import LedgerSettings
    from seawall.ledger_setup import ledger_key

    settings = found_settings(arguments)
    if not arguments.key:
        return settings
    key = ledger_key(arguments.key)
    if settings and settings.public == key:
        return settings
    return replace(settings, public=key, origin=key.name) if settings else LedgerSettings(key.name, key)


def _prove_arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("index", nargs="?", type=int, metavar="INDEX", help="the number of the entry")
    add("--asset", default="", metavar="PURL", help="the newest entry about this instead")
    add("--with-leaves", action="store_true", help="put the entry itself into the proof, not only its hash")
    ledger_arguments(parser, "json", "tlog-proof")


def _prove(arguments: Namespace, streams: Streams) -> int:
    from seawall.exporting import prove, tlog_proof
    from seawall.kernel.errors import UsageError

    if (arguments.index is None) == (not arguments.asset):
        raise UsageError("which entry? name its number or --asset PURL", "write: seawall ledger prove INDEX")
    settings = needed_settings(arguments)
    with opened(arguments) as store:
        index = arguments.index if arguments.index is not None else _newest(store, arguments.asset, streams)
        bundle = prove(store, settings, index, with_leaf=arguments.with_leaves)
    streams.result(json.dumps(bundle) if arguments.format == "json" else tlog_proof(bundle))
    return 0


def _newest(store: LedgerStore, asset: str, streams: Streams) -> int:
    from seawall.kernel.errors import UsageError
    from seawall.recalling import Wanted, recorded

    found = [entry.index for entry in recorded(store, Wanted(asset=asset))]
    if not found:
        raise UsageError(f"no entry is about {asset}", "what there is: seawall ledger show")
    if len(found) > 1:
        streams.note(f"{len(found)} entries are about {asset}; this is entry {found[-1]}, the newest")
    return found[-1]


def _export_arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--to",
        default="",
        metavar="PLACE",
        help="a file (jsonl) or a new directory (tiles); default: standard output",
    )
    add("--with-leaves", action="store_true", help="the entries too, not only their hashes; never the names")
    ledger_arguments(parser, "jsonl", "tiles")


def _export(arguments: Namespace, streams: Streams) -> int:
    from seawall.exporting import export_lines, export_tiles
    from seawall.kernel.errors import UsageError

    whole = arguments.with_leaves
    with opened(arguments) as store, streams.progress("exporting the ledger") as advance:
        if arguments.format == "tiles":
            if not arguments.to:
                raise UsageError("tiles need a directory", "name it with --to DIR")
            settings = needed_settings(arguments)
            size = export_tiles(store, settings, Path(arguments.to), with_leaves=whole, advance=advance)
            streams.note(f"{size} entries: {arguments.to}")
            return 0
        lines = export_lines(store, found_settings(arguments), with_leaves=whole, advance=advance)
        if not arguments.to:
            for line in lines:
                streams.out.write(line + "\n")
            return 0
        try:
            with Path(arguments.to).open("x", encoding="utf-8") as file:
                file.writelines(line + "\n" for line in lines)
        except OSError as error:
            raise UsageError(
                f"{arguments.to}: {error.strerror}", "name a file that does not exist yet"
            ) from None
    return 0


WORDS = (
    Word("verify", "recompute all of it, and ask those outside what they saw", _verify_arguments, _verify),
    Word("prove", "show an outsider that an entry is in the ledger", _prove_arguments, _prove),
    Word("export", "hand all of it to an outsider, without names", _export_arguments, _export),
)
