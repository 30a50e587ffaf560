"""An OSV record is taken whole or refused: what decides about a version is never half read.

Wrong types in `id`, `aliases`, `withdrawn` and `affected` refuse the record; what only describes (texts,
scores, times) is left out where it is not as the schema says. Ranges of type GIT are dropped; a range of an
unknown type is kept, and judged as unknown. Source: OSV schema 1.7 (https://ossf.github.io/osv-schema/).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from seawall.kernel.advisory import Advisory, Affected, VersionRange
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode
from seawall.readers.syntax.yaml import load as load_yaml

_EVENTS = frozenset({"introduced", "fixed", "last_affected", "limit"})
_MALWARE_CWE = "CWE-506"
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?\Z", re.ASCII)
_LONGEST_NAME = 500
_WRITE = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

_Map = Mapping[str, object]


class Outline(NamedTuple):
    """What an index needs to find a record again.

    `about` are (ecosystem, name, what `affected_from` reads); empty for a withdrawn record, which is about
    nothing any more.
    """

    id: str
    modified: str
    aliases: tuple[str, ...]
    about: tuple[tuple[str, str, str], ...]
    malicious: bool


class _Wrong(Exception):
    """What the record says about versions is not as the schema asks."""


def read_record(data: bytes, path: str, limits: Limits, feed: str = "osv") -> Advisory | Problem:
    """The record in `data`, or why there is none. Never raises. `path` tells YAML (`.yaml`) from JSON."""
    try:
        return _advisory(_document(data, path, limits), feed)
    except SyntaxFault as fault:
        return fault.at(path)
    except _Wrong as wrong:
        return Problem(path, ProblemKind.MALFORMED, str(wrong))


def read_outline(data: bytes, path: str, limits: Limits) -> Outline | Problem:
    """The outline of the record in `data`, refused exactly when `read_record` refuses it."""
    try:
        document = _document(data, path, limits)
        return _quick_outline(document) or _outline(document)
    except SyntaxFault as fault:
        return fault.at(path)
    except _Wrong as wrong:
        return Problem(path, ProblemKind.MALFORMED, str(wrong))


def _outline(document: _Map) -> Outline:
    name, aliases, packages = _head(document)
    affected = [] if document.get("withdrawn") else _affected(packages)
    for item in packages:
        _versions(item)
        _package(item)
    about = tuple(
        (a.ecosystem, a.name, _written(a.versions, [(r.kind, r.events) for r in a.ranges])) for a in affected
    )
    malicious = _malicious(name, aliases, document, packages)
    return Outline(name, _time(document.get("modified")), aliases, about, malicious)


def _written(versions: object, ranges: object) -> str:
    return _WRITE((versions, ranges))


def affected_from(ecosystem: str, name: str, written: str) -> Affected:
    """What one package's part of an outline says. Raises ValueError or TypeError for anything else."""
    versions, ranges = json.loads(written)
    bounds = tuple(VersionRange(kind, tuple((k, bound) for k, bound in events)) for kind, events in ranges)
    return Affected(ecosystem, name, tuple(versions), bounds)


def _quick_outline(document: Any) -> Outline | None:
    """The same for a record in which everything is as it should be, else None.

    Indexes are built of hundreds of thousands of records: all texts are looked at together, not one by one.
    """
    try:
        name, aliases, packages = document["id"], document.get("aliases", []), document["affected"]
        lists, texts, about = [aliases, packages], [name, document.get("withdrawn", name)], []
        for item in packages:
            package, versions, ranges = item["package"], item.get("versions", []), item.get("ranges", [])
            ecosystem, called, kept = package["ecosystem"], package["name"], []
            lists += (versions, ranges)
            texts += (ecosystem, called)
            texts += versions
            for bounds in ranges:
                kind, events = bounds["type"], bounds["events"]
                texts.append(kind)
                if kind != "GIT":
                    lists.append(events)
                    pairs = [pair for event in events for pair in event.items() if pair[0] in _EVENTS]
                    texts += [bound for _, bound in pairs]
                    if pairs:
                        kept.append((kind, pairs))
            if "withdrawn" not in document:
                about.append((ecosystem, called, _written(versions, kept)))
        texts += aliases
        sound = all(type(item) is list for item in lists) and "".join(texts).isprintable()
        if not sound or "" in texts or len(max(texts, key=len)) > _LONGEST_NAME:
            return None
    except (KeyError, TypeError, AttributeError):
        return None
    malicious = _malicious(name, aliases, document, packages)
    return Outline(name, _time(document.get("modified")), tuple(aliases), tuple(about), malicious)


def _document(data: bytes, path: str, limits: Limits) -> _Map:
    if len(data) > limits.record_bytes:
        raise SyntaxFault(ProblemKind.TOO_LARGE, f"{len(data)} bytes; at most {limits.record_bytes} are read")
    document = _parsed(data, path, limits)
    if not isinstance(document, dict):
        raise SyntaxFault(ProblemKind.MALFORMED, "an OSV record is an object")
    if "id" not in document and "affected" not in document:
        raise SyntaxFault(ProblemKind.UNSUPPORTED, "it is no advisory: neither id nor affected")
    return document


def _parsed(data: bytes, path: str, limits: Limits) -> object:
    if path.endswith((".yaml", ".yml")):
        return load_yaml(decode(data, limits), limits)
    try:
        return json.loads(data)
    except RecursionError:
        raise SyntaxFault(ProblemKind.TOO_DEEP, "nested too deep to be read") from None
    except ValueError as error:
        kind = ProblemKind.MALFORMED if data.rstrip().endswith(b"}") else ProblemKind.TRUNCATED
        raise SyntaxFault(kind, f"not JSON: {error}") from None


def _advisory(document: _Map, feed: str) -> Advisory:
    name, aliases, packages = _head(document)
    sources = (document, *packages)
    return Advisory(
        id=name,
        affected=tuple(_affected(packages)),
        aliases=aliases,
        summary=_plain(document.get("summary"))[:300] or _first_line(_plain(document.get("details"))),
        malicious=_malicious(name, aliases, document, packages),
        withdrawn=_word(document.get("withdrawn"), "withdrawn") or "",
        published=_time(document.get("published")),
        modified=_time(document.get("modified")),
        vectors=_vectors(sources),
        label=_label(sources),
        feed=feed,
        reviewed=_reviewed(name, document),
    )


_CURATED = ("PYSEC-", "GO-", "RUSTSEC-")
"""Databases whose records are written or accepted by their own keepers, and not by who publishes."""


def _reviewed(name: str, document: _Map) -> bool:
    """A curated database, or a GitHub advisory that GitHub itself has reviewed.

    Whoever may publish a package can often write its repository's advisory too; such a record says
    `github_reviewed: false` until somebody at GitHub has looked at it.
    """
    if name.startswith(_CURATED):
        return True
    specific = document.get("database_specific")
    return name.startswith("GHSA-") and isinstance(specific, dict) and specific.get("github_reviewed") is True


def _head(document: _Map) -> tuple[str, tuple[str, ...], list[_Map]]:
    """The id, the aliases and the affected packages. Raises _Wrong."""
    name = _word(document.get("id"), "id")
    if not name:
        raise _Wrong("an OSV record has an id")
    _word(document.get("withdrawn"), "withdrawn")
    return name, _words(document.get("aliases"), "aliases"), _maps(document.get("affected"), "affected")


def _affected(packages: Iterable[_Map]) -> Iterator[Affected]:
    for item in packages:
        versions, ranges = _versions(item)
        package = _package(item)
        if package is not None:
            yield Affected(*package, versions, ranges)


def _versions(item: _Map) -> tuple[tuple[str, ...], tuple[VersionRange, ...]]:
    versions = _words(item.get("versions"), "versions")
    ranges = []
    for bounds in _maps(item.get("ranges"), "ranges"):
        kind = _word(bounds.get("type"), "the type of a range") or ""
        events = [] if kind == "GIT" else _events(bounds)
        if events:
            ranges.append(VersionRange(kind, tuple(events)))
    return versions, tuple(ranges)


def _events(bounds: _Map) -> list[tuple[str, str]]:
    found = []
    for event in _maps(bounds.get("events"), "events"):
        for kind, bound in event.items():
            if kind in _EVENTS:
                word = _word(bound, kind)
                if not word:
                    raise _Wrong(f"{kind} is empty")
                found.append((kind, word))
    return found


def _package(item: _Map) -> tuple[str, str] | None:
    """(ecosystem, name); None where a record is about a repository only. Raises _Wrong."""
    package = item.get("package")
    if package is None:
        return None
    if not isinstance(package, dict):
        raise _Wrong("package is not an object")
    ecosystem, name = _word(package.get("ecosystem"), "ecosystem"), _word(package.get("name"), "name")
    if not ecosystem or not name:
        raise _Wrong("a package without ecosystem or name")
    return ecosystem, name


def _malicious(name: str, aliases: Iterable[str], document: _Map, packages: Iterable[_Map]) -> bool:
    if name.startswith("MAL-"):
        return True
    for alias in aliases:
        if alias.startswith("MAL-"):
            return True
    return _has_malware_cwe(document) or any(map(_has_malware_cwe, packages))


def _has_malware_cwe(source: _Map) -> bool:
    specific = source.get("database_specific")
    if not isinstance(specific, dict):
        return False
    for key in ("cwe_ids", "cwes"):
        listed = specific.get(key)
        if isinstance(listed, list):
            for item in listed:
                if (item.get("cweId") if isinstance(item, dict) else item) == _MALWARE_CWE:
                    return True
    return False


def _vectors(sources: Iterable[_Map]) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for source in sources:
        listed = source.get("severity")
        for item in listed if isinstance(listed, list) else ():
            if isinstance(item, dict):
                kind, score = _plain(item.get("type")), _plain(item.get("score"))
                if kind and score and len(score) < 300:
                    found[kind, score] = None
    return tuple(found)


def _label(sources: Iterable[_Map]) -> str:
    for source in sources:
        for key in ("database_specific", "ecosystem_specific"):
            specific = source.get(key)
            label = specific.get("severity") if isinstance(specific, dict) else None
            if isinstance(label, str) and label:
                return _plain(label)[:40]
    return ""


def _maps(value: object, what: str) -> list[_Map]:
    """A list of objects; null and absent are empty. Raises _Wrong."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise _Wrong(f"{what} is not a list of objects")
    for item in value:
        if not isinstance(item, dict):
            raise _Wrong(f"{what} is not a list of objects")
    return value


def _words(value: object, what: str) -> tuple[str, ...]:
    """A list of texts; null and absent are empty. Raises _Wrong."""
    if value is None or value == []:
        return ()
    if not isinstance(value, list):
        raise _Wrong(f"{what} is not a list of texts")
    try:
        sound = "".join(value).isprintable() and max(map(len, value), default=0) <= _LONGEST_NAME
    except TypeError:
        sound = False
    if not sound:
        raise _Wrong(f"{what} is not a list of short texts")
    return tuple(filter(None, value))


def _word(value: object, what: str) -> str | None:
    """A short text that can be written anywhere; None where it is absent or null. Raises _Wrong."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_NAME or not value.isprintable():
        raise _Wrong(f"{what} is not a short text")
    return value


def _plain(value: object) -> str:
    """Any text, without the lone surrogates that JSON can spell and nobody can write."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _time(value: object) -> str:
    return value if isinstance(value, str) and _TIME.match(value) else ""


def _first_line(text: str) -> str:
    return next((line.strip() for line in text[:2000].splitlines() if line.strip()), "").lstrip("# ")[:160]
