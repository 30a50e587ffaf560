"""`seawall explain`: what a rule, a package version, an advisory or an archive means."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from .command import Command, Streams


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "about",
        help="a rule (packages/known-malware), a package (pkg:npm/axios@1.14.1), an advisory (MAL-…), or the"
        " file of a wheel, source archive or npm tarball",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument(
        "--index", metavar="FILE", default="", help="the advisory index that `seawall sync` made"
    )
    parser.add_argument(
        "--registry", action="store_true", help="also ask your registries about the package (age, scripts …)"
    )
    parser.add_argument(
        "--against", metavar="FILE", default="", help="of an archive: the release before, side by side"
    )
    parser.add_argument(
        "--source", metavar="PATH", default="", help="of an archive: its source, an archive or a directory"
    )


def _run(arguments: Namespace, streams: Streams) -> int:
    from datetime import UTC, datetime
    from pathlib import Path

    from seawall.compare_archives import is_archive

    if is_archive(arguments.about) or arguments.against or arguments.source:
        return _archive(arguments, streams)

    from seawall.ask_registries import ask_about
    from seawall.explaining import Firewall, Registry, explain
    from seawall.servers.firewall.npm import NPM
    from seawall.servers.firewall.pypi import PYPI

    index = Path(arguments.index) if arguments.index else None
    registry = Registry(ask_about, datetime.now(UTC)) if arguments.registry else None
    firewall = Firewall({dialect.ecosystem: dialect for dialect in (PYPI, NPM)}, datetime.now(UTC))
    answer = explain(arguments.about, index, registry, firewall)
    streams.result(answer.json if arguments.format == "json" else answer.text)
    return 0 if answer.complete else 3


def _archive(arguments: Namespace, streams: Streams) -> int:
    from pathlib import Path

    from seawall.compare_archives import compare, complete

    others = [Path(item) if item else None for item in (arguments.against, arguments.source)]
    text, document, found = compare(Path(arguments.about), *others)
    streams.result(document if arguments.format == "json" else text)
    return 0 if complete(found) else 3


COMMAND = Command("explain", "what a rule, a package version or an advisory means", _arguments, _run)
