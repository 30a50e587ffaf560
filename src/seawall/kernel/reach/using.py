"""What `uses:` and `image:` name becomes a code item: whose code, and how firmly its bytes are fixed.

Sources: GitHub's workflow syntax (`jobs.<id>.steps[*].uses`), OCI image references.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from posixpath import normpath

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.pipeline import ActionsLock

_COMMIT = re.compile(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?\Z")
_TAG = re.compile(r"v?\d+(?:\.\d+)*(?:[-+.][0-9A-Za-z.-]+)?\Z", re.IGNORECASE)
_OURS = ("./", "$/", "../")

Locked = frozenset[str]
"""What a lock fixes for one workflow, as `name@ref` with the name in lower case."""


@dataclass(frozen=True, slots=True)
class Used:
    """A `uses` in its parts. `kind` is `local`, `docker` or `action`; `name` is a path for local ones."""

    kind: str
    name: str
    ref: str = ""


def used(text: str) -> Used:
    """The parts of a `uses`. `$/…` and `./…` are the repository itself."""
    text = text.strip()
    if text.startswith(_OURS):
        path = normpath(text.removeprefix("$/").partition("@")[0])
        return Used("local", path)
    if text.startswith("docker://"):
        return Used("docker", text.removeprefix("docker://"))
    name, _, ref = text.partition("@")
    return Used("action", name.strip("/"), ref)


_OBEYED = "gh actions-lock"


def locked_for(locks: Iterable[ActionsLock], path: str) -> Locked:
    """What the locks that the runner obeys fix for the workflow at `path`."""
    found: set[str] = set()
    for lock in locks:
        if lock.tool not in ("", _OBEYED):
            continue
        if lock.workflows and all(workflow != path for workflow, _ in lock.workflows):
            continue
        found.update(_folded(f"{item.name}@{item.ref}") for item in lock.locked)
    return frozenset(found)


def known_commits(locks: Iterable[ActionsLock]) -> dict[str, str]:
    """`name@ref`, the name in lower case → its commit, where every lock of the tree that tells agrees.

    A lock that the runner does not obey fixes nothing, but it says what was meant.
    """
    found: dict[str, str] = {}
    for lock in locks:
        for item in lock.locked:
            key = _folded(f"{item.name}@{item.ref}")
            found[key] = item.commit if found.get(key, item.commit) == item.commit else ""
    return {key: commit for key, commit in found.items() if commit}


def commit_of(name: str, ref: str, commits: Mapping[str, str]) -> str:
    """The commit that a lock tells for an action, or for the repository it lies in; empty for none."""
    repository = "/".join(name.split("/")[:2])
    return commits.get(_folded(f"{name}@{ref}")) or commits.get(_folded(f"{repository}@{ref}")) or ""


def _folded(text: str) -> str:
    name, at, ref = text.partition("@")
    return f"{name.lower()}{at}{ref}"


def action_firmness(name: str, ref: str, locked: Locked) -> Firmness:
    """How firmly `name@ref` is fixed. A lock of actions fixes a tag; a commit needs none."""
    if _COMMIT.match(ref):
        return Firmness.SHA
    repository = "/".join(name.split("/")[:2])
    if _folded(f"{name}@{ref}") in locked or _folded(f"{repository}@{ref}") in locked:
        return Firmness.LOCKFILE
    if "${{" in ref or not ref:
        return Firmness.FLOATING
    return Firmness.TAG if _TAG.match(ref) else Firmness.BRANCH


def image_firmness(image: str) -> tuple[str, str, Firmness]:
    """(name, tag or digest, how firmly it is fixed) of an image reference."""
    name, at, digest = image.partition("@")
    if at and digest.startswith("sha256:"):
        return name, digest, Firmness.SHA
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return name, "", Firmness.FLOATING
    loose = tag == "latest" or "${{" in tag
    return head, tag, Firmness.FLOATING if loose else Firmness.TAG


def action_code(
    text: str, path: str, line: int, step: int, locked: Locked, kind: CodeKind = CodeKind.ACTION
) -> Code | None:
    """The code item of a `uses` that is not the repository's own, else None."""
    parts = used(text)
    if parts.kind == "local" or not parts.name:
        return None
    if parts.kind == "docker":
        return image_code(parts.name, path, line, step)
    pin = action_firmness(parts.name, parts.ref, locked)
    return Code(kind, parts.name, pin, path, line, step, parts.ref, "GitHub Actions")


def image_code(image: str, path: str, line: int, step: int = -1, contained: bool = False) -> Code:
    """The code item of a container image."""
    name, ref, pin = image_firmness(image)
    return Code(CodeKind.IMAGE, name, pin, path, line, step, ref, contained=contained)
