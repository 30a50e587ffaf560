"""May this principal have this file? What is known is weighed, and only what the policy allows is let in.

Blocking, for worker threads; safe to share between them. A file that is not old enough, not checked or not
the one that was first seen is not let in. Where the index, the store of what was seen, a rule, the clock or
the policy fails, the answer is `incomplete` or a denial, never an allow.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from seawall.adapters.stores.seen import SeenStore
from seawall.answers import MALWARE, answered
from seawall.clocks import Ahead, Clocks
from seawall.first_seen import Noticed, notice
from seawall.grounds import Grounds, Places, moment, told
from seawall.kernel.admission import Admission, Ruling
from seawall.kernel.choosing import newest_let_in
from seawall.kernel.errors import SeawallError, StoreError
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.identity import Identity
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.policy.facts import Mode, Principal
from seawall.kernel.release import Listed, Listing
from seawall.kernel.release_diff import Row
from seawall.kernel.sighting import Examined, NameSeen
from seawall.weighing import FirstReleases, Known, weigh

_AGAIN = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_TRIES = 3
_MOST_ANSWERS = 100_000


@dataclass(frozen=True, slots=True)
class Described:
    """What is decided by, for events and for whoever asks whether the gate is ready.

    `policy` and `settings` are digests, `advisories` is as of when (RFC 3339) the oldest of the advisory data
    in use is, empty without any, `feeds` the digest of what is known of its feeds. `reasons` say why nothing
    or not enough can be decided; `notes` what else a person should know. `broken` is why what was changed
    since cannot be used.
    """

    policy: str
    settings: str
    advisories: str
    generation: int
    policy_name: str = ""
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    broken: str = ""
    feeds: str = ""


class Gate:
    """Decides about files by grounds that change while it runs.

    `engine` names what looks into files; only what it found counts. `places` are where grounds are read from
    again, None = they never change. `ahead` tells how this machine's clock differs from the registries'.
    """

    def __init__(
        self,
        grounds: Grounds,
        seen: SeenStore,
        places: Places | None = None,
        *,
        engine: str = "",
        first_releases: FirstReleases | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ahead: Ahead = lambda _: {},
    ) -> None:
        self._state = (1, grounds)
        self._seen = seen
        self._places = places
        self._engine = engine
        self._first_releases = first_releases
        self._clock = clock
        self._lock = threading.Lock()
        self._stamp = places.stamp(grounds.settings.policy) if places else None
        self._fault = ""
        self._store_fault = ""
        self._clocks = Clocks(seen, ahead)
        self._ahead_of: frozenset[tuple[str, str]] = frozenset()
        self._described: tuple[datetime, Hashable, Described] | None = None

    @property
    def generation(self) -> int:
        """Another number whenever policy, settings, advisories, exemptions or a verdict on a file changed."""
        return self._state[0]

    def class_of(self, identity: Identity) -> Hashable:
        """What of the identity an answer can depend on."""
        if not self._state[1].policy.names_principals:
            return identity.principal.kind
        principal = identity.principal
        return (principal.kind, principal.id, principal.teams)

    def rule(self, offering: Offering, identity: Identity, mode: Mode, now: datetime) -> Ruling:
        """The answers about every file of the offering."""
        return self._settled(lambda: self._ruling(offering, offering.offers, identity, mode, now))

    def admit(
        self,
        offering: Offering,
        filename: str,
        identity: Identity,
        mode: Mode,
        now: datetime,
        findings: tuple[Finding, ...] = (),
        skipped: tuple[Skipped, ...] = (),
    ) -> Admission:
        """The answer about one file, with what was found inside of it and what could not be looked at.

        Raises StoreError for a file that the offering does not have.
        """
        offer = offering.named(filename)
        if offer is None:
            raise StoreError(f"{offering.name} has no file {filename}", "ask for one that is offered")
        inside = Examined(filename, offer.version, "", self._engine, findings, skipped)
        ruling = self._settled(lambda: self._ruling(offering, (offer,), identity, mode, now, inside))
        return ruling.admissions[filename]

    def unlisted(
        self, ecosystem: str, name: str, version: str, filename: str, identity: Identity, mode: Mode
    ) -> Admission | None:
        """The answer about a file that no registry lists, where an advisory calls its version malware.

        Registries remove malware, and old lockfiles go on asking for it. None where nothing is known of it.
        """
        offer = Offer(version, filename, "")
        offering = Offering(ecosystem, name, "", "", Listing(ecosystem, name, (Listed(version),)), (offer,))

        def ruling() -> Ruling:
            (generation, grounds), now = self._state, self._clock()
            weighed = weigh(offering, (offer,), grounds, Known(), now)
            answers = answered(weighed, grounds, identity.principal, mode, now)
            return Ruling(answers.admissions, generation=generation)

        admission = self._settled(ruling).admissions[filename]
        malware = any(item.rule == MALWARE and not item.waived for item in admission.findings)
        return admission if malware else None

    def grounds_at(self, now: datetime, origin: tuple[str, str]) -> tuple[int, Grounds, tuple[Skipped, ...]]:
        """What is decided by, its generation, and why no age is known at `now`: a clock that went back, or
        is ahead of that (ecosystem, origin)."""
        generation, grounds = self._state
        doubt = self._clocks.doubt(origin, now)
        ahead = (doubt.skipped,) if doubt else ()
        return generation, grounds, (*self._clock_went_back(grounds, now), *ahead)

    def noticed(self, offering: Offering, now: datetime) -> Noticed:
        """What differs from what was first seen of the offering's files; what is new is remembered.

        Raises StoreError.
        """
        seen = self._seen.of_name(offering.ecosystem, offering.name)
        found = notice(seen, offering, now)
        if found.new:
            self._seen.keep(offering.ecosystem, offering.name, found.new, offering.digest, now)
        return found

    def examined(self, ecosystem: str, name: str, filename: str, sha256: str, engine: str = "") -> bool:
        """The engine has looked into this very file, and what it found is in every ruling.

        What it could not look at is tried again after an hour. Raises StoreError.
        """
        known = self._seen.verdict(ecosystem, name, filename, f"sha256:{sha256}", engine or self._engine)
        if known is None or known.at is None:
            return False
        return not known.skipped or self._clock() - known.at < _AGAIN

    def keep_verdict(
        self,
        offering: Offering,
        filename: str,
        sha256: str,
        findings: tuple[Finding, ...] = (),
        skipped: tuple[Skipped, ...] = (),
        summary: tuple[Row, ...] = (),
        engine: str = "",
    ) -> None:
        """Remember what was found in a file; from now on it counts for the name's metadata too.

        The generation changes only if some answer about the file does: most young files have a signal or two,
        and what was decided about all other names need not be decided again for that. `summary` is kept for
        `seawall explain` and decides nothing. Raises StoreError.
        """
        offer = offering.named(filename)
        digest = f"sha256:{sha256}"
        version = offer.version if offer else ""
        engine = engine or self._engine
        verdict = Examined(filename, version, digest, engine, findings, skipped, summary=summary)
        before = self._seen.verdict(offering.ecosystem, offering.name, filename, digest, engine)
        self._seen.keep_verdict(offering.ecosystem, offering.name, verdict, self._clock())
        self._seen.add_digests(offering.ecosystem, offering.name, filename, (digest,))
        said = (before.findings, before.skipped) if before else ((), ())
        if offer is not None and (findings, skipped) != said:
            earlier = before or replace(verdict, findings=(), skipped=())
            if self._answers_with(offering, offer, earlier) != self._answers_with(offering, offer, verdict):
                with self._lock:
                    self._state = (self._state[0] + 1, self._state[1])

    def seen_of(self, ecosystem: str, name: str) -> tuple[NameSeen, tuple[Examined, ...]]:
        """What was first seen of a name's files, and what was found in them. Raises StoreError."""
        return self._seen.of_name(ecosystem, name), self._seen.examined(ecosystem, name)

    def reload(self) -> bool:
        """Read the grounds again if a file of theirs changed; True when others are in force now.

        A clock that was wrong and is right again counts as such a change, and the other way round.
        New ones that cannot be read change nothing, and `describe` says so. Call it from one thread.
        """
        now = self._clock()
        before, self._ahead_of = self._ahead_of, self._clocks.ahead_of(now)
        right = self._clocks.behind and not any(self._clock_went_back(self._state[1], now))
        if right or before != self._ahead_of:
            with self._lock:
                self._state = (self._state[0] + 1, self._state[1])
            return True
        if self._places is None:
            return False
        old = self._state[1]
        stamp = self._places.stamp(old.settings.policy)
        if stamp == self._stamp:
            return False
        try:
            new = self._places.read()
        except (SeawallError, OSError) as error:
            self._stamp = stamp
            self._fault = told(error) if isinstance(error, SeawallError) else str(error)
            return False
        self._fault = ""
        with self._lock:
            self._state = (self._state[0] + 1, new)
        # The policy may lie elsewhere now. A file that changed since it was read is read once more.
        same = new.settings.policy == old.settings.policy
        self._stamp = stamp if same else self._places.stamp(new.settings.policy)
        old.advisories.close()
        return True

    def describe(self) -> Described:
        """What is decided by now, and what is wrong with it; looked at anew at most once a second."""
        now = self._clock()
        known_for = (self._state, self._fault, self._store_fault, self._clocks.behind, self._ahead_of)
        kept = self._described
        if kept and kept[1] == known_for and timedelta(0) <= now - kept[0] < _SECOND:
            return kept[2]
        described = self._describe()
        self._described = (now, known_for, described)
        return described

    def _describe(self) -> Described:
        generation, grounds = self._state
        return Described(
            policy=grounds.policy.digest,
            settings=grounds.digest,
            advisories=min((state.as_of for state in grounds.advisories.states), default=""),
            generation=generation,
            policy_name=grounds.policy.name,
            reasons=tuple(self._reasons(grounds)),
            notes=tuple(self._notes(grounds)),
            broken=self._fault,
            feeds=grounds.advisories.digest,
        )

    def close(self) -> None:
        """Give the index back. The store of what was seen is not the gate's."""
        self._state[1].advisories.close()

    def _reasons(self, grounds: Grounds) -> Iterable[str]:
        advisories = grounds.advisories
        if not advisories.states:
            yield f"no advisory data: {advisories.fault or 'run seawall sync'}"
        stale = timedelta(days=grounds.settings.stale_days + 1)
        for state in advisories.states:
            if self._clock() - moment(state.as_of) >= stale:
                yield f"the advisories of {state.name} are of {state.as_of}: run seawall sync"
        if self._store_fault:
            yield f"what was seen before is not known: {self._store_fault}"
        if self._clocks.behind:
            yield self._clocks.behind
        if ahead := self._clocks.wrong(self._clock())[0]:
            yield ahead

    def _notes(self, grounds: Grounds) -> Iterable[str]:
        if self._fault:
            yield f"what was changed cannot be used, so the old counts: {self._fault}"
        if ahead := self._clocks.wrong(self._clock())[1]:
            yield f"young files of theirs are not decided: {ahead}"
        today = self._clock().date()
        for item in grounds.exemptions:
            if item.ended(today):
                ended = item.exemption
                yield f"the exemption of {ended.asset} ended on {ended.expires}"

    def _settled(self, ruling: Callable[[], Ruling]) -> Ruling:
        """The ruling, made again when the grounds changed under it: their index may have been closed."""
        made = ruling()
        for _ in range(_TRIES - 1):
            if made.generation == self.generation:
                break
            made = ruling()
        return made

    def _ruling(
        self,
        offering: Offering,
        offers: Sequence[Offer],
        identity: Identity,
        mode: Mode,
        now: datetime,
        inside: Examined | None = None,
    ) -> Ruling:
        generation, grounds = self._state
        if len(grounds.decided) > _MOST_ANSWERS:
            grounds.decided.clear()
            grounds.digests.clear()
        known = self._known(offering, grounds, now)
        if inside is not None:
            known = replace(known, examined={**known.examined, inside.filename: inside})
        weighed = weigh(offering, offers, grounds, known, now)
        answers = answered(weighed, grounds, identity.principal, mode, now)
        best, best_of = newest_let_in(offering, answers.admissions)
        let_in = sorted(name for name, admission in answers.admissions.items() if admission.lets_in)
        return Ruling(
            admissions=answers.admissions,
            until=answers.until,
            generation=generation,
            best=best,
            best_of=best_of,
            digest="sha256:" + hashlib.sha256("\n".join(let_in).encode("utf-8", "surrogatepass")).hexdigest(),
        )

    def _answers_with(self, offering: Offering, offer: Offer, inside: Examined) -> object:
        """What anybody would hear about a file with this inside; never the same where each hears his own."""
        grounds, now = self._state[1], self._clock()
        if grounds.policy.names_principals:
            return object()
        known = self._known(offering, grounds, now)
        known = replace(known, examined={**known.examined, inside.filename: inside})
        weighed = weigh(offering, (offer,), grounds, known, now)
        if any(group.required for group in weighed.groups):
            return object()  # something cannot be looked up now, so nothing can be said to be the same
        return [
            (admission.decision, admission.allowed_from)
            for kind in ("Person", "Workload")
            for mode in Mode
            for admission in answered(weighed, grounds, Principal(kind), mode, now).admissions.values()
        ]

    def _known(self, offering: Offering, grounds: Grounds, now: datetime) -> Known:
        """What was seen of the name before; what is new is remembered at once."""
        ecosystem, name = offering.ecosystem, offering.name
        skipped = list(self._clock_went_back(grounds, now))
        noticed = Noticed()
        examined: dict[str, Examined] = {}
        try:
            seen = self._seen.of_name(ecosystem, name)
            noticed = notice(seen, offering, now)
            for item in self._seen.examined(ecosystem, name, self._engine):
                examined[item.filename] = _newer(examined.get(item.filename), item)
            if noticed.new or seen.document != offering.digest:
                self._seen.keep(ecosystem, name, noticed.new, offering.digest, now)
            self._store_fault = ""
        except StoreError as error:
            self._store_fault = str(error)
            skipped.append(Skipped("what was seen of it before", str(error), error.advice, required=True))
        doubt = self._clocks.doubt((ecosystem, offering.origin), now)
        return Known(noticed, examined, tuple(skipped), self._first_releases, doubt)

    def _clock_went_back(self, grounds: Grounds, now: datetime) -> Iterable[Skipped]:
        """Ages are worth nothing when this machine's clock says that it is earlier than it was."""
        return self._clocks.went_back([moment(state.as_of) for state in grounds.advisories.states], now)


def _newer(one: Examined | None, other: Examined) -> Examined:
    if one is None or one.at is None or other.at is None:
        return other
    return one if one.at > other.at else other


def open_gate(
    places: Places,
    seen: SeenStore,
    *,
    engine: str = "",
    first_releases: FirstReleases | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ahead: Ahead = lambda _: {},
) -> Gate:
    """A gate on the grounds as they are now. Raises PolicyError: it does not begin on a broken policy."""
    found = places.read(begin=True)
    return Gate(found, seen, places, engine=engine, first_releases=first_releases, clock=clock, ahead=ahead)
