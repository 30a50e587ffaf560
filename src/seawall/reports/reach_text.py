"""Reach for a tired person: the worst thing and its cut first, then a table per place, worst place first.

One row per target: the surest way to it, through which code, and how many others can get at it too.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from seawall.kernel.finding import Skipped
from seawall.kernel.reach.edge import Confidence, Cut, Edge, Place, Reach, Target
from seawall.kernel.reach.ranking import WORTH_A_WORD, score
from seawall.kernel.reach.words import code_words, place_words, sentence, target_words

from .plain import neutral, shortened
from .reach_past import since_words

_ROWS, _PLACES, _SKIPPED = 8, 6, 3
_LEAST_CODE, _LEAST_CONDITION = 24, 16
_OF_SECRETS = frozenset(("split-job", "step-env", "environment"))
"""Cuts that are the same for each secret of a place: the one of the secret of most worth is shown."""
_ASCII = {ord("·"): "-", ord("…"): "...", ord("→"): "->", ord("›"): ">"}
_STYLE = {
    Confidence.CERTAIN: "31;1",
    Confidence.STRONG: "31",
    Confidence.CONDITIONAL: "33",
    Confidence.INTEGRITY: "35",
    Confidence.BOUND: "2",
}
CONFIDENCES = {
    Confidence.CERTAIN: "in the same process, environment, file or API of that place",
    Confidence.STRONG: "in the runner's memory, a later step's environment, or a replaced program",
    Confidence.CONDITIONAL: "only when something named is so",
    Confidence.BOUND: "named in the workflow, not in this job",
    Confidence.INTEGRITY: "the bytes that are then signed or published; the credential stays unread",
}
"""What the words mean, for the legend."""


@dataclass(frozen=True, slots=True)
class Look:
    """How to write: everything or the worst, colours, width. `asked`: one thing was asked for."""

    full: bool = False
    color: bool = False
    width: int = 100
    unicode: bool = True
    asked: bool = False


@dataclass(slots=True)
class _Row:
    """All edges of one place to one target, the worst first."""

    edges: list[Edge] = field(default_factory=list)

    @property
    def target(self) -> Target:
        return self.edges[0].target

    @property
    def best(self) -> Edge:
        """The edge that matters: what is loosely pinned goes before what is a little surer."""
        return self.edges[0]

    @property
    def surer(self) -> str:
        """The confidence of the surest other way, where it is a surer one."""
        surest = min((edge.confidence for edge in self.edges), key=_SUREST.__getitem__)
        return surest.value if _SUREST[surest] < _SUREST[self.best.confidence] else ""


_SUREST = {confidence: place for place, confidence in enumerate(Confidence)}


def render(reach: Reach, look: Look, target: str = ".") -> str:
    """The report, without a newline at the end."""
    head = (*_head(reach, target, look), *_unread(reach, look))
    lines = [*head, *_worst(reach, look), *_tables(reach, look), *_tail(reach, look)]
    text = "\n".join(lines)
    if look.unicode:
        return text
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def _head(reach: Reach, target: str, look: Look) -> Iterator[str]:
    targets = {edge.target.id for edge in reach.edges}
    code = len(reach.codes)
    yield from _wrapped(
        f"{target}: {_count(len(reach.places), 'place')} where code runs,"
        f" {_count(code, 'item')} of third-party code, {_count(len(targets), 'thing')} in reach of it",
        look,
    )


def _unread(reach: Reach, look: Look) -> Iterator[str]:
    """What makes the answer less than one stands before it, and not below."""
    for item in reach.skipped:
        if item.required:
            text = f"this is not the whole answer: {item.check} were not read ({item.reason}): {item.advice}"
            first, *rest = _wrapped(text, look)
            yield _paint(first, "33", look)
            yield from rest


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"


def _worst(reach: Reach, look: Look) -> Iterator[str]:
    if not reach.edges or look.asked:
        return
    worst = reach.edges[0]
    yield ""
    if score(worst) < WORTH_A_WORD:
        read = ", of what was read" if any(item.required for item in reach.skipped) else ""
        yield f"nothing of much worth is in reach of loosely pinned code{read}"
        return
    first, *rest = _wrapped(f"worst: {sentence(worst)}", look)
    yield _paint("worst:", "1", look) + first.removeprefix("worst:")
    yield from rest
    for cut in worst.cuts[:1]:
        yield from _wrapped(f"  cut: {_cut(cut)}", look)


def _wrapped(text: str, look: Look) -> list[str]:
    """Text that is of no use when its end is missing, on as many lines as it takes."""
    return textwrap.wrap(neutral(text), look.width, subsequent_indent=" " * 7, break_on_hyphens=False) or [""]


def _tables(reach: Reach, look: Look) -> Iterator[str]:
    places = {place.id: place for place in reach.places}
    grouped: dict[str, dict[str, _Row]] = {}
    for edge in reach.edges:
        grouped.setdefault(edge.place, {}).setdefault(edge.target.id, _Row()).edges.append(edge)
    many = look.full or look.asked
    shown = list(grouped.items()) if many else list(grouped.items())[:_PLACES]
    for place, rows in shown:
        yield ""
        yield from _table(place, places.get(place), list(rows.values()), look)
    if len(grouped) > len(shown):
        yield ""
        yield f"and {_count(len(grouped) - len(shown), 'more place')}: --all"


def _table(id: str, place: Place | None, rows: Sequence[_Row], look: Look) -> Iterator[str]:
    about = _about(place)
    words = shortened(place_words(id), look.width - min(10, len(about)))
    yield _paint(words, "1", look) + shortened(about, look.width - len(words))
    many = look.full or look.asked
    near = [row for row in rows if many or row.best.confidence is not Confidence.BOUND]
    shown = near if many else near[:_ROWS]
    gate = _gate([edge.condition for row in near for edge in row.edges])
    if gate:
        yield from _wrapped(f"  {gate}" if gate.startswith("only ") else f"  only {gate}", look)
    dated = any(row.best.since for row in shown)
    most = look.width // (4 if dated else 3)
    first = min(max((len(neutral(target_words(row.target))) for row in shown), default=0), most)
    for row in shown:
        best = row.best
        begun = f"{since_words(best):<26}  " if dated else ""
        confidence = _paint(f"{best.confidence.value:<11}", _STYLE[best.confidence], look)
        left = f"  {shortened(target_words(row.target), first):<{first}}  "
        yield f"{left}{confidence}  {begun}{_by(row, gate, look.width - first - len(begun) - 17)}"
        if look.full or look.asked:
            yield from _details(row, look)
    if len(near) > len(shown):
        yield f"  and {len(near) - len(shown)} more: --all"
    if len(rows) > len(near):
        yield f"  named in the workflow, not in this job: {len(rows) - len(near)}"
    if not look.asked:
        yield from _cuts(near, look)


def _about(place: Place | None) -> str:
    if place is None:
        return ""
    parts = [f"on {', '.join(place.triggers)}"] if place.triggers else []
    parts += [f"environment {place.environment}"] if place.environment else []
    parts += [", ".join(place.runner)] if place.runner else []
    return "".join(f"  · {part}" for part in parts)


def _gate(conditions: Sequence[str]) -> str:
    """The condition that all edges of a place begin with: it is said once."""
    if len(conditions) < 2 or not all(conditions):
        return ""
    whole = min(conditions, key=len)
    ends = [len(whole), *(found.start() for found in re.finditer(" and ", whole))]
    for end in sorted(ends, reverse=True):
        if all(text == whole[:end] or text.startswith(f"{whole[:end]} and ") for text in conditions):
            return whole[:end]
    return ""


def _by(row: _Row, gate: str, width: int) -> str:
    """The code with its line, how many others, and what holds beside the gate, as far as there is room."""
    best = row.best
    others = len({(edge.code.name, edge.code.line) for edge in row.edges}) - 1
    more = f" and {others} more" if others else ""
    surely = f" ({row.surer} by some)" if row.surer else ""
    behind = f" :{best.code.line}{more}{surely}"
    condition = best.condition.removeprefix(gate).removeprefix(" and ")
    text = shortened(shortened(code_words(best.code), max(_LEAST_CODE, width - len(behind))) + behind, width)
    room = width - len(text) - 5
    return f"{text}  · {shortened(condition, room)}" if condition and room >= _LEAST_CONDITION else text


def _details(row: _Row, look: Look) -> Iterator[str]:
    for edge in row.edges:
        rules = " ".join(edge.rules)
        lines = ", ".join(f"{line.path}:{line.line}" for line in edge.evidence[:4])
        text = f"{edge.confidence} by {rules}: {code_words(edge.code)}"
        when = "" if edge.condition.startswith("when ") else "when "
        text += f" {when}{edge.condition}" if edge.condition else ""
        yield f"      {shortened(text, look.width - 6)}"
        yield f"        seen at {shortened(lines, look.width - 16)}"
        for cut in edge.cuts[:2] if look.asked else ():
            yield from _wrapped(f"        cut: {_cut(cut)}", look)


def _cuts(rows: Sequence[_Row], look: Look) -> Iterator[str]:
    """The cuts of one place that take away most, at most two unless everything is asked for."""
    counted: dict[tuple[str, str, int], tuple[int, Cut]] = {}
    for row in rows:
        for cut in row.best.cuts[:1]:
            key = (cut.id, cut.path, 0 if cut.id in _OF_SECRETS else cut.line)
            count, first = counted.get(key, (0, cut))
            counted[key] = (count + row.target.worth + 1, first)
    ordered = sorted(counted.values(), key=lambda item: (-item[0], item[1].words))
    for _, cut in ordered if look.full else ordered[:2]:
        yield from _wrapped(f"  cut: {_cut(cut)}", look)


def _cut(cut: Cut) -> str:
    where = f" · {cut.path.rpartition('/')[2]}:{cut.line}" if cut.path and cut.line else ""
    return f"{cut.words}{where}{' (--fix writes it)' if cut.mechanical else ''}"


_NOTHING = "no credential, identity or release is in reach of third-party code here"
_NOTHING_ASKED = "nothing that was looked for is in reach"
_NOTHING_RUNS = "nothing here says what runs: no workflow, image build, editor or agent setting was found"


def _tail(reach: Reach, look: Look) -> Iterator[str]:
    if not reach.edges:
        yield ""
        nothing = _NOTHING if reach.places else _NOTHING_RUNS
        yield from _wrapped(_NOTHING_ASKED if look.asked else nothing, look)
    used = [confidence for confidence in Confidence if any(e.confidence is confidence for e in reach.edges)]
    if used and not look.asked:
        yield ""
        for confidence in used:
            yield shortened(f"{confidence:<11} {CONFIDENCES[confidence]}", look.width)
    yield from _skips(reach.skipped, look)


def _skips(skipped: Iterable[Skipped], look: Look) -> Iterator[str]:
    found = [item for item in skipped if not item.required]
    if found:
        yield ""
    for item in found if look.full else found[:_SKIPPED]:
        advice = f" ({item.advice})" if item.advice else ""
        text = f"not looked at: {item.check}: {item.reason}{advice}"
        yield from _wrapped(text, look) if look.full else [shortened(text, look.width)]
    if len(found) > _SKIPPED and not look.full:
        yield f"and {len(found) - _SKIPPED} more that were not looked at: --all"


def _paint(text: str, code: str, look: Look) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if look.color else text
