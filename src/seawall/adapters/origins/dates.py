"""What time it is where a registry is, as its answers tell it: nothing is judged here.

An answer says when it was made (`Date`), and how long a cache has kept it (`Age`). Between answers time goes
on by a clock that nobody can set, where this machine has one that also runs while it sleeps.
Source: RFC 9110, section 6.6.1; RFC 9111, section 5.1.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from seawall.kernel.origin import Origin

Key = tuple[str, str]
"""(ecosystem, name) of an origin."""

_LONGEST = 60
_LONGEST_AGE = 8


def since_boot() -> float | None:
    """Seconds since the machine started, its sleep included; None where it does not tell."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return None if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class _Said:
    date: float
    ahead: float
    at: float | None


class Dates:
    """The time at every origin that has answered. `clock` gives Unix time; safe to share between threads."""

    def __init__(self, clock: Callable[[], float], steady: Callable[[], float | None] = since_boot) -> None:
        self._clock = clock
        self._steady = steady
        self._lock = threading.Lock()
        self._said: dict[Key, _Said] = {}

    def heard(self, origin: Origin, headers: Mapping[str, str]) -> None:
        """An answer of `origin` came now; header names are lower case. One without a time says nothing."""
        date = _date(headers)
        if date is not None:
            said = _Said(date, self._clock() - date, self._steady())
            with self._lock:
                self._said[origin.ecosystem, origin.name] = said

    def ahead(self, now: float) -> dict[Key, float]:
        """By how many seconds `now`, on this machine's clock, is later than it is at each origin."""
        steady = self._steady()
        with self._lock:
            said = dict(self._said)
        return {
            key: item.ahead
            if steady is None or item.at is None
            else now - item.date - max(0.0, steady - item.at)
            for key, item in said.items()
        }


def _date(headers: Mapping[str, str]) -> float | None:
    text, age = headers.get("date", ""), headers.get("age", "").strip()
    if not text or len(text) > _LONGEST:
        return None
    try:
        date = parsedate_to_datetime(text)
        seconds = date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return seconds + (int(age) if age.isdecimal() and age.isascii() and len(age) <= _LONGEST_AGE else 0)
