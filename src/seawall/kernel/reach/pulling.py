"""What scripts take from outsiders: a pull request's head by git or gh, artifacts of another run by gh.

Taken, not yet run: what runs it later is told elsewhere (importing.py, artifacts.py).
Source: git-fetch(1), git-merge(1), the manuals of `gh pr checkout` and `gh run download`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.shell import Command, Word

from .edge import Line
from .importing import program_of

if TYPE_CHECKING:
    from .steps import Piece, Run

HEAD = re.compile(
    r"pull_request\.head|workflow_run\.head|\.head\.(?:ref|sha|repo)\b|head_ref|refs/pull/|event\.number"
    r"|head_sha|issue\.number"
)
"""Expressions that name what the author of a pull request chose."""
NAME, NOTE = "head of the pull request", "whoever opens a pull request writes it"
_BRANCH = re.compile(r"\bpull/(?:\$\{\{[^}]*\}\}|[^/\s])+/(?:head|merge)(?::(?P<local>\S+))?")
_TAKING = frozenset(
    ("checkout", "switch", "merge", "reset", "pull", "rebase", "cherry-pick", "restore", "worktree")
)
_HEAD_VARIABLE = "GITHUB_HEAD_REF"
_UNPACKS = frozenset(("unzip", "tar", "7z", "bsdtar"))
_VALUES = {"-n": "name", "--name": "name", "-p": "name", "--pattern": "name", "-D": "dir", "--dir": "dir"}


def pulled(run: Run) -> Iterator[Code]:
    """The head of a pull request that a step's scripts bring into the working tree, once."""
    chosen = _chosen_outside(run)
    for piece in run.pieces:
        fetched: set[str] = set()
        for command in piece.script.commands:
            program, texts = program_of(command), command.texts
            if program == "gh" and _follows(texts, "pr", "checkout"):
                yield _head(run, piece, command)
                return
            verb = _verb(texts) if program == "git" else ""
            about = any(_outside(word, chosen) for word in command.words) if verb else False
            if verb == "fetch":
                named = (match["local"] for text in texts for match in _BRANCH.finditer(text))
                fetched |= {"FETCH_HEAD", *(name for name in named if name)} if about else set()
            elif verb in _TAKING and (about or not fetched.isdisjoint(texts)):
                yield _head(run, piece, command)
                return


def _head(run: Run, piece: Piece, command: Command) -> Code:
    line = piece.line + command.line - 1
    return Code(
        CodeKind.SOURCE,
        NAME,
        Firmness.NONE,
        piece.path,
        line,
        run.top,
        runs="import",
        via=piece.via,
        note=NOTE,
    )


def _chosen_outside(run: Run) -> frozenset[str]:
    """The step's variables that hold what the author of a pull request chose."""
    return frozenset((_HEAD_VARIABLE, *(item.name for item in run.step.env if HEAD.search(item.value))))


def _outside(word: Word, chosen: frozenset[str]) -> bool:
    named = not chosen.isdisjoint(word.variables) or bool(_BRANCH.search(word.text))
    return named or any(HEAD.search(inner) for inner in word.expressions)


def _verb(texts: Sequence[str]) -> str:
    """The command of `git -C dir -c a=b command`."""
    rest = list(texts[1:])
    while rest and rest[0].startswith("-"):
        del rest[: 2 if rest[0] in ("-C", "-c") else 1]
    return rest[0] if rest else ""


def _follows(texts: Sequence[str], *words: str) -> bool:
    return tuple(texts[1 : 1 + len(words)]) == words


def downloaded(run: Run) -> Iterator[tuple[str, Line, str]]:
    """(name, line, directory) of artifacts that `gh run download` takes from another run."""
    for piece in run.pieces:
        commands = piece.script.commands
        for place, command in enumerate(commands):
            if program_of(command) != "gh" or not _follows(command.texts, "run", "download"):
                continue
            if _of_this_run(command):
                continue
            given = {
                _VALUES[a]: b for a, b in zip(command.texts, command.texts[1:], strict=False) if a in _VALUES
            }
            unpacked = any(program_of(later) in _UNPACKS for later in commands[place:])
            folder = "" if unpacked else given.get("dir", "")
            yield given.get("name", ""), Line(piece.path, piece.line + command.line - 1), folder


def _of_this_run(command: Command) -> bool:
    return any(
        "GITHUB_RUN_ID" in word.variables or any("github.run_id" in inner for inner in word.expressions)
        for word in command.words
    )
