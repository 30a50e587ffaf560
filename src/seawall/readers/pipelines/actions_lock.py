"""A lock of actions maps `owner/repo@ref` to one commit, for those workflows that it lists.

GitHub's own, `.github/workflows/actions.lock`, is obeyed when a listed workflow starts: v0.0.2 is known here,
v0.0.1 (whose keys end in `:sha1-…`) is read too. What another tool writes is read, and its tool is named:
nothing but that tool looks at it.
Sources: GitHub's documentation of workflow dependency lockfiles and the schemas of github/actions-lockfile;
the documentation of gh-actions-lockfile (`actions.lock.json`, version 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.pipeline import ActionsLock, LockedAction
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax.yaml import Mapping

from ._github import Draft

GITHUB_TOOL = "gh actions-lock"
_OTHER_TOOL = "gh-actions-lockfile"
_VERSIONS = frozenset(("v0.0.1", "v0.0.2"))
_PIN = re.compile(r"([\w.-]+/[\w./-]+)@([^\s@:][^\s:]*?)(?::sha(?:1|256)-[0-9a-f]+)?\Z", re.ASCII)
_COMMIT = re.compile(r"(?:sha1-)?([0-9a-f]{40})\Z|(?:sha256-)?([0-9a-f]{64})\Z", re.ASCII)
_LOCK = frozenset(("version", "workflows", "dependencies"))
_ENTRY = frozenset(("ref", "tag", "branch", "commit", "owner_id", "repo_id", "uses"))


def read(data: bytes, path: str, limits: Limits) -> ActionsLock:
    """What an `actions.lock` says."""
    draft = Draft(path, limits)
    body = draft.load(data)
    if body is None:
        return ActionsLock(path, problems=draft.problems())
    if "actions" in body and "dependencies" not in body:
        return _of_another_tool(draft, body)
    draft.unknown_keys(body, _LOCK, "the lock")
    version = draft.text(body, "version")
    if version not in _VERSIONS:
        line = body.lines.get("version", 1)
        draft.problem(ProblemKind.UNSUPPORTED, "a version that is not known; read as v0.0.2", line)
    locked = tuple(_locked(draft, body))
    workflows = tuple(_workflows(draft, body))
    known = {f"{item.name}@{item.ref}" for item in locked}
    for where, names in workflows:
        if any(name not in known for name in names):
            line = body.lines["workflows"]
            draft.problem(ProblemKind.TRUNCATED, f"an action of {where[:80]} is not in the lock", line)
    return ActionsLock(path, locked, GITHUB_TOOL, workflows, draft.problems())


def _locked(draft: Draft, body: Mapping) -> Iterator[LockedAction]:
    for key, entry, line in draft.named(body, "dependencies"):
        draft.unknown_keys(entry, _ENTRY, "an entry of the lock")
        pin, commit = _pin(draft, key, line), _commit(draft, draft.text(entry, "commit"), line)
        uses = tuple(_pin(draft, text, at) for text, at in draft.texts_with_lines(entry, "uses"))
        if pin and commit:
            name, _, ref = pin.partition("@")
            yield LockedAction(name, ref, commit, line, tuple(filter(None, uses)))


def _workflows(draft: Draft, body: Mapping) -> Iterator[tuple[str, tuple[str, ...]]]:
    block = draft.mapping(body, "workflows")
    for path in block or ():
        if block is not None:
            pins = (_pin(draft, text, line) for text, line in draft.texts_with_lines(block, path))
            yield path, tuple(filter(None, pins))


def _of_another_tool(draft: Draft, body: Mapping) -> ActionsLock:
    found = []
    block = draft.mapping(body, "actions")
    for name in block or ():
        for entry, line in draft.entries(block, name) if block is not None else ():
            pin = _pin(draft, f"{name}@{draft.text(entry, 'version')}", line)
            commit = _commit(draft, draft.text(entry, "sha"), line)
            uses = [
                _pin(draft, draft.text(one, "ref"), at) for one, at in draft.entries(entry, "dependencies")
            ]
            if pin and commit:
                ref = pin.partition("@")[2]
                found.append(LockedAction(name.lower(), ref, commit, line, tuple(filter(None, uses))))
    return ActionsLock(draft.path, tuple(found), _OTHER_TOOL, problems=draft.problems())


def _pin(draft: Draft, text: str, line: int) -> str:
    """`owner/repo@ref`, the name in lower case; empty, with a problem, when it is none."""
    match = _PIN.match(text)
    if match is None:
        draft.problem(ProblemKind.MALFORMED, "an entry that is not `owner/repo@ref`", line)
        return ""
    return f"{match[1].lower()}@{match[2]}"


def _commit(draft: Draft, text: str, line: int) -> str:
    match = _COMMIT.match(text)
    if match is None:
        kind = ProblemKind.MALFORMED if text else ProblemKind.TRUNCATED
        draft.problem(kind, "an entry without a full commit", line)
        return ""
    return match[1] or match[2]


FORMAT = PipelineFormat("actions-lock", ("actions.lock", "actions.lock.json"), read)
