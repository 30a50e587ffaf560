"""`seawall setup`: which package managers here are open, and close them."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Command, Streams, agreed

if TYPE_CHECKING:
    from seawall.close_gaps import Plan
    from seawall.gap_places import Place
    from seawall.kernel.overview import Overview


def _arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("path", nargs="?", default=".", metavar="PATH", help="the repository to look at (default: here)")
    add("--format", choices=("text", "json"), default="text", help="what is printed (default: text)")
    add("--check", action="store_true", help="exit 1 when a gap remains")
    add("--fix", action="store_true", help="write the package managers' own settings, after showing a diff")
    add("--undo", action="store_true", help="put back what --fix changed")
    add("--write", action="store_true", help="write a commented seawall.toml into PATH")
    add("--project", action="store_true", help="--fix and --undo: the repository's files instead of yours")
    add("--scripts", action="store_true", help="--fix: also keep packages from running install scripts")
    add(
        "--firewall",
        metavar="URL",
        default="",
        help="write this firewall into your package managers' settings as their registry",
    )
    add("--yes", action="store_true", help="--fix and --undo: do not ask")


def _run(arguments: Namespace, streams: Streams) -> int:
    from seawall.kernel.errors import UsageError

    chosen = [word for word in ("fix", "undo", "write", "check") if getattr(arguments, word)]
    if arguments.firewall and (arguments.write or arguments.check or arguments.project):
        raise UsageError("--firewall goes with --undo, --yes and nothing else", "leave the others out")
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} do not go together", "give one of them")
    if arguments.write:
        return _write(arguments, streams)
    if arguments.undo:
        return _undo(arguments, streams)
    overview = _looked(arguments)
    if arguments.firewall:
        return _lead(arguments, streams, overview)
    if arguments.fix:
        return _fix(arguments, streams, overview)
    _show(arguments, streams, overview)
    return 1 if arguments.check and overview.gaps else 0


def _looked(arguments: Namespace) -> Overview:
    from datetime import UTC, datetime

    from seawall.setup import look

    return look(Path(arguments.path), datetime.now(UTC))[1]


def _show(arguments: Namespace, streams: Streams, overview: Overview) -> None:
    from seawall.reports import setup as report

    if arguments.format == "json":
        streams.result(report.as_json(overview))
    elif streams.out.isatty() and not os.environ.get("NO_COLOR"):
        report.print_rich(overview, streams.out)
    else:
        streams.result(report.as_text(overview))


def _write(arguments: Namespace, streams: Streams) -> int:
    from seawall.close_gaps import write_settings
    from seawall.kernel.errors import TargetError
    from seawall.reports.plain import neutral

    directory = Path(arguments.path)
    if not directory.is_dir():
        raise TargetError(f"{directory} is not a directory", "name a directory: seawall setup --write PATH")
    streams.result(neutral(f"wrote {write_settings(directory)}"))
    return 0


def _fix(arguments: Namespace, streams: Streams, overview: Overview) -> int:
    from seawall.close_gaps import plan
    from seawall.gap_words import consequences
    from seawall.kernel.errors import UsageError
    from seawall.reports.plain import neutral

    if not overview.days:
        raise UsageError("cooldown_days is 0, so nobody is to wait", "set it in your seawall.toml")
    places, left = _places(arguments, overview)
    wanted = plan(places, overview.days, Path(arguments.path) if arguments.project else None)
    for sentence in (*left, *wanted.left):
        streams.note(neutral(sentence))
    if not _carried_out(arguments, streams, wanted):
        return 0
    done = [place for change in wanted.changes for place in change.places]
    for sentence in consequences((place.client, place.scripts) for place in done):
        streams.note(sentence)
    streams.note("to take it back: seawall setup --undo" + (" --project" if arguments.project else ""))
    return 0


def _carried_out(arguments: Namespace, streams: Streams, wanted: Plan) -> bool:
    """Show what would change, ask, and do it; False when nobody agreed or there is nothing to do."""
    from seawall.close_gaps import carry_out
    from seawall.reports.plain import neutral

    if not wanted.changes:
        streams.result("nothing to do")
        return False
    _show_plan(wanted, streams)
    if not agreed(streams, f"change {_counted(len(wanted.changes))}?", yes=arguments.yes):
        streams.result("nothing was changed")
        return False
    for change in wanted.changes:
        carry_out(change)
        streams.result(f"changed {neutral(str(change.file.target))}")
    return True


def _lead(arguments: Namespace, streams: Streams, overview: Overview) -> int:
    """Write the firewall into the user's own settings, once it is there and knows whom it asks."""
    from seawall.adapters.runners.relay import address_of
    from seawall.close_gaps import plan
    from seawall.registry_places import registry_places
    from seawall.reports.plain import neutral
    from seawall.run import asks

    firewall = address_of(arguments.firewall)
    for origin in asks(firewall):
        streams.note(neutral(f"{firewall} asks {origin}"))
    places, left = registry_places(overview.here, firewall, os.environ)
    wanted = plan(places, overview.days)
    for sentence in (*left, *wanted.left):
        streams.note(neutral(sentence))
    if _carried_out(arguments, streams, wanted):
        streams.note(neutral(f"to take it back: seawall setup --undo --firewall {firewall}"))
    return 0


def _places(arguments: Namespace, overview: Overview) -> tuple[tuple[Place, ...], tuple[str, ...]]:
    from seawall.gap_places import project_places, user_places

    scripts = arguments.scripts
    if arguments.project:
        return project_places(Path(arguments.path), overview.uses, overview.days, scripts=scripts)
    return user_places(overview.here, os.environ, overview.days, scripts=scripts)


def _show_plan(wanted: Plan, streams: Streams) -> None:
    from seawall.reports.plain import neutral

    for change in wanted.changes:
        if change.note:
            streams.result(neutral(change.note))
        for line in change.diff.splitlines():
            streams.result(neutral(line))


def _counted(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"


def _undo(arguments: Namespace, streams: Streams) -> int:
    from seawall.close_gaps import undo
    from seawall.gap_places import every_project_place, every_user_place
    from seawall.kernel.settings import DEFAULTS
    from seawall.reports.plain import neutral

    root = Path(arguments.path) if arguments.project else None
    if not agreed(streams, "put back the files that --fix changed?", yes=arguments.yes):
        streams.result("nothing was changed")
        return 0
    days = DEFAULTS.cooldown_days
    if root is not None:
        directories = ("", *(use.directory for use in _looked(arguments).uses))
        places = every_project_place(root, directories, days)
    else:
        places = every_user_place(os.environ, days)
    if arguments.firewall:
        from seawall.registry_places import every_registry_place

        places = (*places, *every_registry_place(arguments.firewall.rstrip("/"), os.environ))
    restored, left = undo(places, root)
    for path in restored:
        streams.result(f"restored {neutral(str(path))}")
    for sentence in left:
        streams.note(neutral(sentence))
    if not restored:
        streams.result("nothing to put back")
    return 0


COMMAND = Command("setup", "which package managers here are open, and close them", _arguments, _run)
