"""A trace for programs: schema `seawall/trace/1`. Keys are only ever added (docs/commands/trace.md)."""

from __future__ import annotations

import json
from typing import cast

from seawall.kernel.asset import package_purl
from seawall.kernel.exposure import Exposure, Proof
from seawall.kernel.reach.lived import time_of
from seawall.kernel.rotation import PlanItem
from seawall.kernel.traced import Trace

from .plain import as_text
from .reach_json import edge_document

SCHEMA = "seawall/trace/1"


def render(found: Trace) -> str:
    """The whole answer as one JSON document, ASCII only."""
    return json.dumps(cast("dict[str, object]", as_text(document(found))), indent=1)


def document(found: Trace) -> dict[str, object]:
    """The whole answer as JSON values, the worst first in each list."""
    asked = found.asked
    return {
        "schema": SCHEMA,
        "asset": asked.words,
        "title": asked.title or None,
        "packages": [
            package_purl(one.ecosystem, one.name, version)
            for one in asked.suspects
            for version in (one.versions or ("",))
        ],
        "drill": asked.drill,
        "window": {"since": _time(asked.since), "until": _time(asked.until)},
        "exposures": [_exposure(one) for one in found.exposures],
        "reach": [edge_document(edge) for edge in found.edges],
        "downstream": [edge_document(edge) for edge in found.downstream],
        "plan": [_item(number, one) for number, one in enumerate(found.plan, 1)],
        "coverage": [{"looked": one.looked, "what": one.words} for one in found.coverage],
        "complete": found.complete,
    }


def _time(seconds: int | None) -> str | None:
    return None if seconds is None else time_of(seconds) or None


def _exposure(one: Exposure) -> dict[str, object]:
    return {
        "status": one.status.word,
        "principal": one.principal or None,
        "place": one.place,
        "since": _time(one.since),
        "until": _time(one.until),
        "evidence": [_proof(proof) for proof in one.evidence],
    }


def _proof(proof: Proof) -> dict[str, object]:
    return {
        "words": proof.words,
        "path": proof.path or None,
        "line": proof.line or None,
        "commit": proof.commit or None,
        "since": _time(proof.since),
        "until": _time(proof.until),
        "until_commit": proof.until_commit or None,
    }


def _item(number: int, one: PlanItem) -> dict[str, object]:
    return {
        "order": number,
        "step": one.step,
        "what": one.what,
        "how": one.how,
        "kind": one.kind or None,
        "worth": one.worth or None,
        "places": list(one.places),
        "confidence": one.confidence or None,
        "status": one.status or None,
    }
