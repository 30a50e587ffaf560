"""An OSV record is read field by field; what is not as the schema says is left out, or the record refused.

Source: OSV schema 1.7 (https://ossf.github.io/osv-schema/).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from seawall.kernel.advisory import Advisory, Affected, VersionRange
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind

_EVENTS = frozenset({"introduced", "fixed", "last_affected", "limit"})
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
    packages = _maps(document.get("affected"))
    aliases = _texts(document.get("aliases"))
    sources = [document, *packages]
    return Advisory(
        id=name,
        affected=tuple(_affected(packages)),
        aliases=aliases,
        summary=_text(document.get("summary"))[:300] or _first_line(_text(document.get("details"))),
        malicious=_malicious(name, aliases, sources),
        withdrawn=_text(document.get("withdrawn")),
        published=_text(document.get("published")),
        modified=_text(document.get("modified")),
        vectors=_vectors(sources),
        label=_label(sources),
        feed=feed,
    )


class Outline(NamedTuple):
    """What an index needs to find a record again. `about` are (ecosystem, name), as written."""

    id: str
    modified: str
    aliases: tuple[str, ...]
    about: tuple[tuple[str, str], ...]
    malicious: bool


def read_outline(data: bytes, path: str, limits: Limits) -> Outline | Problem:
    """The outline of the record in `data`, refused exactly when `read_record` refuses it."""
    document = _document(data, path, limits)
    if isinstance(document, Problem):
        return document
    name = str(document["id"])
    packages = _maps(document.get("affected"))
    aliases = _texts(document.get("aliases"))
    return Outline(
        name,
        _text(document.get("modified")),
        aliases,
        tuple(named for item in packages if (named := _package(item)) is not None),
        _malicious(name, aliases, [document, *packages]),
    )


def _package(item: Mapping[str, object]) -> tuple[str, str] | None:
    package = item.get("package")
    if not isinstance(package, dict):
        return None
    ecosystem, name = package.get("ecosystem"), package.get("name")
    if isinstance(ecosystem, str) and isinstance(name, str) and ecosystem and name:
        return ecosystem, name
    return None


def _document(data: bytes, path: str, limits: Limits) -> dict[str, object] | Problem:
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
    if not isinstance(document, dict):
        return Problem(path, ProblemKind.MALFORMED, "an OSV record is an object")
    name = document.get("id")
    if not isinstance(name, str) or not name or len(name) > 200:
        return Problem(path, ProblemKind.MALFORMED, "an OSV record has an id")
    return document


def _affected(packages: Iterable[Mapping[str, object]]) -> Iterator[Affected]:
    for item in packages:
        package = _package(item)
        if package is not None:
            yield Affected(*package, _texts(item.get("versions")), tuple(_ranges(item.get("ranges"))))


def _ranges(value: object) -> Iterator[VersionRange]:
    for item in _maps(value):
        kind = item.get("type")
        events = tuple(_events(item.get("events")))
        if events and isinstance(kind, str) and kind in ("SEMVER", "ECOSYSTEM"):
            yield VersionRange(kind, events)


def _events(value: object) -> Iterator[tuple[str, str]]:
    for item in _maps(value):
        for kind, bound in item.items():
            if kind in _EVENTS and isinstance(bound, str) and bound:
                yield kind, bound


def _vectors(sources: Iterable[Mapping[str, object]]) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for source in sources:
        for item in _maps(source.get("severity")):
            kind, score = _text(item.get("type")), _text(item.get("score"))
            if kind and score and len(score) < 300:
                found[kind, score] = None
    return tuple(found)


def _label(sources: Iterable[Mapping[str, object]]) -> str:
    for source in sources:
        for key in ("database_specific", "ecosystem_specific"):
            specific = source.get(key)
            label = specific.get("severity") if isinstance(specific, dict) else None
            if isinstance(label, str) and label:
                return label[:40]
    return ""


def _malicious(name: str, aliases: Iterable[str], sources: Iterable[Mapping[str, object]]) -> bool:
    if name.startswith("MAL-") or any(alias.startswith("MAL-") for alias in aliases):
        return True
    specifics = (source.get("database_specific") for source in sources)
    return any(_MALWARE_CWE in _cwes(specific) for specific in specifics if isinstance(specific, dict))


def _cwes(specific: Mapping[str, object]) -> set[str]:
    found = set(_texts(specific.get("cwe_ids")))
    for item in _maps(specific.get("cwes")):
        found.add(_text(item.get("cweId")))
    return found


def _maps(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, str) and item)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _first_line(text: str) -> str:
    return next((line.strip() for line in text[:2000].splitlines() if line.strip()), "").lstrip("# ")[:160]
