"""A launch line is divided into its simple commands by shell quoting, so that the core needs no grammar.

Enough for the one-liners that tools' settings hold; scripts are read by readers/syntax/shell.py.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from posixpath import basename

from seawall.kernel.secrecy import variables_in
from seawall.kernel.shell import Command, Word
from seawall.kernel.tool import Given

from . import _given

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)\Z", re.DOTALL)
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash", "ksh", "fish"})
_POWERSHELLS = frozenset({"powershell", "pwsh"})
_PUNCTUATION = "();<>|&\n"
_LONGEST = 16_384
_DEEPEST = 3
_MOST = 200

Divided = tuple[tuple[Command, ...], tuple[Given, ...]]
"""The commands, literal credentials dropped, and what is given in them."""


def of_shell(text: str, line: int) -> Divided:
    """The simple commands of a shell line."""
    commands: list[Command] = []
    found: list[Given] = []
    for words, piped in _simple(text[:_LONGEST]):
        _add(words, line, piped, commands, found, 0)
    return tuple(commands), tuple(found)


def of_words(words: Sequence[str], line: int) -> Divided:
    """One command that is given as a list; what a shell in it is told to run is divided further."""
    commands: list[Command] = []
    found: list[Given] = []
    _add(list(words), line, False, commands, found, 0)
    return tuple(commands), tuple(found)


def _add(
    words: list[str], line: int, piped: bool, commands: list[Command], found: list[Given], depth: int
) -> None:
    if len(commands) >= _MOST or not words:
        return
    inner = _inner(words) if depth < _DEEPEST else None
    if isinstance(inner, str):
        for nested, pipe in _simple(inner[:_LONGEST]):
            _add(nested, line, pipe, commands, found, depth + 1)
        return
    if inner:
        _add(inner, line, piped, commands, found, depth + 1)
        return
    texts, one = _given.kept(words, line)
    found += one
    command = _command(texts, line)
    commands.append(replace(command, piped_from=len(commands) - 1) if piped and commands else command)


def _command(texts: Sequence[str], line: int) -> Command:
    assignments = []
    rest = list(texts)
    while rest and (assigned := _ASSIGNMENT.match(rest[0])):
        assignments.append((assigned[1], _word(assigned[2])))
        del rest[0]
    return Command(tuple(map(_word, rest)), line, tuple(assignments))


def _word(text: str) -> Word:
    names = variables_in(text)
    return Word(text, literal="$" not in text and "`" not in text, variables=names)


def _inner(words: Sequence[str]) -> str | list[str] | None:
    """What a shell is told to run: a line, a list of words, or nothing."""
    program = basename(words[0].replace("\\", "/")).lower().removesuffix(".exe")
    rest = list(words[1:])
    if program in _SHELLS:
        at = next((i for i, w in enumerate(rest) if re.fullmatch(r"-[a-z]*c", w)), -1)
        return rest[at + 1] if 0 <= at < len(rest) - 1 else None
    if program == "cmd" and rest and rest[0].lower() in ("/c", "/k", "/s"):
        return [w for w in rest if w.lower() not in ("/c", "/k", "/s", "/d")]
    if program in _POWERSHELLS:
        at = next((i for i, w in enumerate(rest) if w.lower() in ("-c", "-command")), -1)
        return " ".join(rest[at + 1 :]) if at >= 0 else None
    return None


def _simple(text: str) -> Iterator[tuple[list[str], bool]]:
    """(words, whether its input is the output of the one before) of every simple command."""
    words: list[str] = []
    piped = False
    skip = False
    for token in _tokens(text.replace("\\\n", " ")):
        if not (token and set(token) <= set(_PUNCTUATION)):
            if not skip:
                words.append(token)
            skip = False
        elif set(token) & set("<>") and not set(token) & set("|;()\n"):
            skip = True
            if words and words[-1].isdigit():
                del words[-1]
        else:
            if words:
                yield words, piped
                piped = token.strip("\n") in ("|", "|&")
            words, skip = [], False
    if words:
        yield words, piped


def _tokens(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_PUNCTUATION)
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:  # a quote that is not closed
        return text.split()
