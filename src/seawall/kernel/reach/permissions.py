"""R0: what a job's token may do is decided by one block only, or by settings that no file shows.

The job's block replaces the workflow's as a whole; what a block does not name is not granted. Without any
block the repository's default holds, which is not known here: write is assumed, and that is said. A called
workflow gets at most what its caller has. `id-token` is never granted by default, but `write-all` grants it.
Source: GitHub's documentation of `permissions` and of the automatic token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from seawall.kernel.pipeline import Job, Permissions, Workflow

READS, WRITES = "read", "write"
SCOPES = (
    "actions", "artifact-metadata", "attestations", "checks", "code-quality", "contents", "deployments",
    "discussions", "id-token", "issues", "models", "packages", "pages", "pull-requests",
    "repository-projects", "security-events", "statuses", "vulnerability-alerts",
)  # fmt: skip
_ONLY_WRITE = frozenset(("id-token",))
_ONLY_READ = frozenset(("models", "vulnerability-alerts"))
_ON_REQUEST = frozenset(("attestations", "artifact-metadata", "id-token", "models", "vulnerability-alerts"))
FORK_TRIGGERS = frozenset(("pull_request", "pull_request_review", "pull_request_review_comment"))
"""Triggers that start for a fork's pull request with a token that only reads and without secrets."""
_ORDER = {"": 0, "none": 0, READS: 1, WRITES: 2}


@dataclass(frozen=True, slots=True)
class Granted:
    """What a token may do: `scopes` are (scope → `read` or `write`), those not in it are not granted.

    `known`: a file says so. If not, `why` says what was assumed; else which block decided. `line` is that
    block's, 0 = none.
    """

    scopes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    known: bool = True
    why: str = ""
    line: int = 0

    def may(self, scope: str, level: str = WRITES) -> bool:
        """The token has at least this level on a scope."""
        return _ORDER[self.scopes.get(scope, "")] >= _ORDER[level]

    @property
    def oidc(self) -> bool:
        """The job can ask for an identity token (R6)."""
        return self.may("id-token")

    @property
    def words(self) -> str:
        """`contents:write packages:read`, `nothing`; for what was assumed `unknown, assume write`."""
        if not self.known:
            return "unknown, assume write"
        return " ".join(f"{scope}:{level}" for scope, level in sorted(self.scopes.items())) or "nothing"


def effective(workflow: Workflow, job: Job, caller: Granted | None = None) -> Granted:
    """What the token of `job` may do. `caller`: what the job that calls this workflow may do."""
    if job.permissions is not None:
        own = _granted(job.permissions, "the job's `permissions`")
    elif workflow.permissions is not None:
        own = _granted(workflow.permissions, "the workflow's `permissions`")
    elif caller is not None:
        return Granted(caller.scopes, caller.known, f"as its caller: {caller.why}", caller.line)
    else:
        scopes = {scope: _highest(scope) for scope in SCOPES if scope not in _ON_REQUEST}
        why = "no `permissions` block: the repository's default is not in the tree, write is assumed"
        return Granted(MappingProxyType(scopes), known=False, why=why)
    return own if caller is None else _at_most(own, caller)


def for_fork(granted: Granted) -> Granted:
    """The same token when a fork's pull request started the run: it reads at most, and has no identity."""
    scopes = {scope: READS for scope in granted.scopes if scope not in _ONLY_WRITE}
    return Granted(MappingProxyType(scopes), True, "a fork's pull request only reads", granted.line)


def starts_for_forks_only(triggers: Iterable[str]) -> bool:
    """Every trigger hands a fork's run a token that only reads."""
    names = frozenset(triggers)
    return bool(names) and names <= FORK_TRIGGERS


def _granted(block: Permissions, why: str) -> Granted:
    if block.every:
        write = block.every == "write-all"
        scopes = {
            scope: _highest(scope) if write else READS
            for scope in SCOPES
            if write or scope not in _ONLY_WRITE
        }
        return Granted(MappingProxyType(scopes), True, f"{why}: {block.every}", block.line)
    named = {scope: level for scope, level in block.scopes if level != "none"}
    # A level that is no level was told by the reader; the most that it can be is assumed.
    scopes = {scope: level if level in _ORDER else WRITES for scope, level in named.items()}
    scopes = {scope: level for scope, level in scopes.items() if scope not in _ONLY_WRITE or level == WRITES}
    return Granted(MappingProxyType(scopes), True, why, block.line)


def _highest(scope: str) -> str:
    return READS if scope in _ONLY_READ else WRITES


def _at_most(own: Granted, caller: Granted) -> Granted:
    """What both allow: GitHub refuses to start a called workflow that asks for more than its caller has."""
    scopes = {}
    for scope, level in own.scopes.items():
        allowed = caller.scopes.get(scope, "")
        lower = level if _ORDER[level] <= _ORDER[allowed] else allowed
        if lower:
            scopes[scope] = lower
    return Granted(MappingProxyType(scopes), own.known and caller.known, own.why, own.line)
