"""What one line of commits held, as a value that can be kept and gone on with."""

from __future__ import annotations

import json
import zlib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, cast

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.reach.edge import Confidence, Edge, Line, Place, PlaceKind, Reach, Target, TargetKind
from seawall.kernel.reach.lived import Life, Lives, Moment, code_variant, identity, variant

SHAPE = 1
"""Of what is kept; another number makes it be told anew."""
_MOST_BYTES = 512 * 1024 * 1024
_Placed = tuple[str, Code]


@dataclass(slots=True)
class PastReach:
    """Lives of edges (`edges` as they stood, `whole` whatever became of conditions) and of code items.

    `tip` is the newest commit, `bottom` the oldest whose reach is known, `cut` why it is not the first one.
    `commits` were walked, at `told` of them reach was told.
    """

    edges: Lives[Edge] = field(default_factory=lambda: Lives(variant))
    whole: Lives[Edge] = field(default_factory=lambda: Lives(identity))
    codes: Lives[_Placed] = field(default_factory=lambda: Lives(code_variant))
    places: dict[str, Place] = field(default_factory=dict)
    tip: Moment | None = None
    bottom: Moment | None = None
    cut: str = ""
    commits: int = 0
    told: int = 0

    def back(self, found: Reach, at: Moment, child: Moment | None) -> None:
        """One commit further back."""
        self.edges.back(found.edges, at, child)
        self.whole.back(found.edges, at, child)
        self.codes.back(found.codes, at, child)
        for place in found.places:
            self.places.setdefault(place.id, place)
        self.told += 1

    def born(self, first: Moment) -> None:
        """The line begins with this commit."""
        for lives in (self.edges, self.whole, self.codes):
            cast("Lives[object]", lives).born(first)

    def adopted(self, main: PastReach) -> None:
        """What was there where this line left another began as that one tells."""
        if self.bottom is not None and not self.cut:
            self.edges.adopted(main.edges, self.bottom)
            self.whole.adopted(main.whole, self.bottom)
            self.codes.adopted(main.codes, self.bottom)

    def says(self, found: Reach) -> bool:
        """Whether this is what reach is at `bottom`."""
        return (
            self.edges.open.keys() == {variant(edge) for edge in found.edges}
            and self.codes.open.keys() == {code_variant(pair) for pair in found.codes}
        )  # fmt: skip

    def grafted(self, older: PastReach) -> bool:
        """Go on with what was found earlier, when this commit was the tip. False: it says otherwise."""
        if not (
            self.edges.grafted(older.edges)
            and self.whole.grafted(older.whole)
            and self.codes.grafted(older.codes)
        ):
            return False
        self.places = {**older.places, **self.places}
        self.bottom, self.cut = older.bottom, older.cut
        self.commits += older.commits - 1
        self.told += older.told
        return True


def dumped(past: PastReach) -> bytes:
    """As it is kept: JSON, compressed. Each value stands there once, lives name it by its number."""
    values = _Values()
    lives = [_lives(kept, values) for kept in (past.edges, past.whole, past.codes)]
    found = {
        "shape": SHAPE,
        "ends": [values.number(_moment(past.tip)), values.number(_moment(past.bottom))],
        "cut": past.cut,
        "count": [past.commits, past.told],
        "places": [_fields(place) for place in past.places.values()],
        "lives": lives,
        "values": values.held,
    }
    return zlib.compress(json.dumps(found).encode(), 1)


def loaded(data: bytes) -> PastReach | None:
    """What was kept, None when it is nothing or of another shape."""
    if not data:
        return None
    try:
        found = json.loads(zlib.decompressobj().decompress(data, _MOST_BYTES))
        if found["shape"] != SHAPE:
            return None
        values = found["values"]
        edges: dict[int, Edge] = {}
        codes: dict[int, _Placed] = {}
        moments: dict[int, Moment] = {}

        def edge(number: int) -> Edge:
            if number not in edges:
                edges[number] = _edge(values[number], code)
            return edges[number]

        def code(number: int) -> _Placed:
            if number not in codes:
                place, about = values[number]
                codes[number] = place, _code(about)
            return codes[number]

        def moment(number: int) -> Moment | None:
            if number not in moments and values[number] is not None:
                moments[number] = Moment(*values[number])
            return moments.get(number)

        past = PastReach(cut=found["cut"])
        past.tip, past.bottom = (moment(number) for number in found["ends"])
        past.commits, past.told = found["count"]
        past.places = {place["id"]: _place(place) for place in found["places"]}
        for kept, rows in zip((past.edges, past.whole), found["lives"][:2], strict=True):
            _filled(kept, rows, edge, moment)
        _filled(past.codes, found["lives"][2], code, moment)
        return past
    except (ValueError, TypeError, KeyError, IndexError, zlib.error):
        return None


class _Values:
    """Each value once, by its number."""

    def __init__(self) -> None:
        self.held: list[object] = []
        self._of: dict[Hashable, int] = {}

    def number(self, value: object) -> int:
        """The number of a JSON value."""
        key = json.dumps(value)
        if key not in self._of:
            self._of[key] = len(self.held)
            self.held.append(value)
        return self._of[key]

    def edge(self, edge: Edge) -> int:
        """The number of an edge, whose code has a number of its own."""
        about = [
            self.code((edge.place, edge.code)),
            _fields(edge.target),
            edge.rules,
            edge.confidence,
            edge.condition,
            [[line.path, line.line] for line in edge.evidence],
        ]
        return self.number(about)

    def code(self, pair: _Placed) -> int:
        """The number of a code item at its place."""
        return self.number([pair[0], _fields(pair[1])])


def _lives(kept: Lives[Any], values: _Values) -> list[list[int]]:
    """[value, last, first, removed] of each life, those whose beginning was not seen first with a null."""
    rows = []
    for life in kept:
        what = values.edge(life.what) if isinstance(life.what, Edge) else values.code(life.what)
        ends = (life.last, life.first, life.removed)
        rows.append([what, *(values.number(_moment(end)) for end in ends)])
    return rows


def _filled(kept: Lives[Any], rows: Iterable[list[int]], value: Any, moment: Any) -> None:
    for number, last, first, removed in rows:
        life = Life(value(number), moment(last), moment(first), moment(removed))
        if life.first is None:
            kept.open[kept.key(life.what)] = life
        else:
            kept.closed.append(life)


def _moment(moment: Moment | None) -> list[object] | None:
    return [moment.commit, moment.time, moment.landed] if moment else None


def _fields(value: Any) -> dict[str, object]:
    """A flat dataclass, without what is as by default."""
    return {
        item.name: found for item in fields(value) if (found := getattr(value, item.name)) != item.default
    }


def _edge(about: list[Any], code: Any) -> Edge:
    number, target, rules, confidence, condition, evidence = about
    place, what = code(number)
    return Edge(
        code=what,
        place=place,
        target=Target(**{**target, "kind": TargetKind(target["kind"])}),
        rules=tuple(rules),
        confidence=Confidence(confidence),
        condition=condition,
        evidence=tuple(Line(path, line) for path, line in evidence),
    )


def _code(about: Mapping[str, Any]) -> Code:
    plain = _plain(about)
    return Code(**{**plain, "kind": CodeKind(plain["kind"]), "pin": Firmness(plain["pin"])})


def _place(about: Mapping[str, Any]) -> Place:
    plain = _plain(about)
    return Place(**{**plain, "kind": PlaceKind(plain["kind"])})


def _plain(about: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in about.items()}
