"""A line is what a branch held, commit by commit: the first parents of its tip, and what each one changed.

What was merged into a branch counts from the merge on. Read newest first while git still writes, so that
whoever has seen enough ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from .git import Git, fields
from .objects import Entry, is_file
from .repository import ID

Changed = tuple[str, Entry | None, Entry | None]
"""(path, what was there before, what was there after); None = no file and no link."""


@dataclass(frozen=True, slots=True)
class Step:
    """One commit of a line. `parent` is the one before it, empty at the beginning (or where a clone is cut).

    `time` is the author's, `landed` the committer's, both in seconds.
    """

    commit: str
    parent: str
    time: int
    landed: int
    changes: tuple[Changed, ...]


@contextmanager
def steps(running: Git, tip: str, without: str, most: int, most_bytes: int) -> Iterator[Iterator[Step]]:
    """The commits of a line, newest first, at most so many, up to one that `without` leads to as well.

    Ends early where git's time or the bound on bytes runs out; `Git.late` tells of the time.
    """
    words = [
        "log", "--first-parent", "-m", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff",
        "--no-textconv", "--no-color", "--no-show-signature", f"--max-count={most}",
        "--format=tformat:%x01%H %at %ct %P", "--stdin",
    ]  # fmt: skip
    with running.asked(words, [tip, *([f"^{without}"] if without else ())]) as process:
        stream = process.stdout
        parts = fields(stream, most_bytes) if stream else iter(())
        yield _parsed(parts, lambda: process.wait() == 0)


def _parsed(stream: Iterator[bytes | None], whole: Callable[[], bool]) -> Iterator[Step]:
    """The last commit that is written is told only if git came to its end by itself."""
    head: list[str] = []
    changes: list[Changed] = []
    for raw in stream:
        if raw is None:
            return
        text = raw.lstrip(b"\n")
        if text[:1] == b"\1":
            if head:
                yield _step(head, changes)
            head, changes = text[1:].decode("ascii", "replace").split(), []
        elif text[:1] == b":":
            name = next(stream, None)
            if name is None:
                return
            changed = _changed(text.decode("ascii", "replace"), name.decode("utf-8", "surrogateescape"))
            if changed:
                changes.append(changed)
    if head and whole():
        yield _step(head, changes)


def _step(head: list[str], changes: list[Changed]) -> Step:
    times = [int(word) if word.lstrip("-").isdigit() else 0 for word in head[1:3]]
    parent = head[3] if len(head) > 3 and ID.match(head[3]) else ""
    return Step(head[0], parent, times[0], times[1] if len(times) > 1 else times[0], tuple(changes))


def _changed(text: str, path: str) -> Changed | None:
    """`:MODE MODE ID ID STATUS` of one path."""
    words = text[1:].split()
    if len(words) != 5:
        return None
    before, after = ((words[at], words[at + 2]) for at in (0, 1))
    old, new = before if is_file(before[0]) else None, after if is_file(after[0]) else None
    return (path, old, new) if old or new else None


def dates_go_back(running: Git, tips: Sequence[str], since: int) -> bool:
    """A commit from before `since` (Unix seconds) stands on one from after it, or git cannot tell.

    Whoever commits says when, so a branch may claim to be older than what it holds. Where that is so, a walk
    that ends at the first old commit would miss what lies behind it.
    """
    if not tips:
        return False
    late: set[str] = set()
    below: set[str] = set()
    with running.asked(["rev-list", "--timestamp", "--parents", "--stdin"], tips) as process:
        for line in process.stdout or ():
            when, commit, *parents = line.decode("ascii", "replace").split()
            if int(when) >= since:
                late.add(commit)
            else:
                below.update(parents)
        whole = process.wait() == 0
    return not whole or not late.isdisjoint(below)
