"""A laptop for a tired person: the worst and its cut, then one row per credential, then the loosest code.

All code of one person reaches nearly the same, so a row says how many can get at it and not each of them.
"""

from __future__ import annotations

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from seawall.kernel.code import LOOSENESS, Code
from seawall.kernel.credential import Credential, Held
from seawall.kernel.reach.edge import Confidence, Cut, Edge, Reach
from seawall.kernel.reach.words import code_words

from .plain import neutral, shortened
from .reach_text import Look

_ROWS, _CODES, _SKIPPED, _CUTS = 25, 8, 5, 4
_ASCII = {ord("·"): "-", ord("…"): "...", ord("→"): "->", ord("›"): ">"}
_SUREST = {confidence: place for place, confidence in enumerate(Confidence)}
SURELY = {
    Confidence.CERTAIN: "the person's processes can read it as it lies there",
    Confidence.STRONG: "an agent, a keychain or a helper gives it to whoever asks while it is unlocked",
    Confidence.CONDITIONAL: "only when somebody types the passphrase, touches the key, or asks for it",
}
"""What the words mean on a machine."""


@dataclass(frozen=True, slots=True)
class _Row:
    credential: Credential
    worth: int
    surely: str
    by: str
    expired: bool
    given: str = ""


def render(reach: Reach, look: Look, target: str, now: datetime) -> str:
    """The report, without a newline at the end."""
    rows = _rows(reach, now)
    lines = [
        *_head(reach, target, look), *_worst(reach, look), *_table(rows, look), *_codes(reach, look),
        *_cuts(reach, look), *_legend(reach, look), *_skips(reach, look),
    ]  # fmt: skip
    text = "\n".join(lines)
    if look.unicode:
        return text
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def _head(reach: Reach, target: str, look: Look) -> Iterator[str]:
    reached = len({edge.target.id for edge in reach.edges})
    held, codes = len(reach.credentials), len(reach.codes)
    text = (
        f"{neutral(target)}: {held:,} {_plural('credential', held)} (named, never read out),"
        f" {codes:,} {_plural('item', codes)} of code that others wrote, {reached:,} in reach of it"
    )
    yield from textwrap.wrap(text, look.width, break_on_hyphens=False)
    reaching = dict.fromkeys(edge.code for edge in reach.edges)
    kinds = Counter(str(code.kind) for code in reaching)
    if kinds:
        counted = ", ".join(f"{number} {_plural(kind, number)}" for kind, number in kinds.most_common())
        yield f"who can get at something: {counted}"


def _worst(reach: Reach, look: Look) -> Iterator[str]:
    if not reach.edges:
        yield ""
        yield "no credential is in reach of code that others wrote"
        return
    worst = reach.edges[0]
    words = f"{worst.target.name} in {worst.target.scope} ({worst.confidence}) by {code_words(worst.code)}"
    yield ""
    yield f"worst: {shortened(words, look.width - 7)}"
    for cut in worst.cuts[:1]:
        yield f"  cut: {shortened(cut.words, look.width - 7)}"


def _rows(reach: Reach, now: datetime) -> list[_Row]:
    by_target: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in reach.edges:
        by_target[edge.target.name, edge.target.scope].append(edge)
    found = []
    for one in reach.credentials:
        edges = by_target.get((one.id, one.path or "environment"), [])
        best = min(edges, key=lambda edge: _SUREST[edge.confidence], default=None)
        worth = best.target.worth if best else 0
        surely = str(best.confidence) if best else "no"
        found.append(_Row(one, worth, surely, _by(edges), one.expired(now), _given(edges)))
    order = {str(confidence): place for confidence, place in _SUREST.items()}
    return sorted(
        found, key=lambda row: (-row.worth, order.get(row.surely, 9), row.credential.id, row.credential.path)
    )


def _by(edges: Sequence[Edge]) -> str:
    codes = dict.fromkeys(edge.code for edge in edges)
    if not codes:
        return "nothing that was found"
    if len(codes) == 1:
        return code_words(edges[0].code)
    return f"any of {len(codes)}"


def _given(edges: Sequence[Edge]) -> str:
    """Which code it is given to by name, where others can get at it too."""
    named = dict.fromkeys(edge.code.name for edge in edges if edge.rules[:1] == ("R1",))
    reaching = dict.fromkeys(edge.code.name for edge in edges)
    return f"given to {', '.join(list(named)[:3])}" if named and len(named) < len(reaching) else ""


def _plural(kind: str, number: int) -> str:
    return kind if number == 1 or kind.endswith("s") else f"{kind}s"


def _table(rows: Sequence[_Row], look: Look) -> Iterator[str]:
    if not rows:
        return
    shown = rows if look.full else rows[:_ROWS]
    name = min(max(len(neutral(row.credential.id)) for row in shown), 30)
    place = min(max(len(neutral(_place(row.credential))) for row in shown), 32)
    yield ""
    yield f"  {'credential':<{name}}  {'where':<{place}}  surely       file  ends        by"
    for row in shown:
        one = row.credential
        left = f"  {shortened(one.id, name):<{name}}  {shortened(_place(one), place):<{place}}"
        mode = (one.mode[-3:] if one.mode else "-") + ("" if one.owner_only else "!")
        line = f"{left}  {row.surely:<11}  {mode:<4}  {_ends(row):<10}"
        yield f"{line}  {shortened(row.by, max(20, look.width - len(line) - 2))}"
        if look.full:
            yield from (f"      {shortened(words, look.width - 6)}" for words in _about(row))
    if len(rows) > len(shown):
        yield f"  and {len(rows) - len(shown)} more: --all"
    if any(not row.credential.owner_only for row in shown):
        yield "  ! others on this machine can read the file: chmod 600"


def _place(one: Credential) -> str:
    where = one.path or "the session"
    return f"{where}:{one.line}" if one.line else where


def _ends(row: _Row) -> str:
    if row.expired:
        return "has ended"
    if row.credential.renews:
        return "renews"
    return row.credential.expires[:10] or "-"


def _about(row: _Row) -> Iterator[str]:
    one = row.credential
    locked = {True: "encrypted", False: "not encrypted", None: ""}[one.encrypted]
    held = "" if one.held is Held.FILE else f"held by the {one.held}" if one.held is Held.SESSION else ""
    unread = "" if one.readable else "its owner's processes cannot read it"
    words = " · ".join(part for part in (one.scope, one.note, row.given, locked, held, unread) if part)
    if words:
        yield words


def _codes(reach: Reach, look: Look) -> Iterator[str]:
    codes = sorted(
        dict.fromkeys(code for _, code in reach.codes),
        key=lambda code: (-LOOSENESS[code.pin], code.kind, code.name, code.path, code.line),
    )
    if not codes:
        return
    yield ""
    yield "  whose code, the loosest first"
    shown = codes if look.full else codes[:_CODES]
    for code in shown:
        yield f"  {shortened(_code(code), look.width - 2)}"
    if len(codes) > len(shown):
        yield f"  and {len(codes) - len(shown)} more: --all"


def _code(code: Code) -> str:
    where = f"{code.path}:{code.line}" if code.line else code.path
    ref = f" {code.ref}" if code.ref and code.ref not in code.name else ""
    fenced = " · fenced in" if code.contained else ""
    return f"{code.kind} {code.name}{ref} ({code.pin}) · {code.condition or 'at once'}{fenced} · {where}"


def _cuts(reach: Reach, look: Look) -> Iterator[str]:
    """The cuts that take away most: each counts what it takes from reach, and not how often."""
    counted: dict[tuple[str, str], tuple[int, Cut]] = {}
    seen: set[tuple[str, str, str]] = set()
    for edge in reach.edges:
        for cut in edge.cuts[:1]:
            if (cut.id, cut.words, edge.target.id) not in seen:
                seen.add((cut.id, cut.words, edge.target.id))
                worth, _ = counted.get((cut.id, cut.words), (0, cut))
                counted[cut.id, cut.words] = (worth + edge.target.worth, cut)
    ordered = sorted(counted.values(), key=lambda item: (-item[0], item[1].words))
    if ordered:
        yield ""
    for _, cut in ordered if look.full else ordered[:_CUTS]:
        where = f" · {cut.path}" if cut.path and cut.path not in cut.words else ""
        yield f"  cut: {shortened(cut.words + where, look.width - 7)}"


def _legend(reach: Reach, look: Look) -> Iterator[str]:
    used = {edge.confidence for edge in reach.edges}
    if used:
        yield ""
    for confidence, words in SURELY.items():
        if confidence in used:
            yield shortened(f"{confidence:<11} {words}", look.width)


def _skips(reach: Reach, look: Look) -> Iterator[str]:
    if reach.skipped:
        yield ""
    for item in reach.skipped if look.full else reach.skipped[:_SKIPPED]:
        advice = f" ({item.advice})" if item.advice else ""
        yield shortened(f"not looked at: {item.check}: {item.reason}{advice}", look.width)
    if len(reach.skipped) > _SKIPPED and not look.full:
        yield f"and {len(reach.skipped) - _SKIPPED} more that were not looked at: --all"
