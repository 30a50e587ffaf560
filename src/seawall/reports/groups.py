"""One cause is one entry: what a person mends in one go is said once, with how often and where.

Findings about one package version are one entry, and so are those of one rule about files. What lies in one
directory of tests, examples or documentation is one entry too: nobody ships it, and nobody mends it first.
Nothing is left out that way, and what policy denies always stands alone.
"""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seawall.kernel.advisory import Severity
from seawall.kernel.decision import Outcome
from seawall.kernel.finding import Finding
from seawall.kernel.verdict import Judged

_ASIDE = frozenset(
    {"test", "tests", "testing", "e2e", "ecosystem-tests", "integration-tests", "smoke-tests", "playground"}
    | {"example", "examples", "sample", "samples", "demo", "demos", "doc", "docs"}
    | {"bench", "benches", "benchmark", "benchmarks"}
)
_NEVER_ASIDE = frozenset(
    {"packages/known-malware", "packages/malware-in-history", "packages/credential-in-source"}
)
_COUNTED = {
    "packages/vulnerable": ("vulnerable package", "vulnerable packages"),
    "packages/unlocked-range": ("file with ranges", "files with ranges"),
    "packages/exotic-source": ("odd source", "odd sources"),
    "packages/lockfile-missing": ("manifest without a lockfile", "manifests without a lockfile"),
    "packages/lockfile-out-of-step": ("lockfile out of step", "lockfiles out of step"),
    "packages/digest-missing": ("lockfile without digests", "lockfiles without digests"),
    "packages/unreadable": ("file not read", "files not read"),
}
_OTHER = ("other finding", "other findings")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is printed as one: how often beside the first (`more`), where (`place`), and what to do."""

    outcome: Outcome
    message: str
    fix: str
    place: str = ""
    more: str = ""


def entries(shown: Sequence[Judged], *, apart: bool = False) -> list[Entry]:
    """The findings as entries, in their order. `apart` keeps every finding an entry of its own."""
    if apart:
        return [_entry((judged,)) for judged in shown]
    groups = _groups(shown)
    crowded = {
        root: found
        for root, found in _by_root(groups).items()
        if root and (len(found) > 1 or len(found[0]) > 9)
    }
    written: set[str] = set()
    made = []
    for group in groups:
        root = _root_of(group)
        if root not in crowded:
            made.append(_entry(group))
        elif root not in written:
            written.add(root)
            made.append(_crowd(root, crowded[root]))
    return made


def _groups(shown: Iterable[Judged]) -> list[tuple[Judged, ...]]:
    found: dict[tuple[str, str, str], list[Judged]] = defaultdict(list)
    for judged in shown:
        finding = judged.finding
        about = finding.asset or finding.rule
        found[judged.outcome.value, about, "" if finding.asset else finding.severity.word].append(judged)
    return [tuple(sorted(group, key=lambda j: bool(aside(j.finding.path)))) for group in found.values()]


def _by_root(groups: Iterable[tuple[Judged, ...]]) -> Mapping[str, list[tuple[Judged, ...]]]:
    found: dict[str, list[tuple[Judged, ...]]] = defaultdict(list)
    for group in groups:
        found[_root_of(group)].append(group)
    return found


def _root_of(group: Sequence[Judged]) -> str:
    """The directory of tests or examples in which all of the group lies, empty if there is none."""
    if any(j.outcome is Outcome.DENY or j.finding.rule in _NEVER_ASIDE for j in group):
        return ""
    roots = {aside(j.finding.path) for j in group}
    return roots.pop() if len(roots) == 1 else ""


def aside(path: str) -> str:
    """The outermost directory of tests, examples or documentation that holds `path`, empty if none does."""
    parts = path.split("/")[:-1]
    for at, part in enumerate(parts):
        if part.lower() in _ASIDE:
            return "/".join(parts[: at + 1])
    return ""


def _crowd(root: str, groups: Sequence[tuple[Judged, ...]]) -> Entry:
    counts: Counter[str] = Counter()
    for group in groups:
        rule = group[0].finding.rule
        counts[rule] += 1 if group[0].finding.asset else len(group)
    words = ", ".join(f"{n} {_COUNTED.get(rule, _OTHER)[n > 1]}" for rule, n in counts.most_common())
    worst = max(judged.finding.severity for group in groups for judged in group)
    at_worst = f", the worst of {worst.word} severity" if worst > Severity.LOW else ""
    place = shlex.quote(root)
    return Entry(
        outcome=groups[0][0].outcome,
        message=f"in {root}/: {words}{at_worst}",
        fix=f"look with `seawall scan {place}`; --exclude {place}/ if nothing there is installed",
    )


def _entry(group: Sequence[Judged]) -> Entry:
    first = group[0].finding
    places = list(dict.fromkeys(_place(j.finding) for j in group if j.finding.path))
    where = places[0] if places else ""
    where += f" and {len(places) - 1} more" if len(places) > 1 else ""
    others = len({j.finding.advisories[:1] or j.finding.rule for j in group}) - 1
    return Entry(
        outcome=group[0].outcome,
        message=first.message,
        fix=first.advice,
        place=where,
        more=f" (+{others} more)" if others > 0 and first.asset else "",
    )


def _place(finding: Finding) -> str:
    return f"{finding.path}:{finding.line}" if finding.line else finding.path
