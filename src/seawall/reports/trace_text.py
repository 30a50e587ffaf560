"""A trace for a tired person: the answer first, then who, what was in reach, what to do, what is unknown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from seawall.kernel.exposure import Exposure, Proof, Status, counted
from seawall.kernel.reach.edge import Edge
from seawall.kernel.reach.lived import time_of
from seawall.kernel.reach.words import code_words, place_words, target_words
from seawall.kernel.rotation import STEPS, PlanItem
from seawall.kernel.traced import Trace, window_words

from .plain import neutral, shortened

_SHOWN, _ROWS, _PROOFS = 8, 12, 3
_ASCII = {ord("·"): "-", ord("…"): "...", ord("→"): "->", ord("›"): ">", ord("–"): "-"}


def render(found: Trace, *, full: bool = False, width: int = 110, unicode: bool = True) -> str:
    """The report, without a newline at the end."""
    lines = [
        *_head(found),
        *_exposures(found, full=full, width=width),
        *_reach(found.edges, full=full, width=width),
        *_downstream(found.downstream, width=width),
        *_plan(found.plan, width=width),
        *_coverage(found, width=width),
    ]
    text = "\n".join(lines)
    if unicode:
        return text
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def _head(found: Trace) -> Iterator[str]:
    asked = found.asked
    title = f": {neutral(asked.title)}" if asked.title else ""
    yield f"{neutral(asked.words)}{title}"
    drill = "drill, as if it had turned bad then: " if asked.drill else "could be had "
    yield f"{drill}{window_words(asked)}"
    numbers = counted(found.exposures)
    words = ", ".join(f"{numbers[status]:,} {status.word}" for status in reversed(Status))
    yield f"{words}; {_things(found.edges)} in reach"
    if not numbers[Status.CONFIRMED] and not numbers[Status.POSSIBLE]:
        yield "nothing here is known to have taken it" + (
            "" if found.complete else ", but not all was looked at"
        )


def _things(edges: Iterable[Edge]) -> str:
    number = len({edge.target.id for edge in edges})
    return f"{number:,} thing{'s' * (number != 1)}"


def _exposures(found: Trace, *, full: bool, width: int) -> Iterator[str]:
    for status in reversed(Status):
        mine = [one for one in found.exposures if one.status is status]
        if not mine:
            continue
        yield ""
        yield f"{status.word}: {len(mine):,}"
        if status is Status.EXCLUDED and not full:
            yield from _kept_out(mine, width=width)
            continue
        shown = mine if full else mine[:_SHOWN]
        for one in shown:
            yield from _exposure(one, full=full, width=width)
        if len(mine) > len(shown):
            yield f"  and {len(mine) - len(shown):,} more: --all"


def _kept_out(mine: Sequence[Exposure], *, width: int) -> Iterator[str]:
    """The evidence once, and whom it speaks for."""
    of: dict[tuple[Proof, ...], list[str]] = {}
    for one in mine:
        proofs = tuple(proof for proof in one.evidence if proof.commit) or one.evidence
        of.setdefault(proofs, []).append(place_words(one.place))
    groups = list(of.items())
    for proofs, places in groups[:_SHOWN]:
        for proof in proofs[:_PROOFS]:
            yield f"  {shortened(_proof(proof), width - 2)}"
        yield f"    {shortened(', '.join(places), width - 4)}"
    if len(groups) > _SHOWN:
        yield f"  and {len(groups) - _SHOWN:,} more: --all"


def _exposure(one: Exposure, *, full: bool, width: int) -> Iterator[str]:
    who = "" if one.principal else ", whoever installed from it"
    yield f"  {shortened(f'{place_words(one.place)}{who}  {_span(one.since, one.until)}', width - 2)}"
    shown = one.evidence if full else one.evidence[:_PROOFS]
    for proof in shown:
        yield f"    {shortened(_proof(proof), width - 4)}"
    if len(one.evidence) > len(shown):
        yield f"    and {len(one.evidence) - len(shown)} more"


def _span(since: int | None, until: int | None) -> str:
    if since is None and until is None:
        return ""
    return f"{_minute(since) or '…'} – {_minute(until) or 'now'}"


def _minute(seconds: int | None) -> str:
    return time_of(seconds)[:16] + "Z" if seconds is not None and time_of(seconds) else ""


def _proof(proof: Proof) -> str:
    where = f"{proof.path}:{proof.line}" if proof.line else proof.path
    commit = f" ({proof.commit[:7]}" if proof.commit else ""
    if commit:
        begun = f" since {_minute(proof.since)}" if proof.since is not None else ""
        ended = f", until {_minute(proof.until)}" if proof.until is not None else ", still there"
        gone = f" {proof.until_commit[:7]}" if proof.until_commit else ""
        commit += f"{begun}{ended}{gone})"
    return f"{where}: {proof.words}{commit}" if where else f"{proof.words}{commit}"


def _reach(edges: Sequence[Edge], *, full: bool, width: int) -> Iterator[str]:
    if not edges:
        return
    of: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        of.setdefault((edge.place, edge.target.id), edge)
    yield ""
    yield f"in reach of what may have run: {len(of):,}, worst first"
    rows = list(of.values())
    shown = rows if full else rows[:_ROWS]
    for edge in shown:
        condition = f", {edge.condition}" if edge.condition else ""
        words = f"{target_words(edge.target)} ({edge.confidence}) in {place_words(edge.place)}"
        yield f"  {shortened(f'{words}, by {code_words(edge.code)}{condition}', width - 2)}"
    if len(rows) > len(shown):
        yield f"  and {len(rows) - len(shown):,} more: --all"


def _downstream(edges: Sequence[Edge], *, width: int) -> Iterator[str]:
    of = {(edge.place, edge.target.id): edge for edge in edges}
    if not of:
        return
    yield ""
    yield "built, signed or published there (who depends on it is not known from here):"
    for edge in list(of.values())[:_SHOWN]:
        words = f"{edge.target.kind} {target_words(edge.target)} in {place_words(edge.place)}"
        yield f"  {shortened(words, width - 2)}"
    if len(of) > _SHOWN:
        yield f"  and {len(of) - _SHOWN:,} more"


def _plan(items: Sequence[PlanItem], *, width: int) -> Iterator[str]:
    if not items:
        return
    yield ""
    yield "what to do, in this order:"
    for number, step in enumerate(STEPS, 1):
        mine = [one for one in items if one.step == step]
        if not mine:
            continue
        yield f"  {number}. {step}"
        for one in mine:
            text = neutral(f"{one.what}{_about(one)}: {one.how}")
            yield from textwrap.wrap(
                text, width, initial_indent="     ", subsequent_indent="       ", break_on_hyphens=False
            )


def _about(one: PlanItem) -> str:
    """Of a credential what it is and how surely it was in reach; of a thing to stop where it is."""
    if one.kind:
        return f" ({one.kind}; {one.status}; {one.confidence})"
    if one.step != "contain" or not one.places or "workflows" in one.what:
        return ""
    more = f" and {len(one.places) - 4} more" if len(one.places) > 4 else ""
    return f" ({', '.join(map(place_words, one.places[:4]))}{more})"


def _coverage(found: Trace, *, width: int) -> Iterator[str]:
    for looked, title in ((True, "looked at"), (False, "not looked at, or not known")):
        mine = [one.words for one in found.coverage if one.looked is looked]
        if mine:
            yield ""
            yield f"{title}:"
            for words in mine:
                yield from textwrap.wrap(
                    neutral(words),
                    width,
                    initial_indent="  ",
                    subsequent_indent="    ",
                    break_on_hyphens=False,
                )
