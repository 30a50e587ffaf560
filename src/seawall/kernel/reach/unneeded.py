"""Grants that nothing at a place needs: permissions, secrets, identities and environments.

Only what is surely unused is called so. Where an action or a program is not known, and may use it, that is
what is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from seawall.kernel.pipeline import Action, Job, Setting, Step, Workflow

from .edge import TargetKind
from .expressions import WHOLE, condition_references, references
from .ground import Ground
from .hands import NEEDED, UNKNOWN, UNNEEDED, Grant
from .mending import read_unasked
from .programs import PLAIN
from .running import runs_of
from .steps import Run
from .using import used
from .view import View
from .wants import Wants, wants_of

_ORDER = {"": 0, "read": 1, "write": 2}
_STATES = (NEEDED, UNKNOWN, UNNEEDED)
_HOUSE = frozenset(("contents:read", "metadata:read"))
"""What every clone needs, so that nobody gains by taking it away."""
_READS_VARIABLES = frozenset(
    ("aws", "gcloud", "az", "gh", "docker", "podman", "gpg", "ssh", "cosign", "eval")
)
"""Programs without packages that read variables of their own."""
_VARS = re.compile(r"\bvars\b", re.IGNORECASE)


def unneeded_of(ground: Ground, views: Iterable[View]) -> tuple[Grant, ...]:
    """What each place was given and does not use, or may not use, in the order of places.

    A place that is started in several ways needs what it needs in one of them.
    """
    found: dict[tuple[str, str, str], Grant] = {}
    for view in views:
        for grant in _of_view(view, ground):
            key = (grant.place, grant.kind, grant.name)
            known = found.get(key)
            if known is None or _STATES.index(grant.state) < _STATES.index(known.state):
                found[key] = grant
    return tuple(grant for grant in found.values() if grant.state != NEEDED)


def _of_view(view: View, ground: Ground) -> Iterator[Grant]:
    wants = wants_of(view)
    yield from _permissions(view, wants)
    yield from _passed_on(view, ground)
    yield from _variables(view)
    yield from _inputs(view, ground)
    yield from _environment(view)


def _permissions(view: View, wants: Wants) -> Iterator[Grant]:
    granted = view.entry.granted
    if not granted.known:
        return
    block = view.entry.job.permissions or view.entry.workflow.permissions
    if block is not None and block.every:
        yield _all_at_once(view, block.every, wants, block.line)
        return
    for scope, level in sorted(granted.scopes.items()):
        name = f"{scope}:{level}"
        if scope == "id-token":
            yield _grant(view, "identity", name, *_identity(wants), granted.line)
        elif name not in _HOUSE:
            yield _grant(view, "permission", name, *_permission(scope, level, wants), granted.line)


def _all_at_once(view: View, name: str, wants: Wants, line: int) -> Grant:
    """`read-all` or `write-all`: more than any job needs, where all that it uses is known."""
    doubts = [wants.doubtful("contents"), wants.doubtful("*")]
    doubt = next((one for one in doubts if one), None)
    if doubt:
        return _grant(
            view, "permission", name, UNKNOWN, f"{doubt[1]} in line {doubt[0].line} may use it", line
        )
    used_ = ", ".join(f"{scope}:{level}" for scope, level in sorted(wants.scopes.items())) or "nothing"
    return _grant(view, "permission", name, UNNEEDED, f"its steps use {used_}", line)


def _grant(view: View, kind: str, name: str, state: str, why: str, line: int) -> Grant:
    path = view.place.file
    if kind in ("permission", "identity") and view.entry.granted.why.startswith("as its caller"):
        path = _file(view.entry.chain[0]) if view.entry.chain else path
    return Grant(view.id, kind, name, state, why, path, line or view.place.line)


def _identity(wants: Wants) -> tuple[str, str]:
    if wants.identity:
        return NEEDED, ""
    doubt = wants.doubtful("id-token")
    if doubt:
        return UNKNOWN, f"{doubt[1]} in line {doubt[0].line} may ask for it"
    return UNNEEDED, "no step asks for the job's identity"


def _permission(scope: str, level: str, wants: Wants) -> tuple[str, str]:
    needed = wants.scopes.get(scope, "")
    if _ORDER[needed] >= _ORDER[level]:
        return NEEDED, ""
    doubt = wants.doubtful(scope)
    if doubt:
        return UNKNOWN, f"{doubt[1]} in line {doubt[0].line} may use it"
    return UNNEEDED, f"its steps only read {scope}" if needed else f"no step uses {scope}"


def _passed_on(view: View, ground: Ground) -> Iterator[Grant]:
    """Secrets that jobs hand to the workflow of this one, which does not name them."""
    path = view.entry.workflow.path
    named, every = _secrets_in(view.entry.workflow)
    if not view.entry.chain or every:
        return
    caller, _, name = view.entry.chain[-1].partition("#")
    calling = next((one for one in ground.workflows if one.path == caller), None)
    for job in calling.jobs if calling is not None else ():
        for item in job.secrets if job.id == name else ():
            if item.name:
                state = NEEDED if item.name.upper() in named else UNNEEDED
                why = f"{path.rpartition('/')[2]} names it nowhere"
                yield Grant(view.entry.chain[-1], "secret", item.name, state, why, caller, item.line)


def _file(place: str) -> str:
    return place.partition("#")[0]


def _secrets_in(workflow: Workflow) -> tuple[frozenset[str], bool]:
    """(names in upper case, all of them may be used)."""
    named: set[str] = set()
    every = False
    for text in _texts(workflow):
        found = references(text)
        named |= {name.upper() for name in found.secrets}
        every |= found.every
    every |= any(job.inherits for job in workflow.jobs)
    return frozenset(named), every


def _texts(workflow: Workflow) -> Iterator[str]:
    groups: list[Iterable[Setting]] = [workflow.env, workflow.called_outputs]
    for job in workflow.jobs:
        groups += [job.env, job.secrets, job.inputs, job.outputs]
        boxes = (*((job.container,) if job.container else ()), *job.services)
        groups += [part for box in boxes for part in (box.env, box.credentials)]
        yield from (
            f"${{{{ {job.condition} }}}}",
            job.environment,
            *job.runs_on,
            *(box.image for box in boxes),
        )
        for step in job.steps:
            yield from _step_texts(step)
    for group in groups:
        yield from (item.value for item in group)


def _step_texts(step: Step) -> Iterator[str]:
    yield from (step.run, step.uses, step.name, step.directory, step.shell)
    yield f"${{{{ {step.condition} }}}}" if step.condition and "${{" not in step.condition else step.condition
    yield from (item.value for item in (*step.inputs, *step.env))


def _variables(view: View) -> Iterator[Grant]:
    """Secrets in variables of the job, the workflow or a step that nothing names."""
    job, runs = view.entry.job, view.course.runs
    if job.uses:
        return
    for item in (*view.entry.workflow.env, *job.env):
        if _secret(item):
            yield _variable(view, item, runs)
    for run in runs:
        if run.path == view.place.file and run.step.run:
            for item in run.step.env:
                if _secret(item):
                    yield _variable(view, item, (run,))


def _secret(item: Setting) -> bool:
    if not item.name or "${{" not in item.value:
        return False
    found = references(item.value)
    return bool(found.secrets) or found.every


def _variable(view: View, item: Setting, runs: Iterable[Run]) -> Grant:
    state, why = UNNEEDED, f"nothing names {item.name}"
    for run in runs:
        if _names(run, item.name):
            state, why = NEEDED, ""
            break
        doubt = _may_read(run, item.name)
        if doubt and state == UNNEEDED:
            state, why = UNKNOWN, f"{doubt} in line {run.line} may read {item.name}"
    if state == UNNEEDED and any(_refers(text, item.name) for text in _job_texts(view.entry.job)):
        state, why = NEEDED, ""
    return _grant(view, "secret", item.name, state, why, item.line)


def _names(run: Run, name: str) -> bool:
    word = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")
    step = run.step
    if word.search(step.run) or any(word.search(item.value) for item in step.inputs):
        return True
    if any(word.search(item.value) for item in step.env if item.name != name):
        return True
    condition = condition_references(step.condition).env if step.condition else frozenset()
    if name in condition or WHOLE in condition:
        return True
    for piece in run.pieces:
        for command in piece.script.commands:
            words = (*command.words, *(one for _, one in command.assignments))
            if any(name in one.variables or word.search(one.text) for one in words):
                return True
    return False


def _may_read(run: Run, name: str) -> str:
    """What of a step may read a variable without naming it, empty for nothing."""
    if run.step.uses:
        inlined = run.used is not None and run.used.kind == "local"
        return "" if inlined and not read_unasked(name) else run.step.uses[:80]
    if run.step.script is None or run.step.script.problems:
        return "a script that was not read whole"
    started = (one.program for piece in run.pieces for one in runs_of(piece.script, piece.directory))
    reader = next((one for one in started if one not in PLAIN or one in _READS_VARIABLES), "")
    return f"`{reader}`" if reader else ""


def _refers(text: str, name: str) -> bool:
    found = references(text).env if "${{" in text else frozenset()
    return name in found or WHOLE in found


def _job_texts(job: Job) -> Iterator[str]:
    yield from (item.value for item in (*job.outputs, *job.env))
    boxes = (*((job.container,) if job.container else ()), *job.services)
    for box in boxes:
        yield from (box.image, box.options, *(item.value for item in (*box.env, *box.credentials)))


def _inputs(view: View, ground: Ground) -> Iterator[Grant]:
    """Secrets that a step hands to an action of the tree, which does not name that input."""
    for step in view.entry.job.steps:
        action = ground.actions.get(used(step.uses).name) if step.uses.startswith(("./", "$/")) else None
        if action is None or not action.steps:
            continue
        named = _inputs_in(action)
        for item in step.inputs:
            if _secret(item):
                state = NEEDED if WHOLE in named or item.name.lower() in named else UNNEEDED
                why = f"{action.path} names the input nowhere"
                yield _grant(view, "secret", f"{item.name} of {step.uses}", state, why, item.line)


def _inputs_in(action: Action) -> frozenset[str]:
    texts = [text for step in action.steps for text in _step_texts(step)]
    texts += [item.value for item in action.outputs]
    return frozenset(name.lower() for text in texts for name in references(text).inputs)


def _environment(view: View) -> Iterator[Grant]:
    name = view.place.environment
    if not name or view.entry.job.uses:
        return
    held = any(what.target.kind is TargetKind.SECRET for what in view.holdings)
    texts = (*_texts(view.entry.workflow),)
    needed = held or view.entry.granted.oidc or any(_VARS.search(text) for text in texts)
    why = "no step names a secret or a variable of it; it may still ask for approval or record a deployment"
    yield _grant(view, "environment", name, NEEDED if needed else UNNEEDED, why, view.place.line)
