"""Explain what a rule, a package version or an advisory means, from what is on this machine.

Only if it is wanted, the user's registries are asked about the package too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.adapters.disk.places import data_directory
from seawall.adapters.disk.shipped import data_bytes
from seawall.adapters.feeds.index import Index, open_index
from seawall.adapters.stores.gate import GATE_FILE
from seawall.adapters.stores.seen import open_seen
from seawall.judging import Facts
from seawall.kernel.advisory import Advisory, Affected, Match
from seawall.kernel.attack import Attack, as_advisories, ways_back
from seawall.kernel.dialect import Dialect
from seawall.kernel.errors import SeawallError, StoreError, UsageError
from seawall.kernel.intake import Key
from seawall.kernel.matching import match
from seawall.kernel.rule import Rule
from seawall.kernel.sighting import Examined, NameSeen
from seawall.one_package import key_of
from seawall.readers.advisories.attacks import read_catalog
from seawall.reports import release as releases
from seawall.reports import sighting as sightings
from seawall.reports import verdict as verdicts
from seawall.reports.plain import neutral
from seawall.rules import RULES

if TYPE_CHECKING:
    from seawall.remembered import Beside

SCHEMA = "seawall/explain/1"
_FEW = 8


@dataclass(frozen=True, slots=True)
class Explanation:
    """The same answer for a person and for a program."""

    text: str
    json: str
    complete: bool = True
    """Everybody who was asked answered."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Whom to ask about a release, and what time it is."""

    ask: Callable[[Key, datetime], Facts]
    now: datetime


@dataclass(frozen=True, slots=True)
class Firewall:
    """What is needed to tell what this machine's firewall would answer, and what time it is."""

    dialects: Mapping[str, Dialect]
    now: datetime


def explain(
    about: str,
    index_path: Path | None = None,
    registry: Registry | None = None,
    firewall: Firewall | None = None,
) -> Explanation:
    """What `about` means: a rule id, a purl, or the id of an advisory or attack. Raises UsageError else."""
    rule = next((item for item in RULES if item.id == about), None)
    if rule:
        return _of_rule(rule)
    index = open_index(index_path or data_directory() / "advisories.db")
    try:
        attacks = read_catalog(data_bytes("attacks.json")).attacks
        if about.startswith("pkg:"):
            return _of_package(about, attacks, index, registry, firewall)
        return _of_advisory(about, attacks, index)
    finally:
        if index:
            index.close()


def _of_rule(rule: Rule) -> Explanation:
    kind = "signal: printed with --all, combined by policy" if rule.signal else "finding"
    text = f"{rule.id}  ({rule.severity.word}, {kind})\n\n{rule.documentation}"
    document = {
        "schema": SCHEMA,
        "rule": rule.id,
        "severity": rule.severity.word,
        "signal": rule.signal,
        "documentation": rule.documentation,
    }
    return Explanation(text, json.dumps(document, indent=1))


def _of_package(
    purl: str,
    attacks: Iterable[Attack],
    index: Index | None,
    registry: Registry | None,
    firewall: Firewall | None,
) -> Explanation:
    key = key_of(purl)
    known = (*as_advisories(attacks), *(index.about([key[:2]]) if index else ()))
    found = match([key], known).get(key, ()) if key[2] else _every(key, known)
    back = ways_back(attacks).get(key, "")
    name = neutral(f"{key[1]} {key[2]}".strip())
    lines = [f"{name}  ({key[0]})", ""]
    for item in found:
        kind = "malware" if item.malicious else f"vulnerability, {item.severity.word}"
        lines.append(f"  {neutral(', '.join(item.ids[:4]))}: {kind}")
        lines += [f"    {neutral(item.summary)}"] if item.summary else []
        lines += [] if key[2] else [f"    versions: {neutral(_bad_versions(item, key, known))}"]
        lines += [f"    fixed in {neutral(item.fixed_in)}"] if item.fixed_in and key[2] else []
    if back:
        lines.append(f"  go to {key[1]} {back}")
    if not found:
        where = "the built-in catalog and the index" if index else "the built-in catalog"
        lines.append(f"  Nothing is known against it in {where}; that does not say that it is good.")
        lines += [] if index else ["  For more: seawall sync"]
    complete = True
    document: dict[str, object] = {
        "schema": SCHEMA,
        "package": purl,
        "advisories": [_as_json(item) for item in found],
        "last_good": back,
        "asked": ["catalog", *([s.name for s in index.states()] if index else [])],
    }
    if registry:
        facts = registry.ask(key, registry.now) if key[2] else Facts()
        complete = not facts.skipped
        document["registry"] = [releases.document(item) for item in facts.releases.values()]
        document["skipped"] = [{"check": s.check, "reason": s.reason} for s in facts.skipped]
        for release in facts.releases.values():
            lines += ["", *releases.lines(release, registry.now)]
        lines += [f"  not known: {neutral(s.reason)}" for s in facts.skipped]
        lines += [] if key[2] else ["  For what the registry says, name a version."]
    if key[2]:
        told = _seen_here(key, firewall)
        lines += told.lines
        document |= told.document
    return Explanation("\n".join(lines), json.dumps(document, indent=1), complete)


@dataclass(frozen=True, slots=True)
class _Told:
    lines: list[str]
    document: dict[str, object]
    beside: Mapping[str, Beside] = field(default_factory=dict)


def _seen_here(key: Key, firewall: Firewall | None) -> _Told:
    """What this machine's firewall saw of the release; nothing where there is none, or it saw nothing."""
    path = data_directory() / GATE_FILE
    if not path.exists():
        return _Told([], {})
    ecosystem, name, version = key
    try:
        store = open_seen(path, read_only=True)
        try:
            seen, examined = store.of_name(ecosystem, name), store.examined(ecosystem, name)
        finally:
            store.close()
    except StoreError as error:
        return _Told(["", f"  what the firewall saw cannot be read: {error}"], {})
    files = [item for item in seen.files.values() if item.version == version]
    inside = [item for item in examined if item.version == version]
    if not files and not inside:
        return _Told([], {})
    told = _answered_here(key, seen, examined, firewall) if firewall else _Told([], {})
    inside = [
        replace(item, summary=told.beside[item.filename].rows) if item.filename in told.beside else item
        for item in inside
    ]
    before = {name: item.before for name, item in told.beside.items()}
    document: dict[str, object] = sightings.document(files, inside, before)
    lines = [*told.lines, "", *sightings.lines(files, inside, before)]
    return _Told(lines, {"firewall": document | told.document})


def _answered_here(key: Key, seen: NameSeen, examined: Iterable[Examined], firewall: Firewall) -> _Told:
    """What it would answer now, and by what signals; nothing where it remembers too little for that."""
    from seawall.remembered import Memory, answer_now

    data = data_directory()
    try:
        memory = Memory(data, firewall.dialects)
        answer = answer_now(key, seen, tuple(examined), memory, firewall.now)
    except SeawallError as error:
        return _Told(["", f"  what it would answer now cannot be told: {error}"], {})
    if answer is None or not answer.admissions:
        return _Told([], {})
    told = (answer.policy, answer.admissions, answer.instead, answer.heard)
    lines, document = ["", *verdicts.lines(*told)], verdicts.document(*told)
    if answer.release:
        lines += ["", *releases.lines(answer.release, firewall.now)]
        document["registry"] = releases.document(answer.release)
    return _Told(lines, {"answer": document}, answer.beside)


def _every(key: Key, known: Iterable[Advisory]) -> tuple[Match, ...]:
    """Without a version: everything about any version of the name, one match each, malware first."""
    mine = [a for a in known if _about(a, key)]
    keys = [(*key[:2], v) for a in mine for b in _about(a, key) for v in (*b.versions, *_ends(b))]
    found = match(keys, mine)
    each = {item.ids: item for items in found.values() for item in items}.values()
    return tuple(sorted(each, key=lambda item: (not item.malicious, -item.severity, item.ids)))


def _about(advisory: Advisory, key: Key) -> list[Affected]:
    return [a for a in advisory.affected if (a.ecosystem, a.name) == key[:2]]


def _ends(affected: Affected) -> Iterator[str]:
    """A version inside of each range: the ends that belong to it."""
    for span in affected.ranges:
        for event, version in span.events:
            if event in ("introduced", "last_affected"):
                yield "0.0.0" if version == "0" else version


def _bad_versions(item: Match, key: Key, known: Iterable[Advisory]) -> str:
    """`1.14.1, 0.30.4`, or a range in words, as the records say it."""
    said: dict[str, None] = {}
    for affected in (b for a in known if a.id in item.ids for b in _about(a, key)):
        said.update(dict.fromkeys(affected.versions))
        if not affected.versions:
            said.update(dict.fromkeys(" ".join(map(_word, span.events)) for span in affected.ranges))
    few = list(said)[:_FEW]
    return ", ".join(few) + (f" and {len(said) - _FEW} more" if len(said) > _FEW else "")


def _word(event: tuple[str, str]) -> str:
    words = {"introduced": "from", "fixed": "to before", "last_affected": "to", "limit": "to before"}
    return f"{words.get(event[0], event[0])} {event[1]}"


def _as_json(item: Match) -> dict[str, object]:
    return {
        "ids": list(item.ids),
        "malicious": item.malicious,
        "severity": item.severity.word,
        "score": item.score,
        "summary": item.summary,
        "fixed_in": item.fixed_in,
        "feed": item.feed,
    }


def _of_advisory(name: str, attacks: Iterable[Attack], index: Index | None) -> Explanation:
    attack = next((a for a in attacks if name == a.id or any(name in r.advisories for r in a.releases)), None)
    record = index.advisory(name) if index else None
    if attack is None and record is None:
        where = "the catalog or the index" if index else "the built-in catalog, and there is no index yet"
        way_out = "rules stand in docs/rules.md; for more advisories run `seawall sync`"
        raise UsageError(f"{name!r} is no rule, no package URL, and not in {where}", way_out)
    lines: list[str] = []
    document: dict[str, object] = {"schema": SCHEMA, "advisory": name}
    if record:
        lines += _record_lines(record)
        document["record"] = {
            "id": record.id,
            "aliases": list(record.aliases),
            "summary": record.summary,
            "malicious": record.malicious,
            "published": record.published,
            "withdrawn": record.withdrawn,
            "packages": [f"{a.ecosystem}: {a.name}" for a in record.affected],
        }
    if attack:
        lines += _attack_lines(attack)
        document["attack"] = {
            "id": attack.id,
            "title": attack.title,
            "start": attack.start,
            "end": attack.end,
            "summary": attack.summary,
            "confidence": attack.confidence,
            "sources": list(attack.sources),
        }
    return Explanation("\n".join(lines), json.dumps(document, indent=1))


def _record_lines(record: Advisory) -> list[str]:
    kind = "malware" if record.malicious else "vulnerability"
    lines = [f"{record.id}  ({kind}, published {record.published[:10] or 'at an unknown time'})", ""]
    lines += [f"  {neutral(record.summary)}"] if record.summary else []
    lines += [f"  also known as {', '.join(map(neutral, record.aliases[:6]))}"] if record.aliases else []
    lines += [f"  withdrawn {record.withdrawn}: it counts for nothing"] if record.withdrawn else []
    for affected in record.affected[:10]:
        versions = ", ".join(affected.versions[:8]) + (" …" if len(affected.versions) > 8 else "")
        lines.append(f"  {affected.ecosystem}: {neutral(affected.name)} {neutral(versions)}")
    return [*lines, ""]


def _attack_lines(attack: Attack) -> list[str]:
    lines = [f"{attack.title}", "", f"  {attack.summary}", ""]
    if attack.start:
        lines.append(
            f"  from {attack.start} to {attack.end or 'an unknown time'}, confidence {attack.confidence}"
        )
    for release in attack.releases[:12]:
        back = release.last_good or release.fixed
        way = f", go to {back}" if back else ""
        lines.append(f"  {release.ecosystem}: {release.name} {', '.join(release.versions)}{way}")
    lines += ["", "  sources:", *(f"    {source}" for source in attack.sources[:6])] if attack.sources else []
    return lines
