"""A tool file is what tells an editor, an agent or a dev container what to start, trust and obey.

Readers make these values; nothing here was started, fetched or asked. No value of a credential is ever in
them: readers drop it and keep its name. Lines count from 1, 0 = unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from .code import Firmness
from .lockfile import Problem
from .pipeline import Setting
from .shell import Command
from .source import UNKNOWN, Source


class Moment(StrEnum):
    """When something starts; the words complete "it starts …"."""

    FOLDER = "when somebody opens this folder"
    AGENT = "when the agent starts"
    EVENT = "while the agent works"
    HOST = "on the machine itself, before the container is made"
    CONTAINER = "in the container, when it is made or started"
    ASKED = "when somebody asks for it"


class LaunchKind(StrEnum):
    """What is started: an MCP server, an event's hook, a task, or a command that a setting names."""

    SERVER = "server"
    HOOK = "hook"
    TASK = "task"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Given:
    """One name that something is given, and where its value comes from.

    `via` is `env`, `header`, `argument`, `address`, `file` or `setting`. `variables` are the names of
    variables that the value is taken from. `credential`: a literal credential stands here (the value itself
    was dropped). `surely`: it had the form of a known kind of token, not only a name that tells of one.
    """

    name: str
    line: int
    via: str = "env"
    variables: tuple[str, ...] = ()
    credential: bool = False
    surely: bool = False


@dataclass(frozen=True, slots=True)
class Launch:
    """One thing that is started as a process, or spoken to at an address.

    `commands` are its simple commands (one for an argument list), literal credentials in them replaced.
    `address` is a server's, without credentials. `event` is the moment as written (`SessionStart`,
    `folderOpen`, `initializeCommand`). `quiet`: the file asks that nothing of it be shown.
    """

    kind: LaunchKind
    name: str
    line: int
    moment: Moment
    commands: tuple[Command, ...] = ()
    address: Source = UNKNOWN
    given: tuple[Given, ...] = ()
    event: str = ""
    quiet: bool = False


class ReferenceKind(StrEnum):
    """What is taken from elsewhere."""

    EXTENSION = "extension"
    PLUGIN = "plugin"
    MARKETPLACE = "marketplace"
    SKILL = "skill"
    FEATURE = "feature"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class Reference:
    """One thing that comes from elsewhere, and how firmly it is fixed.

    `relation`: `installs` (without a question), `recommends`, `unwanted`, `pulls-in` (comes along with the
    extension `owner`), `offers` (a marketplace lists it) or `locks` (a lockfile fixes it). `source` without
    credentials.
    """

    kind: ReferenceKind
    name: str
    line: int
    pin: Firmness = Firmness.FLOATING
    ref: str = ""
    relation: str = "installs"
    owner: str = ""
    source: Source = UNKNOWN


class Trick(StrEnum):
    """How characters are hidden from whoever reads the file, in the words of a report."""

    TAGS = "tag characters, which spell text that nobody sees"
    SELECTORS = "runs of variation selectors, which can carry any bytes"
    BIDI = "characters that turn the direction of text around"
    RUN = "runs of characters of no width, which can carry any bytes"
    SPLIT = "characters of no width inside words"
    STRAY = "characters of no width"


@dataclass(frozen=True, slots=True)
class Hidden:
    """`count` hidden characters of one kind, the first of them at `line`."""

    trick: Trick
    line: int
    count: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of an instruction file that its readers do not see, or that only a machine can read.

    `where` is `comment`, `reference` (a link definition that nothing uses), `collapsed`, `unseen` (styled
    away), `aside` (pushed out of the window behind blanks) or `encoded` (a command that decodes and runs).
    `text` is cut, may hold anything, and is never repeated in a report.
    """

    where: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class ToolFile:
    """All that one file of a tool says.

    `tool` is whose file it is (`Claude Code`, `VS Code` …). `digest` is `sha256:` of its bytes. `settings`
    are those that can lower a guard, by their dotted names. `given` are names that belong to no launch.
    `role` is `settings`, `instructions` (text that an agent obeys) or `beside` (what lies beside a skill).
    """

    path: str
    format: str
    tool: str
    digest: str
    role: str = "settings"
    launches: tuple[Launch, ...] = ()
    references: tuple[Reference, ...] = ()
    settings: tuple[Setting, ...] = ()
    given: tuple[Given, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    passages: tuple[Passage, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """A person looked at the file at `path` and found it good as it was: its digest is `sha256:…`."""

    path: str
    digest: str


_TOOL = re.compile(
    r"(?:\A|/)(?:\.|opencode\.json|claude_desktop_config\.json|hooks/hooks\.json|devcontainer|SKILL\.md"
    r"|AGENTS\.|CLAUDE\.|GEMINI\.md|pip\.conf|pip\.ini|uv\.toml)|\.mdc\Z|\.code-workspace\Z"
)


def may_be_tool(path: str) -> bool:
    """A file of this path may be one of an editor, an agent or a dev container, told by its name alone."""
    return _TOOL.search(path) is not None
