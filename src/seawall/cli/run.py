"""`seawall run -- CMD`: run a command with every package manager in it led to the firewall."""

from __future__ import annotations

import os
from argparse import REMAINDER, ArgumentParser, Namespace
from pathlib import Path

from .command import Command, Streams


def _arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--firewall",
        metavar="URL",
        default="",
        help="the firewall (default: SEAWALL_FIREWALL, or this machine's)",
    )
    add("--token-from", metavar="VAR", default="", help="send the token in this environment variable")
    add("--oidc", metavar="AUDIENCE", default="", help="GitHub Actions: exchange the job's own signed token")
    add("--sealed", action="store_true", help="Linux: no other host can be reached at all; attempts are told")
    add("--fix-locks", action="store_true", help="first lead lockfiles that name other hosts to the firewall")
    add("--allow-around", action="store_true", help="run although something names other hosts, and say so")
    add("--format", choices=("text", "json"), default="text", help="json: the summary on standard output")
    add("command", nargs=REMAINDER, metavar="-- CMD", help="the command and its words")


def _run(arguments: Namespace, streams: Streams) -> int:
    from seawall.reports import run as report
    from seawall.reports.plain import neutral
    from seawall.run import Order, default_firewall, run

    words = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    order = Order(
        tuple(words),
        arguments.firewall or default_firewall(os.environ),
        arguments.token_from,
        arguments.oidc,
        sealed=arguments.sealed,
        around=arguments.allow_around,
        fix_locks=arguments.fix_locks,
        to_errors=arguments.format == "json",
    )
    streams.out.flush()
    summary = run(order, os.environ, Path.cwd(), lambda text: streams.note(f"seawall run: {neutral(text)}"))
    if arguments.format == "json":
        streams.result(report.as_json(summary))
    else:
        # What the command printed is the result; this is said beside it.
        streams.note(report.as_text(summary).rstrip("\n"))
    return summary.code


COMMAND = Command("run", "run a command with its package managers led to the firewall", _arguments, _run)
