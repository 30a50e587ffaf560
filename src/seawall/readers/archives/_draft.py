"""What is known of an archive while it is read: each member is looked at once and then forgotten.

Two releases of a package are mostly the same files, so what was seen in a file is remembered by its digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from seawall.kernel.contents import Contents, Held, Hook, Mark, Shape, Sight, is_startup
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.readers.containers import tar
from seawall.readers.containers import zip as zips
from seawall.readers.containers.member import Kind, Member, Source, link_strays, strays
from seawall.readers.syntax import javascript, python_source
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.source_marks import marks

_PYTHON = (".py", ".pyw")
_JAVASCRIPT = (".js", ".mjs", ".cjs", ".jsx")
_OTHER = (".sh", ".bash", ".zsh", ".ps1", ".bat", ".cmd", ".vbs", ".pth", ".gyp", ".gypi", ".rb", ".pl")
_CODE = (*_PYTHON, *_JAVASCRIPT, *_OTHER)
_DESCRIBING = frozenset(
    {"package.json", "METADATA", "PKG-INFO", "WHEEL", "entry_points.txt", "pyproject.toml", "setup.cfg"}
)
_SMALL = 64 * 1024
"""Whatever is not larger is read whole, so that it is known whether it changed."""
_MOST_FAULTS = 20

_MAGIC = (
    (b"\x7fELF", "ELF"),
    (b"\xfe\xed\xfa\xce", "Mach-O"),
    (b"\xfe\xed\xfa\xcf", "Mach-O"),
    (b"\xce\xfa\xed\xfe", "Mach-O"),
    (b"\xcf\xfa\xed\xfe", "Mach-O"),
    (b"\0asm", "WebAssembly"),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in one file, whatever its path."""

    sights: tuple[Sight, ...] = ()
    marks: tuple[Mark, ...] = ()


class _Everything:
    def __contains__(self, digest: object) -> bool:
        return True


@dataclass(slots=True)
class Memory:
    """What was seen, by (digest, suffix), shared between the archives of one comparison.

    Files whose digest is in `known` are not looked at: both sides have them, so nothing in them is new.
    """

    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    imports: dict[str, frozenset[str]] = field(default_factory=dict)
    known: Container[str] = frozenset()

    def beside(self, files: Iterable[Held]) -> Memory:
        """The same, for the other side of a comparison with these files."""
        return replace(self, known=frozenset(item.digest for item in files))

    def of_names_only(self) -> Memory:
        """The same, for an archive of which only names, sizes and digests matter."""
        return replace(self, known=_Everything())


def native(head: bytes, path: str) -> str:
    """The kind of machine code that begins like this, empty for anything else."""
    if head[:2] == b"MZ" and len(head) >= 64:
        return "PE"
    if head[:4] in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf") and 0 < int.from_bytes(head[4:8], "big") < 32:
        return "Mach-O"
    if path.endswith((".pyc", ".pyo")):
        return "Python bytecode"
    return next((kind for mark, kind in _MAGIC if head.startswith(mark)), "")


@dataclass(slots=True)
class Draft:
    """One archive while it is read. `place` gives a member's path below the package's root."""

    shape: Shape
    filename: str
    limits: Limits
    memory: Memory
    place: Callable[[str], str]
    files: dict[str, Held] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    sights: list[Sight] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    imports: dict[str, frozenset[str]] = field(default_factory=dict)
    faults: list[Problem] = field(default_factory=list)
    outside: list[Problem] = field(default_factory=list)

    def fill(self, source: Source) -> None:
        """Look at every member; what stops the reading is a fault, and what was seen until then stays."""
        packed = source.read(0, 4)
        reader = zips.members if packed[:2] == b"PK" else tar.members
        try:
            for member in reader(source, self._wanted, self.limits):
                self._take(member)
        except SyntaxFault as fault:
            self.fault(fault)

    def fault(self, fault: SyntaxFault, path: str = "") -> None:
        """Keep why something is not known."""
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(fault.at(path))

    def missing(self, what: str) -> None:
        """The archive lacks what makes it one of its kind."""
        self.fault(SyntaxFault(ProblemKind.MALFORMED, f"it has no {what}"))

    def _wanted(self, name: str, size: int) -> bool:
        last = name.rpartition("/")[2]
        return size <= _SMALL or last in _DESCRIBING or name.lower().endswith(_CODE) or is_startup(name)

    def _take(self, member: Member) -> None:
        path = self.place(member.name)
        why = strays(member.name)
        if member.kind is Kind.LINK and link_strays(member.name, member.target):
            why = f"a link to {member.target[:80]}"
        elif member.kind is Kind.SPECIAL:
            why = "a device or pipe"
        if why:
            if len(self.outside) < _MOST_FAULTS:
                self.outside.append(Problem(member.name, ProblemKind.OUTSIDE, why))
            return
        if member.kind is not Kind.FILE:
            return
        code = path.lower().endswith(_CODE)
        if code and not member.whole:
            why = f"a source of {member.size} bytes, which is more than is looked at"
            self.fault(SyntaxFault(ProblemKind.TOO_LARGE, why), path)
        data = member.data if member.whole else b""
        digest = "sha256:" + hashlib.sha256(data).hexdigest() if member.whole else ""
        self.files[path] = Held(
            path,
            member.size,
            digest,
            member.executable,
            native(member.data, path),
            code,
            _longest(data) if code else 0,
        )
        if path.rpartition("/")[2] in _DESCRIBING or path.endswith((".pth", "setup.py", "binding.gyp")):
            self.texts[path] = data
        if (code and data) or (data and is_startup(path)):
            self._look(data, path, digest)

    def _look(self, data: bytes, path: str, digest: str) -> None:
        suffix = "." + path.rpartition(".")[2].lower()
        if suffix in _JAVASCRIPT:
            asked = self.memory.imports.get(digest)
            if asked is None:
                asked = self.memory.imports[digest] = javascript.imports(data)
            if asked:
                self.imports[path] = asked
        if digest in self.memory.known:
            return
        key = (digest, suffix)
        seen = self.memory.seen.get(key)
        if seen is None:
            seen = self.memory.seen[key] = _seen(data, path, suffix, self.limits)
        room = max(0, self.limits.sights - len(self.sights))
        self.sights += [_moved(item, path) for item in seen.sights[:room]]
        self.marks += [
            replace(item, path=path) for item in seen.marks if len(self.marks) < self.limits.sights
        ]

    def add(self, data: bytes, path: str) -> None:
        """See Python that stands in a file of another kind; it runs at once."""
        for item in python_source.sights(data, path, self.limits):
            self.sights.append(replace(item, at_load=True))

    def started(self, paths: Iterable[str]) -> frozenset[str]:
        """These JavaScript files and all that they ask for, as far as it is in the archive."""
        found: set[str] = set()
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            if path in found:
                continue
            found.add(path)
            waiting += [p for name in self.imports.get(path, ()) if (p := self.resolved(path, name))]
        return frozenset(found)

    def resolved(self, asking: str, name: str) -> str:
        """The file that `name` means in the file `asking` (Node's rules for relative paths), else empty."""
        parts = asking.split("/")[:-1]
        for part in name.split("/"):
            if part == ".." and parts:
                parts.pop()
            elif part not in ("", ".", ".."):
                parts.append(part)
        plain = "/".join(parts)
        ends = ("", ".js", ".cjs", ".mjs", ".json", "/index.js", "/index.cjs", "/index.mjs")
        return next((plain + end for end in ends if plain + end in self.files), "")

    def contents(self, **known: Any) -> Contents:
        """The finished value."""
        return Contents(
            shape=self.shape,
            filename=self.filename,
            files=tuple(self.files.values()),
            hooks=tuple(self.hooks),
            sights=tuple(self.sights),
            marks=tuple(self.marks),
            faults=tuple(self.faults),
            outside=tuple(self.outside),
            by_path=MappingProxyType(self.files),
            **known,
        )


_NOT_LOADED = re.compile(
    r"(?:^|/)(?:tests?|testing|docs?|examples?|benchmarks?)/|(?:^|/)(?:conftest|__main__)\.py\Z"
)


def modules(files: Iterable[str]) -> frozenset[str]:
    """The Python modules that somebody may import; tests and examples are none."""
    return frozenset(path for path in files if path.endswith(".py") and not _NOT_LOADED.search(path))


def below_first(name: str) -> str:
    """The path below the archive's one directory, as npm and pip unpack it."""
    return name.removeprefix("./").partition("/")[2] or name


def _longest(data: bytes) -> int:
    return max(map(len, data.split(b"\n")), default=0)


def _moved(sight: Sight, path: str) -> Sight:
    return sight if sight.path == path else replace(sight, path=path)


def _seen(data: bytes, path: str, suffix: str, limits: Limits) -> Seen:
    found: tuple[Sight, ...] = ()
    if suffix in _PYTHON:
        found = python_source.sights(data, path, limits)
    elif suffix in _JAVASCRIPT:
        found = javascript.sights(data, path, limits)
    return Seen(found, tuple(marks(data, path)))


class Described(NamedTuple):
    """What the metadata of a Python package says of it; empty where it says nothing."""

    name: str
    version: str
    dependencies: tuple[tuple[str, str], ...]
    elsewhere: tuple[tuple[str, str], ...]


def described(draft: Draft, member: str, called: str) -> Described:
    """What the metadata in `member` says; that there is none is a fault, unless there are others."""
    data = draft.texts.get(member)
    if data is None and not draft.faults:
        draft.missing(called)
    found = list(headers(data or b""))
    said = dict(reversed(found))
    wanted, elsewhere = needs(found)
    return Described(said.get("name", ""), said.get("version", ""), tuple(wanted), tuple(elsewhere))


def headers(data: bytes) -> Iterator[tuple[str, str]]:
    """The (lower-case key, value) lines of a Python package's metadata; what follows a blank line is text."""
    for line in data.decode("utf-8", "replace").splitlines():
        if not line.strip():
            return
        key, colon, value = line.partition(":")
        if colon and not line.startswith((" ", "\t")):
            yield key.strip().lower(), value.strip()


_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(.*)", re.DOTALL)


def needs(found: Iterable[tuple[str, str]]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(what an install needs, what of it comes from elsewhere) of a Python package's metadata."""
    wanted, elsewhere = [], []
    for key, value in found:
        match = _NAME.match(value) if key == "requires-dist" else None
        if match is None:
            continue
        spec, _, marker = match[2].partition(";")
        if re.search(r"\bextra\b", marker):
            continue
        wanted.append((match[1], spec.strip()))
        if spec.lstrip().startswith("@"):
            elsewhere.append((match[1], spec.strip()[1:].strip()))
    return wanted, elsewhere
