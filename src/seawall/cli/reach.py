"""`seawall reach`: which third-party code can get at which credential."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Command, Streams, agreed, reports_to_write, screen_of

if TYPE_CHECKING:
    from datetime import datetime

    from seawall.kernel.reach.edge import Reach
    from seawall.reach import ReachOrder
    from seawall.reports.reach_text import Look

FORMATS = ("text", "json", "mermaid", "html")


def _arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("target", nargs="?", default=".", help="a repository (default: here)")
    add(
        "--machine", nargs="?", const="", default=None, metavar="HOME",
        help="look at a laptop in place of a repository: your own home directory, or the one that is named",
    )  # fmt: skip
    add("--from", dest="code", metavar="CODE", default="", help="only what this code can get at: `axios`")
    add("--to", dest="credential", metavar="CREDENTIAL", default="", help="only who can get at this: `NPM_*`")
    add("--format", choices=FORMATS, default="text", help="what is printed (default: text)")
    add("--report", action="append", default=[], metavar="FORMAT=FILE", help="also write a report to a file")
    add("--all", action="store_true", help="every place, every row, every edge with its evidence")
    add(
        "--at", metavar="REV", default="", help="as it was at a revision: a branch, a tag, a commit, `HEAD~3`"
    )
    add(
        "--people",
        action="store_true",
        help="also who can change, approve and start what leads there, and which grants nothing needs",
    )
    add(
        "--fix",
        action="store_true",
        help="write the cuts that a program can make as a diff; nothing is changed",
    )
    add("--write", action="store_true", help="--fix: change the files, after showing the diff")
    add("--yes", action="store_true", help="--fix --write: do not ask")
    add("--history", action="store_true", help="since when each is so, and what was once, from git's commits")
    add("--offline", action="store_true", help="open no socket (reach never opens one; said for scripts)")
    add("--exclude", action="append", default=[], metavar="GLOB", help="leave these paths out; repeatable")


def _run(arguments: Namespace, streams: Streams) -> int:
    if arguments.machine is not None:
        return _machine(arguments, streams)
    from dataclasses import replace
    from datetime import UTC, datetime

    from seawall.adapters.disk.writing import write_new
    from seawall.kernel.limits import WHOLE_HISTORY
    from seawall.kernel.reach.asked import asked, unknown
    from seawall.reach import ReachOrder, reach
    from seawall.reports.plain import neutral

    reports = reports_to_write(arguments.report, FORMATS)
    order = ReachOrder(
        Path(arguments.target), exclude=tuple(arguments.exclude), at=arguments.at, people=arguments.people
    )
    if arguments.history and arguments.all:
        order = replace(order, limits=WHOLE_HISTORY)
    if arguments.fix or arguments.write or arguments.yes:
        return _fix(arguments, streams, order)
    look = _with_history if arguments.history else reach
    with streams.progress("looking"):
        whole = look(order, datetime.now(UTC))
    found = asked(whole, arguments.code, arguments.credential)
    for text in unknown(whole, arguments.code, arguments.credential):
        streams.note(neutral(text))
    for kind, path in reports:
        write_new(path, _rendered(found, kind, arguments, None), order.target)
    streams.result(_rendered(found, arguments.format, arguments, streams))
    return 3 if any(item.required for item in found.skipped) else 0


def _with_history(order: ReachOrder, now: datetime) -> Reach:
    from seawall.reach_lives import reach_with_history

    return reach_with_history(order, now)


def _machine(arguments: Namespace, streams: Streams) -> int:
    from datetime import UTC, datetime

    from seawall.adapters.disk.writing import write_new
    from seawall.kernel.errors import UsageError
    from seawall.kernel.reach.asked import asked
    from seawall.machine import MachineOrder, machine

    others = ("exclude", "at", "history", "people", "fix", "write", "yes")
    wrong = [f"--{name}" for name in others if getattr(arguments, name)]
    wrong += ["target"] if arguments.target != "." else []
    if wrong:
        raise UsageError(f"--machine goes with no {', '.join(wrong)}", "seawall reach --machine [HOME]")
    reports = reports_to_write(arguments.report, FORMATS)
    now = datetime.now(UTC)
    order = MachineOrder(Path(arguments.machine) if arguments.machine else None)
    with streams.progress("looking"):
        found = asked(machine(order, now), arguments.code, arguments.credential)
    arguments.target = arguments.machine or "~"
    for kind, path in reports:
        write_new(path, _of_machine(found, kind, arguments, None, now), Path())
    streams.result(_of_machine(found, arguments.format, arguments, streams, now))
    return 0


def _of_machine(found: Reach, kind: str, arguments: Namespace, streams: Streams | None, now: datetime) -> str:
    from seawall.kernel.reach.gathered import gathered

    if kind in ("mermaid", "html"):
        return _rendered(gathered(found), kind, arguments, streams)
    if kind == "json" or arguments.code or arguments.credential:
        return _rendered(found, kind, arguments, streams)
    from seawall.reports import reach_machine

    return reach_machine.render(found, _look(arguments, streams), arguments.target, now)


def _fix(arguments: Namespace, streams: Streams, order: ReachOrder) -> int:
    from seawall.cutting import CLAIMS, carry_out, cutting, files_of
    from seawall.kernel.errors import UsageError
    from seawall.reports import reach_cuts as report
    from seawall.reports.plain import neutral

    if not arguments.fix or (arguments.yes and not arguments.write):
        raise UsageError("--write goes with --fix, and --yes with both", "seawall reach --fix --write --yes")
    if arguments.at or arguments.people or arguments.report or arguments.format not in ("text", "json"):
        raise UsageError("--fix goes with no --at, --people, --report or picture", "leave them out")
    with streams.progress("looking"):
        found = cutting(order, arguments.code, arguments.credential)
    files = files_of(found)
    for one in found.left:
        streams.note(report.said(one.cut, one.why))
    if arguments.format == "json":
        streams.result(report.as_json(files, (file.cuts for file in found.files)))
    elif files:
        _show_diff(files, streams)
    if found.skipped:
        streams.note(f"{found.skipped:,} parts were not understood, and not cut: seawall reach --all")
    if not files:
        streams.note("nothing that a program can cut")
        return 0
    for name in dict.fromkeys(cut.id for file in found.files for cut in file.cuts):
        streams.note(f"{name}: {CLAIMS[name]}")
    streams.note(f"{found.gone:,} of {found.edges:,} edges are no more then, {found.weaker:,} are weaker")
    if not arguments.write:
        return 0
    if not agreed(streams, f"change {len(files)} file{'s' * (len(files) != 1)}?", yes=arguments.yes):
        streams.note("nothing was changed")
        return 0
    carry_out(found)
    for path, _, _ in files:
        streams.note(neutral(f"changed {path}"))
    return 0


def _show_diff(files: tuple[tuple[str, bytes, bytes], ...], streams: Streams) -> None:
    """The bytes for a file or a pipe, so that `git apply` takes them; for a person what is safe to see."""
    from seawall.reports import reach_cuts as report

    raw = getattr(streams.out, "buffer", None)
    if raw is None or streams.out.isatty():
        streams.result(report.shown(files))
        return
    streams.out.flush()
    raw.write(report.diff(files))
    raw.flush()


def _rendered(found: Reach, kind: str, arguments: Namespace, streams: Streams | None) -> str:
    if kind == "json":
        from seawall.reports import reach_json

        return reach_json.render(found)
    if kind == "mermaid":
        from seawall.reports import reach_mermaid

        return reach_mermaid.render(found)
    if kind == "html":
        from seawall.reports import reach_html

        return reach_html.render(found, arguments.target)
    return _text(found, arguments, streams)


def _text(found: Reach, arguments: Namespace, streams: Streams | None) -> str:
    from seawall.reports.reach_text import render

    look = _look(arguments, streams)
    text = render(found, look, arguments.target)
    if arguments.history:
        from seawall.reports import reach_past

        full = look.full or look.asked
        text += f"\n\n{reach_past.render(found, full=full, width=look.width, unicode=look.unicode)}"
    if found.people is None:
        return text
    from seawall.reports import reach_people

    full = look.full or look.asked
    return f"{text}\n\n{reach_people.render(found, full=full, width=look.width, unicode=look.unicode)}"


def _look(arguments: Namespace, streams: Streams | None) -> Look:
    from seawall.reports.reach_text import Look

    screen = screen_of(streams, least=60, otherwise=110)
    asked = bool(arguments.code or arguments.credential)
    return Look(arguments.all, screen.color, screen.width, screen.unicode, asked)


COMMAND = Command("reach", "which third-party code can get at which credential", _arguments, _run)
