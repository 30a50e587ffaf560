"""Through whom a package came in: one shortest way down from what the project itself asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)

_STEPS = 64


class Ways(dict[Node, Node | None]):
    """Parent by node, on one shortest way down; a start has none. `starts` has the start of every way."""

    __slots__ = ("starts",)

    def __init__(self, starts: Iterable[Node]) -> None:
        super().__init__(dict.fromkeys(starts))
        self.starts: dict[Node, Node] = {node: node for node in self}

    def add(self, child: Node, parent: Node | None, start: Node) -> None:
        """Notes how `child` was reached."""
        self[child] = parent
        self.starts[child] = start


def reached(starts: Iterable[Node], below: Callable[[Node], Iterable[Node]]) -> Ways[Node]:
    """Every node that can be reached, with the way to it."""
    ways = Ways(starts)
    waiting = deque(ways)
    while waiting:
        node = waiting.popleft()
        for child in below(node):
            if child not in ways:
                ways.add(child, node, ways.starts[node])
                waiting.append(child)
    return ways


def ancestors(ways: Ways[Node], node: Node) -> list[Node]:
    """The nodes above `node`, from its start down to its parent.

    Of a way of more than 64 steps the start and the nearest 64: a file that is one long chain would
    otherwise cost the square of its length.
    """
    found: list[Node] = []
    above = ways.get(node)
    while above is not None and len(found) < _STEPS:
        found.append(above)
        above = ways.get(above)
    if above is not None:
        found.append(ways.starts[node])
    found.reverse()
    return found


def names(chain: Iterable[str], limit: int) -> tuple[str, ...]:
    """The chain without repeats in a row; of a longer one the first name and the last `limit` - 1."""
    found: list[str] = []
    for name in chain:
        if not found or found[-1] != name:
            found.append(name)
    return tuple(found if len(found) <= limit else [found[0], *found[len(found) - limit + 1 :]])


def from_parents(
    edges: Mapping[str, Iterable[str]], present: Iterable[str], limit: int, weak: Mapping[str, Iterable[str]]
) -> dict[str, tuple[bool | None, tuple[str, ...]]]:
    """(direct, via) by name, for locks that record dependencies but not what the project asked for.

    What nobody in the lock depends on can only have been asked for: direct is True. The others may have
    been asked for as well, so direct is None, with one chain from above. `weak` edges (extras that may
    not be active) make a parent but are walked only where nothing else leads.
    """
    known = list(dict.fromkeys(present))
    inside = set(known)
    below = {n: [c for c in edges.get(n, ()) if c in inside] for n in known}
    maybe = {n: [c for c in weak.get(n, ()) if c in inside] for n in known}
    has_parent = {c for n in known for c in (*below[n], *maybe[n]) if c != n}
    starts = [n for n in known if n not in has_parent]
    ways = reached(starts, lambda n: below[n])
    if len(ways) < len(known):
        more = reached(starts, lambda n: [*below[n], *maybe[n]])
        for node, parent in more.items():
            if node not in ways:
                ways.add(node, parent, more.starts[node])
    return {n: (None if n in has_parent else True, names(ancestors(ways, n), limit)) for n in known}
