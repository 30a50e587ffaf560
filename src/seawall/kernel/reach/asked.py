"""A question narrows reach to the edges from some code, or to some credential, and what these need."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

from seawall.kernel.code import Code

from .edge import Edge, Reach


def asked(reach: Reach, code: str, credential: str) -> Reach:
    """`reach` with the edges whose code and target are meant; everything where both questions are empty.

    `code` is meant by its name, one of its packages or its file (`axios`, `actions/checkout`, `release.yml`),
    `credential` by its name, `KIND/NAME` or id; both may hold `*` and `?`, and case does not count. A plain
    word also means any part of a code item's name that stands between separators.
    """
    edges = tuple(edge for edge in reach.edges if _code(edge.code, code) and _target(edge, credential))
    if not code and not credential:
        return reach
    places = {edge.place for edge in edges}
    reached = {(edge.target.name, edge.target.scope) for edge in edges}
    return replace(
        reach,
        edges=edges,
        past=tuple(edge for edge in reach.past if _code(edge.code, code) and _target(edge, credential)),
        places=tuple(place for place in reach.places if place.id in places),
        codes=tuple((place, item) for place, item in reach.codes if place in places and _code(item, code)),
        credentials=tuple(c for c in reach.credentials if (c.id, c.path or "environment") in reached),
    )


def _code(code: Code, wanted: str) -> bool:
    if not wanted:
        return True
    names = (code.name, *code.packages, code.path, code.path.rpartition("/")[2], f"{code.name}@{code.ref}")
    words = code.name.replace("@", " ").replace("/", " ").split()
    return any(_meant(name, wanted) for name in (*names, *words, *code.manifests))


def _target(edge: Edge, wanted: str) -> bool:
    if not wanted:
        return True
    target = edge.target
    # Whoever gets every secret gets this one.
    every = target.kind == "secret" and target.name == "*"
    return every or any(
        _meant(name, wanted) for name in (target.name, f"{target.kind}/{target.name}", target.id)
    )


def _meant(name: str, wanted: str) -> bool:
    return fnmatchcase(name.lower(), wanted.lower())
