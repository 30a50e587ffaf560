"""Would this policy have stopped the attacks of the past, and what would it have held back besides?

Each scenario becomes documents, archives and trees of its moments; the ordinary readers, rules and policy say
what they say today. At a moment nothing is visible that was published later. No id, title or prose is read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from seawall.adapters.disk.shipped import client_policy, data_bytes
from seawall.decide import chosen_policy, policy_from
from seawall.grounds import Grounds, grounds
from seawall.kernel.admission import Admission
from seawall.kernel.attack import Catalog
from seawall.kernel.decision import Decision, Outcome
from seawall.kernel.history import Commit, Interval, spans
from seawall.kernel.intake import Key
from seawall.kernel.matching import match
from seawall.kernel.policy.engine import Policy
from seawall.kernel.replay import Answer, Entry, Said
from seawall.kernel.scenario import Moment, PastPackage, PastRelease, Scenario, Take, Want
from seawall.kernel.settings import DEFAULTS, POLICY_STRICTNESS, Settings
from seawall.kernel.verdict import Verdict
from seawall.past_gate import Looks, PastAdvisories, PastGate
from seawall.past_hub import hub_said
from seawall.past_registries import ASKED, PastRegistries
from seawall.past_taking import Taken, taken
from seawall.past_tree import Files, PastScan, launched, locked, pinned
from seawall.readers.advisories.attacks import read_catalog

_MINUTE = timedelta(minutes=1)
_A_YEAR = timedelta(days=365)
_WORDS = {
    Outcome.DENY: Answer.DENY,
    Outcome.INCOMPLETE: Answer.INCOMPLETE,
    Outcome.WARN: Answer.WARN,
    Outcome.ALLOW: Answer.ALLOW,
}


@dataclass(frozen=True, slots=True)
class Tried:
    """A policy with its settings and what it is called in the table."""

    name: str
    policy: Policy
    settings: Settings = DEFAULTS


def backtest(
    scenarios: Sequence[Scenario], policy: Policy, settings: Settings = DEFAULTS
) -> tuple[Entry, ...]:
    """A row for every scenario."""
    return next(iter(beside(scenarios, [Tried(policy.name, policy, settings)])))


def beside(scenarios: Sequence[Scenario], tried: Sequence[Tried]) -> Iterator[tuple[Entry, ...]]:
    """The rows of each policy in turn; what lies in files is looked at once for all of them.

    A policy that says nothing about what a tree may keep is that of a client: only its gate is asked.
    """
    catalog = read_catalog(data_bytes("attacks.json"))
    with tempfile.TemporaryDirectory(prefix="seawall-backtest-") as place:
        looks = Looks(Path(place))
        for one in tried:
            scans = any("keep" in i.actions and i.outcome is not Outcome.ALLOW for i in one.policy.statements)
            bench = Bench(one.policy, one.settings, looks, catalog, scans)
            yield tuple(bench.entry(scenario) for scenario in scenarios)


def others(but: Policy) -> tuple[Tried, ...]:
    """What stands beside a policy in the table: the shipped ones, and what clients do by themselves."""
    shipped = [chosen_policy(name) for name in reversed(POLICY_STRICTNESS)]
    found = [Tried(policy.name, policy) for policy in shipped if policy.digest != but.digest]
    waiting = replace(DEFAULTS, cooldown_days=0)
    found.append(Tried("default, and no cooldown", chosen_policy("default"), waiting))
    return (*found, *(Tried(name, policy_from(name, client_policy(file))) for name, file in CLIENTS))


CLIENTS = (
    ("npm 11 as it comes", "npm"),
    ("pnpm 11 as it comes", "pnpm-11"),
    ("a plain cooldown of 7 days", "seven-days"),
)
"""Clients that wait, or do not, by themselves: what they are called, and the file of seawall/data/clients."""


class Bench:
    """One policy and everything that is the same for all scenarios."""

    def __init__(
        self, policy: Policy, settings: Settings, looks: Looks, catalog: Catalog, scans: bool = True
    ) -> None:
        self.policy, self.settings, self.looks, self.catalog = policy, settings, looks, catalog
        self.scans = scans
        nothing = Scenario("", ())
        start = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
        self.grounds: Grounds = grounds(settings, PastAdvisories(nothing, start, catalog), (), policy)

    def entry(self, scenario: Scenario) -> Entry:
        """The row of one scenario."""
        return _Replay(self, scenario, PastRegistries(scenario)).entry()


@dataclass(slots=True)
class _Asked:
    """One moment at which something is taken, and what that brings when nobody stands in between."""

    take: Take
    at: datetime
    wants: tuple[Want, ...]
    bare: Taken
    late: bool = False


class _Replay:
    def __init__(self, bench: Bench, scenario: Scenario, registries: PastRegistries) -> None:
        self._bench, self._scenario, self._registries = bench, scenario, registries
        self._gate = PastGate(scenario, registries, bench.grounds, bench.looks, bench.catalog, {})
        self._scan = PastScan(scenario, registries, bench.policy, bench.settings, bench.catalog)

    def entry(self) -> Entry:
        moments = [moment for take in self._scenario.takes for moment in self._moments(take)]
        said = tuple(self._said(moment) for moment in moments)
        entry = Entry(self._scenario.id, self._scenario.title, self._scenario.benign, said)
        if not entry.visible:
            return replace(entry, reason=_reason(self._scenario))
        if self._bench.scans:
            found = self._seen(moments)
            entry = replace(entry, seen=tuple(found), seen_at=min(found.values(), default=None))
        return entry

    def _moments(self, take: Take) -> Iterator[_Asked]:
        """The moment itself and, of something bad, the last one at which it could still be had."""
        wants = take.wants or _brought(take)
        here = self._asked(take, take.at, wants)
        yield here
        if here.bare.bad and not self._scenario.benign:
            last = self._last(here)
            late = self._asked(take, last, wants)
            if last > take.at and late.bare.bad:
                late.late = True
                yield late

    def _asked(self, take: Take, at: datetime, wants: tuple[Want, ...]) -> _Asked:
        bare = taken(self._scenario, wants, at, lambda _package, _release: True)
        return _Asked(take, at, wants, bare)

    def _last(self, asked: _Asked) -> datetime:
        """The last minute before one of the bad releases was gone, or an advisory named it."""
        ends = [release.gone for _, release in asked.bare.bad if release.gone]
        keys = [_key(package, release) for package, release in asked.bare.bad]
        ends += [notice.at for notice in self._scenario.notices if match(keys, [notice.advisory])]
        later = [end for end in ends if end > asked.at]
        return min(later, default=asked.at + _A_YEAR) - _MINUTE

    def _said(self, asked: _Asked) -> Said:
        if asked.take.does is Moment.LOAD:
            return hub_said(self._scenario, asked.take, self._bench.grounds, self._bench.catalog)
        gate, speaking = self._at_the_gate(asked)
        merge, merge_by = self._at_the_merge(asked)
        times = [one.allowed_from for one in speaking if one.allowed_from]
        return Said(
            at=asked.at,
            does=asked.take.does.value,
            gate=gate,
            merge=merge,
            gate_by=tuple(dict.fromkeys(by.policy for one in speaking for by in one.decision.decided_by)),
            merge_by=merge_by,
            signals=tuple(sorted({f.rule for one in speaking for f in one.findings})),
            late=asked.late,
            allowed_from=max(times, default=None),
            taken=tuple(f"{package.name} {release.version}" for package, release in asked.bare.releases),
        )

    def _at_the_gate(self, asked: _Asked) -> tuple[Answer, list[Admission]]:
        """What becomes of what would come in: of the bad in an attack, of everything in a benign scenario."""
        known = [
            w for w in asked.wants if w.ecosystem in ASKED and self._scenario.package(w.ecosystem, w.name)
        ]
        if not known or not asked.bare.releases:
            return Answer.NONE, []
        if self._scenario.benign:
            return self._of_benign(asked)
        held = taken(self._scenario, asked.wants, asked.at, lambda p, r: self._lets_in(p, r, asked.at))
        answers = [self._gate.admission(*pair, asked.at) for pair in asked.bare.releases]
        speaking = [one for one in answers if one is not None and one.decision.outcome is not Outcome.ALLOW]
        if not asked.bare.bad:
            return Answer.NONE, speaking
        if not held.bad:
            denied = any(one.decision.outcome is Outcome.DENY for one in speaking)
            return (Answer.DENY if denied else Answer.INCOMPLETE), speaking
        worst = max(
            (_rank(self._gate.admission(*pair, asked.at)) for pair in held.bad), default=Outcome.ALLOW
        )
        return _WORDS[worst], speaking

    def _of_benign(self, asked: _Asked) -> tuple[Answer, list[Admission]]:
        answers = [self._gate.admission(*pair, asked.at) for pair in asked.bare.releases]
        speaking = [one for one in answers if one is not None and one.decision.outcome is not Outcome.ALLOW]
        denied = [one for one in speaking if not one.lets_in]
        if denied:
            later = all(one.allowed_from is not None for one in denied)
            return (Answer.DELAY if later else Answer.DENY), speaking
        return (Answer.WARN if speaking else Answer.ALLOW), speaking

    def _lets_in(self, package: PastPackage, release: PastRelease, at: datetime) -> bool:
        found = self._gate.admission(package, release, at)
        return found is not None and found.lets_in

    def _at_the_merge(self, asked: _Asked) -> tuple[Answer, tuple[str, ...]]:
        """What a scan says of the tree with the change, beyond what it said of the tree before."""
        after, before = self._trees(asked)
        if not after or after == before or not self._bench.scans:
            return Answer.NONE, ()
        verdict = self._scan.scan(after, asked.at, before)
        return _WORDS[verdict.decision.outcome], _rules(verdict)

    def _trees(self, asked: _Asked) -> tuple[Files, Files]:
        take = asked.take
        locks: Files = {}
        if take.wants and take.does is not Moment.LAUNCH:
            locks = locked(asked.bare, asked.wants, self._registries)
        after = {**locks, **take.files}
        earlier = min((release.at for _, release in asked.bare.bad), default=None)
        if earlier is None and asked.bare.releases:
            earlier = max(release.at for _, release in asked.bare.releases)
        old: Files = {}
        if earlier is not None and locks:
            then = earlier - _MINUTE
            bare = taken(self._scenario, asked.wants, then, lambda _package, _release: True)
            every = {(want.ecosystem, want.name) for want in asked.wants}
            there = {(package.ecosystem, package.name) for package, _ in bare.releases}
            told = {key for key in every if self._scenario.package(*key)}
            old = locked(bare, asked.wants, self._registries) if told <= there else {}
        kept = take.files if take.before is None and take.does is Moment.INSTALL else take.before or {}
        return after, {**old, **kept}

    def _seen(self, moments: Sequence[_Asked]) -> dict[str, datetime]:
        """By what it would have been noticed once it was known, had it been let in."""
        found: dict[str, datetime] = {}
        for asked in moments:
            keys = [_key(package, release) for package, release in asked.bare.bad]
            notice = next(
                (n for n in sorted(self._scenario.notices, key=lambda n: n.at) if match(keys, [n.advisory])),
                None,
            )
            if notice is None:
                continue
            found.setdefault("ledger", notice.at)
            if self._in_history(asked, notice.at):
                found.setdefault("history", notice.at)
        return found

    def _in_history(self, asked: _Asked, when: datetime) -> bool:
        """A scan of the repaired tree, whose history once held it, says so."""
        after, before = self._trees(asked)
        held = self._scan.scan(after, when)
        bad = {match_.key for found in held.intake.matches.values() for match_ in found if match_.malicious}
        first, last, repaired = (
            Commit(name, above, int(at.timestamp()))
            for name, above, at in (("1", (), asked.at), ("2", ("1",), when), ("3", ("2",), when + _MINUTE))
        )
        span = spans((first, last, repaired), {"1", "2"}, {"3"})[0]
        past = tuple(_interval(key, span.first, span.last, span.removed) for key in sorted(bad))
        if not past:
            return False
        verdict = self._scan.scan(before or {"README.md": b"\n"}, when + _MINUTE, past=past)
        return any(item.finding.rule == "packages/malware-in-history" for item in verdict.findings)


def _brought(take: Take) -> tuple[Want, ...]:
    """What comes in where nothing is said of it: what a tool starts, or what lockfiles newly hold."""
    if take.does is Moment.LAUNCH:
        return launched(take.files)
    before = pinned(take.before or {})
    return tuple(want for want in pinned(take.files) if want not in before)


def _interval(key: Key, first: Commit, last: Commit, removed: Commit | None) -> Interval:
    def told(commit: Commit | None) -> str:
        return "" if commit is None else datetime.fromtimestamp(commit.time, _UTC).isoformat()

    gone = removed.id * 40 if removed else ""
    return Interval(key, "lock", first.id * 40, told(first), last.id * 40, told(last), gone, told(removed))


_UTC = datetime.fromisoformat("2000-01-01T00:00:00+00:00").tzinfo


def _key(package: PastPackage, release: PastRelease) -> Key:
    return (package.ecosystem, package.name, release.version)


def _rank(admission: Admission | None) -> Outcome:
    return admission.decision.outcome if admission else Outcome.ALLOW


def _rules(verdict: Verdict) -> tuple[str, ...]:
    """The rules whose findings made the decision what it is."""
    decision: Decision = verdict.decision
    if decision.outcome is Outcome.ALLOW:
        return ()
    found = [item.finding.rule for item in verdict.findings if item.outcome is decision.outcome]
    return tuple(dict.fromkeys((*found, *(by.policy for by in decision.decided_by))))


def _reason(scenario: Scenario) -> str:
    """Why there was nothing to ask about, by what there was."""
    kinds = sorted({package.ecosystem for package in scenario.packages if package.ecosystem not in ASKED})
    if kinds:
        return f"what was bad came as {' and '.join(kinds)}, which no gate here hands out and no scan reads"
    if scenario.packages or scenario.repositories:
        return "nothing of it is taken in at the moments that are told"
    return "nothing was taken in: no package, no file of a tree"
