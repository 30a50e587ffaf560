"""What outsiders can start, write and propose, where the repository's secrets are at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.outsider import opened_by, outsider_code, outsider_text
from seawall.kernel.pipeline import Job, Step, Workflow
from seawall.kernel.rule import rule
from seawall.kernel.shell import Command

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_RUN_INPUTS = frozenset({"script", "run", "command", "cmd", "prompt", "direct_prompt", "custom_instructions"})
_BUILDERS = frozenset({"docker/build-push-action", "docker/bake-action", "pre-commit/action"})
"""Actions that run what lies in the workspace."""

_HARMLESS = frozenset({
    "git", "gh", "echo", "printf", "cat", "cd", "ls", "test", "[", "[[", "true", "false", "exit", "set",
    "export", "unset", "mkdir", "cp", "mv", "rm", "touch", "tee", "grep", "sed", "awk", "cut", "sort",
    "tail", "head", "tr", "wc", "jq", "date", "sleep", "read", "curl", "wget", "diff", "cmp", "xargs",
    "basename", "dirname", "sha256sum", "find", "uniq", "yq", "base64",
})  # fmt: skip
_GATE = re.compile(
    r"\bmerged\b|author_association|\blabels?\b|sender\.login|github\.actor\b|permission|head\.repo\.full_name",
    re.IGNORECASE,
)
"""Words of a condition by which a member has to agree first. A label older than the last commit is a hole."""


def _open_jobs(intake: Intake) -> Iterator[tuple[Workflow, Job, tuple[str, ...]]]:
    for workflow in intake.ground.workflows:
        triggers = opened_by(workflow)
        for job in workflow.jobs if triggers else ():
            yield workflow, job, triggers


def _holds_nothing(workflow: Workflow, job: Job) -> bool:
    """Neither a permission nor a secret: `permissions: {}` and no name of a secret in the job."""
    granted = job.permissions if job.permissions is not None else workflow.permissions
    if granted is None or granted.every or any(level == "write" for _, level in granted.scopes):
        return False
    texts = [s.value for s in (*workflow.env, *job.env, *job.secrets)]
    for step in job.steps:
        texts += [step.run, *(s.value for s in (*step.env, *step.inputs))]
    return not any("secrets" in text for text in texts) and not job.inherits


@rule("pipelines/outsider-code", Severity.HIGH)
def outsider_code_runs(intake: Intake) -> Iterator[Evidence]:
    """A workflow that anybody can start with its secrets at hand must not check out what they propose.

    Speaks where a job started by `pull_request_target`, `workflow_run`, a comment or an issue checks out the
    head of a pull request and goes on to run it: a build, a script, a local action. Of low severity where a
    member has to merge, label or approve first; silent where the job has neither a secret nor a permission
    to write.

    Why: the code that then runs is the outsider's: build scripts, tests, dependencies, hooks. It reads the
    token, the secrets of the job and writes the caches that the release restores.

    Attack: in May 2026 a `pull_request_target` workflow of TanStack ran a fork's code, which poisoned the
    cache that the release workflow restored: 84 malicious versions went out with valid provenance.

    Fix: build proposals under `pull_request`, without secrets; let a second workflow act on the result, and
    never run what it takes from the first.
    """
    for workflow, job, triggers in _open_jobs(intake):
        if _holds_nothing(workflow, job):
            continue
        for step in job.steps:
            if not _takes_proposal(step) or not _runs_after(step, job):
                continue
            yield Evidence(
                message=f"job {job.id} runs what a stranger proposes, with secrets at hand ({triggers[0]})",
                advice="build it under `pull_request`, and let another workflow act on the result",
                path=workflow.path,
                line=step.line,
                severity=Severity.LOW if _gated(job) else None,
                subject=f"{job.id} {step.index}",
                detail={"job": job.id, "triggers": list(triggers), "condition": job.condition},
            )


def _takes_proposal(step: Step) -> bool:
    name = step.uses.partition("@")[0].lower()
    if name == "actions/checkout":
        return any(s.name.lower() in ("ref", "repository") and outsider_code(s.value) for s in step.inputs)
    if step.script is None:
        return False
    return any(
        command.program in ("git", "gh") and _fetches_proposal(command.texts)
        for command in step.script.commands
    )


def _fetches_proposal(words: tuple[str, ...]) -> bool:
    if words[0] == "gh":
        return words[1:3] == ("pr", "checkout")
    return words[1:2] in (("fetch",), ("pull",), ("checkout",)) and any(map(outsider_code, words))


def _runs_after(taken: Step, job: Job) -> bool:
    """Something behind the checkout runs a file of it: a local action, a build, or more than git and text."""
    return any(_runs_files(step) for step in job.steps if step.index > taken.index or step is taken)


def _runs_files(step: Step) -> bool:
    name = step.uses.partition("@")[0].lower()
    if name:
        return name.startswith("./") or name in _BUILDERS
    if step.script is None:
        return bool(step.run)
    commands = [command for command in step.script.commands if command.words]
    programs = {command.program.rpartition("/")[2] for command in commands} | {
        _behind(one) for one in commands
    }
    return not programs - {""} <= _HARMLESS


def _behind(command: Command) -> str:
    """The program that `xargs` or `find -exec` runs, empty for none."""
    words = command.texts
    if command.program == "xargs":
        return next((word for word in words[1:] if not word.startswith("-")), "")
    at = next((n for n, word in enumerate(words) if word in ("-exec", "-execdir")), -1)
    return words[at + 1] if command.program == "find" and 0 <= at < len(words) - 1 else ""


def _gated(job: Job) -> bool:
    """A member had to do something first: merge it, label it, or be the one who speaks."""
    return bool(_GATE.search(job.condition))


@rule("pipelines/outsider-text", Severity.HIGH)
def outsider_text_is_run(intake: Intake) -> Iterator[Evidence]:
    """A text that an outsider writes must not become a part of scripts or of an agent's orders.

    Speaks where an expression such as `github.event.issue.title` stands inside `run`, an action's `script`
    or an agent's prompt, in a workflow that anybody can start with its secrets at hand.

    Why: the expression is put into the script before a shell sees it, so a title with a backtick in it is a
    command; and to an agent every text is an order.

    Attack: the npm token that poisoned Nx in August 2025 was taken through the title of a pull request; in
    February 2026 the title of an issue made the triage agent of Cline poison the cache of its release.

    Fix: hand the text over in `env:` and write `"$TITLE"`; give agents that read strangers' texts neither
    secrets nor tools that run anything.
    """
    for workflow, job, triggers in _open_jobs(intake):
        for step in job.steps:
            for text, line in _run_texts(step):
                found = next(filter(None, map(outsider_text, _EXPRESSION.findall(text))), "")
                if not found:
                    continue
                yield Evidence(
                    message=f"{found} becomes part of what job {job.id} runs ({triggers[0]})",
                    advice="hand it over in `env:` and use the variable in double quotes",
                    path=workflow.path,
                    line=line,
                    severity=Severity.LOW if _holds_nothing(workflow, job) else None,
                    subject=f"{job.id} {step.index} {found}",
                    detail={"job": job.id, "triggers": list(triggers), "text": found},
                )
                break


def _run_texts(step: Step) -> Iterator[tuple[str, int]]:
    """(text, line) of everything in the step that is run or obeyed."""
    for offset, line in enumerate(step.run.splitlines()):
        yield line, step.run_line + offset
    if "${{" in step.run:
        yield step.run, step.line
    for item in step.inputs:
        if item.name.lower() in _RUN_INPUTS:
            yield item.value, item.line
