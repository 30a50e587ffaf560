"""What the commands of a script bring in, call and leave behind. Pure: words in, code items and effects out."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.kernel.code import Code
from seawall.kernel.shell import Script

from .call import Call
from .ground import Ground


@dataclass(frozen=True, slots=True)
class At:
    """Where a script stands: `line` is the line of the file `path` on which its first line stands.

    `step` is the step's index in its job, -1 = not in a step. `via` is the chain of tasks that lead here.
    `env` are the variables it is given, values as written.
    """

    path: str
    line: int
    step: int = -1
    via: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """What a command leaves behind or makes, at its line of the script.

    `kind` is `github-env`, `github-path`, `github-output`, `secret-file`, `keychain-import`, `gpg-import`,
    `ssh-add`, `docker-login`, `npmrc`, `registry-login`, `cloud-login`, `sign`, `publish`, `decode` or
    `trace`. `detail`: the variable, file, registry, cloud or tool. `variables` are the names that the command
    uses, `expressions` the inner texts of the GitHub expressions in it.
    """

    kind: str
    detail: str
    variables: tuple[str, ...]
    line: int
    expressions: tuple[str, ...] = ()


def codes_of(script: Script, cwd: str, ground: Ground, at: At) -> tuple[Code, ...]:
    """The third-party code that a script brings in, with lines of the file. `cwd` is below the top."""
    del script, cwd, ground, at
    return ()


def calls_of(script: Script, cwd: str) -> tuple[Call, ...]:
    """The tree's own tasks that a script starts, with lines of the script."""
    del script, cwd
    return ()


def effects_of(script: Script) -> tuple[Effect, ...]:
    """What the commands of a script leave behind, with lines of the script."""
    del script
    return ()
