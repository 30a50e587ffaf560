"""A question narrows reach to the edges from some code, or to some credential, and what these need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
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


def unknown(reach: Reach, code: str, credential: str) -> tuple[str, ...]:
    """What was asked about and is not here at all, which is no answer of no; each with names that are."""
    said = []
    if code and not any(_code(item, code) for _, item in reach.codes):
        names = dict.fromkeys(item.name for _, item in reach.codes)
        said.append(f"no code of others is named {code[:80]!r} here{_near(code, names)}")
    if credential and not any(_target(edge, credential) for edge in (*reach.edges, *reach.past)):
        names = dict.fromkeys(edge.target.name for edge in reach.edges)
        said.append(f"nothing in reach here is named {credential[:80]!r}{_near(credential, names)}")
    return tuple(said)


def _near(wanted: str, names: Iterable[str]) -> str:
    """Names that are alike, else the first ones."""
    lower = {name.lower(): name for name in list(names)[:_MOST_COMPARED]}
    alike = get_close_matches(wanted[:_LONGEST].lower(), [name[:_LONGEST] for name in lower], _NAMED)
    shown = [lower[name] for name in alike if name in lower] or list(lower.values())[:_NAMED]
    more = " …" if len(shown) < len(lower) else ""
    return f"; there is {', '.join(name[:80] for name in shown)}{more}" if shown else ""


_NAMED, _MOST_COMPARED, _LONGEST = 3, 500, 100


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
