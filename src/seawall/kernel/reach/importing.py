"""R3′: a later command that imports or runs an installed package runs the package's code in its own process.

Which commands do is told by their program: an interpreter or build tool of the package's family, a program
that one of the packages brings, or a script of the tree. System tools (`security`, `codesign`, `git`, `cp`)
run none of it; what they are given is still in reach of a process that stayed behind (R3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from posixpath import basename

from seawall.kernel.code import Code, CodeKind
from seawall.kernel.shell import Command

from .programs import FAMILIES, GENERIC, KNOWN, PLAIN, WRAPPERS

_VERSIONED = re.compile(r"(python|pip|node|ruby)[\d.]*(?:\.exe)?\Z")
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=")
_SECONDS = re.compile(r"[\d.]+[smhd]?\Z")


def program_of(command: Command) -> str:
    """The base name of the program that really runs, wrappers taken off; `./…` keeps its `./`."""
    if command.words and (first := _base(command.words[0].text)) not in WRAPPERS and first != "timeout":
        return _program(command.words[0].text, first)
    words = list(command.texts)
    while words:
        word = words.pop(0)
        name = _base(word)
        if name not in WRAPPERS and name != "timeout":
            break
        while words and (words[0].startswith("-") or _ASSIGNED.match(words[0]) or _SECONDS.match(words[0])):
            words.pop(0)
    else:
        return ""
    return _program(word, name)


def _program(word: str, name: str) -> str:
    return f"./{name}" if word.startswith(".") and "/" in word else program_name(word)


@lru_cache(maxsize=4096)
def _base(word: str) -> str:
    return basename(word.replace("\\", "/"))


@lru_cache(maxsize=4096)
def program_name(word: str) -> str:
    """The base name of a program in lower case, without its version (`python3.12` is `python`)."""
    name = _base(word).lower()
    found = _VERSIONED.match(name)
    return found[1] if found else name


@dataclass(frozen=True, slots=True)
class Profile:
    """The programs that commands run, without those that load no package. `tree`: they run the tree's own."""

    programs: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()
    tree: bool = False


_APART = {
    ("npx",), ("pnpx",), ("bunx",), ("uvx",), ("pipx", "run"), ("uv", "tool"), ("pnpm", "dlx"),
    ("yarn", "dlx"), ("npm", "exec"), ("bun", "x"),
}  # fmt: skip
"""Commands that run one tool, which may bring its own packages."""
_ALWAYS_APART = frozenset(("uvx", "pipx", "uv"))


def loaded_by(command: Command) -> str:
    """The program whose packages a command loads, empty where a tool runs apart from what was installed.

    `npx tool` runs the tool that is installed where there is one; `npx tool@7`, `uvx tool` bring their own.
    """
    program = program_of(command)
    words = [word for word in command.texts if not word.startswith("-")]
    at = next((place for place, word in enumerate(words) if program_name(word) == program), 0)
    rest = words[at + 1 :]
    if (program,) in _APART or (program, *rest[:1]) in _APART:
        tool = rest[0] if (program,) in _APART and rest else rest[1] if len(rest) > 1 else ""
        apart = program in _ALWAYS_APART or "@" in tool[1:] or not tool
        return "" if apart else package_name(tool)
    return program


def profile(commands: Iterable[Command], followed: bool) -> Profile:
    """What some commands run. `followed`: scripts and tasks that they call are among the commands too."""
    programs = {name for command in commands if (name := loaded_by(command))}
    active = programs - PLAIN
    own = {name for name in active if name in GENERIC or name.startswith(("./", "$"))}
    # `make` of a Makefile that was followed runs what it says, and that stands here as well.
    return Profile(frozenset(active - own), frozenset(programs & PLAIN), bool(own) and not followed)


def imports(code: Code, what: Profile, companions: frozenset[str] = frozenset()) -> bool:
    """Whether these commands run what `code` brought in.

    `companions`: names of packages of the same family that the job installs; their programs load one another.
    """
    if code.kind in (CodeKind.SOURCE, CodeKind.ARTIFACT, CodeKind.CACHE):
        return what.tree or bool(what.programs)
    if code.kind not in (CodeKind.PACKAGES, CodeKind.TOOL):
        return False
    asked = {package_name(name) for name in code.packages}
    if what.programs & asked or what.plain & asked:
        return True
    family = FAMILIES.get(code.ecosystem)
    if family is None or code.kind is CodeKind.TOOL:
        return False  # apt, brew …, and tools in environments of their own: only a program that it brings
    if what.tree or what.programs & family or what.programs & companions:
        return True
    return not code.packages and bool(what.programs - KNOWN)


def package_name(text: str) -> str:
    """The name of a package as asked for on a command line, without version, extras and scope."""
    name = re.split(r"[=<>!~\[; ]", text.strip())[0]
    name = name if not name.startswith("@") else name[1:].partition("/")[2] or name
    return name.partition("@")[0].lower()


def companions(codes: Sequence[Code], ecosystem: str) -> frozenset[str]:
    """Names of all packages of one family that are asked for by name."""
    return frozenset(
        package_name(name) for code in codes if code.ecosystem == ecosystem for name in code.packages
    )
