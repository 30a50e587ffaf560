"""What was in reach once, and since when a thing is: the part of `seawall reach` that tells of its past."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seawall.kernel.reach.edge import Edge, Reach
from seawall.kernel.reach.words import sentence

from .plain import shortened

_SHOWN = 8
_ASCII = {ord("·"): "-", ord("…"): "...", ord("→"): "->", ord("›"): ">", ord("–"): "-"}


def render(reach: Reach, *, full: bool, width: int, unicode: bool = True) -> str:
    """The lines, without a newline at the end: what is gone, then what other tags and branches still hold."""
    gone = [edge for edge in reach.past if not edge.ref]
    others = [edge for edge in reach.past if edge.ref]
    lines = [*_group("no longer in reach", gone, full=full, width=width)]
    if others:
        lines += ["", *_group("in reach at other tags and branches only", others, full=full, width=width)]
    text = "\n".join(lines)
    if unicode:
        return text
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def _group(title: str, edges: Sequence[Edge], *, full: bool, width: int) -> Iterator[str]:
    if not edges:
        yield f"{title}: nothing that was seen"
        return
    yield f"{title}: {len(edges):,}"
    shown = edges if full else edges[:_SHOWN]
    for edge in shown:
        yield f"  {shortened(sentence(edge), width - 2)}"
        at = f"at {edge.ref}, " if edge.ref else ""
        yield f"    {shortened(f'{at}{window_words(edge)}', width - 4)}"
    if len(edges) > len(shown):
        yield f"  and {len(edges) - len(shown):,} more: --all"


def since_words(edge: Edge) -> str:
    """`since 2025-03-01 (abc1234)`; empty where it is not known."""
    return f"since {_day(edge.since)} ({edge.since_commit[:7]})" if edge.since else ""


def window_words(edge: Edge) -> str:
    """From when to when it was so."""
    begun = f"{_day(edge.since)} ({edge.since_commit[:7]})" if edge.since else "before all that was looked at"
    if not edge.until:
        return f"since {begun}"
    return f"{begun} – {_day(edge.until)} ({edge.until_commit[:7]})"


def _day(time: str) -> str:
    return time[:10]
