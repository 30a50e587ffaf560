"""A call is a command that starts a task of the tree itself: `make test`, `tox -e lint`, `./build.sh`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CallKind = Literal[
    "make", "just", "nox", "tox", "npm", "sh", "docker-build", "compose", "pre-commit", "python"
]
"""Who carries the task out. `npm` is any manager that runs package.json scripts, `sh` any shell file."""


@dataclass(frozen=True, slots=True)
class Call:
    """One task that one command names; a command that names two (`make lint test`) is two calls.

    `name`: target, recipe, session, environment or script as written, empty = the default. For `npm` also
    the life cycles `install` (`npm ci`, `npm install` of the tree itself, unless scripts are off) and
    `publish`. For `docker-build` the stage (`--target`), empty = the last; for `compose` the service and for
    `pre-commit` the hook, empty = all; for `sh` and `python` always empty.
    `directory`: where it is carried out, relative to the tree's top with `/`, `.` = the top, `?` = not known;
    `-C DIR`, `--prefix DIR` and a `cd` before it are already in it. Of a `docker build` without `-f` it is
    the context.
    `file`: the file as written where the command names one (`make -f FILE`, `bash FILE`, `./FILE`), relative
    to `directory`, empty = the tool's own choice.
    `line` and `condition` are the command's. `workspace` of `npm`: the directory or package name after `-w`
    or `--filter`, as written; `*` = all of them.
    """

    kind: CallKind
    name: str = ""
    directory: str = "."
    file: str = ""
    line: int = 0
    condition: str = ""
    workspace: str = ""
