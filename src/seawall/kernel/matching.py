"""A package version matches an advisory exactly when it says so; records of one flaw are one match."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .advisory import Advisory, Affected, Match, Severity
from .asset import package_name
from .finding import Skipped
from .versions import in_range, is_listed, is_unbounded, lowest_fixed, order

Key = tuple[str, str, str]

_LABELS = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "important": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
}
_PREFERENCE = ("MAL-", "GHSA-", "PYSEC-", "RUSTSEC-", "GO-", "CVE-")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What advisories say about package versions.

    `matches` are worst first: malware, then by severity and id; keys without are left out. `unknown` names,
    for a key, the advisories about its package that could not be compared with its version.
    """

    matches: dict[Key, tuple[Match, ...]]
    unknown: dict[Key, tuple[str, ...]]

    def skipped(self) -> tuple[Skipped, ...]:
        """What was not known, as checks that did not run; one for each package version."""
        return tuple(
            Skipped(
                f"malware and vulnerabilities of {name} {version} ({ecosystem})",
                f"{', '.join(ids[:3])}: the version cannot be ordered against the advisory's range",
                f"seawall explain {ids[0]}",
                required=True,
            )
            for (ecosystem, name, version), ids in self.unknown.items()
        )


def match(keys: Iterable[Key], advisories: Iterable[Advisory]) -> dict[Key, tuple[Match, ...]]:
    """What the advisories say about each of `keys`, (ecosystem, name, version); the others are left out."""
    return compare(keys, advisories).matches


def compare(keys: Iterable[Key], advisories: Iterable[Advisory]) -> Comparison:
    """What the advisories say about `keys`, and where that cannot be known."""
    about: dict[tuple[str, str], list[tuple[Advisory, Affected]]] = defaultdict(list)
    for advisory in advisories:
        if not advisory.withdrawn:
            for affected in advisory.affected:
                name = package_name(affected.ecosystem, affected.name)
                about[affected.ecosystem, name].append((advisory, affected))
    matches: dict[Key, tuple[Match, ...]] = {}
    unknown: dict[Key, tuple[str, ...]] = {}
    flaws: dict[tuple[int, ...], tuple[_Flaw, ...]] = {}
    for key in dict.fromkeys(keys):
        ecosystem, name, version = key
        candidates = about.get((ecosystem, package_name(ecosystem, name)))
        if not candidates:
            continue
        answers = [(pair, is_affected(pair[1], version)) for pair in candidates]
        hits = [pair for pair, answer in answers if answer]
        if hits:
            # Many versions are hit by the same records; what does not depend on the version is found once.
            same = tuple([id(affected) for _, affected in hits])
            if same not in flaws:
                flaws[same] = tuple(sorted(_flaws(hits), key=_worst_first))
            matches[key] = tuple([_match(key, flaw) for flaw in flaws[same]])
        ids = {record.id for (record, _), answer in answers if answer is None}
        left = ids - {record.id for record, _ in hits}
        if left:
            unknown[key] = tuple(sorted(left))
    return Comparison(matches, unknown)


def is_affected(affected: Affected, version: str) -> bool | None:
    """The advisory's own words about one package cover this version; None when that cannot be known.

    `introduced: 0` without an end beside listed versions means those versions only. Where versions are
    listed and a range cannot be judged, the list is taken as complete, as the schema asks it to be.
    """
    ecosystem, listed = affected.ecosystem, affected.versions
    if listed and is_listed(ecosystem, version, listed):
        return True
    rank = order(ecosystem)
    answer: bool | None = False
    for bounds in affected.ranges:
        if listed and is_unbounded(bounds):
            continue
        inside = in_range(bounds, version, rank)
        if inside:
            return True
        if inside is None and not listed:
            answer = None
    return answer


@dataclass(frozen=True, slots=True)
class _Flaw:
    """What records of one flaw say together, whatever the version.

    `fixed` are, for each record, the versions that it calls fixed and that none of them affects.
    """

    ids: tuple[str, ...]
    summary: str
    malicious: bool
    severity: Severity
    score: float | None
    feed: str
    published: str
    fixed: tuple[tuple[str, ...], ...]


def _match(key: Key, flaw: _Flaw) -> Match:
    return Match(
        key=key,
        ids=flaw.ids,
        summary=flaw.summary,
        malicious=flaw.malicious,
        severity=flaw.severity,
        score=flaw.score,
        fixed_in=_fixed_in(key, flaw.fixed),
        feed=flaw.feed,
        published=flaw.published,
    )


def _flaws(hits: Sequence[tuple[Advisory, Affected]]) -> Iterator[_Flaw]:
    for group in _groups(hits):
        advisories = [advisory for advisory, _ in group]
        malicious = any(advisory.malicious for advisory in advisories)
        score = max((s for a in advisories for s in map(_score, a.vectors) if s is not None), default=None)
        first = min(advisories, key=lambda a: _preference(a.id))
        yield _Flaw(
            ids=_ids(advisories),
            summary=next((a.summary for a in (first, *advisories) if a.summary), ""),
            malicious=malicious,
            severity=Severity.CRITICAL if malicious else severity_of(score, [a.label for a in advisories]),
            score=score,
            feed=first.feed,
            published=min((a.published for a in advisories if a.published), default=""),
            fixed=tuple(_fixed_by(affected, group) for _, affected in group),
        )


def _fixed_by(affected: Affected, group: Sequence[tuple[Advisory, Affected]]) -> tuple[str, ...]:
    fixed = [text for r in affected.ranges for kind, text in r.events if kind == "fixed"]
    return tuple(text for text in fixed if all(is_affected(other, text) is False for _, other in group))


def _groups(
    hits: Sequence[tuple[Advisory, Affected]],
) -> list[list[tuple[Advisory, Affected]]]:
    """Records that share an id or alias are about one flaw, also through a third one."""
    groups: list[tuple[set[str], list[tuple[Advisory, Affected]]]] = []
    for hit in hits:
        names = {hit[0].id, *hit[0].aliases}
        joined = [group for group in groups if group[0] & names]
        members = [member for group in joined for member in group[1]]
        groups = [group for group in groups if not group[0] & names]
        groups.append((names.union(*(group[0] for group in joined)), [*members, hit]))
    return [members for _, members in groups]


def _ids(advisories: Sequence[Advisory]) -> tuple[str, ...]:
    """The record's ids by preference, then the aliases."""
    own = sorted({a.id for a in advisories}, key=_preference)
    others = sorted({alias for a in advisories for alias in a.aliases} - set(own), key=_preference)
    return (*own, *others)


def _preference(name: str) -> tuple[int, str]:
    for rank, prefix in enumerate(_PREFERENCE):
        if name.startswith(prefix):
            return (rank, name)
    return (len(_PREFERENCE), name)


def _worst_first(item: _Flaw) -> tuple[bool, int, tuple[str, ...]]:
    return (not item.malicious, -item.severity, item.ids)


def _fixed_in(key: Key, fixed: Iterable[Sequence[str]]) -> str:
    """A version that every record of the flaw calls fixed; the highest of their lowest ones."""
    ecosystem, _, version = key
    rank = order(ecosystem)
    answers = [
        answer for answer in (lowest_fixed(texts, version, rank) for texts in fixed if texts) if answer
    ]
    return max(answers, key=rank) if len(answers) > 1 else "".join(answers)


def severity_of(score: float | None, labels: Iterable[str]) -> Severity:
    """The word for a CVSS base score (specification, table 14), else the publisher's, else medium."""
    if score is not None:
        bounds = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
        return next((word for bound, word in bounds if score >= bound), Severity.INFO)
    known = [_LABELS[label.lower()] for label in labels if label.lower() in _LABELS]
    return max(known, default=Severity.MEDIUM)


@lru_cache(maxsize=20_000)
def _score(vector: tuple[str, str]) -> float | None:
    """The base score. The vector's own prefix tells its version, not what the feed calls it."""
    # Imported where used: most package versions match nothing.
    from cvss import CVSS2, CVSS3, CVSS4
    from cvss.exceptions import CVSSError

    kind, text = vector[0], vector[1].strip()
    try:
        if text.startswith("CVSS:4"):
            return float(CVSS4(text).base_score)
        if text.startswith("CVSS:3"):
            return float(CVSS3(text).base_score)
        if kind == "CVSS_V2" or text.startswith("AV:"):
            return float(CVSS2(text.strip("()")).base_score)
    except (CVSSError, ValueError, ArithmeticError, LookupError, TypeError):
        return None
    return None
