"""An edge of reach says: this code, at this place, can get at this target, by these rules, that surely.

Source: the reach rules R0 to R13 (docs/reach.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from seawall.kernel.code import Code
from seawall.kernel.credential import Credential
from seawall.kernel.finding import Skipped

from .hands import Grant, PlaceHands


class Confidence(StrEnum):
    """From surest to weakest. `integrity`: bytes that are then signed or published; the key stays unread."""

    CERTAIN = "certain"
    STRONG = "strong"
    CONDITIONAL = "conditional"
    BOUND = "bound"
    INTEGRITY = "integrity"


class TargetKind(StrEnum):
    """What can be read, used or altered."""

    SECRET = "secret"  # noqa: S105
    TOKEN = "token"  # noqa: S105
    OIDC = "oidc"
    SIGNING = "signing"
    ARTIFACT = "artifact"
    CACHE = "cache"
    RELEASE = "release"
    CREDENTIAL = "credential"


class PlaceKind(StrEnum):
    """Where code runs."""

    JOB = "job"
    BUILD = "build"
    MACHINE = "machine"
    AGENT = "agent"
    FOLDER = "folder"
    HOOKS = "hooks"


@dataclass(frozen=True, slots=True)
class Place:
    """One job, image build, machine or agent. `id` is `FILE#JOB` for a job, else `KIND:NAME`.

    `runner` are the labels it asks for; `triggers` what starts it.
    """

    id: str
    kind: PlaceKind
    file: str
    job: str = ""
    environment: str = ""
    line: int = 0
    runner: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """A credential, identity, artifact or release, by its name as written (`GITHUB_TOKEN`, `id-token`).

    `scope` keeps equal names in two places two: `repository`, `environment:NAME`, `job`, `organisation`,
    `machine`, or the permissions of a token (`contents:write packages:read`). `worth`: 0 to 100, what losing
    it costs (kernel/reach/worth.py).
    """

    kind: TargetKind
    name: str
    scope: str = ""
    worth: int = 0

    @property
    def id(self) -> str:
        """`KIND/SCOPE/NAME`."""
        return f"{self.kind}/{self.scope}/{self.name}" if self.scope else f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of evidence."""

    path: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Cut:
    """One change that removes an edge. `id` is its kind (`persist-credentials`, `split-job`, `pin-commit` …).

    `words` say what to do, one line. `mechanical`: `seawall reach --fix` can write it; `left` says why it
    cannot here what it can elsewhere. `detail` is what writing it takes: scopes, a ref and its commit.
    """

    id: str
    words: str
    path: str = ""
    line: int = 0
    mechanical: bool = False
    left: str = ""
    detail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """`place` is a `Place.id`, `rules` are reach rules (`R4`).

    `commit` is the last commit at which it was so, empty when that is not committed. History fills the rest:
    `since` and `until` are RFC 3339 UTC, `since_commit` brought it in, `until_commit` took it out; empty
    `since` = not looked at or before all that was looked at, empty `until` = still there. `ref`: the tag or
    branch whose history that is, empty for that of HEAD.
    """

    code: Code
    place: str
    target: Target
    rules: tuple[str, ...]
    confidence: Confidence
    condition: str = ""
    since: str = ""
    until: str = ""
    commit: str = ""
    evidence: tuple[Line, ...] = ()
    cuts: tuple[Cut, ...] = ()
    since_commit: str = ""
    until_commit: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Everything that one tree or machine says. `codes` are all code items with their place, reach or not.

    `edges` are worst first. `skipped` names every file, job or step that was not fully understood, and why.
    `credentials` are a machine's, each with the permissions of its file; a tree has none. `past` are
    edges of history that are gone, worst first, then those that only other refs hold, `past_places` places
    that are no more. `people` and `unneeded` are None where they were not asked for.
    """

    places: tuple[Place, ...] = ()
    codes: tuple[tuple[str, Code], ...] = ()
    edges: tuple[Edge, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    credentials: tuple[Credential, ...] = ()
    past: tuple[Edge, ...] = ()
    past_places: tuple[Place, ...] = ()
    people: tuple[PlaceHands, ...] | None = None
    unneeded: tuple[Grant, ...] | None = None


NO_REACH = Reach()
