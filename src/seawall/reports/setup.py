"""What `seawall setup` found, as a table for a person or as JSON for a program.

Only hosts are shown, never whole addresses: some registries keep a token in the path.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

from seawall.kernel.client import Gap
from seawall.kernel.cooldown import SETTINGS, at_least
from seawall.kernel.overview import ClientView, Overview

from .plain import neutral

SCHEMA = "seawall/setup/1"
_FEW = 6


def as_json(overview: Overview) -> str:
    """The overview as one JSON object of the schema `seawall/setup/1`."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "target": overview.target,
            "cooldown_days": overview.days,
            "clients": [_client(view) for view in overview.clients],
            "lockfiles": [
                {"manifest": manifest, "lockfiles": list(locks)} for manifest, locks in overview.lockfiles
            ],
            "pipelines": list(overview.pipelines),
            "registries": [
                {"ecosystem": ecosystem, "host": host, "role": role, "where": where}
                for ecosystem, host, role, where in overview.registries
            ],
            "gaps": [_gap(gap) for gap in overview.gaps],
            "notes": list(overview.notes),
        },
        indent=1,
    )


def _client(view: ClientView) -> dict[str, object]:
    told = view.cooldown
    return {
        "name": view.name,
        "version": view.version,
        "program": view.path,
        "note": view.note,
        "used_in": list(view.used_in),
        "protected": view.protected,
        "can_wait": told.can,
        "waits_days": told.days,
        "setting": told.option,
        "value": told.value,
        "where": told.where,
        "line": told.line,
        "by_default": told.by_default,
        "runs_scripts": view.scripts.run,
    }


def _gap(gap: Gap) -> dict[str, str]:
    return {"client": gap.client, "kind": gap.kind, "what": gap.what, "fix": gap.fix, "where": gap.where}


def as_text(overview: Overview) -> str:
    """The overview for a pipe or a file, without colour."""
    rows = [_row(view) for view in overview.clients]
    widths = [max((len(row[n]) for row in rows), default=0) for n in range(3)]
    lines = [f"Package managers: does a release have to be {overview.days} days old?"]
    for row in rows:
        padded = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False))
        lines.append(f"  {padded}  {row[3]}".rstrip())
    lines += ["  none was found"] if not rows else []
    lines += [*_repository(overview), *_gaps(overview)]
    return "\n".join(neutral(line) for line in lines)


def print_rich(overview: Overview, out: TextIO) -> None:
    """The overview for a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=out, highlight=False)
    table = Table(box=None, pad_edge=False, title_justify="left")
    heads = ("package manager", "version", f"waits {overview.days} days?", "told by")
    for head in heads:
        table.add_column(head, overflow="fold")
    for view in overview.clients:
        cells = [Text(neutral(cell)) for cell in _row(view)]
        cells[2].stylize("green" if view.protected else "bold red")
        table.add_row(*cells)
    console.print(table)
    for line in (*_repository(overview), *_gaps(overview)):
        style = "bold" if line and not line.startswith(" ") else "cyan" if line.startswith("    ") else ""
        console.print(Text(neutral(line), style=style))


def _row(view: ClientView) -> tuple[str, str, str, str]:
    told = view.cooldown
    state = "yes" if view.protected else "too old to wait" if not told.can else "no"
    where = f"{told.where}:{told.line}" if told.line else told.where
    if told.by_default:
        where = "its own default"
    elif not told.where:
        where = "nobody"
    if told.value:
        where = f"{told.option} = {told.value} in {where}"
    version = view.version or "?"
    return view.name, version if view.path else f"{version} (not here)", state, where


def _repository(overview: Overview) -> Iterator[str]:
    yield ""
    yield "This repository"
    if not overview.lockfiles:
        yield "  no manifest or lockfile"
    unlocked = [manifest for manifest, locks in overview.lockfiles if manifest and not locks]
    locked = list(dict.fromkeys(lock for _, locks in overview.lockfiles for lock in locks))
    for title, items in (
        ("lockfiles", locked),
        ("without a lockfile", unlocked),
        ("CI", list(overview.pipelines)),
        ("registries", [_registry(row) for row in overview.registries]),
    ):
        if items:
            more = f" and {len(items) - _FEW} more" if len(items) > _FEW else ""
            yield f"  {title}: {', '.join(items[:_FEW])}{more}"
    for note in overview.notes[:_FEW]:
        yield f"  note: {note}"
    if len(overview.notes) > _FEW:
        yield f"  and {len(overview.notes) - _FEW} more notes: --format json"


def _registry(row: tuple[str, str, str, str]) -> str:
    ecosystem, host, role, where = row
    return f"{host} ({ecosystem} {role}{', from ' + where if where else ', built in'})"


def _gaps(overview: Overview) -> Iterator[str]:
    gaps = overview.gaps
    yield ""
    if not gaps:
        yield "No gap was found."
        return
    yield f"Not protected ({len(gaps)})"
    around = [gap for gap in gaps if gap.kind == "around"]
    for gap in gaps:
        if gap not in around[_FEW:]:
            yield f"  {gap.what}"
            if gap.fix:
                yield f"    fix: {gap.fix}"
    if len(around) > _FEW:
        yield f"  {len(around) - _FEW} more that lead past it: --format json"
    step = _next(overview)
    if step:
        yield ""
        yield f"Next: {step}"


def _next(overview: Overview) -> str:
    """The one command that closes most of it, empty when a person has to."""
    if any(not use.waits and at_least(use.version, SETTINGS[use.client].since) for use in overview.here):
        return "seawall setup --fix"
    in_tree = "seawall setup --fix --project"
    return in_tree if any(gap.fix == in_tree for gap in overview.gaps) else ""
