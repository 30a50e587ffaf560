"""Who can change, approve and start what leads to credentials, and what was granted for nothing.

A part of the report of `seawall reach`, as lines for a person and as JSON values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from seawall.kernel.reach.edge import Reach
from seawall.kernel.reach.hands import UNNEEDED, Approval, FileHands, Grant, PlaceHands, StartHands
from seawall.kernel.reach.words import place_words

from .plain import shortened

_PLACES, _FILES, _GRANTS = 6, 6, 12
_NOT_KNOWN = "not known"
_ASCII = {ord("·"): "-", ord("…"): "...", ord("→"): "->", ord("›"): ">"}


def render(reach: Reach, *, full: bool, width: int, unicode: bool = True) -> str:
    """The lines, without a newline at the end; places in the order of the worst edges."""
    text = "\n".join(_lines(reach, full=full, width=width))
    if unicode:
        return text
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def _lines(reach: Reach, *, full: bool, width: int) -> Iterator[str]:
    places = _ordered(reach)
    shown = places if full else places[:_PLACES]
    yield "who leads there"
    if not places:
        yield "  nowhere to lead to"
    for hands in shown:
        yield f"  {shortened(place_words(hands.place), width - 2)}"
        yield from (f"    {shortened(line, width - 4)}" for line in _of_place(hands, full=full))
    if len(places) > len(shown):
        yield f"  and {len(places) - len(shown)} more places: --all"
    yield ""
    yield from _grants(grants_of(reach), full=full, width=width)


def hands_of(reach: Reach) -> tuple[PlaceHands, ...]:
    """Those of the places that are shown."""
    ids = {place.id for place in reach.places}
    return tuple(hands for hands in reach.people or () if hands.place in ids)


def grants_of(reach: Reach) -> tuple[Grant, ...]:
    """Those of the places that are shown."""
    ids = {place.id for place in reach.places}
    return tuple(grant for grant in reach.unneeded or () if grant.place in ids)


def _ordered(reach: Reach) -> list[PlaceHands]:
    worst = {place: at for at, place in enumerate(dict.fromkeys(edge.place for edge in reach.edges))}
    return sorted(hands_of(reach), key=lambda hands: worst.get(hands.place, len(worst)))


def _of_place(hands: PlaceHands, *, full: bool) -> Iterator[str]:
    files = hands.files if full else hands.files[:_FILES]
    for number, file in enumerate(files):
        yield f"{'changed by' if not number else '':<12}{file.file}: {_owners(file)}"
    if len(hands.files) > len(files):
        yield f"{'':<12}and {len(hands.files) - len(files)} more files"
    reviews = dict.fromkeys(file.review for file in hands.files if file.owners)
    for review in reviews:
        yield f"{'reviewed':<12}a code owner's review: {review}"
    if hands.approval is not None:
        yield f"{'approved by':<12}environment {hands.approval.environment}: {_approved(hands.approval)}"
    for number, start in enumerate(hands.starts):
        yield f"{'started by' if not number else '':<12}{start.trigger}: {_started(start)}"


def _owners(file: FileHands) -> str:
    if file.owners is None:
        return f"{_NOT_KNOWN} ({file.why})"
    where = f" · {file.path}:{file.line}"
    return (", ".join(file.owners) or "no owner is named") + where


def _approved(approval: Approval) -> str:
    if approval.who is None:
        return f"{_NOT_KNOWN} ({approval.why})"
    return (", ".join(approval.who) or "no reviewer is named") + f" · {approval.path}:{approval.line}"


def _started(start: StartHands) -> str:
    names = "" if start.names is None else f" ({', '.join(start.names) or 'no name is given'})"
    known = start.names is not None or start.strangers or start.who.startswith(("the clock", _NOT_KNOWN))
    return f"{start.who}{names}" + ("" if known else f" (who that is: {_NOT_KNOWN})")


def _grants(grants: Sequence[Grant], *, full: bool, width: int) -> Iterator[str]:
    yield "granted, and needed by nothing there"
    sure = [grant for grant in grants if grant.state == UNNEEDED]
    for grant in sure if full else sure[:_GRANTS]:
        yield f"  {shortened(_grant(grant), width - 2)}"
    if not sure:
        yield "  nothing that is surely so"
    if not full and len(sure) > _GRANTS:
        yield f"  and {len(sure) - _GRANTS} more: --all"
    doubtful = [grant for grant in grants if grant.state != UNNEEDED]
    if doubtful and not full:
        count = len(doubtful)
        yield f"  whether {count} more {'is' if count == 1 else 'are'} needed is not known: --all"
    for grant in doubtful if full else ():
        yield f"  {shortened(f'not known: {_grant(grant)}', width - 2)}"


def _grant(grant: Grant) -> str:
    where = f" · {grant.path}:{grant.line}" if grant.line else ""
    return f"{place_words(grant.place)}: {grant.kind} {grant.name}: {grant.why}{where}"


def people_json(hands: Iterable[PlaceHands]) -> list[dict[str, object]]:
    """`people` of the document: null where something is not known."""
    return [
        {
            "place": one.place,
            "changes": [_file_json(file) for file in one.files],
            "approval": _approval_json(one.approval) if one.approval else None,
            "starts": [_start_json(start) for start in one.starts],
        }
        for one in hands
    ]


def _file_json(file: FileHands) -> dict[str, object]:
    return {
        "path": file.file,
        "what": file.what,
        "owners": list(file.owners) if file.owners is not None else None,
        "why": file.why or None,
        "review": file.review or None,
        "evidence": {"path": file.path, "line": file.line} if file.path else None,
    }


def _approval_json(approval: Approval) -> dict[str, object]:
    return {
        "environment": approval.environment,
        "who": list(approval.who) if approval.who is not None else None,
        "why": approval.why or None,
        "evidence": {"path": approval.path, "line": approval.line} if approval.path else None,
    }


def _start_json(start: StartHands) -> dict[str, object]:
    return {
        "trigger": start.trigger,
        "who": start.who,
        "strangers": start.strangers,
        "names": list(start.names) if start.names is not None else None,
        "line": start.line,
    }


def unneeded_json(grants: Iterable[Grant]) -> list[dict[str, object]]:
    """`unneeded` of the document."""
    return [
        {
            "place": grant.place,
            "kind": grant.kind,
            "name": grant.name,
            "state": grant.state,
            "why": grant.why,
            "path": grant.path,
            "line": grant.line,
        }
        for grant in grants
    ]
