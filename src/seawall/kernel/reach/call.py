"""A call is a command that starts a task of the tree itself: `make test`, `tox -e lint`, `./build.sh`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CallKind = Literal[
    "make", "just", "nox", "tox", "npm", "sh", "docker-build", "compose", "pre-commit", "python"
]
"""Who carries the task out. `python` is a Python file of the tree, `npm` any manager of package.json scripts."""


@dataclass(frozen=True, slots=True)
class Call:
    """One task that one command names; a command that names two (`make lint test`) is two calls.

    `name`: the target, recipe, session, environment or script as written, empty = the default one (`make`,
    `nox`); for `npm` also the life cycle `install` (`npm ci`, `npm install` of the tree itself) and `publish`.
    For `tox` the environment (`-e a,b` is two calls), empty = its `envlist`; for `docker-build` the stage
    (`--target`), empty = the last; for `compose` the service, empty = all; for `pre-commit` the hook, empty =
    all; for `sh` and `python` empty.
    `directory`: where it is carried out, relative to the top of the tree with `/`, `.` = the top, `?` = not
    known (a variable); `-C DIR`, `--prefix DIR`, `--chdir` and a `cd` before it are already in it. `workspace`:
    of `npm`: the directory or package name after `-w` or `--filter`, as written (`*` = `--workspaces`, `-r`).
    `file`: the file as written where the command names one (`make -f FILE`, `bash FILE`, `docker build -f
    FILE`, `tox -c FILE`, `just -f FILE`), relative to `directory`, empty = the tool's own choice.
    `line`: of the command; in the script as SHELL gives it, so a file line where the script holds file lines.
    `condition`: why it might not run, as in `Command`.
    """

    kind: CallKind
    name: str = ""
    directory: str = "."
    file: str = ""
    line: int = 0
    condition: str = ""
    workspace: str = ""
