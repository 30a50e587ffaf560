"""What came in, as an SBOM with what is known against it: CycloneDX 1.6 (ECMA-424), JSON.

The serial number is made from the content, so the same tree at the same time gives the same document.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping

from seawall.kernel.advisory import Match, Severity
from seawall.kernel.intake import Key
from seawall.kernel.lockfile import Pin
from seawall.kernel.verdict import Verdict

from .plain import neutral

_SPACE = uuid.UUID("6f1f3e0e-7a52-5d0b-9a59-5a5c6a6b1d10")
_ALGORITHMS = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
_LENGTH = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}


def render(verdict: Verdict) -> str:
    """The document, components sorted by purl and unique."""
    pins: dict[str, list[Pin]] = defaultdict(list)
    for pin in verdict.intake.pins():
        pins[pin.purl].append(pin)
    components = [_component(purl, pins[purl]) for purl in sorted(pins)]
    body: dict[str, object] = {
        "components": components,
        "dependencies": list(_dependencies(pins)),
        "vulnerabilities": list(_vulnerabilities(verdict.intake.matches, pins)),
    }
    when = verdict.intake.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    serial = uuid.uuid5(_SPACE, json.dumps([when, body], sort_keys=True))
    tool = {"type": "application", "name": "seawall", "version": verdict.version or "0"}
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": when,
            "tools": {"components": [tool]},
            "component": {"type": "application", "name": neutral(verdict.target) or ".", "bom-ref": "target"},
            "properties": [{"name": "seawall:decision", "value": verdict.decision.outcome.value}],
        },
        **body,
    }
    return json.dumps(document, indent=1)


def _component(purl: str, pins: list[Pin]) -> dict[str, object]:
    pin = pins[0]
    group, _, name = pin.name.rpartition("/")
    component: dict[str, object] = {
        "type": "library",
        "bom-ref": purl,
        "name": neutral(name or pin.name),
        "version": neutral(pin.version),
        "purl": purl,
    }
    if group:
        component["group"] = neutral(group)
    if all(item.dev for item in pins):
        component["scope"] = "excluded"
    hashes = list(_hashes(pins))
    if hashes:
        component["hashes"] = hashes
    component["properties"] = [
        {"name": "seawall:direct", "value": _known(pins)},
        *(
            {"name": "seawall:file", "value": neutral(path)}
            for path in sorted({item.path for item in pins})[:20]
        ),
    ]
    return component


def _known(pins: list[Pin]) -> str:
    if any(pin.direct for pin in pins):
        return "true"
    return "unknown" if any(pin.direct is None for pin in pins) else "false"


def _hashes(pins: list[Pin]) -> Iterator[dict[str, str]]:
    for digest in dict.fromkeys(digest for pin in pins for digest in pin.digests):
        algorithm, _, value = digest.partition(":")
        # Several files of one release have several digests; the format means one file, so one is given.
        if algorithm in _ALGORITHMS and len(value) == _LENGTH[algorithm]:
            yield {"alg": _ALGORITHMS[algorithm], "content": value}
            return


def _dependencies(pins: Mapping[str, list[Pin]]) -> Iterator[dict[str, object]]:
    direct = sorted(purl for purl, items in pins.items() if any(item.direct for item in items))
    yield {"ref": "target", "dependsOn": direct}


def _vulnerabilities(
    matches: Mapping[Key, tuple[Match, ...]], pins: Mapping[str, list[Pin]]
) -> Iterator[object]:
    affected: dict[tuple[str, ...], list[str]] = defaultdict(list)
    first: dict[tuple[str, ...], Match] = {}
    for purl, items in sorted(pins.items()):
        # Spellings that a purl folds are several keys of one package.
        for match in (match for key in dict.fromkeys(i.key for i in items) for match in matches.get(key, ())):
            if purl not in affected[match.ids]:
                affected[match.ids].append(purl)
            first.setdefault(match.ids, match)
    for ids, match in sorted(first.items()):
        others = [
            {"id": neutral(name), "source": {"name": neutral(name.partition("-")[0])}} for name in ids[1:]
        ]
        yield {
            "id": neutral(ids[0]),
            "source": {"name": neutral(match.feed)},
            "references": others,
            "ratings": [_rating(match)],
            "description": neutral(match.summary),
            "affects": [{"ref": purl} for purl in affected[ids]],
            "properties": [{"name": "seawall:malware", "value": str(match.malicious).lower()}],
        }


def _rating(match: Match) -> dict[str, object]:
    severity = "none" if match.severity is Severity.INFO else match.severity.word
    return {"severity": severity} if match.score is None else {"severity": severity, "score": match.score}
