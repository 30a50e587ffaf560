"""Reach as a Mermaid flowchart: code on the left, places in the middle, what is in reach on the right.

Source: the flowchart syntax of Mermaid. Labels are quoted, and what could end one is written as an entity.
"""

from __future__ import annotations

from collections.abc import Iterator

from seawall.kernel.reach.edge import Confidence, Reach
from seawall.kernel.reach.words import code_label, place_words, target_words

from .plain import neutral

_ARROW = {
    Confidence.CERTAIN: "==>",
    Confidence.STRONG: "-->",
    Confidence.CONDITIONAL: "-.->",
    Confidence.BOUND: "-.->",
    Confidence.INTEGRITY: "--x",
}
MOST = 400
"""So many edges are drawn at most: more is no picture, and Mermaid refuses 500."""

# `%` too: a `%%{init: …}%%` is a setting wherever it stands, quotes or not.
_ENTITIES = (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;"), ("%", "#37;"))


def render(reach: Reach) -> str:
    """The chart; the worst edges first, and a comment when not all are drawn."""
    return "\n".join(_lines(reach))


def _lines(reach: Reach) -> Iterator[str]:
    yield "flowchart LR"
    edges = reach.edges[:MOST]
    if len(edges) < len(reach.edges):
        yield f"  %% the worst {len(edges)} of {len(reach.edges)} edges"
    names: dict[tuple[str, str], str] = {}
    for edge in edges:
        code = (edge.place, code_label(edge.code))
        names.setdefault(("code", "\0".join(code)), f"c{len(names)}")
        names.setdefault(("target", edge.target.id), f"t{len(names)}")
    for number, place in enumerate(dict.fromkeys(edge.place for edge in edges)):
        yield f'  subgraph p{number} ["{_quoted(place_words(place))}"]'
        for (kind, text), name in names.items():
            owner, mark, label = text.partition("\0")
            if kind == "code" and mark and owner == place:
                yield f'    {name}["{_quoted(label)}"]'
        yield "  end"
    labels = {edge.target.id: target_words(edge.target) for edge in edges}
    for (kind, text), name in names.items():
        if kind == "target":
            yield f'  {name}(["{_quoted(labels[text])}"])'
    for edge in edges:
        code_name = names["code", f"{edge.place}\0{code_label(edge.code)}"]
        target = names["target", edge.target.id]
        yield f'  {code_name} {_ARROW[edge.confidence]}|"{edge.confidence}"| {target}'


def _quoted(text: str) -> str:
    safe = neutral(text)
    for character, entity in _ENTITIES:
        safe = safe.replace(character, entity)
    return safe
