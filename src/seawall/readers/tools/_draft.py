"""A tool file is drafted entry by entry; what is hidden in its text is looked for in every one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.pipeline import Setting
from seawall.kernel.source import UNKNOWN
from seawall.kernel.tool import (
    Given,
    Launch,
    LaunchKind,
    Moment,
    Passage,
    Reference,
    ToolFile,
)
from seawall.readers.syntax import jsonc
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from . import _commands, _given, _hidden

_MOST = 2_000
_LONGEST = 300
_TWICE = 10


@dataclass(slots=True)
class Draft:
    """A tool file in the making. `escapes`: its text is JSON, which may write characters as escapes."""

    path: str
    format: str
    tool: str
    data: bytes
    limits: Limits
    role: str = "settings"
    text: str = ""
    escapes: bool = False
    launches: list[Launch] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    passages: tuple[Passage, ...] = ()
    problems: list[Problem] = field(default_factory=list)

    def parsed(self) -> jsonc.Object:
        """The file as JSON with comments; an empty one says nothing, which is no fault."""
        self.escapes = True
        if not self.text.strip():
            return jsonc.Object()
        try:
            parsed = jsonc.parse(self.text, self.limits)
        except SyntaxFault as fault:
            self.problems.append(fault.at(self.path))
            return jsonc.Object()
        for key, line in parsed.twice[:_TWICE]:
            self.problem(f"the key {key[:60]!r} stands twice, and programs differ in which one counts", line)
        if isinstance(parsed.value, jsonc.Object):
            return parsed.value
        self.problem("an object was expected", 1)
        return jsonc.Object()

    def problem(self, message: str, line: int = 0) -> None:
        """Something in the file was not understood."""
        self.problems.append(Problem(self.path, ProblemKind.MALFORMED, message, line))

    def setting(self, name: str, value: object, line: int) -> None:
        """Keep one setting that may lower a guard; of a value no more than what tells whether it does."""
        if len(self.settings) < _MOST:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            kept, _ = _given.kept((text[:_LONGEST],), line)
            self.settings.append(Setting(name, kept[0], line))

    def launch(
        self,
        kind: LaunchKind,
        name: str,
        line: int,
        moment: Moment,
        command: object,
        *,
        event: str = "",
        given: Iterable[Given] = (),
        quiet: bool = False,
    ) -> None:
        """Keep one thing that is started: `command` is a shell line, or a list of words."""
        if self._full(line):
            return
        if isinstance(command, str):
            commands, found = _commands.of_shell(command, line)
        else:
            commands, found = _commands.of_words(words(command), line)
        if commands:
            every = tuple(dict.fromkeys((*given, *found)))
            self.launches.append(
                Launch(kind, name[:200], line, moment, commands, UNKNOWN, every, event, quiet)
            )

    def remote(self, launch: Launch, url: str) -> None:
        """Keep one thing that is spoken to at an address."""
        if not self._full(launch.line):
            source, found = _given.address(url, launch.line)
            self.launches.append(replace(launch, address=source, given=(*launch.given, *found)))

    def _full(self, line: int) -> bool:
        """Whether the file starts more than anybody looks at, which is told once."""
        if len(self.launches) < _MOST:
            return False
        if not any(p.kind is ProblemKind.TOO_MANY for p in self.problems):
            message = f"more than {_MOST} things that start; the rest was not read"
            self.problems.append(Problem(self.path, ProblemKind.TOO_MANY, message, line))
        return True

    def done(self) -> ToolFile:
        """The tool file."""
        return ToolFile(
            path=self.path,
            format=self.format,
            tool=self.tool,
            digest=f"sha256:{hashlib.sha256(self.data).hexdigest()}",
            role=self.role,
            launches=tuple(self.launches),
            references=tuple(self.references[:_MOST]),
            settings=tuple(self.settings),
            given=tuple(self.given[:_MOST]),
            hidden=_hidden.hidden(self.text, escapes=self.escapes),
            passages=self.passages,
            problems=tuple(self.problems),
        )


def begin(data: bytes, path: str, format_: str, tool: str, limits: Limits, role: str = "settings") -> Draft:
    """A draft of the file, with its text; one that cannot be read has a problem and no text."""
    draft = Draft(path, format_, tool, data, limits, role)
    try:
        most = limits.source_bytes if role == "beside" else limits.tool_bytes
        draft.text = decode(data, replace(limits, file_bytes=min(limits.file_bytes, most)))
    except SyntaxFault as fault:
        draft.problems.append(fault.at(path))
    return draft


def words(value: object) -> tuple[str, ...]:
    """The texts of a list; anything else in it is left out."""
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list | tuple) else ()


def text(value: object) -> str:
    """`value` if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def child(value: object, *keys: str) -> jsonc.Object:
    """The object below `value` at these keys, or an empty one."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, jsonc.Object) else jsonc.Object()


def children(value: object) -> Iterator[tuple[str, jsonc.Object, int]]:
    """(key, object, line) of every entry of an object that is an object itself."""
    if isinstance(value, jsonc.Object):
        for key, item in value.items():
            if isinstance(item, jsonc.Object):
                yield key, item, value.lines.get(key, 0)


def items(value: object) -> Iterator[tuple[object, int]]:
    """(item, line) of every item of an array."""
    if isinstance(value, jsonc.Array):
        yield from zip(value, value.lines, strict=True)


def deep(value: jsonc.Object, name: str) -> tuple[object, int]:
    """(value, line) of a setting by its dotted name, written with dots or nested; None, 0 = absent."""
    if name in value:
        return value[name], value.lines.get(name, 0)
    head, dot, rest = name.partition(".")
    while dot:
        inner = value.get(head)
        if isinstance(inner, jsonc.Object):
            found, line = deep(inner, rest)
            if line or found is not None:
                return found, line
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None, 0


def keep_settings(draft: Draft, value: jsonc.Object, names: Sequence[str]) -> None:
    """Keep those of the named settings that are there and are no lists or objects."""
    for name in names:
        found, line = deep(value, name)
        if found is not None and not isinstance(found, list | dict):
            draft.setting(name, found, line)
