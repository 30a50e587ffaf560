"""Foreign values are checked in one place before they become pins: names, versions, digests, sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from seawall.kernel.asset import pypi_name
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import (
    Document,
    DocumentKind,
    Include,
    Pin,
    Problem,
    ProblemKind,
    Requirement,
    StartupHook,
)
from seawall.kernel.source import REGISTRY, Source, SourceKind, source_from_url
from seawall.readers.syntax.fault import SyntaxFault

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_CONDA_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*)\Z")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_=~*-]*\Z")
_DIGEST = re.compile(r"([a-z0-9_]+):([0-9a-f]+)\Z")
_HEX_LENGTH = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
_WORDS = re.compile(r"([\s\"']+)")
_PATH_TOKEN = re.compile(r"/t/(?!<TOKEN>|\$)([^/]+)/")
_PROJECT_ROOT = re.compile(r"\A(?:file:///?)?\$\{PROJECT_ROOT\}/?")
_KINDS_OF_PROBLEM = 20
_FACT_CHARACTERS = 200
_FACT_NUMBER = 10**18
_TEXT_CHARACTERS = 4096


def table(value: object) -> Mapping[str, object]:
    """`value` if it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """`value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """`value` if it is a string, else the empty one."""
    return value if isinstance(value, str) else ""


def texts(value: object) -> list[str]:
    """The strings of a list."""
    return [v for v in items(value) if isinstance(v, str)]


def clean(value: str) -> str:
    """`value`, cut to a bounded length, with the userinfo of every URL in it removed."""
    value = value[:_TEXT_CHARACTERS]
    if "@" not in value or "//" not in value:
        return value
    return "".join(_without_userinfo(word) for word in _WORDS.split(value))


def _without_userinfo(word: str) -> str:
    scheme, slashes, rest = word.partition("//")
    return scheme + slashes + rest.rpartition("@")[2]


def facts(**values: object) -> Mapping[str, str]:
    """Non-empty strings as facts, without credentials and cut; `_` in a key becomes `-`."""
    return MappingProxyType(
        {
            k.replace("_", "-"): clean(str(v))[:_FACT_CHARACTERS]
            for k, v in values.items()
            if (isinstance(v, str) and v) or (isinstance(v, int) and abs(v) < _FACT_NUMBER)
        }
    )


def hash_fact(pins: Iterable[Pin]) -> str:
    """Whether `all`, `some` or `none` of the pins that are not local carry a digest; empty without such."""
    local = (SourceKind.PATH, SourceKind.GIT, SourceKind.WORKSPACE)
    carried = {bool(pin.digests) for pin in pins if pin.source.kind not in local}
    if len(carried) == 2:
        return "some"
    return "" if not carried else "all" if True in carried else "none"


def url_source(url: str, kind: SourceKind, revision: str = "") -> Source:
    """The source of a URL as it stands in a Python file: `git+` is dropped, and so are tokens in paths.

    A conda channel takes its token as `/t/TOKEN/` in the path, which is a credential like a password.
    """
    token = _PATH_TOKEN.search(url)
    if token:
        url = url.replace(token[0], "/", 1)
    source = source_from_url(url.removeprefix("git+"), kind, clean(revision))
    return replace(source, credential=True) if token else source


def local_source(path: str) -> Source:
    """The source of a local path; credentials in what is really a URL are dropped.

    `${PROJECT_ROOT}`, as PDM and pip files write it, is the directory of the file itself.
    """
    return source_from_url(_PROJECT_ROOT.sub("./", path, count=1), SourceKind.PATH)


@dataclass(slots=True)
class Draft:
    """A document while it is being read; everything put in is checked and counted."""

    path: str
    limits: Limits
    ecosystem: str = "PyPI"
    pins: list[Pin] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    hooks: list[StartupHook] = field(default_factory=list)
    registries: dict[Source, None] = field(default_factory=dict)
    _noted: int = 0
    _problems: dict[tuple[ProblemKind, str], list[int]] = field(default_factory=dict)

    def problem(self, kind: ProblemKind, message: str, line: int = 0) -> None:
        """Notes what was not understood; the same sentence is kept once, with its count."""
        self._noted += 1
        key = (kind, message)
        if key not in self._problems and len(self._problems) >= _KINDS_OF_PROBLEM:
            key = (ProblemKind.TOO_MANY, "more is wrong with this file than is listed")
        self._problems.setdefault(key, []).append(line)

    def fault(self, fault: SyntaxFault) -> None:
        """Notes why the parser gave up."""
        self.problem(fault.kind, clean(fault.message), fault.line)

    def name(self, value: object, line: int = 0, ecosystem: str = "PyPI") -> str:
        """The checked name, folded for PyPI; empty, with a problem, when it is none."""
        if isinstance(value, str) and len(value) <= self.limits.text_field:
            if ecosystem == "PyPI" and _NAME.match(value):
                return pypi_name(value)
            if ecosystem != "PyPI" and _CONDA_NAME.match(value):
                return value
        self.problem(ProblemKind.MALFORMED, "an entry without a proper package name", line)
        return ""

    def version(self, value: object, line: int = 0) -> str:
        """The checked version as written; empty, with a problem unless there is none at all."""
        if value is None:
            return ""
        if isinstance(value, str) and len(value) <= self.limits.text_field and _VERSION.match(value):
            return value
        self.problem(ProblemKind.MALFORMED, "an entry without a proper version", line)
        return ""

    def digests(self, values: Iterable[object], line: int = 0) -> tuple[str, ...]:
        """`algorithm:hex` digests, lower-case, each once, in order; others are a problem."""
        found: dict[str, None] = {}
        for value in values:
            digest = value.lower() if isinstance(value, str) else ""
            match = _DIGEST.match(digest)
            if match and _HEX_LENGTH.get(match[1], len(match[2])) == len(match[2]):
                found[digest] = None
            else:
                self.problem(ProblemKind.MALFORMED, "a digest that is none", line)
        return tuple(found)

    def full(self) -> bool:
        """Whether no more entries, good or bad, are taken; says so once."""
        taken = len(self.pins) + len(self.requirements) + self._noted
        if taken < self.limits.pins_per_document:
            return False
        self.problem(ProblemKind.TOO_MANY, f"more than {self.limits.pins_per_document} entries")
        return True

    def entry(self, pin: Pin) -> None:
        """Takes a pin; without a version it is a requirement, so that its source is still seen."""
        if self.full() or not pin.name:
            return
        if pin.version:
            self.pins.append(pin)
        elif pin.source.kind is SourceKind.REGISTRY:
            self.problem(ProblemKind.MALFORMED, "a locked package without a version", pin.line)
        else:
            group = "dev" if pin.dev else "optional" if pin.optional else "main"
            self.requirements.append(
                Requirement(
                    pin.ecosystem, pin.name, "", pin.path, pin.line, pin.source, False, pin.digests, group
                )
            )

    def problems(self) -> tuple[Problem, ...]:
        """Everything noted so far, as values."""
        found = []
        for (kind, message), lines in self._problems.items():
            times = f" ({len(lines)} times)" if len(lines) > 1 else ""
            found.append(Problem(self.path, kind, message + times, lines[0]))
        return tuple(found)

    def document(
        self,
        format: str,
        kind: DocumentKind,
        facts: Mapping[str, str] = MappingProxyType({}),
        locked_from: Mapping[str, tuple[Requirement, ...]] | None = None,
    ) -> Document:
        """The finished value."""
        return Document(
            path=self.path,
            format=format,
            kind=kind,
            ecosystem=self.ecosystem,
            pins=tuple(self.pins),
            requirements=tuple(self.requirements),
            locked_from=locked_from,
            includes=tuple(self.includes),
            hooks=tuple(self.hooks),
            problems=self.problems(),
            registries=tuple(self.registries),
            facts=facts,
        )


def tables_of(
    draft: Draft, value: object, what: str, lines: list[int]
) -> list[tuple[Mapping[str, object], int]]:
    """The tables of an array with their lines; anything else in it, or another type, is a problem."""
    if value is None:
        return []
    if not isinstance(value, list):
        draft.problem(ProblemKind.MALFORMED, f"`{what}` is not an array of tables")
        return []
    found: list[tuple[Mapping[str, object], int]] = []
    for index, item in enumerate(value):
        line = lines[index] if index < len(lines) else 0
        if isinstance(item, dict):
            found.append((item, line))
        else:
            draft.problem(ProblemKind.MALFORMED, f"`{what}` holds something that is not a table", line)
    return found


def file_digests(draft: Draft, files: Iterable[object], line: int) -> tuple[str, ...]:
    """The `hash` of every file table; a file without one is simply not hashed."""
    return draft.digests([f["hash"] for f in files if isinstance(f, dict) and "hash" in f], line)


def file_hosts(files: Iterable[object], source: Source) -> tuple[Source, tuple[Source, ...]]:
    """The package's source, marked when a file's URL holds a credential, and the other hosts of its files.

    One source per scheme and host, and none for the host that the package's own source names.
    """
    found: dict[str, Source] = {}
    secret = source.credential
    for item in files:
        url = item.get("url") if isinstance(item, dict) else None
        if not isinstance(url, str) or "://" not in url:
            continue
        place = url[: url.find("/", url.index("://") + 3)] if url.count("/") > 2 else url
        whole = url if "?" in url else place
        if whole not in found:
            found[whole] = replace(source_from_url(whole, SourceKind.URL), location=clean(place))
            secret = secret or found[whole].credential
    if secret and not source.credential:
        source = replace(source, credential=True)
    others = {(s.scheme, s.host): s for s in found.values() if s.host}
    others.pop((source.scheme, source.host), None)
    return source, tuple(others.values())


def registry_of_files(files: Iterable[object]) -> tuple[Source, tuple[Source, ...]]:
    """A registry known only by the hosts of its files: the first is the source, the others come beside."""
    _, hosts = file_hosts(files, REGISTRY)
    if not hosts:
        return REGISTRY, ()
    source = replace(hosts[0], kind=SourceKind.REGISTRY, credential=any(h.credential for h in hosts))
    return source, hosts[1:]
