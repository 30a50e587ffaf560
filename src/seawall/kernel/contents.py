"""What an archive holds is told by names, digests and what its code would do; nobody has run any of it.

A reader unpacks one wheel, source archive or npm tarball in memory and says what it saw. Everything here is
of the archive itself, never of what a registry says about it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from .lockfile import Problem


class Shape(StrEnum):
    """What kind of archive it is."""

    WHEEL = "wheel"
    SDIST = "sdist"
    NPM = "npm"


class Act(StrEnum):
    """What code does, as far as its text shows."""

    PROCESS = "starts a process"
    NETWORK = "opens a connection"
    DYNAMIC = "runs text as code"
    DECODED = "runs what it has decoded or fetched"
    ENVIRONMENT = "reads the whole environment"
    PERSISTENCE = "writes where things start by themselves"
    DISGUISED = "puts the name of what it calls together from pieces"


class Trace(StrEnum):
    """What the text of a file gives away, whatever its code does."""

    INVISIBLE = "a run of invisible characters"
    REORDERED = "characters that reorder the line"
    RENAMED = "names that an obfuscator made"
    ESCAPED = "plain letters written as escapes"
    BLOB = "a long encoded blob"
    PUSHED = "code pushed out of sight behind blanks"
    SECRETS = "the places where credentials lie"
    AGENTS = "a coding agent told to ask nobody"


@dataclass(frozen=True, slots=True)
class Sight:
    """Code at one place that does something. `code` is that line, cut to 120 characters.

    `at_load`: it happens as soon as the file is loaded; else only when a function is called.
    """

    act: Act
    path: str
    line: int
    code: str
    at_load: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Something odd in the text of a file; `note` says what and how much, without repeating it."""

    trace: Trace
    path: str
    line: int
    note: str


@dataclass(frozen=True, slots=True)
class Hook:
    """Code that runs without anybody importing the package.

    `kind` is what makes it run: an npm script (`postinstall`), `binding.gyp`, `.pth`, `sitecustomize`,
    `setup.py`, `cmdclass`, `build-backend`, `backend-path`. `path` is the file that says so, `code` what it
    says, `runs` the files of the archive that it starts, as far as it names them.
    """

    kind: str
    path: str
    code: str
    runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """One file of the archive. `path` is relative to the root of the package, with `/`.

    `digest` is `sha256:<hex>` of its bytes, empty where it was not read whole (large data). `native` names
    the kind of machine code (`ELF`, `PE`, `Mach-O`, `WebAssembly`, `Python bytecode`), empty for anything
    else.
    `code`: an interpreter would run it. `longest` is the length of its longest line, in bytes.
    """

    path: str
    size: int
    digest: str = ""
    executable: bool = False
    native: str = ""
    code: bool = False
    longest: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Everything that one archive holds, as it was read.

    `name` and `version` are what its own metadata says, empty where it says nothing. `dependencies` are
    (name, spec) of what an install brings; `elsewhere` those of them that come from git or an address.
    `loaded` are the code files that a user of the package would load; sights of other files do not count.
    `commands` are the commands it installs. `faults` say why it is not known whole; `outside` what would
    land out of its root.
    """

    shape: Shape
    filename: str
    name: str = ""
    version: str = ""
    files: tuple[Held, ...] = ()
    hooks: tuple[Hook, ...] = ()
    sights: tuple[Sight, ...] = ()
    marks: tuple[Mark, ...] = ()
    dependencies: tuple[tuple[str, str], ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()
    commands: tuple[str, ...] = ()
    loaded: frozenset[str] = frozenset()
    faults: tuple[Problem, ...] = ()
    outside: tuple[Problem, ...] = ()
    by_path: Mapping[str, Held] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @property
    def size(self) -> int:
        """Unpacked, in bytes."""
        return sum(item.size for item in self.files)


_STARTUP_FILES = re.compile(
    r"(?:^|/)(?:\.claude/.+|\.cursor/.+|\.cursorrules|\.windsurfrules|\.windsurf/.+|\.clinerules(?:/.+)?"
    r"|\.kiro/.+|\.gemini/.+|\.codex/.+|\.mcp\.json|mcp\.json|CLAUDE\.md|AGENTS\.md|GEMINI\.md"
    r"|\.github/(?:workflows/.+|copilot-instructions\.md)|\.vscode/(?:tasks|settings|launch)\.json"
    r"|\.devcontainer(?:/.+|\.json)|\.husky/.+|\.envrc|\.idea/.+)\Z"
)
"""Files that agents, editors, shells and CI act on when a directory is opened."""


def is_startup(path: str) -> bool:
    """Agents, editors, shells or CI act on a file of this name."""
    return bool(_STARTUP_FILES.search(path))
