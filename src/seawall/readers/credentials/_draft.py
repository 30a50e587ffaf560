"""A file of credentials is drafted entry by entry; a file that is not understood gives no names away.

Nothing that the shared parsers say is repeated: their messages may hold a word of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from seawall.kernel.credential import Credential, CredentialFile, Held
from seawall.kernel.discretion import Guard
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.source import SourceKind, source_from_url
from seawall.readers.syntax import json, toml, yaml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

_MOST = 200
_T = TypeVar("_T")
_WORDS = {
    ProblemKind.MALFORMED: "it is not what its name promises",
    ProblemKind.TRUNCATED: "it ends too early",
    ProblemKind.TOO_LARGE: "it is too large",
    ProblemKind.TOO_DEEP: "it is nested too deep",
    ProblemKind.TOO_MANY: "it holds too much",
    ProblemKind.ENCODING: "it is not text",
}


def neutral_problem(problem: Problem) -> Problem:
    """The same without its own words, where these may repeat something of the file."""
    return replace(problem, message=_WORDS.get(problem.kind, "it was not understood"))


@dataclass(slots=True)
class Draft:
    """What a file keeps, in the making. `text` never leaves it."""

    path: str
    format: str
    kind: str
    limits: Limits
    text: str = field(default="", repr=False)
    guard: Guard = field(default_factory=Guard)
    found: list[Credential] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def keep(
        self,
        name: str,
        line: int = 0,
        *,
        kind: str = "",
        held: Held = Held.FILE,
        expires: str = "",
        renews: bool = False,
        encrypted: bool | None = None,
        scope: str = "",
        note: str = "",
    ) -> None:
        """Keep one credential by its name, or by its number where the name may be none."""
        if len(self.found) >= _MOST:
            if len(self.found) == _MOST and not self.problems:
                self.fault(ProblemKind.TOO_MANY, line)
            return
        known = self.guard.name(name.strip()[:120], "") or f"#{len(self.found) + 1}"
        what = self.guard.name(scope.strip()[:120], "")
        self.found.append(
            Credential(
                kind or self.kind, known, self.path, line, held, expires=expires, renews=renews,
                encrypted=encrypted, scope=what, note=note,
            )
        )  # fmt: skip

    def fault(self, kind: ProblemKind = ProblemKind.MALFORMED, line: int = 0) -> None:
        """Something was not understood."""
        self.problems.append(neutral_problem(Problem(self.path, kind, "", line)))

    def broken(self, kind: ProblemKind = ProblemKind.MALFORMED, line: int = 0) -> None:
        """The file is not what it should be: what it keeps is not known, and no name of it is believed."""
        self.found.clear()
        self.fault(kind, line)
        self.found.append(Credential(self.kind, "", self.path, note="not understood: it may hold anything"))

    def parsed(self, parse: Callable[[str, Limits], _T]) -> _T | None:
        """The text as its syntax reads it, None where it is empty or was not understood."""
        if not self.text.strip():
            return None
        try:
            return parse(self.text, self.limits)
        except SyntaxFault as fault:
            self.broken(fault.kind, fault.line)
            return None

    def json(self) -> object:
        """The text as JSON."""
        return self.parsed(json.load)

    def toml(self) -> dict[str, object]:
        """The text as TOML, an empty table where it is none."""
        return self.parsed(toml.load) or {}

    def yaml(self) -> object:
        """The text as YAML."""
        return self.parsed(yaml.load)

    def done(self) -> CredentialFile:
        """What was found."""
        return CredentialFile(self.path, self.format, tuple(self.found), tuple(self.problems))


def begin(data: bytes, path: str, format_: str, kind: str, limits: Limits) -> Draft:
    """A draft of the file, with its text; one that is no text is broken."""
    draft = Draft(path, format_, kind, limits)
    try:
        draft.text = decode(data, replace(limits, file_bytes=min(limits.file_bytes, limits.tool_bytes)))
    except SyntaxFault as fault:
        draft.guard = Guard(data[: limits.tool_bytes].decode("latin-1"))
        draft.broken(fault.kind, fault.line)
    else:
        draft.guard = Guard(draft.text)
    return draft


def table(value: object, *keys: str) -> dict[str, object]:
    """The mapping below `value` at these keys, or an empty one."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def tables(value: object) -> Iterator[tuple[str, dict[str, object]]]:
    """(key, mapping) of every entry of a mapping that is one itself."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict):
                yield str(key), item


def listed(value: object) -> Iterator[dict[str, object]]:
    """Every item of a list that is a mapping."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def text(value: object) -> str:
    """`value` if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def literal(value: object) -> bool:
    """Whether a credential stands here in so many characters, and not only the name of a variable."""
    found = text(value).strip().strip("\"'")
    return len(found) > 1 and not found.startswith(("${", "$(", "%("))


def host_of(address: str) -> str:
    """The host of an address, or the address up to its first slash; never its userinfo."""
    if "://" in address:
        return source_from_url(address, SourceKind.URL).host
    return address.strip("/ ").partition("/")[0].rpartition("@")[2].lower()
