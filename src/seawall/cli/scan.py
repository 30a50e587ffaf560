"""`seawall scan`: one verdict on what a tree or a file takes in."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Command, Streams, reports_to_write, screen_of
from .ledger import store_argument, store_path

if TYPE_CHECKING:
    from seawall.kernel.verdict import Verdict
    from seawall.reports.text import Look

FORMATS = ("text", "json", "sarif", "cyclonedx", "markdown")


def _arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "target",
        nargs="?",
        default=".",
        help="a directory, a file, or a package such as pkg:npm/axios@1.14.1 (default: here)",
    )
    add("--format", choices=FORMATS, default="text", help="what is printed (default: text)")
    add("--report", action="append", default=[], metavar="FORMAT=FILE", help="also write a report to a file")
    add("--all", action="store_true", help="show every finding and signal, and look at all of the history")
    add("--offline", action="store_true", help="open no socket: use only what is on this machine")
    add(
        "--registry",
        action="store_true",
        help="also ask your registries about every package (age, scripts …)",
    )
    add("--no-history", action="store_true", help="do not look at the git history of lockfiles")
    add("--fail-on", choices=("deny", "warn"), default="deny", help="the mildest decision that exits 1")
    add("--policy", default="", metavar="NAME|FILE", help="observe, default, strict, or a policy file")
    add("--rule", action="append", default=[], metavar="ID", help="ask only this rule or family; repeatable")
    add(
        "--only",
        action="append",
        default=[],
        metavar="FAMILY",
        help="judge only this family, such as packages",
    )
    add("--exclude", action="append", default=[], metavar="GLOB", help="leave these paths out; repeatable")
    add(
        "--baseline", metavar="FILE", default="", help="a report of --format json: what it holds is not shown"
    )
    add(
        "--trust-base",
        metavar="REF",
        default=os.environ.get("SEAWALL_TRUST_BASE", ""),
        help="the git revision whose seawall.toml may waive (also SEAWALL_TRUST_BASE)",
    )
    add("--index", metavar="FILE", default="", help="the advisory index that `seawall sync` made")
    store_argument(parser)


def _run(arguments: Namespace, streams: Streams) -> int:
    from dataclasses import replace
    from datetime import UTC, datetime

    from seawall.adapters.disk.writing import write_new
    from seawall.kernel.decision import Outcome
    from seawall.kernel.limits import DEFAULT_LIMITS, WHOLE_HISTORY
    from seawall.scan import Order, scan

    reports = reports_to_write(arguments.report, FORMATS)
    package = arguments.target if arguments.target.startswith("pkg:") else ""
    order = Order(
        target=Path() if package else Path(arguments.target),
        package=package,
        offline=arguments.offline,
        registry=arguments.registry,
        history=not arguments.no_history,
        policy=arguments.policy,
        rules=(*arguments.rule, *arguments.only),
        exclude=tuple(arguments.exclude),
        baseline=Path(arguments.baseline) if arguments.baseline else None,
        trust_base=arguments.trust_base,
        ci=os.environ.get("CI", "").lower() not in ("", "0", "false", "no"),
        index=Path(arguments.index) if arguments.index else None,
        store=store_path(arguments.store) if arguments.store else None,
        limits=WHOLE_HISTORY if arguments.all else DEFAULT_LIMITS,
    )
    with streams.progress("looking") as advance:
        verdict = scan(replace(order, advance=advance), datetime.now(UTC))
    for kind, path in reports:
        write_new(path, _rendered(verdict, kind, arguments, None), order.target)
    streams.result(_rendered(verdict, arguments.format, arguments, streams))
    outcome = verdict.decision.outcome
    failing = {Outcome.DENY, Outcome.WARN} if arguments.fail_on == "warn" else {Outcome.DENY}
    if outcome in failing:
        return 1
    return 3 if outcome is Outcome.INCOMPLETE else 0


def _rendered(verdict: Verdict, kind: str, arguments: Namespace, streams: Streams | None) -> str:
    if kind == "json":
        from seawall.reports import json

        return json.render(verdict)
    if kind == "sarif":
        from seawall.reports import sarif
        from seawall.rules import RULES

        return sarif.render(verdict, RULES)
    if kind == "cyclonedx":
        from seawall.reports import cyclonedx

        return cyclonedx.render(verdict)
    if kind == "markdown":
        from seawall.reports import markdown

        return markdown.render(verdict)
    from seawall.reports import text

    return text.render(verdict, _look(arguments, streams))


def _look(arguments: Namespace, streams: Streams | None) -> Look:
    from seawall.reports.text import Look

    screen = screen_of(streams, least=40, otherwise=100)
    return Look(arguments.all, screen.color, screen.width, screen.unicode)


COMMAND = Command("scan", "look at a tree or file and say what came in and what is wrong", _arguments, _run)
