"""What entries say together: who took what, what runs where, which clients report, and when we ran.

All of it follows from the leaves alone, so it can be made again from them and compared.

| event | edges |
| --- | --- |
| a file was served | who took asset; and run took asset, or place took asset where there is no run |
| it names a run and a place | run ran-at place |
| it names a run and a commit | run built commit |
| it says what an asset needs | asset depends-on each of them |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .event import Action, Delivery, Event
from .graph import Relation
from .leaf import LATEST, Pseudonyms, fitted, fitted_needs, names_in
from .ledger import SPAN, Link, Period, Place, Seen

_OURS = frozenset({Action.SERVE, Action.SETTINGS, Action.ISSUE, Action.ERASE})
"""What no client does: it says nothing about coverage."""


class Known:
    """Gathers what entries say; each is given once, in order.

    `periods` begins with the newest period that is known already, if there is one, and `spans` with the
    newest span.
    """

    __slots__ = ("coverage", "edges", "periods", "spans")

    def __init__(
        self, periods: Sequence[Period] = (), spans: Mapping[int, tuple[int, int]] | None = None
    ) -> None:
        self.edges: dict[Link, Seen] = {}
        self.coverage: dict[Place, Seen] = {}
        self.periods = list(periods)
        self.spans = dict(spans or {})

    def add_event(self, entry: int, event: Event, names: Pseudonyms) -> None:
        """Add an event that is being written as `entry`."""
        self._add(
            entry,
            event.time if 0 <= event.time <= LATEST else 0,
            event.action,
            event.delivery is Delivery.SERVED,
            fitted("asset", event.asset),
            fitted_needs(event.needs) if event.needs else (),
            fitted("client", event.client),
            event.subject,
            names,
        )

    def add_leaf(self, entry: int, found: Mapping[str, object]) -> None:
        """Add an entry that was read (`read_leaf`)."""
        needs, time = found.get("needs"), found["time"]
        self._add(
            entry,
            time if isinstance(time, int) else 0,
            Action(str(found["action"])),
            found.get("delivery") == Delivery.SERVED,
            str(found.get("asset", "")),
            tuple(needs) if isinstance(needs, list) else (),
            str(found.get("client", "")),
            str(found.get("subject", "")),
            names_in(found),
        )

    def _add(
        self,
        entry: int,
        time: int,
        action: Action,
        served: bool,
        asset: str,
        needs: tuple[str, ...],
        client: str,
        subject: str,
        names: Pseudonyms,
    ) -> None:
        for link in _links(action is Action.FETCH and served, asset, needs, names):
            seen = self.edges.get(link)
            if seen is None:
                self.edges[link] = Seen(time, time, entry)
            else:
                seen.again(time)
        if action not in _OURS:
            place = (client, names.place, names.who)
            seen = self.coverage.get(place)
            if seen is None:
                self.coverage[place] = Seen(time, time, entry)
            else:
                seen.again(time)
        elif action is Action.SERVE:
            self._serve(entry, time, subject)
        number = entry // SPAN
        span = self.spans.get(number)
        if span is None:
            self.spans[number] = (time, time)
        elif time > span[1] or time < span[0]:
            self.spans[number] = (min(time, span[0]), max(time, span[1]))

    def _serve(self, entry: int, time: int, subject: str) -> None:
        last = self.periods[-1] if self.periods else None
        if last is None or last.stopped or subject in ("started", "resumed"):
            last = Period(entry, time, time)
            self.periods.append(last)
        last.until = max(last.until, time)
        last.stopped = subject == "stopped"


# Looking a member's value up costs more than all the rest of a link.
_TOOK, _RAN_AT = Relation.TOOK.value, Relation.RAN_AT.value
_DEPENDS_ON, _BUILT = Relation.DEPENDS_ON.value, Relation.BUILT.value


def _links(taken: bool, asset: str, needs: tuple[str, ...], names: Pseudonyms) -> list[Link]:
    run = f"run:{names.run}" if names.run else ""
    place = f"place:{names.place}" if names.place else ""
    links: list[Link] = []
    if taken and asset:
        links.append((f"who:{names.who}", _TOOK, asset))
        if run or place:
            links.append((run or place, _TOOK, asset))
    if run and place:
        links.append((run, _RAN_AT, place))
    if run and names.commit:
        links.append((run, _BUILT, f"commit:{names.commit}"))
    if asset and needs:
        links += [(asset, _DEPENDS_ON, need) for need in needs]
    return links
