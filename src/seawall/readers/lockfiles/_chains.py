"""Through whom a package came in: one shortest way down from what the project itself asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def reached(starts: Iterable[Node], below: Callable[[Node], Iterable[Node]]) -> dict[Node, Node | None]:
    """Every node that can be reached, with its parent on one shortest way; a start has none."""
    parents: dict[Node, Node | None] = dict.fromkeys(starts)
    waiting = deque(parents)
    while waiting:
        node = waiting.popleft()
        for child in below(node):
            if child not in parents:
                parents[child] = node
                waiting.append(child)
    return parents


def ancestors(parents: Mapping[Node, Node | None], node: Node) -> list[Node]:
    """The nodes above `node`, from its start down to its parent."""
    found = []
    above = parents.get(node)
    while above is not None:
        found.append(above)
        above = parents.get(above)
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
    parents = reached(starts, lambda n: below[n])
    if len(parents) < len(known):
        for node, parent in reached(starts, lambda n: [*below[n], *maybe[n]]).items():
            parents.setdefault(node, parent)
    return {n: (None if n in has_parent else True, names(ancestors(parents, n), limit)) for n in known}
