"""`seawall firewall`: stand between package managers and their registries."""

from __future__ import annotations

import json
import logging
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from . import firewall_token
from .command import Command, Streams

if TYPE_CHECKING:
    from seawall.kernel.gate_settings import GateSettings


def _arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "do",
        nargs="?",
        choices=("serve", "check", "token"),
        default="serve",
        help="serve (default); check: can it serve, and which registries would it ask? token: who may ask it",
    )
    add("words", nargs="*", metavar="WORD", help="token: add NAME, list, or revoke NAME")
    add(
        "--listen",
        default="",
        metavar="HOST:PORT",
        help="where to listen (default: [listen] of firewall.toml, else 127.0.0.1:8080)",
    )
    add(
        "--config",
        default="",
        metavar="FILE",
        help="its settings (default: firewall.toml beside seawall.toml)",
    )
    add(
        "--mode",
        choices=("enforce", "observe"),
        default="",
        help="enforce: what policy denies is not handed out; observe: all is, and written down",
    )
    add(
        "--format",
        choices=("text", "json"),
        default="text",
        help="what check and token print",
    )
    add(
        "--accept-clock",
        action="store_true",
        help="check: this machine's clock is right now. If it was ahead before, what was written down later"
        " counts as of now; if it is a registry's that is wrong, the difference as it is counts as right. A"
        " firewall that runs takes it up at once",
    )
    firewall_token.options(parser)


def _run(arguments: Namespace, streams: Streams) -> int:
    from seawall.kernel.errors import UsageError

    if arguments.do == "token":
        return firewall_token.run_words(arguments, arguments.words, streams)
    if arguments.words:
        raise UsageError(f"{arguments.do} takes no {arguments.words[0]!r}", "help: seawall firewall --help")
    if arguments.accept_clock and arguments.do != "check":
        raise UsageError("--accept-clock goes with check", "write: seawall firewall check --accept-clock")
    _need_extra()
    from seawall.freeze import settings

    found, notes = settings(_now(), arguments.config, arguments.listen, arguments.mode)
    if arguments.do == "check":
        return _check(arguments, streams, found, notes)
    return _serve(arguments, streams, found, notes)


def _now() -> datetime:
    return datetime.now(UTC)


def _need_extra() -> None:
    from importlib.util import find_spec

    from seawall.kernel.errors import UsageError

    missing = [name for name in ("uvicorn", "httptools", "uvloop") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the firewall needs {', '.join(missing)}", "install them: pip install 'seawall[firewall]'"
        )


def _check(arguments: Namespace, streams: Streams, found: GateSettings, notes: tuple[str, ...]) -> int:
    from seawall.accepting import accept, behind
    from seawall.adapters.disk.places import data_directory
    from seawall.freeze import authorization, config_path, exemptions
    from seawall.grounds import Places
    from seawall.kernel.errors import OutsideError
    from seawall.reports.plain import neutral

    path = config_path(arguments.config)
    grounds = Places(firewall=path, exemptions=lambda: exemptions(path)).read(begin=True)
    feeds = [state.name for state in grounds.advisories.states]
    missing = [] if feeds else [f"no advisory data: {grounds.advisories.fault or 'run seawall sync'}"]
    try:
        authorization(origins=found.origins)
    except OutsideError as error:
        missing.append(f"{error}; {error.advice}")
    grounds.advisories.close()
    database, now = data_directory() / firewall_token.DATABASE, _now()
    if arguments.accept_clock:
        accept(database, now)
    late = behind(database, now)
    missing += [late] if late else []
    told = {
        "schema": "seawall/firewall/1",
        "listen": f"{found.listen.host}:{found.listen.port}",
        "mode": found.mode.value,
        "policy": grounds.policy.name,
        "upstreams": [
            {"ecosystem": o.ecosystem, "name": o.name, "owns": list(o.owns)} for o in found.origins
        ],
        "advisories": feeds,
        "notes": list(notes),
        "missing": missing,
    }
    lines = [
        f"listens on   {told['listen']}, mode {told['mode']}, policy {told['policy']}",
        *(f"asks         {o.name} for {o.ecosystem}" + _owning(o.owns) for o in found.origins),
        f"advisories   {', '.join(feeds) or 'none'}",
        *(f"note         {note}" for note in notes),
        *(f"MISSING      {what}" for what in missing),
    ]
    as_text = "\n".join(map(neutral, lines))
    streams.result(json.dumps(told, indent=1) if arguments.format == "json" else as_text)
    return 3 if missing else 0


def _owning(owns: tuple[str, ...]) -> str:
    return f", alone for {', '.join(owns)}" if owns else ""


def _serve(arguments: Namespace, streams: Streams, found: GateSettings, notes: tuple[str, ...]) -> int:
    from seawall.adapters.disk.places import data_directory
    from seawall.freeze import authorization, config_path, exemptions
    from seawall.servers.firewall.assembly import assemble
    from seawall.servers.firewall.logs import to_stream
    from seawall.servers.firewall.runner import bases, collect_rarely, listening, serve, start_anew

    from .ledger_signed import offer_set_up

    offer_set_up(streams)
    log = to_stream(streams.err, logging.INFO)
    for note in notes:
        log.info(note)
    path = config_path(arguments.config)
    credentials = authorization(origins=found.origins, note=log.warning)
    listener = listening(found.listen)
    own = bases(found.listen, listener)
    try:
        data = data_directory()
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        assembled = assemble(found, own, data, credentials, path, lambda: exemptions(path))
    except BaseException:
        listener.close()
        raise

    def begun() -> None:
        assembled.begin()
        collect_rarely()
        log.info("listening", extra={"address": own[0], "reasons": assembled.gate.describe().reasons})
        streams.result(f"seawall firewall listens on {own[0]}")
        streams.out.flush()

    try:
        ended = serve(assembled.app, found.listen, listener, begun)
    finally:
        assembled.end()
    if ended.restart:
        log.info("starting anew")
        start_anew(ended.descriptor)
    return 0


COMMAND = Command(
    "firewall", "the registry that package managers talk to instead of their own", _arguments, _run
)
