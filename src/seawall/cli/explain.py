"""`seawall explain`: what a rule, a package version or an advisory means."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from .command import Command, Streams


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "about",
        help="a rule (packages/known-malware), a package (pkg:npm/axios@1.14.1) or an advisory (MAL-…)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument(
        "--index", metavar="FILE", default="", help="the advisory index that `seawall sync` made"
    )
    parser.add_argument(
        "--registry", action="store_true", help="also ask your registries about the package (age, scripts …)"
    )


def _run(arguments: Namespace, streams: Streams) -> int:
    from datetime import UTC, datetime
    from pathlib import Path

    from seawall.ask_registries import ask_about
    from seawall.explaining import Registry, explain

    index = Path(arguments.index) if arguments.index else None
    registry = Registry(ask_about, datetime.now(UTC)) if arguments.registry else None
    answer = explain(arguments.about, index, registry)
    streams.result(answer.json if arguments.format == "json" else answer.text)
    return 0


COMMAND = Command("explain", "what a rule, a package version or an advisory means", _arguments, _run)
