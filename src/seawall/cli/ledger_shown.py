"""`seawall ledger show`, `coverage` and `erase`: what was recorded, what was not, who is forgotten."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .command import Streams
from .ledger_word import Word, answer, ledger_arguments, ledger_path, opened, opened_names

if TYPE_CHECKING:
    from seawall.recalling import Wanted
    from seawall.record import Entry

_LAST = 50


def _show_arguments(parser: ArgumentParser) -> None:
    from seawall.kernel.event import Action

    add = parser.add_argument
    add(
        "--since",
        default="",
        metavar="TIME",
        help="from this day or time on (RFC 3339, UTC if it says no zone)",
    )
    add("--until", default="", metavar="TIME", help="up to and with this day or time")
    add("--asset", default="", metavar="PURL", help="only this, like pkg:npm/axios or pkg:npm/axios@1.14.1")
    add("--who", default="", metavar="NAME", help="only this person, token, host or run, or its pseudonym")
    add("--run", dest="run_id", default="", metavar="ID", help="only this run of `seawall run` or of a CI")
    add(
        "--action",
        default="",
        choices=("", *Action),
        metavar="ACTION",
        help="only this: " + ", ".join(Action),
    )
    add(
        "--last",
        type=int,
        default=None,
        metavar="N",
        help=f"the last N; 0 = all (default: {_LAST} as text, else all)",
    )
    ledger_arguments(parser, "text", "json", "jsonl")


def _show(arguments: Namespace, streams: Streams) -> int:
    from seawall.recalling import names_of, recorded
    from seawall.reports.ledger import entry_line, entry_values
    from seawall.reports.plain import neutral

    last = arguments.last if arguments.last is not None else _LAST if arguments.format == "text" else 0
    with opened(arguments) as store, opened_names(arguments) as names, store.snapshot():
        found: Iterable[Entry] = recorded(store, _wanted(arguments))
        if last > 0:
            found = deque(found, maxlen=last)
        elif arguments.format == "json":
            found = list(found)
        if arguments.format == "json":
            rows = [entry_values(item.index, item.found, names_of(names, item.found)) for item in found]
            streams.result(json.dumps({"schema": "seawall/ledger-show/1", "entries": rows}, indent=1))
            return 0
        for item in found:
            known = names_of(names, item.found)
            as_text = arguments.format == "text"
            line = entry_line(item.index, item.found, known) if as_text else ""
            streams.out.write(
                (neutral(line) if as_text else json.dumps(entry_values(item.index, item.found, known))) + "\n"
            )
    return 0


def _wanted(arguments: Namespace) -> Wanted:
    from seawall.kernel.leaf import LATEST
    from seawall.recalling import Wanted, pseudonyms_of

    who = run = None
    if arguments.who or arguments.run_id:
        with opened_names(arguments) as names:
            who = pseudonyms_of(names, arguments.who) if arguments.who else None
            run = pseudonyms_of(names, arguments.run_id, "run") if arguments.run_id else None
    return Wanted(
        _milliseconds(arguments.since, 0),
        _milliseconds(arguments.until, LATEST, end=True),
        arguments.asset,
        who,
        arguments.action,
        run,
    )


def _milliseconds(text: str, absent: int, *, end: bool = False) -> int:
    """Unix milliseconds of a day or a time; with `end` a day counts to its last one."""
    from seawall.kernel.errors import UsageError

    if not text:
        return absent
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no time", "write it like 2026-11-25 or 2026-11-25T13:00:00Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole_day = end and len(text) <= len("2026-11-25")
    return int(moment.timestamp() * 1000) + (86_399_999 if whole_day else 0)


def _coverage(arguments: Namespace, streams: Streams) -> int:
    from seawall.recalling import NEVER_EXCLUDED, coverage, names_of
    from seawall.reports.ledger import coverage_lines, coverage_values

    with opened(arguments) as store, opened_names(arguments) as names:
        found = coverage(store)
        clients = []
        for row in found.clients:
            who, place = (names.named(value) if names and value else None for value in (row.who, row.place))
            clients.append((row, who.name if who else "", place.name if place else ""))
        runs = [(item.entry, item.found, names_of(names, item.found)) for item in found.unended]
    told = (clients, found.periods, found.gaps, NEVER_EXCLUDED, runs)
    answer(arguments, streams, coverage_values(*told), coverage_lines(*told))
    return 0


def _erase_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "who", metavar="WHO", help="whose key is deleted, like token:ci-main or address:10.0.0.7"
    )
    ledger_arguments(parser)


def _erase(arguments: Namespace, streams: Streams) -> int:
    from seawall.recalling import erase

    number, entry = erase(
        ledger_path(arguments).parent, arguments.who, int(datetime.now(UTC).timestamp() * 1000)
    )
    values = {"schema": "seawall/ledger-erase/1", "erased": number, "entry": entry}
    text = (
        f"erased: {number} names of {arguments.who}, recorded as entry {entry}; backups may still hold them"
    )
    answer(arguments, streams, values, [text])
    return 0


WORDS = (
    Word("show", "what was recorded", _show_arguments, _show),
    Word("coverage", "which clients and hosts report, since when, and the gaps", ledger_arguments, _coverage),
    Word(
        "erase",
        "delete the key of somebody, so that their entries name nobody any more",
        _erase_arguments,
        _erase,
    ),
)
