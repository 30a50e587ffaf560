"""An advisory is a claim about versions; matching is exact about what the claim says and about nothing else.

Source: OSV schema 1.7. Three deviations that real feeds force, each tested:

* `introduced: "0"` without an upper bound beside a non-empty `versions` list means *those versions*
  (malware records carry it by mistake, and the bucket's enumeration is kept current).
* a withdrawn record matches nothing.
* a record is *malicious* when its id or an alias starts with `MAL-`, or its CWE list holds CWE-506.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """Five words in one order, so that `max()` is the worst."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """The lower-case word that people and reports use."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class VersionRange:
    """OSV events in order: pairs of (`introduced` | `fixed` | `last_affected` | `limit`, version).

    `kind` is `SEMVER` or `ECOSYSTEM`; `GIT` ranges are dropped by the reader.
    """

    kind: str
    events: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Affected:
    """The versions of one package that one advisory names."""

    ecosystem: str
    name: str
    versions: tuple[str, ...] = ()
    ranges: tuple[VersionRange, ...] = ()


@dataclass(frozen=True, slots=True)
class Advisory:
    """One record of a feed. Times are RFC 3339 strings as the feed wrote them, empty = not given.

    `vectors` are (type, vector) as in OSV `severity[]`, e.g. `("CVSS_V3", "CVSS:3.1/AV:N/…")`;
    `feed` names where it came from (`osv`, `catalog` …); `label` is the publisher's severity word, if any.
    `reviewed`: somebody else than whoever publishes the package stands for what it says.
    """

    id: str
    affected: tuple[Affected, ...]
    aliases: tuple[str, ...] = ()
    summary: str = ""
    malicious: bool = False
    withdrawn: str = ""
    published: str = ""
    modified: str = ""
    vectors: tuple[tuple[str, str], ...] = ()
    label: str = ""
    feed: str = "osv"
    reviewed: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """One package version that at least one advisory is about; aliases of one flaw are one match.

    `key` is (ecosystem, name, version). `ids` holds the record's id first, then its aliases.
    `score` is the CVSS base score 0.0-10.0, None when no vector could be read. `fixed_in` is the lowest
    fixed version above the one in use on the same line (same major, or same minor below 1.0), else the
    lowest fixed one above it, else empty.
    """

    key: tuple[str, str, str]
    ids: tuple[str, ...]
    summary: str
    malicious: bool
    severity: Severity
    score: float | None = None
    fixed_in: str = ""
    feed: str = "osv"
    published: str = ""
