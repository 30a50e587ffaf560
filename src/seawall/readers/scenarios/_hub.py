"""A repository of a hub and its commits; each has the files of the one before it, and those it brings."""

from __future__ import annotations

from types import MappingProxyType

from seawall.kernel.hub import Kind
from seawall.kernel.scenario import PastCommit, PastRepository

from ._values import (
    Beside,
    Refused,
    Table,
    array,
    flag,
    maybe_time,
    pairs,
    refuse_unknown,
    texts,
    time,
    word,
    words,
)

_REPOSITORY = frozenset({"kind", "name", "created", "born", "gated", "code", "commit"})
_COMMIT = frozenset({"at", "files", "without", "flags", "bad", "note"})


def repository(item: Table, beside: Beside) -> PastRepository:
    """One [[repository]]. Raises Refused."""
    refuse_unknown(item, _REPOSITORY, "a repository")
    kind = word(item, "kind", "model")
    if kind not in list(Kind):
        raise Refused(f"kind must be one of {', '.join(Kind)}")
    commits: list[PastCommit] = []
    for one in array(item, "commit"):
        refuse_unknown(one, _COMMIT, "a commit")
        word(one, "note", "")
        kept = commits[-1].files if commits else {}
        gone = texts(one, "without")
        files = {path: data for path, data in kept.items() if path not in gone}
        files |= pairs(one, "files", beside)
        commits.append(
            PastCommit(time(one, "at"), MappingProxyType(files), words(one, "flags"), flag(one, "bad"))
        )
    name = word(item, "name")
    if not commits:
        raise Refused(f"{name} has no [[repository.commit]]")
    return PastRepository(
        kind,
        name,
        tuple(commits),
        maybe_time(item, "created"),
        maybe_time(item, "born"),
        flag(item, "gated"),
        tuple(texts(item, "code")),
    )
