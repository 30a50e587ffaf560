"""Who can change, approve and start what leads to the credentials of a place.

Files are followed as reach follows them: the workflow and those that call it, actions and scripts of the
tree, images that it builds, manifests and lockfiles of what it installs.
Source: GitHub's documentation of events that trigger workflows, code owners and environments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from posixpath import basename

from seawall.kernel.finding import Skipped
from seawall.kernel.limits import Limits
from seawall.kernel.ownership import WRITERS, ForgeSettings, Owners, owners_file
from seawall.kernel.pipeline import Trigger, Workflow

from .calls import called_paths
from .edge import Place, PlaceKind, Reach
from .ground import Ground
from .hands import Approval, FileHands, PlaceHands, StartHands
from .reaching import Around, Looking, secret_environments
from .steps import Tree
from .unneeded import unneeded_of
from .view import View

_WRITE, _PUSH = "who has write access", "who can push"
_ANYBODY = {
    "pull_request_target": "anybody who opens a pull request, with the repository's secrets",
    "pull_request": "anybody who opens a pull request; a stranger's run has no secrets and only reads",
    "pull_request_review": "anybody who reviews a pull request; for a stranger's it has no secrets",
    "pull_request_review_comment": "anybody who comments on a pull request; for a stranger's no secrets",
    "issue_comment": "anybody who comments",
    "issues": "anybody who opens an issue",
    "discussion": "anybody who opens a discussion",
    "discussion_comment": "anybody who comments",
    "fork": "anybody who forks",
    "watch": "anybody who stars",
    "gollum": "whoever may edit the wiki",
}
_MEMBERS = {
    "push": _PUSH,
    "create": _PUSH,
    "delete": _PUSH,
    "merge_group": _PUSH,
    "workflow_dispatch": _WRITE,
    "repository_dispatch": _WRITE,
    "release": _WRITE,
    "deployment": _WRITE,
    "deployment_status": _WRITE,
    "page_build": _WRITE,
    "branch_protection_rule": "admins",
    "label": _WRITE,
    "milestone": _WRITE,
    "registry_package": _WRITE,
    "public": "admins",
    "check_run": "apps, and who has write access",
    "check_suite": "apps, and who has write access",
    "status": "apps, and who has write access",
}
_DEPTH = 4
"""Workflows that run behind workflows, so many deep."""
_LOCKS = frozenset(
    (
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb",
        "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml", "Cargo.lock",
        "go.sum", "Gemfile.lock", "composer.lock", "deno.lock", "pylock.toml", "packages.lock.json",
    )
)  # fmt: skip


def views_of(ground: Ground, limits: Limits) -> Iterator[View]:
    """Every job of a tree, once for each way in which it is started."""
    tree = Tree(ground, limits)
    around = Around(tree, secret_environments(ground.workflows), called_paths(tree))
    look = Looking()
    for workflow in ground.workflows:
        yield from look.views(workflow, around, [])


def with_people(reach: Reach, ground: Ground, limits: Limits) -> Reach:
    """`reach` with the hands that lead to its places, and with what was granted there for nothing."""
    views = tuple(views_of(ground, limits))
    files: tuple[Owners | ForgeSettings, ...] = (*ground.owners, *ground.settings)
    problems = [problem for file in files for problem in file.problems]
    said = [Skipped("people", f"{one.path}:{one.line}: {one.message}") for one in problems]
    return replace(
        reach,
        people=people_of(reach, ground, views),
        unneeded=unneeded_of(ground, views),
        skipped=(*reach.skipped, *said),
    )


def people_of(reach: Reach, ground: Ground, views: Iterable[View]) -> tuple[PlaceHands, ...]:
    """Every place of `reach`, in its order, with the hands that lead there."""
    told = _Told(ground)
    by_place: dict[str, list[View]] = {}
    for view in views:
        by_place.setdefault(view.id, []).append(view)
    codes: dict[str, dict[str, str]] = {}
    for place, code in reach.codes:
        files = codes.setdefault(place, {})
        files.update(dict.fromkeys(code.manifests, "manifest"))
        files.setdefault(code.path, "script")
    return tuple(
        _hands(place, by_place.get(place.id, ()), codes.get(place.id, {}), told) for place in reach.places
    )


class _Told:
    """What the tree's files say about people."""

    def __init__(self, ground: Ground) -> None:
        self.owners: Owners | None = owners_file(ground.owners)
        self.settings: tuple[ForgeSettings, ...] = ground.settings
        self.workflows: Mapping[str, Workflow] = {one.path: one for one in ground.workflows}
        self.by_name = {one.name or one.path: one for one in ground.workflows}
        self.files = ground.files

    def file(self, path: str, what: str) -> FileHands:
        """Who owns one file."""
        if self.owners is None:
            return FileHands(path, what, why="no CODEOWNERS in the tree", review=self.review())
        line = self.owners.line_for(path)
        if line is None:
            why = "no line of CODEOWNERS is meant for it"
            return FileHands(path, what, why=why, review=self.review(), path=self.owners.path)
        return FileHands(path, what, line.owners, "", self.review(), self.owners.path, line.line)

    def review(self) -> str:
        """Whether a code owner's review is demanded for the default branch."""
        for file in self.settings:
            for rule in file.protections:
                if rule.owners_review is not None and rule.target == "branch":
                    ways = f"; {', '.join(rule.bypass)} may do without" if rule.bypass else ""
                    word = "demanded" if rule.owners_review else "not demanded"
                    return f"{word} on {', '.join(rule.refs) or 'some branches'}{ways}"
        return "not known"

    def approval(self, name: str) -> Approval:
        """Who approves an environment."""
        if "${{" in name:
            return Approval(name, why="its name is known only when it runs")
        for file in self.settings:
            for one in file.environments:
                if one.name.lower() == name.lower():
                    return Approval(name, one.reviewers, "", file.path, one.line)
        return Approval(name, why="no file of the tree tells its reviewers")

    def writers(self, refs: Sequence[str]) -> tuple[str, ...] | None:
        """Those who may push, as the settings name them: to these branches, or at all."""
        for file in self.settings:
            for rule in file.protections:
                same = refs and all(any(fnmatchcase(ref, one) for one in rule.refs) for ref in refs)
                if same and rule.target == "branch" and rule.pushers is not None:
                    return rule.pushers
        named = [file.access for file in self.settings if file.access is not None]
        found = [one.who for access in named for one in access if one.level in WRITERS]
        return tuple(dict.fromkeys(found)) if named else None


def _hands(place: Place, views: Sequence[View], codes: Mapping[str, str], told: _Told) -> PlaceHands:
    files: dict[str, str] = {place.file: "workflow" if place.kind is PlaceKind.JOB else "settings"}
    starts: dict[tuple[str, int], StartHands] = {}
    for view in views:
        for caller in (view.entry.root, *(link.partition("#")[0] for link in view.entry.chain)):
            files.setdefault(caller, "caller")
        for path, what in _followed(view):
            files.setdefault(path, what)
        for start in _starts(view, told):
            starts.setdefault((start.trigger, start.line), start)
    for path, what in codes.items():
        kind = "lockfile" if basename(path) in _LOCKS else what
        files.setdefault(path, _kind(path) if kind == "script" else kind)
    kept = [(path, what) for path, what in files.items() if path and path in told.files]
    return PlaceHands(
        place.id,
        tuple(told.file(path, what) for path, what in kept),
        told.approval(place.environment) if place.environment else None,
        tuple(starts.values()),
    )


def _followed(view: View) -> Iterator[tuple[str, str]]:
    for run in view.course.runs:
        yield run.path, _kind(run.path)
        for piece in run.pieces:
            yield piece.path, _kind(piece.path)
        for start in run.starts:
            yield start.started.path, "container"


def _kind(path: str) -> str:
    name = basename(path)
    if path.startswith(".github/workflows/"):
        return "workflow"
    if name in ("action.yml", "action.yaml"):
        return "action"
    return (
        "container" if "dockerfile" in name.lower() or name.startswith(("compose", "docker-")) else "script"
    )


def _starts(view: View, told: _Told) -> Iterator[StartHands]:
    root = told.workflows.get(view.entry.root, view.entry.workflow)
    triggers = {one.name: one for one in root.triggers}
    for name in view.entry.triggers:
        yield from _start(triggers.get(name, Trigger(name)), told, _DEPTH)
    if not view.entry.triggers:
        yield StartHands("not known", "not known: the workflow names no trigger")


def _start(trigger: Trigger, told: _Told, depth: int) -> Iterator[StartHands]:
    name, line = trigger.name, trigger.line
    filters = dict(trigger.filters)
    shown = name + _filtered(trigger)
    if name in _ANYBODY:
        strangers = name != "gollum"
        yield StartHands(shown, _ANYBODY[name], strangers, None, line)
    elif name in _MEMBERS:
        refs = filters.get("branches", ()) if name == "push" else ()
        yield StartHands(shown, _MEMBERS[name], names=told.writers(refs), line=line)
    elif name == "schedule":
        yield StartHands(shown, "the clock, with what lies on the default branch", line=line)
    elif name == "workflow_run":
        yield _after(trigger, shown, told, depth)
    elif name == "workflow_call":
        yield StartHands(shown, "workflows that call it: not known", line=line)
    else:
        yield StartHands(shown, "not known", line=line)


def _after(trigger: Trigger, shown: str, told: _Told, depth: int) -> StartHands:
    """Whoever starts the workflows behind which it runs."""
    before = [told.by_name.get(name) for name in dict(trigger.filters).get("workflows", ())]
    first = [
        start
        for workflow in before
        if workflow is not None and depth
        for one in workflow.triggers
        for start in _start(one, told, depth - 1)
    ]
    if not first or None in before:
        return StartHands(
            shown, "not known: it runs behind a workflow that is not in the tree", line=trigger.line
        )
    strangers = any(start.strangers for start in first)
    words = "; ".join(dict.fromkeys(start.who.partition(",")[0].partition(";")[0] for start in first))
    more = ", with the repository's secrets" if strangers else ""
    return StartHands(shown, f"{words}{more}", strangers, line=trigger.line)


def _filtered(trigger: Trigger) -> str:
    """`push to main`, `push of v*`; other filters are not shown."""
    filters = dict(trigger.filters)
    parts = []
    for key, word in (("branches", "to"), ("tags", "of"), ("workflows", "behind")):
        if filters.get(key):
            parts.append(f"{word} {', '.join(filters[key][:4])}")
    return f" {' or '.join(parts)}" if parts else ""
