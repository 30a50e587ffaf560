"""What a team says about its firewall: where it listens, whom it asks, whom it knows, what is exempt.

These are values of `firewall.toml`, which lies with the firewall and never in a repository. What everybody
judges by (cooldown, severities, policy) stays in `seawall.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import fnmatchcase

from .identity import Identity
from .origin import Origin
from .policy.facts import Mode

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Listen:
    """Where it listens. Anywhere but on loopback needs a certificate.

    `urls` are further addresses under which clients may reach it (scheme, host, port; behind a proxy or with
    a name). `client_ca` asks every client for a certificate of that CA. `proxies` are addresses or networks
    whose `X-Forwarded-For` counts.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    urls: tuple[str, ...] = ()
    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModeFor:
    """A mode for whoever or whatever matches: `who` is a pattern of identity ids or `team:NAME`, `path` a
    pattern of request paths (`/npm/@acme/*`); empty matches everything."""

    mode: Mode
    who: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Exemption:
    """A named person's decision to let something in before its time, until a date.

    `asset` is a purl, without version for every version. `kind` is `cooldown` (its age does not matter) or
    `hotfix` (the named person approved a hotfix in its first six hours). What is known malware stays out.
    """

    asset: str
    reason: str
    author: str
    expires: date
    kind: str = "cooldown"
    line: int = 0


@dataclass(frozen=True, slots=True)
class GithubTrust:
    """Which GitHub Actions runs are known, by claims that nobody can change by renaming.

    A token must be for `audience` and from a repository in `repositories` or of an owner in `owners`
    (numeric ids as text), and, where given, of one of `refs` or `environments`. `issuer` has its keys.
    """

    audience: str
    issuer: str
    owners: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    minutes: int = 60


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Everything in `firewall.toml`. Sizes in bytes, times in seconds.

    `anonymous`: whoever has no token is known by address alone; False refuses them. `durability` is `closed`
    (no durable event, no package) or `async` (events are durable within `within_seconds`, and when that
    cannot be kept nothing more is handed out). `hold_bytes`: up to this size a file is verified in full
    before its first byte is sent; a larger one is sent while it comes, its last block held back until its
    digest is known. `fresh_seconds`: an upstream document younger than this is not asked for again.
    `stale_seconds`: for so long what was heard is served when the upstream is down. `compare_days`: the files
    of a release younger than this are compared with the release before. `file_bytes` and `document_bytes`
    bound what is fetched, `heard_bytes` what is kept of documents; `connections` are open at most to one host
    for documents, and as many for files. `frozen`: when the origins were taken from the clients' settings,
    None where a person wrote them down.
    """

    listen: Listen = field(default_factory=Listen)
    origins: tuple[Origin, ...] = ()
    mode: Mode = Mode.ENFORCE
    modes: tuple[ModeFor, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    github: tuple[GithubTrust, ...] = ()
    anonymous: bool = True
    durability: str = "closed"
    within_seconds: float = 1.0
    cache_bytes: int = 20 * GIB
    hold_bytes: int = 256 * 1024 * 1024
    fresh_seconds: float = 60.0
    stale_seconds: float = 7 * 86_400.0
    compare_days: int = 90
    requests_per_second: float = 2_000.0
    file_bytes: int = 16 * GIB
    document_bytes: int = 64 * 1024 * 1024
    heard_bytes: int = 2 * GIB
    connections: int = 16
    frozen: datetime | None = None


def mode_for(settings: GateSettings, identity: Identity, path: str) -> Mode:
    """Whether an answer to `identity` about `path` binds: the first entry that matches, else the default."""
    names = (identity.id, *(f"team:{team}" for team in identity.principal.teams))
    for entry in settings.modes:
        known = not entry.who or any(fnmatchcase(name, entry.who) for name in names)
        if known and (not entry.path or fnmatchcase(path, entry.path)):
            return entry.mode
    return settings.mode
