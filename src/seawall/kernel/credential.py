"""A credential is what opens something: where it is kept and how well, never what it is.

Readers make these values from files of a home directory and drop the secret in the moment they see it: no
value, no part of one, no length and no digest is ever in them. Paths begin with `~`, modes are octal, times
are RFC 3339 UTC. Lines count from 1, 0 = unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from .lockfile import Problem


class Held(StrEnum):
    """Where a credential is while it lies still."""

    FILE = "file"
    SESSION = "session"
    VARIABLE = "variable"


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential of a person.

    `kind` is a key of kernel/reach/keys.py (`aws`, `ssh-key`). `name` is what its owner calls it: a
    profile, a registry, a file. `held`: in a file, with a program that gives it to whoever asks while the
    session is open (an agent, a keychain, a helper), or in a variable of the session. `owner_only`: nobody
    but the owner and the administrator can read the file, the directories above it taken into account;
    `readable`: the owner of the home directory can. `expires` is empty where nothing tells; `renews`: what
    lies beside it gets a new one. `encrypted` is None where that is not known. `scope` is what it opens,
    `note` a few words.
    """

    kind: str
    name: str
    path: str
    line: int = 0
    held: Held = Held.FILE
    mode: str = ""
    owner_only: bool = True
    readable: bool = True
    expires: str = ""
    renews: bool = False
    encrypted: bool | None = None
    scope: str = ""
    note: str = ""

    @property
    def id(self) -> str:
        """`KIND/NAME`, as people call it."""
        return f"{self.kind}/{self.name}" if self.name else self.kind

    def expired(self, now: datetime) -> bool:
        """It opens nothing any more, and nothing beside it gets a new one. `now` is aware."""
        if not self.expires or self.renews:
            return False
        try:
            return datetime.fromisoformat(self.expires) <= now
        except (ValueError, TypeError):
            return False


@dataclass(frozen=True, slots=True)
class CredentialFile:
    """What one file keeps. The messages of its problems repeat nothing of the file."""

    path: str
    format: str
    credentials: tuple[Credential, ...] = ()
    problems: tuple[Problem, ...] = ()


_FIRST, _LAST = 946_684_800, 4_102_444_800  # 2000 and 2100: what lies outside is no time of an expiry


def moment(seconds: float) -> str:
    """Seconds or milliseconds since 1970 as RFC 3339; empty for what is no time of our days."""
    value = seconds / 1000 if seconds > _LAST else seconds
    if not _FIRST <= value <= _LAST:
        return ""
    return datetime.fromtimestamp(int(value), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> str:
    """The same for a time that is written as ISO 8601; one without a zone is UTC."""
    try:
        found = datetime.fromisoformat(text.strip()[:40].removesuffix("UTC"))
    except ValueError:
        return ""
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    try:
        return moment(aware.timestamp())
    except (OverflowError, ValueError):
        return ""
