"""The cut of an edge: the smallest change that removes it, the one that takes away most first.

Mechanical cuts name the exact line that they change.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from seawall.kernel.code import LOOSENESS, Code, CodeKind, Firmness

from .edge import Cut, Line, Target, TargetKind
from .holding import Holding
from .mending import in_a_step, needs_git, only_reads, reusable, single_user
from .reachable import Runner
from .using import commit_of
from .wants import keeps_credentials

if TYPE_CHECKING:
    from .view import View

_HELD = frozenset(("R1", "R2", "R3", "R3′", "R4", "R5"))
_NODE = frozenset(("npm",))
_NPM_INSTALL = re.compile(r"npm (?:install|i)\Z")
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
        view.cuts[own] = tuple(at_code(who.code, view))
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
        left = reusable(view.entry.workflow) or ("the job calls a workflow" if view.entry.job.uses else "")
        left = "the job sets `cache-mode` itself" if view.entry.job.cache_mode else left
        yield _written(Cut("cache-mode", words, file, line), left)
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
        scopes, left = only_reads(view)
        yield _written(Cut("permissions", words, view.place.file, view.place.line, detail=scopes), left)
    elif any(level == "write" for level in granted.scopes.values()):
        words = "move what needs to write into a job of its own, and let this one only read"
        yield Cut("permissions", words, view.place.file, line)
    if what is not None and ("R2" in rules or "R3" in rules):
        yield from _kept(view, what)


def _kept(view: View, what: Holding) -> Iterator[Cut]:
    """Each checkout that leaves the token on the disk."""
    for order in dict.fromkeys(one.order for one in what.left):
        run = view.run(order)
        if run is not None and keeps_credentials(run):
            words = "set `persist-credentials: false` at the checkout"
            cut = Cut("persist-credentials", words, run.path, run.line)
            yield _written(cut, needs_git(view, order, run.path))


def _written(cut: Cut, left: str) -> Cut:
    """The cut with what keeps a program from making it, or as one that it can make."""
    return replace(cut, mechanical=not left, left=left)


def _secret(view: View, target: Target, rules: tuple[str, ...], what: Holding | None) -> Iterator[Cut]:
    file, line, name = view.place.file, view.place.line, target.name
    held = "secret" if name == "*" else name
    if "R5" in rules:
        yield _narrower(view, what)
    if what is not None and what.everywhere and view.course.runs:
        where = what.everywhere[0]
        words = f"move {held} from the job's environment to the one step that uses it"
        yield _moved(view, Cut("step-env", words, where.path, where.line))
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


def _moved(view: View, cut: Cut) -> Cut:
    workflow = view.entry.workflow
    if cut.path != workflow.path:
        return cut
    step, left = single_user(workflow, cut.line)
    left = reusable(workflow) or left
    return replace(_written(cut, left), detail=(str(step.line),)) if step else _written(cut, left)


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


def at_code(code: Code, view: View) -> Iterator[Cut]:
    """How this code is fixed more firmly: it still reaches, but nobody can change it overnight."""
    loose = LOOSENESS[code.pin]
    name = _short(code)
    if (
        code.kind in (CodeKind.ACTION, CodeKind.WORKFLOW, CodeKind.AGENT, CodeKind.HOOK)
        and loose > LOOSENESS[Firmness.LOCKFILE]
    ):
        yield _pinned(code, name, view)
    elif code.kind is CodeKind.IMAGE and loose > LOOSENESS[Firmness.SHA]:
        yield Cut("pin-digest", f"name {name} by its digest", code.path, code.line)
    elif code.kind is CodeKind.SCRIPT and loose > LOOSENESS[Firmness.HASH]:
        yield Cut(
            "checksum", f"check what {name} brings against a digest before it is run", code.path, code.line
        )
    elif code.kind in (CodeKind.PACKAGES, CodeKind.TOOL):
        yield from _packages(code, loose, name)


def _pinned(code: Code, name: str, view: View) -> Cut:
    """A lock of the tree may know the commit; nobody is asked for it."""
    cut = Cut("pin-commit", f"name {name} by its commit", code.path, code.line)
    commit = commit_of(code.name, code.ref, view.commits) if code.ref else ""
    if not commit:
        return cut
    return replace(_written(cut, in_a_step(code)), detail=(code.ref, commit))


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
    if code.kind is not CodeKind.PACKAGES:
        return
    left = in_a_step(code)
    if npm and code.runs == "now":
        words = f"add `--ignore-scripts` to `{name}`: nothing runs while it installs"
        yield _written(
            Cut("ignore-scripts", words, code.path, code.line, detail=(code.name, *code.manifests)), left
        )
    if npm and loose == LOOSENESS[Firmness.LOCKFILE] and _NPM_INSTALL.match(code.name):
        words = f"`npm ci` in place of `{name}`: it takes what the lockfile says, and never rewrites it"
        yield _written(Cut("npm-ci", words, code.path, code.line, detail=(code.name, *code.manifests)), left)
    if code.ecosystem == "PyPI" and code.pin is Firmness.HASH and code.runs == "now":
        words = f"add `--require-hashes --only-binary :all:` to `{name}`: nothing is built while it installs"
        cut = Cut("only-wheels", words, code.path, code.line, detail=(code.name, *code.manifests))
        yield _written(cut, left or ("" if code.manifests else "nothing says what it installs"))


def _short(code: Code) -> str:
    return code.name if len(code.name) <= 60 else f"{code.name[:57]}…"
