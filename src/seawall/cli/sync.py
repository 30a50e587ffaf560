"""`seawall sync`: bring advisory data onto this machine, so that a scan needs no network."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Command, Streams

if TYPE_CHECKING:
    from seawall.adapters.feeds.sync import Synced

_SHOWN = 5


def _arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--from",
        dest="source",
        metavar="PATH|URL",
        default="",
        help="a zip or directory of OSV records, or an https mirror (default: OSV's public bucket)",
    )
    add(
        "--ecosystem",
        action="append",
        default=[],
        metavar="E",
        help="only this one, as OSV writes it (npm, PyPI, crates.io, Go …); repeatable",
    )
    add("--index", metavar="PATH", default="", help="the index to write (default: in the data directory)")
    add(
        "--accept-smaller",
        action="append",
        default=[],
        metavar="FEED",
        help="take this feed although it lost records or is older than what is here; repeatable",
    )
    add("--format", choices=("text", "json"), default="text")


def _run(arguments: Namespace, streams: Streams) -> int:
    from datetime import UTC, datetime

    from seawall.adapters.disk.places import data_directory
    from seawall.adapters.feeds.sync import sync

    index = Path(arguments.index) if arguments.index else data_directory() / "advisories.db"
    with streams.progress("fetching advisories") as advance:
        synced = sync(
            arguments.source,
            index,
            tuple(arguments.ecosystem),
            now=datetime.now(UTC),
            accept_smaller=tuple(arguments.accept_smaller),
            advance=advance,
        )
    streams.result(_as_json(synced) if arguments.format == "json" else _as_text(synced))
    return 0


def _as_text(synced: Synced) -> str:
    from seawall.reports.plain import neutral

    lines = []
    for state in synced.states:
        covers = ", ".join(state.covers)
        about = "" if state.name == f"osv:{covers}" else f" about {covers}"
        as_of = state.as_of or "of unknown age"
        count = "1 advisory" if state.records == 1 else f"{state.records:,} advisories"
        lines.append(f"{state.name}: {count}{about}, as of {as_of}, from {state.origin}")
    if synced.refused:
        lines.append(f"left out, because they cannot be read: {len(synced.refused)}")
        lines += [f"  {problem.path}: {problem.message}" for problem in synced.refused[:_SHOWN]]
        if len(synced.refused) > _SHOWN:
            lines.append("  … (all: --format json)")
    kept = len(synced.built.states) - len(synced.states)
    others = f", with {kept} other feed{'s' * (kept > 1)} kept" if kept else ""
    lines.append(f"{synced.fetched:,} brought in{others}: {synced.built.path}")
    return "\n".join(neutral(line) for line in lines)


def _as_json(synced: Synced) -> str:
    return json.dumps(
        {
            "schema": "seawall/sync/1",
            "index": str(synced.built.path),
            "records": synced.built.records,
            "fetched": synced.fetched,
            "feeds": [
                {
                    "name": state.name,
                    "as_of": state.as_of,
                    "records": state.records,
                    "covers": list(state.covers),
                    "origin": state.origin,
                    "new": state in synced.states,
                }
                for state in synced.built.states
            ],
            "refused": [
                {"path": problem.path, "kind": problem.kind.value, "reason": problem.message}
                for problem in synced.refused
            ],
        }
    )


COMMAND = Command("sync", "bring advisory data onto this machine", _arguments, _run)
