"""`seawall ledger init`, `checkpoint` and `witness`: who signs, and who sees that nothing was changed."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Streams
from .ledger_word import Word, answer, found_settings, ledger_arguments, ledger_path

if TYPE_CHECKING:
    from seawall.kernel.ledger_settings import CopyAt, LedgerSettings, WitnessAt

_Outside = tuple[list["WitnessAt"], list["CopyAt"]]


def _outside_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--witness",
        nargs=2,
        action="append",
        default=[],
        metavar=("URL", "VKEY"),
        help="who signs after they saw that nothing was changed, and their public key; repeatable",
    )
    parser.add_argument(
        "--copy",
        action="append",
        default=[],
        metavar="PLACE",
        help="what keeps a copy: a file, git:REPOSITORY, or a URL that takes PUT; repeatable",
    )


def _set_up_arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--origin", default="", metavar="NAME", help="the ledger's name in checkpoints, like example.com/team"
    )
    add("--key", default="", metavar="FILE", help="its private key (default: ledger.key beside the settings)")
    add("--key-beside-ledger", action="store_true", help="let the key lie in the ledger's own directory")
    _outside_arguments(parser)
    ledger_arguments(parser)


def _init(arguments: Namespace, streams: Streams) -> int:
    from seawall.kernel.errors import UsageError
    from seawall.ledger_setup import keep_settings, with_more
    from seawall.vouching import settings_path

    path = settings_path(arguments.settings)
    settings = found_settings(arguments)
    witnesses, copies = _outside(arguments)
    if settings and (arguments.origin or arguments.key):
        raise UsageError(
            f"this ledger was set up before, as {settings.origin}",
            "leave out --origin and --key to add witnesses and copies, or name other --settings",
        )
    settings = settings or _new_settings(arguments, streams, path)
    if not (settings.witnesses or settings.copies or witnesses or copies) and _can_ask(streams):
        witnesses, copies = _ask_outside(streams)
    settings = with_more(settings, witnesses, copies)
    keep_settings(path, settings)
    values = {
        "schema": "seawall/ledger-init/1",
        "settings": str(path),
        "origin": settings.origin,
        "key": settings.public.text,
        "key_file": settings.key or None,
        "witnesses": [item.url for item in settings.witnesses],
        "copies": [item.text for item in settings.copies],
    }
    answer(arguments, streams, values, _init_lines(settings, path))
    return 0


def offer_set_up(streams: Streams) -> None:
    """Ask a person at a terminal whether to set the ledger up now, as `seawall ledger init` does.

    Nobody is asked without a terminal, where it is set up already, or where a ledger is there: who was asked
    once and said no is not asked again. Raises UsageError for answers that cannot be used.
    """
    from seawall.vouching import is_set_up

    parser = ArgumentParser()
    _set_up_arguments(parser)
    arguments = parser.parse_args([])
    if is_set_up() or ledger_path(arguments).exists() or not _can_ask(streams):
        return
    streams.note("The ledger of what comes in is signed by nobody yet, so it could be rewritten unseen.")
    if _asked(streams, "Make a key for it now? [y/N] ").lower() in ("y", "yes"):
        _init(arguments, streams)
    else:
        streams.note("later: seawall ledger init")


def _new_settings(arguments: Namespace, streams: Streams, path: Path) -> LedgerSettings:
    from seawall.ledger_setup import KEY_FILE, new_settings

    key = Path(arguments.key).expanduser() if arguments.key else path.with_name(KEY_FILE)
    origin = arguments.origin
    if not origin and not key.exists() and _can_ask(streams):
        origin = _asked(streams, "The ledger's name, like example.com/team (empty: a random one): ")
    return new_settings(ledger_path(arguments), key.absolute(), origin, beside=arguments.key_beside_ledger)


def _init_lines(settings: LedgerSettings, path: Path) -> list[str]:
    from seawall.adapters.signers.key_file import VARIABLE

    lines = [
        f"{settings.origin}: set up in {path}",
        f"its public key, for witnesses and verifiers: {settings.public.text}",
        f"its private key: {settings.key or VARIABLE}",
        *(f"witness: {item.url} ({item.key.name})" for item in settings.witnesses),
        *(f"copy: {item.text}" for item in settings.copies),
    ]
    if not settings.witnesses and not settings.copies:
        lines.append("no witness and no copy: whoever has this machine can rewrite all of it unseen")
    return lines


def _can_ask(streams: Streams) -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and streams.err.isatty()


def _asked(streams: Streams, question: str) -> str:
    streams.err.write(question)
    streams.err.flush()
    return sys.stdin.readline().strip()


def _ask_outside(streams: Streams) -> _Outside:
    """At set-up a person is asked who outside may vouch; nobody is an answer."""
    streams.note("A witness signs that nothing was changed; a copy only keeps what was signed. Empty: none.")
    url = _asked(streams, "Address of a witness: ")
    key = _asked(streams, "Its public key: ") if url else ""
    place = _asked(streams, "A place for copies (a file on another volume, git:REPOSITORY, or a URL): ")
    return _outside(Namespace(witness=[(url, key)] if url else [], copy=[place] if place else []))


def _outside(arguments: Namespace) -> _Outside:
    from seawall.kernel.errors import UsageError
    from seawall.kernel.ledger_settings import copy_at, witness_at

    try:
        return [witness_at(*pair) for pair in arguments.witness], [copy_at(place) for place in arguments.copy]
    except ValueError as error:
        raise UsageError(str(error), "see: seawall ledger init --help") from None


def _checkpoint(arguments: Namespace, streams: Streams) -> int:
    from datetime import UTC, datetime

    from seawall.ledger_setup import with_more
    from seawall.reports.ledger import vouched_lines, vouched_values
    from seawall.vouching import settings_path, vouch

    settings = found_settings(arguments)
    if settings is None:
        # The first checkpoint sets the ledger up; what it says of that goes beside the result.
        as_text = Namespace(**{**vars(arguments), "format": "text"})
        _init(as_text, Streams(streams.err, streams.err))
        settings = found_settings(arguments) or _new_settings(
            arguments, streams, settings_path(arguments.settings)
        )
    settings = with_more(settings, *_outside(arguments))
    done = vouch(ledger_path(arguments), settings, datetime.now(UTC))
    answer(arguments, streams, vouched_values(done), vouched_lines(done, settings))
    return 5 if done.tampered else 3 if done.failed else 0


def _witness_arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--listen", default="127.0.0.1:7380", metavar="ADDRESS:PORT", help="default: 127.0.0.1:7380")
    add("--state", required=True, metavar="DIR", help="where it keeps what it signed last, and its key")
    add(
        "--log",
        action="append",
        required=True,
        metavar="VKEY[,VKEY…]",
        help="public keys of ledgers; repeatable",
    )
    add("--name", default="", metavar="NAME", help="its name for a new key, like witness.example/w")
    add("--key", default="", metavar="FILE", help="its private key, made if there is none (default: in DIR)")
    add("--certificate", default="", metavar="FILE", help="TLS, needed anywhere but on loopback")
    add("--certificate-key", default="", metavar="FILE", help="the private key of the certificate")


def _witness(arguments: Namespace, streams: Streams) -> int:
    from seawall.adapters.witnesses.memory import Memory
    from seawall.kernel.errors import UsageError
    from seawall.ledger_setup import log_keys, witness_signer
    from seawall.servers import witness as server

    host, port = server.parse_listen(arguments.listen)
    if not server.is_loopback(host) and not arguments.certificate:
        raise UsageError(
            f"{host} can be reached from elsewhere, so it needs TLS",
            "give --certificate and --certificate-key, or listen on 127.0.0.1",
        )
    logs = log_keys(",".join(arguments.log).split(","))
    files = Path(arguments.certificate), Path(arguments.certificate_key)
    tls = server.tls_context(*files) if arguments.certificate else None
    memory = Memory(Path(arguments.state).expanduser())
    try:
        key = Path(arguments.key).expanduser() if arguments.key else memory.directory / "witness.key"
        signer = witness_signer(key, arguments.name)
        listener = server.Listener(server.Witness(signer, logs, memory), host, port, tls)
        shown = f"[{host}]" if ":" in host else host
        streams.result(f"http{'s' if tls else ''}://{shown}:{listener.server_port} {signer.key.text}")
        streams.out.flush()
        server.serve_until_told(listener)
    finally:
        memory.close()
    return 0


WORDS = (
    Word("init", "set up who signs, who witnesses and who keeps copies", _set_up_arguments, _init),
    Word(
        "checkpoint",
        "sign how the ledger stands, have it witnessed and copied",
        _set_up_arguments,
        _checkpoint,
    ),
    Word("witness", "be a witness of other ledgers", _witness_arguments, _witness),
)
