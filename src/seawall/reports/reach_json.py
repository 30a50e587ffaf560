"""Reach for programs: schema `seawall/reach/1`. Keys are only ever added; docs/reports.md tells of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from seawall.kernel.code import Code
from seawall.kernel.credential import Credential
from seawall.kernel.finding import Skipped
from seawall.kernel.reach.edge import Cut, Edge, Line, Place, Reach

from .plain import as_text
from .reach_people import grants_of, hands_of, people_json, unneeded_json

SCHEMA = "seawall/reach/1"


def render(reach: Reach) -> str:
    """The whole graph as one JSON document, ASCII only, an item on each line, ending without a newline."""
    text = "".join(_written(reach, json.dumps))
    return "".join(_written(reach, lambda value: json.dumps(as_text(value)))) if "\\ud" in text else text


def _written(reach: Reach, encoded: Callable[[object], str]) -> Iterator[str]:
    """Line by line: never all of it as JSON values, and faster than indented by the standard library."""
    before = "{\n"
    for key, value in _parts(reach).items():
        yield f"{before} {json.dumps(key)}: "
        before = ",\n"
        if isinstance(value, Iterator):
            rows = ",\n  ".join(map(encoded, value))
            yield f"[\n  {rows}\n ]" if rows else "[]"
        else:
            yield encoded(value)
    yield "\n}"


def document(reach: Reach) -> dict[str, object]:
    """The whole graph as JSON values, edges worst first, the past last; `people`, `unneeded` if asked for."""
    return {
        key: list(value) if isinstance(value, Iterator) else value for key, value in _parts(reach).items()
    }


def _parts(reach: Reach) -> dict[str, object]:
    """The document with its long lists one after the other, as they are asked for."""
    found: dict[str, object] = {
        "schema": SCHEMA,
        "places": map(_place, (*reach.places, *reach.past_places)),
        "code": ({"place": place, **_code(code), "path": code.path} for place, code in reach.codes),
        "edges": map(edge_document, (*reach.edges, *reach.past)),
        "skipped": map(_skipped, reach.skipped),
        "credentials": map(_credential, reach.credentials),
    }
    if reach.people is not None:
        found["people"] = people_json(hands_of(reach))
        found["unneeded"] = unneeded_json(grants_of(reach))
    return found


def _place(place: Place) -> dict[str, object]:
    return {
        "id": place.id,
        "kind": place.kind.value,
        "file": place.file,
        "job": place.job,
        "environment": place.environment,
        "line": place.line,
        "runner": list(place.runner),
        "triggers": list(place.triggers),
    }


def _code(code: Code) -> dict[str, object]:
    return {
        "kind": code.kind.value,
        "name": code.name,
        "pin": code.pin.value,
        "step": code.step if code.step >= 0 else None,
        "line": code.line,
        "ref": code.ref,
        "ecosystem": code.ecosystem,
        "packages": list(code.packages),
        "manifests": list(code.manifests),
        "runs": code.runs,
        "contained": code.contained,
        "via": list(code.via),
        "note": code.note,
    }


def edge_document(edge: Edge) -> dict[str, object]:
    """One edge as JSON values."""
    target = edge.target
    return {
        "code": {**_code(edge.code), "path": edge.code.path},
        "place": edge.place,
        "target": {
            "id": target.id,
            "kind": target.kind.value,
            "name": target.name,
            "scope": target.scope,
            "worth": target.worth,
        },
        "rules": list(edge.rules),
        "confidence": edge.confidence.value,
        "condition": edge.condition or None,
        "since": edge.since or None,
        "since_commit": edge.since_commit or None,
        "until": edge.until or None,
        "until_commit": edge.until_commit or None,
        "ref": edge.ref or None,
        "commit": edge.commit or None,
        "evidence": [_line(line) for line in edge.evidence],
        "cuts": [_cut(cut) for cut in edge.cuts],
    }


def _line(line: Line) -> dict[str, object]:
    return {"path": line.path, "line": line.line}


def _cut(cut: Cut) -> dict[str, object]:
    return {
        "id": cut.id,
        "words": cut.words,
        "path": cut.path,
        "line": cut.line,
        "mechanical": cut.mechanical,
        "left": cut.left or None,
    }


def _credential(item: Credential) -> dict[str, object]:
    return {
        "kind": item.kind,
        "name": item.name,
        "path": item.path or None,
        "line": item.line,
        "held": item.held.value,
        "mode": item.mode or None,
        "owner_only": item.owner_only,
        "readable": item.readable,
        "expires": item.expires or None,
        "renews": item.renews,
        "encrypted": item.encrypted,
        "scope": item.scope,
        "note": item.note,
    }


def _skipped(item: Skipped) -> dict[str, object]:
    return {"check": item.check, "reason": item.reason, "advice": item.advice, "required": item.required}
