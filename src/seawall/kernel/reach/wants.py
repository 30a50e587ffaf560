"""What the steps of a job use of its token and its identity, as far as their actions and commands tell.

Known actions are looked up (needs.py). A script uses the token where it is handed it, and git uses the one
that a checkout left; what a program that is not known would do with either is not known, and is said so.
Source: GitHub's documentation of permissions, of `gh`, and of OpenID Connect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from posixpath import basename
from typing import TYPE_CHECKING

from .edge import Line, TargetKind
from .known_actions import inputs_of, known_action
from .naming import Named
from .needs import needs_of
from .options import names
from .programs import PLAIN
from .running import Run as Started
from .running import runs_of
from .steps import Run
from .with_git import with_git

if TYPE_CHECKING:
    from .view import View

_ORDER = {"": 0, "read": 1, "write": 2}
ANY = "*"
"""The scope of what may use any permission."""

_GH = {
    "release": "contents", "pr": "pull-requests", "issue": "issues", "label": "issues", "run": "actions",
    "workflow": "actions", "cache": "actions", "attestation": "attestations",
}  # fmt: skip
_GH_READS = frozenset(("list", "view", "diff", "checks", "status", "download", "verify", "watch"))
_GH_DULL = frozenset(("auth", "config", "version", "help", "extension", "alias", "completion"))
_RUN_TASKS = frozenset(("make", "just", "tox", "nox", "hatch", "rake"))
_RUN_SCRIPTS = frozenset(("npm", "pnpm", "yarn", "bun"))
_TASKS = frozenset(("run", "run-script", "start", "exec", "build", "release", "deploy", "x"))
_PUBLISHES = frozenset(("publish", "upload"))
_BUILDS = names(
    """
    pip pipx uv uvx poetry pdm hatch rye tox nox pytest coverage ruff black isort flake8 pylint mypy pyright
    build twine cibuildwheel maturin sphinx-build mkdocs pre-commit conda mamba micromamba pixi meson ninja
    cmake ctest gcc g++ clang make just cargo cross rustc rustup go gofmt golangci-lint npm npx pnpm yarn bun
    tsc eslint prettier vitest jest mocha vite webpack node-gyp java javac mvn gradle gradlew dotnet msbuild
    bundle gem rake rspec swift xcodebuild ccache sccache hyperfine codespell actionlint shellcheck docker
    podman auditwheel delocate-wheel validate-pyproject check-manifest sudo
    """
)
"""Programs that build, test and install: they push nothing with git, and ask for no identity."""
_ASKS_IDENTITY = frozenset(("cosign", "sigstore", "gitsign", "notation", "octo-sts"))
_PUBLISHERS = frozenset(("uv", "pdm", "twine", "npm", "pnpm", "yarn", "gem", "cargo", "poetry", "hatch"))
_IDENTITY = re.compile(r"ACTIONS_ID_TOKEN_REQUEST|getIDToken|id_token|oidc", re.IGNORECASE)


@dataclass(slots=True)
class Wants:
    """`scopes`: scope → the highest level that something known may use. `identity`: a step asks for it.

    `unknown` maps a scope (or `*`, `id-token`) to the first line of what may use it without our knowing, and
    what that is.
    """

    scopes: dict[str, str] = field(default_factory=dict)
    identity: bool = False
    unknown: dict[str, tuple[Line, str]] = field(default_factory=dict)

    def use(self, scope: str, level: str) -> None:
        """Something known may use this much."""
        if _ORDER[level] > _ORDER[self.scopes.get(scope, "")]:
            self.scopes[scope] = level

    def doubt(self, scope: str, line: Line, what: str) -> None:
        """Something that is not known may use this scope."""
        self.unknown.setdefault(scope, (line, what))

    def doubtful(self, scope: str) -> tuple[Line, str] | None:
        """What may use a scope without our knowing; None when all that may is known."""
        return self.unknown.get(scope) or (self.unknown.get(ANY) if scope != "id-token" else None)


def wants_of(view: View) -> Wants:
    """What all steps of a job use together."""
    found = Wants()
    job = view.entry.job
    if job.uses:
        line = Line(view.place.file, job.line)
        found.doubt(ANY, line, f"the workflow {job.uses[:80]}")
        found.doubt("id-token", line, f"the workflow {job.uses[:80]}")
        return found
    everywhere = any(what.target.kind is TargetKind.TOKEN and what.everywhere for what in view.holdings)
    kept = False
    for run in view.course.runs:
        if run.step.uses:
            _of_action(run, view, found, everywhere)
            kept = kept or keeps_credentials(run)
        elif run.step.run:
            _of_script(run, found, everywhere or _has_token(run.names), kept)
    return found


def keeps_credentials(run: Run) -> bool:
    """A checkout that leaves git's credentials behind."""
    if run.used is None or run.used.name.lower() != "actions/checkout":
        return False
    return run.value("persist-credentials").lower() != "false"


def _has_token(names: tuple[Named, ...]) -> bool:
    return any(one.kind is TargetKind.TOKEN for one in names)


def inlined(run: Run, view: View) -> bool:
    """The steps of an action of the tree stand behind it in the course."""
    later = view.course.runs[run.order + 1 : run.order + 2]
    return bool(later) and later[0].via[-1:] == (run.step.uses,)


def _of_action(run: Run, view: View, found: Wants, everywhere: bool) -> None:
    line, what = Line(run.path, run.line), run.step.uses[:80]
    if run.used is None or (run.used.kind == "local" and inlined(run, view)):
        return
    known = known_action(run.step.uses) if run.used.kind == "action" else None
    inputs = inputs_of(tuple((item.name, item.value) for item in run.step.inputs))
    needs = needs_of(known, inputs) if known else None
    if known is None:
        found.doubt(ANY, line, what)
        found.doubt("id-token", line, what)
        return
    if known.identifies(inputs):
        found.identity = True
    elif needs is None:
        found.doubt("id-token", line, what)
    if needs is None:
        found.doubt(ANY, line, what)
    for scope, level in (needs or {}).items():
        found.use(scope, level)
    handed = everywhere or any(_has_token(names) for names in run.env.values())
    if handed and any(one.kind in ("execute", "tree", "agent", "shell") for one in known.deeds(inputs)):
        found.doubt(ANY, line, what)


def _of_script(run: Run, found: Wants, handed: bool, kept: bool) -> None:
    first = Line(run.path, run.line)
    if _IDENTITY.search(run.step.run):
        found.identity = True
    if run.step.script is None or run.step.script.problems:
        found.doubt("id-token", first, "a script that was not read whole")
        found.doubt(ANY if handed else "contents", first, "a script that was not read whole")
    followed = frozenset(basename(piece.path) for piece in run.pieces[1:])
    for piece in run.pieces:
        for one in runs_of(piece.script, piece.directory):
            if not one.contained:
                line = Line(piece.path, piece.line + one.command.line - 1)
                _of_program(one, line, found, handed=handed, kept=kept, followed=followed)


def _of_program(
    one: Started, line: Line, found: Wants, *, handed: bool, kept: bool, followed: frozenset[str]
) -> None:
    program, words = one.program, [text for text in one.texts if not text.startswith("-")]
    how, writes = with_git(program, words)
    if how:
        found.use("contents", "write" if writes else "read")
    if program == "gh":
        _of_gh(words, line, found)
    if program in ("git", "gh"):
        return
    if program in _ASKS_IDENTITY or (program in _PUBLISHERS and not _PUBLISHES.isdisjoint(words)):
        found.identity = True
    if handed and program not in _QUIET:
        found.doubt(ANY, line, f"`{program}`")
    if _ordinary(program, words, followed):
        return
    if kept:
        found.doubt("contents", line, f"`{program}`")
    found.doubt("id-token", line, f"`{program}`")


def _ordinary(program: str, words: list[str], followed: frozenset[str]) -> bool:
    """It is known for something else, or what it starts is looked at by itself."""
    if program in ("bash", "sh", "zsh", "python") or "." in program.strip("."):
        return bool({basename(word) for word in (program, *words[:1])} & followed)
    if program in ("source", "."):
        return any(basename(word).lower().startswith("activate") for word in words[:1])
    runs_tasks = program in _RUN_TASKS or (program in _RUN_SCRIPTS and not _TASKS.isdisjoint(words[:1]))
    return (program in PLAIN or program in _BUILDS) and (bool(followed) or not runs_tasks)


_QUIET = PLAIN - frozenset(
    (
        "curl",
        "wget",
        "eval",
        "docker",
        "podman",
        "invoke-webrequest",
        "xargs",
        "find",
        "ssh",
        "timeout",
        "time",
    )
)
"""Programs that would not send a token to GitHub."""


def _of_gh(words: list[str], line: Line, found: Wants) -> None:
    if not words or words[0] in _GH_DULL:
        return
    scope = _GH.get(words[0])
    if scope is None:
        found.doubt(ANY, line, f"`gh {words[0]}`"[:80])
        return
    reads = len(words) > 1 and words[1] in _GH_READS
    found.use(scope, "read" if reads else "write")
    if words[0] == "pr":
        found.use("contents", "write" if words[1:2] == ["merge"] else "read")
        if words[1:2] and words[1] in ("create", "edit", "merge", "comment"):
            found.use("issues", "write")
    elif words[0] != "release":
        found.use("contents", "read")
