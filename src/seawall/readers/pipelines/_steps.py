"""Steps are read alike in workflows and in composite actions; a script is parsed as its shell reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.pipeline import InputScript, Step
from seawall.kernel.reach.script_inputs import script_inputs
from seawall.kernel.shell import Script
from seawall.readers.syntax.shell import parse_script
from seawall.readers.syntax.yaml import Mapping

from ._github import Dialect, Draft, condition, is_true

_STEP = frozenset(
    (
        "name", "id", "if", "uses", "run", "with", "env", "shell", "working-directory", "continue-on-error",
        "timeout-minutes", "background", "wait", "wait-all", "cancel", "parallel",
    )
)  # fmt: skip
_WAITS = ("wait", "wait-all", "cancel")
_DIALECTS = {"pwsh": "pwsh", "powershell": "pwsh", "cmd": "cmd"}
_PROGRAM = re.compile(r"(?:.*[/\\])?([A-Za-z]+)[0-9.]*(?:\.exe)?$")
_ON_WINDOWS = re.compile(
    r"(?<!!)(?<!! )(?:==\s*|(?:startsWith|endsWith|contains)\([\w.-]+,\s*)'[\w.-]*windows", re.IGNORECASE
)
_POWERSHELL = re.compile(
    r"(?m)^\s*\$\w+\s*\+?=|\$env:\w|(?:^|[({|;=]\s*|^\s+)(?:Get|Set|New|Invoke|Write|Start|Expand|Out|Add|Remove|Copy|"
    r"Test|Import|Move)-[A-Z]\w+\b"
)
_SHELLS = frozenset(("bash", "sh", "dash", "zsh", "ksh", "ash"))


def read_steps(draft: Draft, body: Mapping, dialect: Dialect) -> tuple[Step, ...]:
    """All steps at `steps`, those of `parallel` groups one by one in their place."""
    flat = enumerate(_flat(draft, body, "steps", 0))
    return tuple(_step(draft, item, line, dialect, index) for index, (item, line) in flat)


def _flat(draft: Draft, body: Mapping, key: str, depth: int) -> Iterator[tuple[Mapping, int]]:
    for item, line in draft.entries(body, key):
        if "parallel" in item and depth < draft.limits.nesting:
            draft.unknown_keys(item, frozenset(("parallel",)), "a group of parallel steps")
            for inner, inner_line in _flat(draft, item, "parallel", depth + 1):
                copy = Mapping(inner.line)
                copy.update(inner)
                copy.lines, copy.begun = {**inner.lines, "background": inner_line}, inner.begun
                copy["background"] = "true"
                yield copy, inner_line
        else:
            yield item, line


def _step(draft: Draft, body: Mapping, line: int, dialect: Dialect, index: int) -> Step:
    draft.unknown_keys(body, _STEP, "a step")
    uses, run, shell = (draft.text(body, key) for key in ("uses", "run", "shell"))
    when = condition(draft.text(body, "if"))
    if ("uses" in body) == ("run" in body) and not any(key in body for key in _WAITS):
        draft.problem(ProblemKind.MALFORMED, "a step needs exactly one of `uses` and `run`", line)
    return Step(
        index=index,
        line=line,
        name=draft.text(body, "name"),
        id=draft.text(body, "id"),
        uses=uses.strip(),
        run=run,
        run_line=body.begins("run") if "run" in body else 0,
        script=_script(draft, body, run, dialect(shell, when, run)) if "run" in body else None,
        shell=shell,
        inputs=draft.settings(body, "with"),
        env=draft.settings(body, "env"),
        condition=when,
        directory=draft.text(body, "working-directory"),
        continues=is_true(draft.text(body, "continue-on-error")),
        background=is_true(draft.text(body, "background")),
        scripts=tuple(_given_scripts(draft, body, uses)) if uses else (),
    )


def _given_scripts(draft: Draft, body: Mapping, uses: str) -> Iterator[InputScript]:
    """The inputs that the action is known to run as scripts."""
    known, inputs = script_inputs(uses), body.get("with")
    if known is None or not isinstance(inputs, Mapping):
        return
    shell = next((draft.text(inputs, key) for key in inputs if key.lower() == "shell"), "")
    for key, value in inputs.items():
        if key.lower() in known.scripts and isinstance(value, str) and value.strip():
            script = _script(draft, inputs, value, known.dialect or dialect_of(shell), key)
            yield InputScript(key.lower(), script, inputs.begins(key))


def _script(draft: Draft, body: Mapping, text: str, dialect: str, key: str = "run") -> Script:
    line, known = body.begins(key), (dialect, text)
    if known not in draft.scripts:
        draft.scripts[known] = parse_script(text, draft.limits, dialect)
    script = draft.scripts[known]
    for problem in script.problems:
        # That our grammar does not know a part of a script is no defect of the workflow.
        unknown = problem.kind is ProblemKind.MALFORMED
        kind = ProblemKind.UNSUPPORTED if unknown else problem.kind
        draft.problem(kind, problem.message, line + max(problem.line, 1) - 1)
    return script


def dialect_of(shell: str) -> str:
    """The dialect of a `shell:` as written: `sh`, `pwsh`, `cmd`, `python`, or the program's own name.

    An expression may be any shell; it is read as `sh`, which most are.
    """
    words = shell.split()
    if not words or "${{" in shell:
        return "sh"
    name = _PROGRAM.match(words[0])
    program = name[1].lower() if name else ""
    if program == "env" and len(words) > 1:
        return dialect_of(" ".join(words[1:]))
    if program in _SHELLS:
        return "sh"
    if program == "python":
        return "python"
    return _DIALECTS.get(program, program or "sh")


def is_windows(labels: Sequence[str], condition: str, text: str) -> bool:
    """A step runs on Windows only: every system named is Windows, or its `if` or its script says so."""
    systems = [label.lower() for label in labels]
    named = [label for label in systems if label.startswith(("windows", "ubuntu", "macos", "linux"))]
    windows = [label for label in named if label.startswith("windows")]
    if windows and len(windows) == len(named):
        return True
    may_be = bool(windows) or any("${{" in label for label in labels)
    return may_be and bool(_ON_WINDOWS.search(condition) or _POWERSHELL.search(text))
