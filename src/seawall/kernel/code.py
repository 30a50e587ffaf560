"""A code item is third-party code that runs at a place, and how firmly what will run there is fixed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CodeKind(StrEnum):
    """What brings the code in (design: action, image, install, script …)."""

    ACTION = "action"
    WORKFLOW = "workflow"
    IMAGE = "image"
    PACKAGES = "packages"
    TOOL = "tool"
    SCRIPT = "script"
    SOURCE = "source"
    ARTIFACT = "artifact"
    CACHE = "cache"
    MODEL = "model"
    AGENT = "agent"
    HOOK = "hook"
    EXTENSION = "extension"
    SERVER = "server"


class Firmness(StrEnum):
    """What fixes which bytes will run, from firmest to loosest.

    `sha`: a full commit or an image digest. `hash`: every file by hash. `lockfile`: a lockfile that the
    command obeys. `version`: an exact version (its dependencies float unless locked). `tag`, `branch`: a
    name that its owner can move. `range`: a bounded range. `floating`: whatever is newest. `none`: nothing
    fixes it and nobody signs for it (`curl | sh`, a prompt).
    """

    SHA = "sha"
    HASH = "hash"
    LOCKFILE = "lockfile"
    VERSION = "version"
    TAG = "tag"
    BRANCH = "branch"
    RANGE = "range"
    FLOATING = "floating"
    NONE = "none"


LOOSENESS = {pin: place for place, pin in enumerate(Firmness)}
"""How loosely code is pinned, 0 = a commit … 8 = not at all."""


@dataclass(frozen=True, slots=True)
class Code:
    """Third-party code at one line.

    `name`: `actions/checkout`, `npm install`, `pip install -r requirements.txt`, the image, the fetched
    address without credentials. `ref`: tag, commit, version or digest as written. `ecosystem` is the OSV name
    where it has one. `packages` are names asked for on the line, empty = those of a manifest or lockfile.
    `manifests` are the tree's files that say what comes in. `runs` tells when its code gets to run: `now`
    (this very command runs it: npx, an action, curl | sh, an install that runs hooks), `import` (a later
    command of the job has to import it) or `build` (only while something is built from source). `contained`:
    it runs inside a container build or a container without mounts; `given` are the variables that such a
    container is given all the same (`docker run -e NAME`, `@FILE` for a file of them). `via` is the chain of
    tasks through which the job gets there (`make test`, `tox -e lint`). `path` and `line` are where it
    stands; `step` is the step's index in its job, -1 = not in a step.
    """

    kind: CodeKind
    name: str
    pin: Firmness
    path: str
    line: int
    step: int = -1
    ref: str = ""
    ecosystem: str = ""
    packages: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    runs: str = "now"
    contained: bool = False
    via: tuple[str, ...] = ()
    condition: str = ""
    note: str = ""
    given: tuple[str, ...] = ()
