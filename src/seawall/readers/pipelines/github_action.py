"""An action tells in its metadata what runs when it is used; steps of a composite one run in the job itself.

Source: GitHub's metadata syntax for actions.
"""

from __future__ import annotations

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.pipeline import Action, Setting
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax.yaml import Mapping

from ._github import Draft
from ._steps import dialect_of, read_steps

_ACTION = frozenset(("name", "description", "author", "inputs", "outputs", "runs", "branding"))
_ENTRIES = ("main", "pre", "post", "entrypoint", "pre-entrypoint", "post-entrypoint")
_RUNS = frozenset(("using", "steps", "image", "args", "env", "plugin", "pre-if", "post-if", *_ENTRIES))


def read(data: bytes, path: str, limits: Limits) -> Action:
    """What an `action.yml` says."""
    draft = Draft(path, limits)
    body = draft.load(data)
    runs = draft.mapping(body, "runs") if body is not None else None
    if body is None or runs is None:
        if body is not None and body.get("runs") is None:
            draft.problem(ProblemKind.UNSUPPORTED, "a file without `runs` is no action of GitHub's", 1)
        return Action(path, problems=draft.problems())
    draft.unknown_keys(body, _ACTION, "the action")
    draft.unknown_keys(runs, _RUNS, "`runs`")
    using = draft.text(runs, "using")
    if not using:
        draft.problem(ProblemKind.TRUNCATED, "`runs` without `using`", runs.line)
    steps = read_steps(draft, runs, lambda shell, *_: dialect_of(shell))
    for step in steps:
        if step.run and not step.shell:
            draft.problem(ProblemKind.MALFORMED, "a script of an action needs `shell`", step.line)
    return Action(
        path=path,
        name=draft.text(body, "name"),
        using=using,
        image=draft.text(runs, "image"),
        inputs=_values(draft, body, "inputs", "default"),
        outputs=_values(draft, body, "outputs", "value"),
        env=draft.settings(runs, "env"),
        entry=tuple(text for key in _ENTRIES if (text := draft.text(runs, key))),
        steps=steps,
        problems=draft.problems(),
    )


def _values(draft: Draft, body: Mapping, key: str, value: str) -> tuple[Setting, ...]:
    block = draft.mapping(body, key)
    if block is None:
        return ()
    found = []
    for name, item in block.items():
        if item is not None and not isinstance(item, Mapping):
            draft.wrong(f"{key}.{name[:60]}", "a mapping", block.lines[name])
        text = draft.text(item, value) if isinstance(item, Mapping) else ""
        found.append(Setting(name, text, block.lines[name]))
    return tuple(found)


FORMAT = PipelineFormat("github-action", ("action.yml", "action.yaml"), read)
