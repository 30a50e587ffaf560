"""Judge what was walked: look up what is there, ask every rule, let policy decide, say one thing.

Order: documents, advisories, history, registry facts, rules, waivers, policy. What could not be looked up
is a `Skipped` in the verdict; without advisory data for what is there the verdict is `incomplete`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from seawall.adapters.disk.tree import Walk, read_documents
from seawall.decide import decide_findings
from seawall.kernel.advisory import Advisory, Match
from seawall.kernel.asking import to_ask
from seawall.kernel.attack import Catalog, as_advisories, ways_back
from seawall.kernel.client import Gap
from seawall.kernel.finding import Skipped, among_samples, softened
from seawall.kernel.history import Interval
from seawall.kernel.intake import FeedState, Intake, Key, SettingsChange, Upstreams
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.lockfile import Document, with_digests
from seawall.kernel.matching import match
from seawall.kernel.policy.engine import Policy
from seawall.kernel.release import ReleaseFacts, Wanted
from seawall.kernel.rule import Rule, judge
from seawall.kernel.settings import DEFAULTS, Settings, Waiver
from seawall.kernel.tool import ToolFile, may_be_tool
from seawall.kernel.verdict import Verdict
from seawall.kernel.waiver import waived
from seawall.next_step import next_command
from seawall.running import Running

NOT_IN_ANY_FEED = frozenset({"conda"})
"""Ecosystems for which no advisory database has records: said once, never a pass, never required."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What one source answered about package versions."""

    matches: Mapping[Key, tuple[Match, ...]] = field(default_factory=lambda: MappingProxyType({}))
    feeds: tuple[FeedState, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """What the history of the tree holds."""

    intervals: tuple[Interval, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What registries say about releases."""

    releases: Mapping[Key, ReleaseFacts] = field(default_factory=lambda: MappingProxyType({}))
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """What the tree's own settings file changes, once it is known what of it may count.

    `settings` are those in force; `ignored` are waivers that stand in the tree but do not count;
    `changes` are differences from the trusted revision; `documents` hold the file's own faults.
    """

    settings: Settings = DEFAULTS
    ignored: tuple[Waiver, ...] = ()
    changes: tuple[SettingsChange, ...] = ()
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside that a scan may ask. A question that is None is not asked at all.

    `lookups` answer for package versions, in order; `past` gets the known bad advisories; `facts` gets what
    registries may be asked about, the most important first, and is asked last: it takes what time is left.
    `running` gets the documents and tells what runs in the tree.
    """

    now: datetime
    catalog: Catalog
    lookups: tuple[Callable[[Sequence[Key]], Lookup], ...] = ()
    malicious: Callable[[], Iterable[Advisory]] | None = None
    facts: Callable[[Sequence[Wanted]], Facts] | None = None
    past: Callable[[Sequence[Advisory]], Past] | None = None
    gaps: Callable[[Sequence[Document]], tuple[Gap, ...]] | None = None
    upstreams: Upstreams = field(default_factory=Upstreams)
    running: Callable[[Sequence[Document]], Running] | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: which target, judged by which policy, which rules, against which baseline.

    `documents` are there besides those that were walked.
    """

    target: str
    policy: Policy
    trust: Trust = field(default_factory=Trust)
    documents: tuple[Document, ...] = ()
    rules: tuple[Rule, ...] = ()
    baseline: frozenset[str] = frozenset()
    limits: Limits = DEFAULT_LIMITS
    version: str = ""


def judge_tree(walked: Walk, question: Question, world: World) -> Verdict:
    """The verdict on what was walked."""
    documents = (
        *with_digests(read_documents(walked, question.limits)),
        *question.documents,
        *question.trust.documents,
    )
    intake = _intake(walked, documents, question, world)
    found = map(softened, judge(question.rules, intake))
    findings = waived(found, intake.settings.waivers, world.now.date())
    kept = tuple(f for f in findings if f.fingerprint not in question.baseline)
    unchecked = tuple(s for s in intake.skipped if s.required)
    decision, judged = decide_findings(kept, unchecked, intake, question.policy)
    return Verdict(
        target=question.target,
        intake=intake,
        findings=judged,
        decision=decision,
        unchecked=unchecked,
        gaps=world.gaps(documents) if world.gaps else (),
        next_command=next_command(judged, unchecked, documents),
        baselined=len(findings) - len(kept),
        policy=question.policy.name,
        version=question.version,
    )


def _intake(walked: Walk, documents: Sequence[Document], question: Question, world: World) -> Intake:
    keys = _keys(documents)
    known = tuple(as_advisories(world.catalog.attacks))
    looked = _look_up(keys, known, world)
    past = world.past((*known, *(world.malicious() if world.malicious else ()))) if world.past else Past()
    facts = _facts(documents, looked.matches, world)
    ran = world.running(documents) if world.running else Running()
    trust = question.trust
    return Intake(
        documents=tuple(documents),
        now=world.now,
        matches=looked.matches,
        releases=facts.releases,
        history=past.intervals,
        feeds=looked.feeds,
        upstreams=world.upstreams,
        settings=trust.settings,
        ignored_waivers=trust.ignored,
        settings_changes=trust.changes,
        skipped=(
            *_left_out(question, keys),
            *looked.skipped,
            *facts.skipped,
            *past.skipped,
            *ran.skipped,
            *_not_read(walked.files, documents),
        ),
        files=walked.files,
        last_good=ways_back(world.catalog.attacks),
        tools=_tools(walked, question.limits),
        ground=ran.ground,
        reach=ran.reach,
        hygiene=ran.hygiene,
    )


def _tools(walked: Walk, limits: Limits) -> tuple[ToolFile, ...]:
    """The files of editors, agents and dev containers; who reads them is not called where there are none."""
    above = "/".join(walked.root.absolute().parts[-2:])
    if not any(may_be_tool(f"{above}/{path}") for path in walked.files):
        return ()
    from seawall.adapters.disk.tools import read_tools

    return read_tools(walked, limits)


def _facts(documents: Sequence[Document], matched: Mapping[Key, tuple[Match, ...]], world: World) -> Facts:
    if world.facts is None:
        return Facts()
    asked, apart = to_ask(documents, world.upstreams, matched)
    facts = world.facts(asked)
    return replace(facts, skipped=(*apart, *facts.skipped))


_NOT_READ = {
    "Cargo.toml": "crates.io",
    "setup.py": "PyPI",
    "Gemfile": "RubyGems",
    "pom.xml": "Maven",
    "build.gradle": "Maven",
    "build.gradle.kts": "Maven",
    "composer.json": "Packagist",
    "environment.yml": "conda",
}
"""Files that ask for packages and that no reader here understands, with their ecosystem."""


def _not_read(files: Iterable[str], documents: Iterable[Document]) -> list[Skipped]:
    """What asks for packages of an ecosystem of which nothing else was read: never passed over in silence."""
    read = {document.ecosystem for document in documents}
    names = ((path.rpartition("/")[2], path) for path in files)
    found = Counter(name for name, path in names if name in _NOT_READ and not among_samples(path))
    return [
        Skipped(
            f"what {count} {name} ask{'s' if count == 1 else ''} for",
            "no lockfile that can be read here answers it",
        )
        for name, count in sorted(found.items())
        if _NOT_READ[name] not in read
    ]


REQUIRED_RULES = {"packages/known-malware": "malware", "packages/vulnerable": "vulnerabilities"}
"""Rules without which nothing was checked, and the words for what they check."""


def _left_out(question: Question, keys: Sequence[Key]) -> tuple[Skipped, ...]:
    """Whoever leaves a required check out gets an answer, and is told that it is not the whole one."""
    asked = {rule.id for rule in question.rules}
    off = question.trust.settings.disabled_rules
    return tuple(
        Skipped(
            word,
            f"{rule} is switched off" if rule in off else f"{rule} was left out",
            f"take {rule} out of [rules] disable" if rule in off else "seawall scan",
            required=True,
        )
        for rule, word in REQUIRED_RULES.items()
        if keys and rule not in asked
    )


def _keys(documents: Iterable[Document]) -> list[Key]:
    found: dict[Key, None] = {}
    for document in documents:
        for pin in document.pins:
            found[pin.key] = None
        for wanted in document.requirements:
            key = wanted.key
            if key is not None and wanted.group != "constraint":
                found[key] = None
    return list(found)


def _look_up(keys: Sequence[Key], known: Sequence[Advisory], world: World) -> Lookup:
    """All sources together, one match per flaw, and which ecosystems nobody could answer for."""
    answers = [lookup(keys) for lookup in world.lookups] if keys else []
    built_in = FeedState("built-in catalog", world.catalog.as_of, len(world.catalog.attacks))
    feeds = (*(feed for answer in answers for feed in answer.feeds), built_in)
    merged: dict[Key, tuple[Match, ...]] = {}
    for matches in (*(answer.matches for answer in answers), match(keys, known)):
        for key, found in matches.items():
            merged[key] = _merged(merged.get(key, ()), found)
    return Lookup(merged, feeds, _unanswered(keys, answers, feeds))


def _unanswered(
    keys: Iterable[Key], answers: Sequence[Lookup], feeds: Iterable[FeedState]
) -> tuple[Skipped, ...]:
    """What could not be looked up. A source that failed is no loss where another answers for everything."""
    said = tuple(s for answer in answers for s in answer.skipped)
    sound = {e for answer in answers if not _failed(answer) for feed in answer.feeds for e in feed.covers}
    used = {ecosystem for ecosystem, _, _ in keys} - NOT_IN_ANY_FEED
    uncovered = _uncovered(keys, feeds, said)
    if used <= sound:
        return (*(replace(s, required=False) for s in said), *uncovered)
    if any(s.required for s in uncovered):
        return (*(s for s in said if not s.required), *uncovered)
    return (*said, *uncovered)


def _failed(answer: Lookup) -> bool:
    return any(s.required for s in answer.skipped)


def _merged(first: tuple[Match, ...], more: Iterable[Match]) -> tuple[Match, ...]:
    """Without those that are about the same flaw: one id or alias in common."""
    known = {name for item in first for name in item.ids}
    return (*first, *(item for item in more if not known & set(item.ids)))


def _uncovered(
    keys: Iterable[Key], feeds: Iterable[FeedState], said: Iterable[Skipped]
) -> tuple[Skipped, ...]:
    """What nobody answered for, and why: what the sources that failed `said`, if another did not answer."""
    covered = {ecosystem for feed in feeds for ecosystem in feed.covers}
    used = {ecosystem for ecosystem, _, _ in keys}
    missing = sorted(used - covered - NOT_IN_ANY_FEED)
    skipped = []
    if missing:
        skipped.append(
            Skipped(
                f"malware and vulnerabilities ({', '.join(missing)})",
                "; ".join(dict.fromkeys(s.reason for s in said if s.required))
                or "there is no advisory data for it on this machine; only the built-in catalog was asked",
                "seawall sync",
                required=True,
            )
        )
    for ecosystem in sorted(used & NOT_IN_ANY_FEED):
        skipped.append(
            Skipped(
                f"malware and vulnerabilities ({ecosystem})",
                "no advisory database has records for it; PyPI packages inside it are checked",
            )
        )
    return tuple(skipped)


def chosen(rules: Iterable[Rule], only: Sequence[str], settings: Settings) -> tuple[Rule, ...]:
    """The rules to ask: all, or those named (an id or a family), without those switched off."""
    return tuple(
        rule
        for rule in rules
        if (not only or rule.id in only or rule.id.partition("/")[0] in only)
        and (rule.id not in settings.disabled_rules or rule.id in settings.required_rules)
    )
