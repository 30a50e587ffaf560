"""An OSV record is read field by field; what is not as the schema says is left out, or the record refused.

Source: OSV schema 1.7 (https://ossf.github.io/osv-schema/).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from seawall.kernel.advisory import Advisory, Affected, VersionRange
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind

_EVENTS = ("introduced", "fixed", "last_affected", "limit")
_MALWARE_CWE = "CWE-506"


def read_record(data: bytes, path: str, limits: Limits, feed: str = "osv") -> Advisory | Problem:
    """The record in `data`, or why there is none. Never raises. `path` is for the problem only."""
    if len(data) > limits.record_bytes:
        return Problem(
            path, ProblemKind.TOO_LARGE, f"{len(data)} bytes; at most {limits.record_bytes} are read"
        )
    try:
        document = json.loads(data)
    except RecursionError:
        return Problem(path, ProblemKind.TOO_DEEP, "nested too deep to be read")
    except ValueError as error:
        kind = ProblemKind.TRUNCATED if not data.rstrip().endswith(b"}") else ProblemKind.MALFORMED
        return Problem(path, kind, f"not JSON: {error}")
    return record_of(document, path, feed)


def record_of(document: object, path: str, feed: str = "osv") -> Advisory | Problem:
    """The record in parsed JSON, or why there is none."""
    if not isinstance(document, dict):
        return Problem(path, ProblemKind.MALFORMED, "an OSV record is an object")
    name = document.get("id")
    if not isinstance(name, str) or not name or len(name) > 200:
        return Problem(path, ProblemKind.MALFORMED, "an OSV record has an id")
    affected = tuple(_affected(document.get("affected")))
    aliases = tuple(_texts(document.get("aliases")))
    return Advisory(
        id=name,
        affected=affected,
        aliases=aliases,
        summary=_text(document.get("summary"))[:300] or _first_line(_text(document.get("details"))),
        malicious=_malicious(name, aliases, document),
        withdrawn=_text(document.get("withdrawn")),
        published=_text(document.get("published")),
        modified=_text(document.get("modified")),
        vectors=tuple(_vectors(document)),
        label=_label(document),
        feed=feed,
    )


def _affected(value: object) -> Iterator[Affected]:
    for item in _maps(value):
        package = item.get("package")
        if not isinstance(package, dict):
            continue
        ecosystem, name = _text(package.get("ecosystem")), _text(package.get("name"))
        if ecosystem and name:
            versions = tuple(_texts(item.get("versions")))
            yield Affected(ecosystem, name, versions, tuple(_ranges(item.get("ranges"))))


def _ranges(value: object) -> Iterator[VersionRange]:
    for item in _maps(value):
        kind = item.get("type")
        events = tuple(_events(item.get("events")))
        if kind in ("SEMVER", "ECOSYSTEM") and events:
            yield VersionRange(str(kind), events)


def _events(value: object) -> Iterator[tuple[str, str]]:
    for item in _maps(value):
        for kind in _EVENTS:
            bound = item.get(kind)
            if isinstance(bound, str) and bound:
                yield kind, bound


def _vectors(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    sources = [document, *_maps(document.get("affected"))]
    seen = set()
    for source in sources:
        for item in _maps(source.get("severity")):
            pair = (_text(item.get("type")), _text(item.get("score")))
            if all(pair) and len(pair[1]) < 300 and pair not in seen:
                seen.add(pair)
                yield pair


def _label(document: Mapping[str, object]) -> str:
    for source in (document, *_maps(document.get("affected"))):
        for key in ("database_specific", "ecosystem_specific"):
            specific = source.get(key)
            label = specific.get("severity") if isinstance(specific, dict) else None
            if isinstance(label, str) and label:
                return label[:40]
    return ""


def _malicious(name: str, aliases: tuple[str, ...], document: Mapping[str, object]) -> bool:
    if name.startswith("MAL-") or any(alias.startswith("MAL-") for alias in aliases):
        return True
    sources = [document, *_maps(document.get("affected"))]
    specifics = [s.get("database_specific") for s in sources]
    return any(_MALWARE_CWE in _cwes(specific) for specific in specifics if isinstance(specific, dict))


def _cwes(specific: Mapping[str, object]) -> set[str]:
    found = set(_texts(specific.get("cwe_ids")))
    for item in _maps(specific.get("cwes")):
        found.add(_text(item.get("cweId")))
    return found


def _maps(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield item


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            if isinstance(item, str) and item:
                yield item


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _first_line(text: str) -> str:
    return next((line.strip() for line in text[:2000].splitlines() if line.strip()), "").lstrip("# ")[:160]
