"""`seawall trace`: who may have taken a bad version, what was in its reach, what to rotate in which order."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from .command import Command, Streams


def _arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "asset",
        help="a package version (pkg:npm/axios@1.14.1), an advisory (MAL-…, CVE-…, GHSA-…) or an attack",
    )
    add("target", nargs="?", default=".", help="a repository, bare or checked out (default: here)")
    add("--as-if", metavar="TIME", default="", help="a drill: as if it had turned bad at this time")
    add("--format", choices=("text", "json"), default="text")
    add(
        "--all",
        action="store_true",
        help="every place, all evidence, every row, and all of the history, however long it takes",
    )
    add("--index", metavar="FILE", default="", help="the advisory index that `seawall sync` made")
    add("--offline", action="store_true", help="open no socket (trace never opens one; said for scripts)")


def _run(arguments: Namespace, streams: Streams) -> int:
    import shutil
    from datetime import UTC, datetime
    from pathlib import Path

    from seawall.kernel.limits import DEFAULT_LIMITS, WHOLE_HISTORY
    from seawall.trace import TraceOrder, trace

    limits = WHOLE_HISTORY if arguments.all else DEFAULT_LIMITS
    index = Path(arguments.index) if arguments.index else None
    order = TraceOrder(arguments.asset, Path(arguments.target), arguments.as_if, index=index, limits=limits)
    with streams.progress("looking"):
        found = trace(order, datetime.now(UTC))
    if arguments.format == "json":
        from seawall.reports import trace_json

        streams.result(trace_json.render(found))
        return found.exit_code
    from seawall.reports import trace_text

    terminal = streams.out.isatty()
    width = max(60, shutil.get_terminal_size((110, 24)).columns) if terminal else 110
    encoding = getattr(streams.out, "encoding", "") or ""
    unicode = "utf" in encoding.lower()
    streams.result(trace_text.render(found, full=arguments.all, width=width, unicode=unicode))
    return found.exit_code


COMMAND = Command("trace", "who may have taken a bad version, and what was in its reach", _arguments, _run)
