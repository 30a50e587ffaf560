"""Answers from the past of reach: since when an edge is there, what is gone, what was live at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from seawall.caching import cache_at
from seawall.kernel.cache import Cache
from seawall.kernel.code import Code
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.reach.edge import Edge, Place, Reach
from seawall.kernel.reach.lived import Life, Moment, identity, time_of
from seawall.kernel.reach.ranking import ranked
from seawall.past_reach import PastReach
from seawall.reach import ReachOrder, reach, top_of
from seawall.reach_history import ReachHistory, history

_FAR = 1 << 62


def reach_with_history(order: ReachOrder, now: datetime, store: Path | None = None) -> Reach:
    """`reach`, each edge with its beginning, and those of the past. What is not committed yet has none."""
    found = reach(order, now)
    top = top_of(order.target)
    with ExitStack() as opened:
        told = history(top, order.limits, cache_at(store, opened), now, order.at or "HEAD")
    whole = since_when(found, told)
    file = order.target.resolve()
    if not file.is_file():
        return whole
    path = file.relative_to(top).as_posix()
    places = tuple(place for place in whole.past_places if place.file == path)
    ids = {place.id for place in (*whole.places, *places)}
    return replace(whole, past=tuple(e for e in whole.past if e.place in ids), past_places=places)


def since_when(found: Reach, told: ReachHistory) -> Reach:
    """What is in reach now and since when, then what is gone from HEAD's line, then what other refs hold."""
    if not told.lines:
        return replace(found, skipped=(*found.skipped, *told.skipped))
    (_, main), *beside = told.lines
    alive = {identity(life.what): life for life in main.whole if life.removed is None}
    present = tuple(_present(edge, alive.get(identity(edge)), main.tip) for edge in found.edges)
    gone = ranked(_dated(life) for life in main.whole if life.removed is not None)
    others = ranked(_others({identity(edge) for edge in (*present, *gone)}, beside))
    known = {place.id for place in found.places}
    places: dict[str, Place] = {}
    for _, past in reversed(told.lines):
        places.update(past.places)
    wanted = {edge.place for edge in (*gone, *others)} - known
    return replace(
        found,
        edges=present,
        past=(*gone, *others),
        past_places=tuple(places[id_] for id_ in sorted(wanted) if id_ in places),
        skipped=(*told.skipped, *found.skipped),
    )


def _present(edge: Edge, life: Life[Edge] | None, tip: Moment | None) -> Edge:
    if life is None or tip is None:
        return edge
    dated = _dated(life)
    return replace(edge, commit=edge.commit or tip.commit, since=dated.since, since_commit=dated.since_commit)


def _dated(life: Life[Edge], ref: str = "") -> Edge:
    first, removed = life.first, life.removed
    return replace(
        life.what,
        commit=life.last.commit,
        ref=ref,
        since=time_of(first.start) if first else "",
        since_commit=first.commit if first else "",
        until=time_of(removed.end) if removed else "",
        until_commit=removed.commit if removed else "",
    )


def _others(known: set[object], beside: Iterable[tuple[str, PastReach]]) -> Iterator[Edge]:
    """What tags and branches beside HEAD's line hold and it never held, each once, of the newest."""
    for name, past in beside:
        for life in past.whole:
            if identity(life.what) not in known:
                known.add(identity(life.what))
                yield _dated(life, name)


def live(
    root: Path,
    since: datetime,
    until: datetime,
    cache: Cache,
    now: datetime,
    limits: Limits = DEFAULT_LIMITS,
) -> Reach:
    """Reach as it stood at any commit that was live from `since` to `until`: places, code items and edges.

    An edge stands there once for each way in which its code was pinned in that time; its own `since` and
    `until` tell when it stood so, and its lines are those of `commit`. `skipped` is how far it was looked.
    """
    told = history(top_of(root), limits, cache, now)
    return stood(told, int(since.timestamp()), int(until.timestamp()))


def stood(told: ReachHistory, start: int, end: int) -> Reach:
    """The same of a history that was told already, from one Unix second to another."""
    edges: dict[object, Edge] = {}
    codes: dict[tuple[str, Code], None] = {}
    places: dict[str, Place] = {}
    for name, past in told.lines:
        held = [life for life in past.codes if life.touches(start, end)]
        codes.update(dict.fromkeys(life.what for life in held))
        for edge in _standing(past, held, start, end, name):
            code = edge.code
            key = (
                identity(edge),
                edge.confidence,
                edge.condition,
                edge.rules,
                code.pin,
                code.ref,
                code.packages,
            )
            edges.setdefault(key, edge)
        places = {**past.places, **places}
    wanted = {edge.place for edge in edges.values()} | {place for place, _ in codes}
    return Reach(
        places=tuple(place for id_, place in sorted(places.items()) if id_ in wanted),
        codes=tuple(codes),
        edges=ranked(edges.values()),
        skipped=told.skipped,
    )


def _standing(
    past: PastReach, codes: Iterable[Life[tuple[str, Code]]], start: int, end: int, ref: str
) -> Iterator[Edge]:
    """Every edge that stood in the time, with its code as it was pinned then."""
    of: dict[object, list[Life[tuple[str, Code]]]] = {}
    for life in codes:
        place, code = life.what
        of.setdefault((place, code.kind, code.name), []).append(life)
    for edge in past.edges:
        if not edge.touches(start, end):
            continue
        what = edge.what
        for life in of.get((what.place, what.code.kind, what.code.name), ()):
            if life.touches(_start(edge), _end(edge)):
                first = max((edge.first, life.first), key=lambda one: one.start if one else -_FAR)
                removed = min((edge.removed, life.removed), key=lambda one: one.end if one else _FAR)
                stood = Life(replace(what, code=life.what[1]), edge.last, first, removed)
                if stood.touches(start, end):
                    yield _dated(stood, ref)


def _start(life: Life[Edge]) -> int:
    return life.first.start if life.first else -_FAR


def _end(life: Life[Edge]) -> int:
    return life.removed.end if life.removed else _FAR
