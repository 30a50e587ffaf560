"""The cut of an edge: the smallest change that removes it, the one that takes away most first.

Mechanical cuts name the exact line that they change.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING

from seawall.kernel.code import LOOSENESS, Code, CodeKind, Firmness

from .edge import Cut, Line, Target, TargetKind
from .holding import Holding
from .reachable import Runner

if TYPE_CHECKING:
    from .view import View

_HELD = frozenset(("R1", "R2", "R3", "R3′", "R4", "R5"))
_NODE = frozenset(("npm",))
_REGISTRY_TOKENS = (
    "NPM",
    "NODE_AUTH",
    "PYPI",
    "TWINE",
    "UV_PUBLISH",
    "RUBYGEMS",
    "GEM_HOST",
    "CARGO",
    "CRATES",
)
_CLOUD_KEYS = ("AWS_", "AZURE", "GCP", "GCLOUD", "GOOGLE_")


def cuts_for(
    view: View, who: Runner, target: Target, rules: tuple[str, ...], what: Holding | None
) -> tuple[Cut, ...]:
    """What removes this edge, the best first; never empty for an edge that can be cut."""
    own: Hashable = id(who)
    if own not in view.cuts:
        view.cuts[own] = tuple(at_code(who.code))
    locking = bool(view.cuts[own]) and view.cuts[own][0].id == "lock"
    key: Hashable = (target.kind, target.scope, target.name, rules, locking)
    if key not in view.cuts:
        view.cuts[key] = tuple(_at_target(view, target, rules, what, locking))
    return view.cuts[key] + view.cuts[own]


def _at_target(
    view: View, target: Target, rules: tuple[str, ...], what: Holding | None, locking: bool
) -> Iterator[Cut]:
    kind, file, line = target.kind, view.place.file, view.place.line
    if kind is TargetKind.TOKEN:
        yield from _token(view, rules, what)
    elif kind is TargetKind.OIDC:
        words = "give `id-token: write` only to a job of its own that publishes and installs nothing"
        yield Cut("split-job", words, file, view.entry.granted.line or line)
    elif kind is TargetKind.CACHE:
        words = "let this job only restore the cache: `cache-mode: read`"
        yield Cut("cache-mode", words, file, line, mechanical=not view.entry.job.cache_mode)
    elif kind in (TargetKind.RELEASE, TargetKind.ARTIFACT):
        if not locking:
            yield Cut(
                "split-job", "build where only locked code runs, and compare before you sign", file, line
            )
    elif "R12" in rules:
        yield Cut("ephemeral-runner", "throw the runner away after each job", file, line)
    elif "R4′" in rules and "R5" not in rules:
        words = f"give {target.name} to an environment that only the job that needs it declares"
        yield Cut("environment", words, file, line)
    else:
        yield from _secret(view, target, rules, what)


def _token(view: View, rules: tuple[str, ...], what: Holding | None) -> Iterator[Cut]:
    granted = view.entry.granted
    line = granted.line or view.place.line
    if not granted.known:
        words = "write a `permissions:` block that grants what this job needs, and nothing else"
        yield Cut("permissions", words, view.place.file, line)
    elif any(level == "write" for level in granted.scopes.values()):
        words = "move what needs to write into a job of its own, and let this one only read"
        yield Cut("permissions", words, view.place.file, line)
    if "R2" in rules or "R3" in rules:
        kept = next((where for one in what.left for where in one.lines[:1]), None) if what else None
        if kept:
            words = "set `persist-credentials: false` at the checkout"
            yield Cut("persist-credentials", words, kept.path, kept.line, mechanical=True)


def _secret(view: View, target: Target, rules: tuple[str, ...], what: Holding | None) -> Iterator[Cut]:
    file, line, name = view.place.file, view.place.line, target.name
    held = "secret" if name == "*" else name
    if "R5" in rules:
        yield _narrower(view, what)
    if what is not None and what.everywhere and view.course.runs:
        where = what.everywhere[0]
        words = f"move {held} from the job's environment to the one step that uses it"
        yield Cut("step-env", words, where.path, where.line, mechanical=name != "*")
    if not _HELD.isdisjoint(rules):
        words = f"split the job: one that has no {held} runs what others wrote, and hands its result on"
        yield Cut("split-job", words, file, line)
    if what is not None and what.left and ("R2" in rules or "R3" in rules):
        where = what.left[0].lines[0]
        words = f"install before {held} lies here, or remove it as soon as it was used"
        yield Cut("move-install", words, where.path, where.line)
    if target.kind is not TargetKind.SECRET:
        return
    if any(part in name.upper() for part in (*_REGISTRY_TOKENS, *_CLOUD_KEYS)):
        yield Cut("oidc", f"use the job's identity (OIDC, trusted publishing) in place of {name}", file, line)
    if not view.place.environment and name != "*":
        yield Cut("environment", f"keep {name} in an environment that demands approval", file, line)


def _narrower(view: View, what: Holding | None) -> Cut:
    """Names in place of everything."""
    line = Line(view.place.file, view.place.line)
    if view.entry.inherited:
        line = view.entry.lines[-1] if view.entry.lines else line
        return Cut("drop-inherit", "name the secrets in place of `secrets: inherit`", line.path, line.line)
    line = _first(what) or line
    return Cut("name-secrets", "name each secret in place of all of them at once", line.path, line.line)


def _first(what: Holding | None) -> Line | None:
    if what is None:
        return None
    lines = what.everywhere or next(iter(what.steps.values()), ())
    return lines[0] if lines else None


def at_code(code: Code) -> Iterator[Cut]:
    """How this code is fixed more firmly: it still reaches, but nobody can change it overnight."""
    loose = LOOSENESS[code.pin]
    name = _short(code)
    if (
        code.kind in (CodeKind.ACTION, CodeKind.WORKFLOW, CodeKind.AGENT, CodeKind.HOOK)
        and loose > LOOSENESS[Firmness.LOCKFILE]
    ):
        yield Cut("pin-commit", f"name {name} by its commit", code.path, code.line)
    elif code.kind is CodeKind.IMAGE and loose > LOOSENESS[Firmness.SHA]:
        yield Cut("pin-digest", f"name {name} by its digest", code.path, code.line)
    elif code.kind is CodeKind.SCRIPT and loose > LOOSENESS[Firmness.HASH]:
        yield Cut(
            "checksum", f"check what {name} brings against a digest before it is run", code.path, code.line
        )
    elif code.kind in (CodeKind.PACKAGES, CodeKind.TOOL):
        yield from _packages(code, loose, name)


def _packages(code: Code, loose: int, name: str) -> Iterator[Cut]:
    npm = code.ecosystem in _NODE
    if loose > LOOSENESS[Firmness.LOCKFILE]:
        how = (
            "`npm ci` with a lockfile"
            if npm
            else "a lock with hashes (`--require-hashes --only-binary :all:`)"
        )
        how = how if npm or code.ecosystem == "PyPI" else "a lockfile, or an exact version"
        yield Cut("lock", f"install with {how} in place of `{name}`", code.path, code.line)
    if npm and code.runs == "now" and code.kind is CodeKind.PACKAGES:
        words = f"add `--ignore-scripts` to `{name}`: nothing runs while it installs"
        yield Cut("ignore-scripts", words, code.path, code.line, mechanical=True)


def _short(code: Code) -> str:
    return code.name if len(code.name) <= 60 else f"{code.name[:57]}…"
