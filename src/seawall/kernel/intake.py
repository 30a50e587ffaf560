"""An intake is everything that was read and looked up about one target, before anyone judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from .advisory import Match
from .finding import Skipped
from .history import Interval
from .hub import Repository
from .hygiene import HygieneNote
from .lockfile import Document, Pin
from .reach.edge import NO_REACH, Reach
from .reach.ground import NO_GROUND, Ground
from .release import ReleaseFacts
from .release_diff import ReleaseDiff
from .settings import DEFAULTS, Settings, Waiver
from .sighting import Departure
from .tool import ToolFile

if TYPE_CHECKING:
    from .gate_settings import Exemption  # it knows credentials of clients, and those know intakes

Key = tuple[str, str, str]
"""(ecosystem, name, version): what identifies a package version across files."""


@dataclass(frozen=True, slots=True)
class FeedState:
    """One source of advisories: how many records it holds and as of when (RFC 3339 UTC).

    `covers` names the OSV ecosystems it can answer for; empty means it names only what it lists
    (the built-in catalog), so its silence proves nothing.
    """

    name: str
    as_of: str
    records: int
    covers: tuple[str, ...] = ()
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Upstreams:
    """The hosts from which the user's own clients install, per OSV ecosystem.

    `hosts` are lower-case `host[:port]` of everything configured plus the clients' built-in defaults;
    `gates` are those configured in place of a built-in default: a firewall, proxy or mirror.
    """

    hosts: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    gates: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """A difference between the trusted revision and the tree that touches waivers, approvals or policy."""

    path: str
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What rules see. Rules never read and never look anything up: it is here or it is unknown.

    `matches` and `releases` are keyed by (ecosystem, name, version). A key that is missing from `releases`
    was not asked about. `now` is aware UTC. `files` are all paths of the tree that were seen (for sibling
    questions), relative with `/`. `last_good` names, for a known bad version, the release to go back to.
    `departures` are files that a firewall first saw otherwise, `exemptions` its exemptions for the target.
    `diffs` are archives that were unpacked and compared with the release before them. `repository` is one of
    a hub that is about to be handed out. `tools` are the files of editors, agents and dev containers.
    `ground` is what runs in the tree, `reach` what third-party code there can get at, `hygiene` what another
    tool said of the workflows.
    """

    documents: tuple[Document, ...]
    now: datetime
    matches: Mapping[Key, tuple[Match, ...]] = field(default_factory=lambda: MappingProxyType({}))
    releases: Mapping[Key, ReleaseFacts] = field(default_factory=lambda: MappingProxyType({}))
    history: tuple[Interval, ...] = ()
    feeds: tuple[FeedState, ...] = ()
    upstreams: Upstreams = field(default_factory=Upstreams)
    settings: Settings = DEFAULTS
    ignored_waivers: tuple[Waiver, ...] = ()
    settings_changes: tuple[SettingsChange, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    files: frozenset[str] = frozenset()
    last_good: Mapping[Key, str] = field(default_factory=lambda: MappingProxyType({}))
    departures: tuple[Departure, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    diffs: tuple[ReleaseDiff, ...] = ()
    repository: Repository | None = None
    tools: tuple[ToolFile, ...] = ()
    ground: Ground = NO_GROUND
    reach: Reach = NO_REACH
    hygiene: tuple[HygieneNote, ...] = ()

    def pins(self) -> tuple[Pin, ...]:
        """Every pin of every document, in reading order."""
        return tuple(pin for document in self.documents for pin in document.pins)
