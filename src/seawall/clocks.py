"""Ages are worth something only while this machine's clock is right; it is asked two things about that.

Is it earlier than it was? Then no age is known at all: nobody can tell which of the two times was wrong. Is
it later than where a registry is, by what that registry's answers say? Then what looks old may be young, and
what the two clocks see differently of that registry's files is not decided. Each registry is believed about
its own files only, and only where it makes them younger: a time in the future makes nothing older, and a time
in the past holds back nobody's files but its own. It is ahead for certain when all that were heard say so.
(docs/decisions/0007)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from seawall.accepting import AHEAD, CORRECT, JUMP, told_ahead
from seawall.adapters.stores.seen import SeenStore
from seawall.kernel.errors import StoreError
from seawall.kernel.finding import Skipped

AGES = "the age of anything"
"""The check that did not run where a clock is wrong."""

Key = tuple[str, str]
Ahead = Callable[[float], Mapping[Key, float]]
"""Unix time on this machine's clock → by how many seconds that is ahead of each (ecosystem, origin)."""

_NOTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Doubt:
    """It is `now` where the files come from, and later here; `skipped` says so."""

    now: datetime
    skipped: Skipped


class Clocks:
    """What is to be thought of this machine's clock. `ahead` tells how it differs from others."""

    def __init__(self, seen: SeenStore, ahead: Ahead = lambda _: {}) -> None:
        self._seen = seen
        self._ahead = ahead
        self._newest: datetime | None = None
        self._noted: datetime | None = None
        self._noted_ahead: dict[Key, float] | None = None
        self.behind = ""
        """Why no age is known, as far as was last looked; empty = nothing is wrong."""

    def went_back(self, fetched: Iterable[datetime], now: datetime) -> Iterable[Skipped]:
        """It is earlier than it was, or than the advisories were `fetched`."""
        try:
            newest = self._newest
            if newest is None or now < newest - JUMP:
                newest = self._seen.newest()  # a person may have said that the clock is right now
            if newest is None or now > newest:
                self._newest = now
                self._note(now)
            else:
                self._newest = newest
        except StoreError:
            newest = self._newest  # what was seen before is asked next, and says what is wrong with the store
        latest = max((time for time in (newest, *fetched) if time is not None), default=now)
        self.behind = ""
        if now < latest - JUMP:
            self.behind = (
                f"the clock of this machine says {now:%Y-%m-%d %H:%M} UTC, and it was {latest:%Y-%m-%d %H:%M}"
            )
            yield Skipped(AGES, self.behind, CORRECT, required=True)

    def doubt(self, key: Key, now: datetime) -> Doubt | None:
        """What to think of ages of files of that origin. One that was never heard is as those that were."""
        heard, wrong = self._wrong(now)
        if not heard:
            return None
        if key in heard:
            seconds = wrong.get(key)
        else:
            seconds = min(wrong.values()) if len(wrong) == len(heard) else None
        if seconds is None:
            return None
        why = told_ahead(seconds, [key[1]] if key in heard else [name for _, name in wrong])
        return Doubt(now - timedelta(seconds=seconds), Skipped(AGES, why, CORRECT, required=True))

    def ahead_of(self, now: datetime) -> frozenset[Key]:
        """Whose files are not decided where they are young."""
        return frozenset(self._wrong(now)[1])

    def wrong(self, now: datetime) -> tuple[str, str]:
        """Why nothing young can be decided, and why nothing young of some registries can; empty = it can."""
        heard, wrong = self._wrong(now)
        if not wrong:
            return "", ""
        why = told_ahead(min(wrong.values()), sorted({name for _, name in wrong}))
        return (f"{why}: {CORRECT}", "") if len(wrong) == len(heard) else ("", f"{why}: {CORRECT}")

    def _wrong(self, now: datetime) -> tuple[Mapping[Key, float], dict[Key, float]]:
        """By how much it is ahead of everybody who was heard, and of whom by more than was ever accepted."""
        heard, limit = self._ahead(now.timestamp()), AHEAD.total_seconds()
        wrong = {key: seconds for key, seconds in heard.items() if seconds > limit}
        accepted: Mapping[Key, tuple[float, float]] = {}
        with suppress(StoreError):  # what nobody can look up was not accepted
            self._note_ahead(heard)
            accepted = self._seen.ahead() if wrong else {}
        return heard, {key: s for key, s in wrong.items() if s > accepted.get(key, (0.0, 0.0))[1] + limit}

    def _note(self, now: datetime) -> None:
        """Not while it is ahead: what is never written down needs nobody to take it back."""
        if self._noted is not None and abs(now - self._noted) <= _NOTE:
            return
        heard, wrong = self._wrong(now)
        if not heard or len(wrong) < len(heard):
            self._seen.keep_newest(now)
            self._noted = now

    def _note_ahead(self, heard: Mapping[Key, float]) -> None:
        """Whoever accepts the clock, in another process, accepts what was found here."""
        if self._noted_ahead is None:
            self._noted_ahead = {key: ahead for key, (ahead, _) in self._seen.ahead().items()}
        for key, seconds in heard.items():
            if abs(seconds - self._noted_ahead.get(key, 0.0)) > AHEAD.total_seconds() / 2:
                self._seen.keep_ahead(key, seconds)
                self._noted_ahead[key] = seconds
