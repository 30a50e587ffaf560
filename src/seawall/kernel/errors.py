"""Every failure has one culprit, and the culprit decides the exit code.

    SeawallError
    ├── UsageError        2  the caller asked for something that cannot be done
    │   ├── PolicyError   2  a policy or settings file is empty or invalid: nothing starts on it
    │   └── TargetError   2  the target does not exist or cannot be opened
    ├── OutsideError      3  the outside world did not answer, or answered nonsense
    │   └── FeedError     3  advisory data could not be had, or was refused
    ├── StoreError        4  Seawall's own store is missing, locked or corrupt
    │   └── CorruptError  4  its file is not sound: trying again does not help, a backup does
    └── TamperedError     5  something that must not change has changed

What is *inspected* never raises out of a scan: a bad file is a `Problem` and then a finding.
Exit 0 is clean, 1 is "policy denies"; both are results, not errors.
"""

from __future__ import annotations


class SeawallError(Exception):
    """One failure with the sentence that says what to do about it.

    `str(error)` says what and where; `advice` says what to do. Both are plain text without secrets.
    """

    exit_code = 70

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class UsageError(SeawallError):
    """The caller asked for something that cannot be done."""

    exit_code = 2


class PolicyError(UsageError):
    """A policy or settings file is empty or invalid, so nothing may be decided with it."""


class TargetError(UsageError):
    """The target of a command does not exist or cannot be opened."""


class OutsideError(SeawallError):
    """The outside world did not answer, or its answer cannot be used."""

    exit_code = 3


class FeedError(OutsideError):
    """Advisory data could not be had, or was refused as rolled back, cut short or malformed."""


class StoreError(SeawallError):
    """Seawall's own store is missing, locked or corrupt; the advice says how to recover."""

    exit_code = 4


class CorruptError(StoreError):
    """The file of a store is not sound; only a backup or a new file helps."""


class TamperedError(SeawallError):
    """Something that must not change has changed."""

    exit_code = 5
