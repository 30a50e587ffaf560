"""A workflow of GitHub's is read as GitHub reads it, and what it would refuse is told.

Source: GitHub's workflow syntax (keys as of the autumn of 2026: `cache-mode`, `background`, `parallel`). YAML
anchors are followed as GitHub follows them; merge keys are refused there and here.
"""

from __future__ import annotations

import re

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.pipeline import Container, Job, Permissions, Setting, Trigger, Workflow
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax.yaml import Mapping, Sequence

from ._github import Draft, condition, is_expression
from ._steps import dialect_of, is_windows, read_steps

_WORKFLOW = frozenset(
    (
        "name", "description", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs",
        "cache-mode",
    )
)  # fmt: skip
_JOB = frozenset(
    (
        "name", "needs", "if", "permissions", "runs-on", "environment", "concurrency", "outputs", "env",
        "defaults", "steps", "timeout-minutes", "cancel-timeout-minutes", "strategy", "continue-on-error",
        "container", "services", "uses", "with", "secrets", "snapshot", "cache-mode",
    )
)  # fmt: skip
_CACHE_MODES = frozenset(("", "read", "write", "write-only", "none"))
_LEVELS = frozenset(("read", "write", "none"))
_AXIS = re.compile(r"\bmatrix\.([A-Za-z0-9_-]+)(?:\.([A-Za-z0-9_-]+))?")
_TEXT = re.compile(r"'((?:windows|ubuntu|macos|linux)[^']*)'")


def read(data: bytes, path: str, limits: Limits) -> Workflow:
    """What a file of `.github/workflows` says."""
    draft = Draft(path, limits)
    body = draft.load(data)
    if body is None:
        return Workflow(path, problems=draft.problems())
    draft.unknown_keys(body, _WORKFLOW, "the workflow")
    shell, directory = _defaults(draft, body)
    called = _called(draft, body)
    jobs = tuple(_job(draft, name, job, line, shell) for name, job, line in draft.named(body, "jobs"))
    if body.get("jobs") is None:
        draft.problem(ProblemKind.TRUNCATED, "a workflow without `jobs`", 1)
    return Workflow(
        path=path,
        name=draft.text(body, "name"),
        triggers=_triggers(draft, body),
        permissions=_permissions(draft, body),
        env=draft.settings(body, "env"),
        directory=directory,
        shell=shell,
        jobs=jobs,
        called_inputs=called[0],
        called_secrets=called[1],
        called_outputs=called[2],
        cache_mode=_cache_mode(draft, body),
        problems=draft.problems(),
    )


def _defaults(draft: Draft, body: Mapping) -> tuple[str, str]:
    """(shell, working directory) of `defaults.run`."""
    defaults = draft.mapping(body, "defaults")
    run = draft.mapping(defaults, "run") if defaults else None
    if run is None:
        return "", ""
    draft.unknown_keys(run, frozenset(("shell", "working-directory")), "`defaults.run`")
    return draft.text(run, "shell"), draft.text(run, "working-directory")


def _cache_mode(draft: Draft, body: Mapping) -> str:
    mode = draft.text(body, "cache-mode")
    if mode not in _CACHE_MODES:
        draft.wrong("cache-mode", "one of read, write, write-only and none", body.lines["cache-mode"])
    return mode


def _triggers(draft: Draft, body: Mapping) -> tuple[Trigger, ...]:
    value = body.get("on")
    if value is None:
        draft.problem(ProblemKind.TRUNCATED, "a workflow without a trigger (`on`)", body.lines.get("on", 1))
        return ()
    if not isinstance(value, Mapping):
        return tuple(Trigger(name, line=line) for name, line in draft.texts_with_lines(body, "on"))
    return tuple(Trigger(name, _filters(draft, value, name), value.lines[name]) for name in value)


def _filters(draft: Draft, triggers: Mapping, name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    value = triggers[name]
    if isinstance(value, Sequence):
        found: dict[str, list[str]] = {}
        for item, _ in draft.entries(triggers, name):
            for key in item:
                found.setdefault(key, []).append(draft.text(item, key))
        return tuple((key, tuple(texts)) for key, texts in found.items())
    body = draft.mapping(triggers, name)
    if body is None:
        return ()
    return tuple((key, _filter(draft, body, key)) for key in body)


def _filter(draft: Draft, body: Mapping, key: str) -> tuple[str, ...]:
    """The values of a filter; of inputs, secrets and outputs the names."""
    value = body[key]
    return tuple(value) if isinstance(value, Mapping) else draft.texts(body, key)


def _called(draft: Draft, body: Mapping) -> tuple[tuple[Setting, ...], ...]:
    """(inputs, secrets, outputs) of `workflow_call`."""
    triggers = body.get("on")
    call = triggers.get("workflow_call") if isinstance(triggers, Mapping) else None
    if not isinstance(call, Mapping):
        return (), (), ()
    return tuple(
        tuple(
            Setting(name, _taken(draft, block[name], key), block.lines[name])
            for block in (draft.mapping(call, key),)
            if block
            for name in block
        )
        for key in ("inputs", "secrets", "outputs")
    )


def _taken(draft: Draft, item: object, key: str) -> str:
    if not isinstance(item, Mapping):
        return ""
    if key == "outputs":
        return draft.text(item, "value")
    return "required" if draft.text(item, "required") == "true" else ""


def _permissions(draft: Draft, body: Mapping) -> Permissions | None:
    """The block, None when there is none. One that cannot be understood is none: then all is assumed."""
    if "permissions" not in body:
        return None
    value, line = body["permissions"], body.lines["permissions"]
    if isinstance(value, Mapping):
        scopes = []
        for scope in value:
            level = draft.text(value, scope)
            if level not in _LEVELS:
                draft.wrong(f"permissions.{scope[:40]}", "read, write or none", value.lines[scope])
            scopes.append((scope, level))
        return Permissions(scopes=tuple(scopes), line=line)
    if value in ("read-all", "write-all"):
        return Permissions(str(value), line=line)
    draft.wrong("permissions", "a mapping, read-all or write-all", line)
    return None


def _job(draft: Draft, name: str, body: Mapping, line: int, shell: str) -> Job:
    draft.unknown_keys(body, _JOB, "a job")
    if ("uses" in body) == ("steps" in body):
        draft.problem(ProblemKind.MALFORMED, "a job needs exactly one of `steps` and `uses`", line)
    runs_on, matrix = _runs_on(draft, body), _matrix(draft, body)
    own, directory = _defaults(draft, body)
    container = draft.container(body, "container")
    standard = own or shell
    labels = () if container else _labels(runs_on, matrix)
    inherits = body.get("secrets") == "inherit"
    return Job(
        id=name,
        line=line,
        name=draft.text(body, "name"),
        needs=draft.texts(body, "needs"),
        condition=condition(draft.text(body, "if")),
        runs_on=runs_on,
        environment=_environment(draft, body),
        permissions=_permissions(draft, body),
        env=draft.settings(body, "env"),
        container=container,
        services=_services(draft, body),
        outputs=draft.settings(body, "outputs"),
        matrix=matrix,
        directory=directory,
        shell=own,
        steps=read_steps(draft, body, lambda *step: _dialect(step, standard, labels)),
        uses=draft.text(body, "uses").strip(),
        inputs=draft.settings(body, "with"),
        secrets=() if inherits else draft.settings(body, "secrets"),
        inherits=inherits,
        cache_mode=_cache_mode(draft, body),
    )


def _runs_on(draft: Draft, body: Mapping) -> tuple[str, ...]:
    value = body.get("runs-on")
    if not isinstance(value, Mapping):
        return draft.texts(body, "runs-on")
    draft.unknown_keys(value, frozenset(("group", "labels")), "`runs-on`")
    return tuple(f"group:{name}" for name in draft.texts(value, "group")) + draft.texts(value, "labels")


def _dialect(step: tuple[str, str, str], standard: str, labels: tuple[str, ...]) -> str:
    """The dialect of a step (its shell, `if` and script): the shell's, else the runner's system's."""
    written, when, text = step
    shell = written or standard
    return "pwsh" if not shell and is_windows(labels, when, text) else dialect_of(shell)


def _labels(runs_on: tuple[str, ...], matrix: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[str, ...]:
    """The labels of the runner; an expression stands for all values of the axes that it names."""
    axes = dict(matrix)
    found: list[str] = []
    for label in runs_on:
        values: list[str] = _TEXT.findall(label) if "${{" in label else []
        for axis, key in _AXIS.findall(label):
            values += _values(axes, axis, key)
        found.extend(values or (label,))
    return tuple(found)


def _values(axes: dict[str, tuple[str, ...]], axis: str, key: str) -> list[str]:
    """All values of one axis, or of one key of its values, as they are rendered."""
    values = list(axes.get(axis, ()))
    if key:
        inner = _rendered(key)
        values = [value for text in values for value in inner.findall(text)]
    included = _rendered(key or axis)
    return values + [value for text in axes.get("include", ()) for value in included.findall(text)]


def _rendered(key: str) -> re.Pattern[str]:
    return re.compile(rf"[{{ ]{re.escape(key)}: ([^,{{}}]+)")


def _matrix(draft: Draft, body: Mapping) -> tuple[tuple[str, tuple[str, ...]], ...]:
    strategy = body.get("strategy")
    if isinstance(strategy, str) and is_expression(strategy):
        return (("", (strategy,)),)
    block = draft.mapping(body, "strategy")
    value = block.get("matrix") if block else None
    if block is None or value is None:
        return ()
    draft.unknown_keys(block, frozenset(("matrix", "fail-fast", "max-parallel")), "`strategy`")
    if not isinstance(value, Mapping):
        text = draft.render(value)
        if not is_expression(text):
            draft.wrong("matrix", "a mapping", block.lines["matrix"])
        return (("", (text,)),)
    return tuple(
        (axis, tuple(map(draft.render, items)) if isinstance(items, Sequence) else (draft.render(items),))
        for axis, items in value.items()
    )


def _environment(draft: Draft, body: Mapping) -> str:
    value = body.get("environment")
    if not isinstance(value, Mapping):
        return draft.text(body, "environment")
    draft.unknown_keys(value, frozenset(("name", "url", "deployment")), "`environment`")
    if not value.get("name"):
        draft.wrong("environment.name", "a text", body.lines["environment"])
    return draft.text(value, "name")


def _services(draft: Draft, body: Mapping) -> tuple[Container, ...]:
    value = body.get("services")
    if isinstance(value, str) and is_expression(value):
        return (Container(value, "", line=body.lines["services"]),)
    block = draft.mapping(body, "services")
    found = (draft.container(block, name, name) for name in block or () if block)
    return tuple(service for service in found if service is not None)


FORMAT = PipelineFormat("github-workflow", (".github/workflows/*.yml", ".github/workflows/*.yaml"), read)
