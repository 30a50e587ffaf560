"""Whatever the start-up files of a shell source, evaluate or fetch runs in every shell.

Read with the shell's grammar (extra `reach`); nothing is expanded or run. Variables that are given a literal
credential here are credentials, by their names.
Source: the Bash, Zsh and POSIX manuals of start-up files; `source`, `.` and `eval`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.credential import Credential
from seawall.kernel.discretion import Guard
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.machine import Installed
from seawall.kernel.reach.commands import At, codes_of
from seawall.kernel.reach.ground import NO_GROUND
from seawall.kernel.secrecy import known_token, names_a_secret
from seawall.kernel.shell import Command, Script, Word
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.shell import parse_script
from seawall.readers.syntax.text import decode

_ASSIGNED = re.compile(r"([A-Za-z_]\w{0,119})=(.*)\Z", re.DOTALL)
_EXPORTING = frozenset({"export", "declare", "typeset", "readonly", "local"})
_MOST = 200

WHEN = "when a shell starts"


def read(
    data: bytes, path: str, limits: Limits
) -> tuple[tuple[Installed, ...], tuple[Credential, ...], tuple[Problem, ...]]:
    """(what runs, credentials that stand there, what was not understood). Never raises."""
    try:
        text = decode(data, replace(limits, file_bytes=limits.script_bytes))
    except SyntaxFault as fault:
        return (), (), (Problem(path, fault.kind, "it was not understood", fault.line),)
    script = parse_script(text, limits)
    guard = Guard(text)
    codes = dict.fromkeys((*_sourced(script, path, guard), *_brought(script, path, guard)))
    credentials = tuple(_credentials(script, path, guard))[:_MOST]
    problems = tuple(Problem(path, one.kind, _said(one), one.line) for one in script.problems)
    return tuple(Installed(code) for code in list(codes)[:_MOST]), credentials, problems


def _said(problem: Problem) -> str:
    """Our own words about a grammar that is not installed are kept; all others may repeat the script."""
    ours = problem.kind is ProblemKind.NOT_INSTALLED
    return problem.message if ours else "not all of it was understood"


def _sourced(script: Script, path: str, guard: Guard) -> Iterator[Code]:
    for number, command in enumerate(script.commands):
        words = command.words
        if command.program in ("source", ".") and len(words) > 1:
            yield _hook(_target(words[1], guard), path, command, "sourced")
        elif command.program == "eval":
            inside = [c for c in script.commands if c.inside == number and c.words]
            for inner in inside[:4]:
                yield _hook(guard.name(inner.program, "a command"), path, inner, "its output is evaluated")


def _target(word: Word, guard: Guard) -> str:
    text = re.sub(r"\A(?:\$\{?HOME\}?|~)/", "~/", word.text)
    return guard.name(text[:120], "a file")


def _hook(name: str, path: str, command: Command, note: str) -> Code:
    return Code(CodeKind.HOOK, name, Firmness.VERSION, path, command.line, condition=WHEN, note=note)


def _brought(script: Script, path: str, guard: Guard) -> Iterator[Code]:
    """What commands fetch and run: installs, `curl | sh`, `npx`."""
    for code in codes_of(script, "", NO_GROUND, At(path, 1)):
        yield replace(
            code,
            name=guard.name(code.name),
            ref=guard.name(code.ref, ""),
            packages=guard.names(code.packages),
            manifests=(),
            condition=WHEN,
        )


def _credentials(script: Script, path: str, guard: Guard) -> Iterator[Credential]:
    for command in script.commands:
        exported = command.program in _EXPORTING
        pairs = list(command.assignments) if exported or not command.words else []
        if exported:
            split = ((_ASSIGNED.match(word.text), word) for word in command.words[1:])
            pairs += [(found[1], replace(word, text=found[2])) for found, word in split if found]
        for name, word in pairs:
            if _literal(name, word):
                note = "exported to everything that a shell starts"
                yield Credential("dotenv", guard.name(name, "a variable"), path, command.line, note=note)


def _literal(name: str, word: Word) -> bool:
    text = word.text.strip()
    plain = len(text) > 7 and not word.variables and not text.startswith(("$", "`", "/", "~"))
    return plain and word.literal and (names_a_secret(name) or known_token(text))
