"""Many releases are asked about at once: one question per name, the most important first, until time is up.

Three rounds: what the registries say about every name; what PyPI releases newly need (their metadata);
when the names of new dependencies first appeared. What was heard is kept, so that asking again goes on where
time was up. What is not known is said and stays unknown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from seawall.adapters.http import Http, Patience
from seawall.kernel.asking import Registries, route
from seawall.kernel.cache import Cache
from seawall.kernel.comparing import registry_name
from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.release import Wanted

from . import REGISTRIES
from .answer import RegistryAnswer, Unknown, answered
from .conversation import Authorization, Conversation, LateError
from .kept import CACHED, KEPT, Kept, read, written
from .names import Heard, Name, Pair, Question, hear, newly_needed
from .together import each

Advance = Callable[[int, int], None]
_FIRST_ROUND = 0.75
_NEW_OF_ONE, _NEW_NAMES = 20, 300
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {kind.ecosystem: kind for kind in REGISTRIES}


@dataclass(frozen=True, slots=True)
class Asker:
    """With what is asked: whose registries, which credentials, what is kept, and how long it may take.

    `advance` is told how many names of how many have been answered.
    """

    registries: Registries
    authorization: Authorization
    cache: Cache
    now: datetime
    seconds: float = 8.0
    advance: Advance = lambda _done, _total: None
    http: Http | None = None
    limits: Limits = DEFAULT_LIMITS


def ask(wanted: Iterable[Wanted], asker: Asker) -> RegistryAnswer:
    """What the user's registries say about these releases, asked within `seconds`. Does not raise.

    Nothing is asked about a name that the user's own clients would ask nobody about.
    """
    patience = Patience(
        connect=min(2.5, asker.seconds), read=6.0, total=asker.seconds, tries=2, longest_wait=2.0
    )
    http = asker.http or Http(patience=patience)
    begun = time.monotonic()
    talk = Conversation(http, asker.authorization, begun + asker.seconds)
    run = _Run(asker, talk, begun + asker.seconds * _FIRST_ROUND)
    try:
        names = _names(run, wanted)
        _first_round(run, names)
        _second_round(run, names)
        ages = _third_round(run, names)
    finally:
        if asker.http is None:
            http.close()
        if run.fresh:
            asker.cache.remember(
                CACHED, {name.key: written(kept) for name, kept in run.fresh.items()}, asker.now + KEPT
            )
    return answered(names, run.heard, ages, run.unknown)


@dataclass(slots=True)
class _Run:
    """What was heard so far, what of it is new, and what is not known and why."""

    asker: Asker
    talk: Conversation
    middle: float
    heard: dict[Name, Kept] = field(default_factory=dict)
    fresh: dict[Name, Kept] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    unknown: Unknown = field(default_factory=Unknown)

    def keep(self, name: Name, kept: Kept) -> None:
        """This is the newest that is known of a name."""
        self.heard[name] = self.fresh[name] = kept


def _names(run: _Run, wanted: Iterable[Wanted]) -> dict[Name, tuple[str, ...]]:
    """The names to ask about, in order, each with all its versions."""
    found: dict[Name, dict[str, None]] = {}
    for want in wanted:
        name = _name(run, want)
        if name:
            found.setdefault(name, {})[want.key[2]] = None
    return {name: tuple(versions) for name, versions in found.items()}


def _name(run: _Run, want: Wanted) -> Name | None:
    ecosystem, name, version = want.key
    kind = _KINDS.get(ecosystem)
    if kind is None or not version:
        return None
    way = route(want, run.asker.registries)
    if not way:
        run.unknown.because(
            ecosystem, name, "no registry of yours would be asked for it, so its name is told to nobody"
        )
        return None
    if not kind.address(way[0].url, name):
        run.unknown.because(ecosystem, name, "not a name that a registry could know")
        return None
    return Name(kind, name, way)


def _load(run: _Run, names: Iterable[Name]) -> dict[Name, Kept]:
    by_key = {name.key: name for name in names}
    found = {}
    for key, data in run.asker.cache.cached(CACHED, by_key, run.asker.now).items():
        name = by_key[key]
        kept = read(data, name.kind.ecosystem, name.name)
        if kept:
            found[name] = kept
    return found


def _first_round(run: _Run, names: Mapping[Name, tuple[str, ...]]) -> None:
    kept = _load(run, names)
    run.heard.update(kept)
    now = run.asker.now
    questions = [
        Question(name, versions, now, kept.get(name), run.middle)
        for name, versions in names.items()
        if not (name in kept and kept[name].fresh(now) and kept[name].knows(versions))
    ]
    known = len(names) - len(questions)
    for question, result in each(
        questions,
        lambda q: hear(run.talk, q, run.asker.limits),
        lambda done: run.asker.advance(known + done, len(names)),
    ):
        _take(run, question, result)


def _take(run: _Run, question: Question, result: Heard | OutsideError) -> None:
    if isinstance(result, Heard):
        run.keep(question.name, result.kept)
        run.pairs += result.pairs
        return
    name, old = question.name, question.old
    reason, advice = _why(result)
    if old and old.there:
        reason += "; what was said earlier is used"
        run.heard[name] = _old(old)
    else:
        run.heard.pop(name, None)
    run.unknown.because(name.kind.ecosystem, name.name, reason, advice)


def _old(kept: Kept) -> Kept:
    """Without digests: files may have been added to a release since, and a lockfile may name only those."""
    facts = {version: replace(item, digests=()) for version, item in kept.facts.items()}
    return replace(kept, facts=facts)


def _why(error: OutsideError) -> tuple[str, str]:
    """The reason, and what to do about it."""
    if isinstance(error, LateError):
        return "there was no time left to ask", "run it again: what was answered is kept"
    return str(error), error.advice


def _second_round(run: _Run, names: Mapping[Name, tuple[str, ...]]) -> None:
    wanted = [pair for pair in run.pairs if pair.version in names[pair.name]]
    wanted.sort(key=lambda pair: pair.this.published or _LONG_AGO, reverse=True)
    for pair, result in each(wanted, lambda p: newly_needed(run.talk, p, run.asker.limits)):
        if isinstance(result, OutsideError):
            reason, advice = _why(result)
            reason = f"what it newly needs is not known: {reason}"
            run.unknown.because(pair.name.kind.ecosystem, pair.name.name, reason, advice)
            continue
        kept = run.heard[pair.name]
        facts = replace(kept.facts[pair.version], new_dependencies=result)
        facts_now = {**kept.facts, pair.version: facts}
        run.keep(pair.name, replace(kept, facts=facts_now, open=kept.open - {pair.version}))


def _third_round(run: _Run, names: Mapping[Name, tuple[str, ...]]) -> dict[tuple[str, str], datetime | None]:
    """(ecosystem, name) of new dependencies → when that name first appeared."""
    asked = list(dict.fromkeys(_new_names(run, names)))[:_NEW_NAMES]
    kept = _load(run, [name for name in asked if name not in run.heard])
    run.heard.update(kept)
    now = run.asker.now
    questions = [
        Question(name, (), now, run.heard.get(name))
        for name in asked
        if name not in names
        and not (name in run.heard and (run.heard[name].first or run.heard[name].fresh(now)))
    ]
    for question, result in each(questions, lambda q: hear(run.talk, q, run.asker.limits)):
        if isinstance(result, Heard):
            run.keep(question.name, result.kept)
        else:
            reason, advice = _why(result)
            reason = f"a new dependency, whose age is not known: {reason}"
            run.unknown.because(question.name.kind.ecosystem, question.name.name, reason, advice)
    return {(n.kind.ecosystem, n.name): run.heard[n].first for n in asked if n in run.heard}


def _new_names(run: _Run, names: Mapping[Name, tuple[str, ...]]) -> Iterator[Name]:
    """The names of new dependencies, those of the youngest releases first."""
    known = [
        facts
        for name, versions in names.items()
        if name in run.heard
        for version, facts in run.heard[name].facts.items()
        if version in versions and facts.new_dependencies
    ]
    known.sort(key=lambda facts: facts.published or _LONG_AGO, reverse=True)
    for facts in known:
        for item in (facts.new_dependencies or ())[:_NEW_OF_ONE]:
            real = registry_name(item.name, item.spec)
            if item.first_release is None and real:
                name = _name(run, Wanted((facts.key[0], real, "*")))
                if name:
                    yield name
