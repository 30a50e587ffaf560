"""Whether a cut can be made by a program: what it would break is looked for first, and named.

Each function answers with the reason why a person has to do it, empty when none was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from seawall.kernel.code import Code
from seawall.kernel.pipeline import Job, Setting, Step, Workflow

from .acting import deed_of_action
from .expressions import WHOLE, condition_references, references
from .running import runs_of
from .steps import Run
from .wants import wants_of
from .with_git import with_git

if TYPE_CHECKING:
    from .view import View

_PUSHED = frozenset(("git", "pages", "release"))
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_READ_UNASKED = re.compile(
    r"(?:AWS|AZURE|ARM|GOOGLE|GCP|GCLOUD|CLOUDSDK|GH|GITHUB|GITLAB|NPM|NODE|YARN|PNPM|BUN|PIP|PYPI|TWINE|UV"
    r"|POETRY|PDM|FLIT|HATCH|MATURIN|CARGO|GEM|RUBYGEMS|BUNDLE|MAVEN|GRADLE|ORG_GRADLE|NUGET|DOCKER|REGISTRY"
    r"|CODECOV|COVERALLS|SONAR|SNYK|HF|HUGGING|OPENAI|ANTHROPIC|GEMINI|MISTRAL|COHERE|WANDB|KAGGLE|SENTRY"
    r"|VERCEL|NETLIFY|CLOUDFLARE|CF|FLY|HEROKU|FIREBASE|VAULT|PULUMI|TF|TERRAFORM|DATABASE|PG|POSTGRES|MYSQL"
    r"|REDIS|SLACK|APPLE|FASTLANE|MATCH|CSC|WIN_CSC|GPG|SSH|COSIGN|ANACONDA|CONDA|QUILT|DVC|TURBO|NX|CYPRESS"
    r"|PERCY|CHROMATIC|ALGOLIA|TWILIO|STRIPE|DATADOG|DD|NEW_RELIC|LD|LAUNCHDARKLY|CI|HTTP|HTTPS|NO|ALL)_"
    r"|(?:TOKEN|PASSWORD|USERNAME|USER|HOME|PATH|DSN)\Z",
    re.IGNORECASE,
)
"""Variables that programs read by themselves, without being told their names."""


def reusable(workflow: Workflow) -> str:
    """Workflows of other repositories may call this one, and rely on what it does."""
    called = workflow.triggered_by("workflow_call")
    return "workflows of other repositories may call this one" if called else ""


def needs_git(view: View, order: int, path: str) -> str:
    """What comes after the checkout `order` and works with the credentials that it leaves."""
    if path != view.place.file and not path.startswith(".github/"):
        return "workflows of other repositories may use this action"
    checkout = view.course.runs[order]
    if checkout.setting("persist-credentials") is not None:
        return "the step sets `persist-credentials` itself"
    for run in view.course.runs[order + 1 :]:
        what = _git_in(run)
        if what:
            return f"{what} in line {run.line} works with git, maybe with these credentials"
    return ""


def _git_in(run: Run) -> str:
    if run.step.uses:
        pushes = any(event.name in _PUSHED for event in deed_of_action(run).publishes)
        return run.step.uses[:80] if pushes else ""
    started = (one for piece in run.pieces for one in runs_of(piece.script, piece.directory))
    return next((what for one in started if (what := with_git(one.program, one.texts)[0])), "")


def only_reads(view: View) -> tuple[tuple[str, ...], str]:
    """(the scopes that its steps read, why nothing can be said); one of both is empty."""
    if view.entry.chain or view.entry.job.uses or reusable(view.entry.workflow):
        return (), reusable(view.entry.workflow) or "it is a call of another workflow"
    wants = wants_of(view)
    doubts = [doubt for scope, doubt in wants.unknown.items() if scope != "id-token"]
    for line, what in doubts:
        return (), f"{what} in {line.path.rpartition('/')[2]}:{line.line} may need to write"
    writes = sorted(scope for scope, level in wants.scopes.items() if level == "write")
    if writes or wants.identity:
        return (), f"it writes ({', '.join(writes) or 'with its identity'})"
    return tuple(sorted({"contents", *wants.scopes})), ""


def setting_at(workflow: Workflow, line: int) -> tuple[Setting, Job | None] | None:
    """The variable of a job's or of the workflow's `env` that stands on a line, and the job."""
    for job in (None, *workflow.jobs):
        for item in workflow.env if job is None else job.env:
            if item.line == line and item.name:
                return item, job
    return None


def single_user(workflow: Workflow, line: int) -> tuple[Step | None, str]:
    """(the one step that uses the variable of a line, why it cannot be moved there)."""
    found = setting_at(workflow, line)
    if found is None or not _WORD.match(found[0].name):
        return None, "it is no variable of the job or the workflow with a plain name"
    name, owner = found[0].name, found[1]
    jobs = (owner,) if owner is not None else workflow.jobs
    steps = [step for job in jobs for step in job.steps]
    users = [step for step in steps if _uses(step, name)]
    if len(users) != 1:
        return None, f"{len(users) or 'no'} step{'s name' if len(users) > 1 else ' names'} {name}"
    why = _why_not_there(workflow, jobs, name, users[0], [step for step in steps if step is not users[0]])
    return (None, why) if why else (users[0], "")


def _why_not_there(
    workflow: Workflow, jobs: tuple[Job, ...], name: str, user: Step, others: list[Step]
) -> str:
    if any(_spoken_of(name, _outside_steps(workflow, job)) for job in jobs):
        return f"an expression outside of the steps refers to {name}"
    if any(one.name.upper() == name.upper() for one in user.env):
        return f"the step sets {name} itself"
    if _READ_UNASKED.match(name) and others:
        return f"programs of other steps may read {name} without naming it"
    if any(step.uses.startswith(("./", "$/")) for step in others):
        return f"actions of the tree may use {name}"
    return ""


def _outside_steps(workflow: Workflow, job: Job) -> Iterator[str]:
    yield from (item.value for item in (*job.outputs, *job.inputs, *job.secrets))
    yield from (f"${{{{ {text} }}}}" if "${{" not in text else text for text in (job.condition,) if text)
    yield from (*job.runs_on, job.environment, job.name, job.uses)
    for box in (*((job.container,) if job.container else ()), *job.services):
        yield from (box.image, box.options, *box.volumes)
        yield from (item.value for item in (*box.env, *box.credentials))
    yield from (item.value for item in (*workflow.env, *job.env))


def _spoken_of(name: str, texts: Iterator[str]) -> bool:
    return any(_in_expressions(name, references(text).env) for text in texts if "${{" in text)


def _in_expressions(name: str, names: frozenset[str]) -> bool:
    return any(one == WHOLE or one.upper() == name.upper() for one in names)


def _uses(step: Step, name: str) -> bool:
    if re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", step.run):
        return True
    texts = (
        step.name,
        step.uses,
        step.directory,
        step.shell,
        *(item.value for item in (*step.inputs, *step.env)),
    )
    if any(_in_expressions(name, references(text).env) for text in (*texts, step.run) if "${{" in text):
        return True
    # A text that names it (an action's script, a file's content) may use it.
    if any(re.search(rf"\b{re.escape(name)}\b", item.value) for item in step.inputs):
        return True
    return bool(step.condition) and _in_expressions(name, condition_references(step.condition).env)


def read_unasked(name: str) -> bool:
    """Programs read a variable of this name by themselves."""
    return bool(_READ_UNASKED.match(name))


def in_a_step(code: Code) -> str:
    """Why the command that brings some code cannot be edited: where it stands."""
    path = code.path
    if path.startswith(".github/workflows/"):
        return ""
    if path.rpartition("/")[2] in ("action.yml", "action.yaml"):
        return "" if path.startswith(".github/") else "workflows of other repositories may use this action"
    return f"it stands in {path}, and only workflows and actions are edited"
