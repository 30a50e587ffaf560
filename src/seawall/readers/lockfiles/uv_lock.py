"""uv.lock says who asked for what, so every chain from the project to a package can be read off it.

Source: the uv documentation ("Locking and syncing") and files written by uv 0.2 to 0.13: `version = 1`,
`[[package]]` (early: `[[distribution]]`), `[package.metadata]`, `[manifest]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from posixpath import normpath
from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind, Requirement
from seawall.kernel.source import UNKNOWN, WORKSPACE, Source, SourceKind
from seawall.readers.format import Format
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._chains import ancestors, names, reached
from ._draft import (
    Draft,
    clean,
    facts,
    file_digests,
    file_hosts,
    hash_fact,
    items,
    local_source,
    table,
    tables_of,
    text,
    texts,
    url_source,
)
from ._pep508 import only_version

_LOCAL = ("editable", "virtual", "directory")
_FORKS = 100
"""A lock has a version of a package for each platform that needs its own; never as many as this."""


class _Way(IntEnum):
    """How a package is asked for, strongest first."""

    MAIN = 0
    OPTIONAL = 1
    DEV = 2


@dataclass(frozen=True, slots=True)
class _Package:
    index: int
    name: str
    version: str
    line: int
    body: Mapping[str, object]
    source: Mapping[str, object]
    member: bool


_Node = tuple[int, str]
"""A package by index, with an extra that is switched on, or the empty string for the package itself."""


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a uv.lock says. `direct` and `via` are known wherever the project itself is in the lock."""
    draft = Draft(path, limits)
    try:
        content = decode(data, limits)
        lock = toml.load(content, limits)
    except SyntaxFault as fault:
        draft.fault(fault)
        return draft.document("uv-lock", DocumentKind.LOCKFILE)
    packages = _packages(draft, lock, content)
    manifest = table(lock.get("manifest"))
    graph = _Graph(draft, packages, manifest)
    _missing(draft, packages, manifest, graph)
    _pins(draft, packages, graph)
    if lock.get("version") != 1:
        draft.problem(ProblemKind.UNSUPPORTED, "a uv.lock of another version than 1; read as 1", 1)
    return draft.document(
        "uv-lock",
        DocumentKind.LOCKFILE,
        facts(
            version=lock.get("version"),
            revision=lock.get("revision"),
            requires_python=lock.get("requires-python"),
            hashes=hash_fact(draft.pins),
        ),
        _locked_from(draft, packages, manifest),
    )


def _packages(draft: Draft, lock: Mapping[str, object], content: str) -> list[_Package]:
    key = "package" if "package" in lock else "distribution"
    members = set(texts(table(lock.get("manifest")).get("members")))
    found: list[_Package] = []
    for body, line in tables_of(draft, lock.get(key), key, toml.array_lines(content, key)):
        name = draft.name(body.get("name"), line)
        if name:
            source = _source_table(body.get("source"))
            member = name in members or (not members and _is_here(source))
            version = draft.version(body.get("version"), line)
            found.append(_Package(len(found), name, version, line, body, source, member))
    return found


def _source_table(value: object) -> Mapping[str, object]:
    if isinstance(value, str):  # uv before 0.3 wrote `registry+https://…`
        kind, _, place = value.partition("+")
        return {kind: place}
    return table(value)


def _is_here(source: Mapping[str, object]) -> bool:
    return any(source.get(kind) in (".", "") for kind in _LOCAL)


class _Graph:
    """Who depends on whom, and what the project's own members ask for."""

    def __init__(self, draft: Draft, packages: list[_Package], manifest: Mapping[str, object]) -> None:
        self._packages = packages
        self._draft = draft
        self._by_name: dict[tuple[str, str], list[int]] = {}
        self._below: dict[_Node, tuple[_Node, ...]] = {}
        for package in packages:
            for version in {package.version, ""}:
                self._by_name.setdefault((package.name, version), []).append(package.index)
        self.roots = frozenset(p.index for p in packages if p.member)
        self.starts: dict[_Way, list[_Node]] = {way: [] for way in _Way}
        for index in sorted(self.roots):
            self._starts_of(packages[index])
        self.starts[_Way.MAIN] += self._nodes(manifest.get("requirements"), 0)
        for group in table(manifest.get("dependency-groups")).values():
            self.starts[_Way.DEV] += self._nodes(group, 0)

    def _starts_of(self, package: _Package) -> None:
        body = package.body
        self.starts[_Way.MAIN] += self._nodes(body.get("dependencies"), package.line)
        for group in table(body.get("optional-dependencies")).values():
            self.starts[_Way.OPTIONAL] += self._nodes(group, package.line)
        for group in table(body.get("dev-dependencies", body.get("dependency-groups"))).values():
            self.starts[_Way.DEV] += self._nodes(group, package.line)

    def _nodes(self, value: object, line: int) -> list[_Node]:
        found: list[_Node] = []
        for item in items(value):
            wanted = table(item)
            targets = self._targets(wanted)
            if not targets:
                self._draft.problem(ProblemKind.TRUNCATED, "a dependency that is not in the lock", line)
            for index in targets:
                found.append((index, ""))
                found += [(index, extra) for extra in texts(wanted.get("extra", wanted.get("extras")))]
        return found

    def _targets(self, wanted: Mapping[str, object]) -> list[int]:
        name, source = text(wanted.get("name")).lower(), wanted.get("source")
        exact = self._by_name.get((name, text(wanted.get("version"))), [])
        candidates = (exact or self._by_name.get((name, ""), []))[:_FORKS]
        if len(candidates) > 1 and source is not None:
            candidates = [
                i for i in candidates if self._packages[i].body.get("source") == source
            ] or candidates
        return candidates

    def below(self, node: _Node) -> tuple[_Node, ...]:
        """What a package, or one of its extras, depends on."""
        known = self._below.get(node)
        if known is None:
            package, extra = self._packages[node[0]], node[1]
            body = package.body
            wanted = (
                table(body.get("optional-dependencies")).get(extra) if extra else body.get("dependencies")
            )
            known = self._below[node] = tuple(self._nodes(wanted, package.line))
        return known


def _missing(draft: Draft, packages: list[_Package], manifest: Mapping[str, object], graph: _Graph) -> None:
    """What a file that was cut between two tables lacks, as far as the rest of it can tell."""
    for package in packages:
        graph.below((package.index, ""))
        for extra in table(package.body.get("optional-dependencies")):
            graph.below((package.index, extra))
    present = {p.name for p in packages}
    if any(member.lower() not in present for member in texts(manifest.get("members"))):
        draft.problem(ProblemKind.TRUNCATED, "a workspace member is not in the lock", 1)
    rooted = graph.roots or manifest.get("requirements") or manifest.get("dependency-groups")
    if packages and not rooted and not manifest.get("members"):
        draft.problem(ProblemKind.TRUNCATED, "the project itself is not in the lock", packages[-1].line)
    if packages:
        last = packages[-1]
        has_files = last.body.get("wheels") or last.body.get("sdist")
        if "registry" in last.source and not has_files:
            draft.problem(ProblemKind.TRUNCATED, "the last package names no file", last.line)
        elif not last.source:
            draft.problem(ProblemKind.TRUNCATED, "the last package names no source", last.line)


def _pins(draft: Draft, packages: list[_Package], graph: _Graph) -> None:
    reach: dict[int, tuple[_Way, tuple[str, ...]]] = {}
    for way in _Way:
        parents = reached(graph.starts[way], graph.below)
        for node in parents:
            if node[0] not in reach:
                above = [n for n in ancestors(parents, node) if n[0] not in graph.roots and n[0] != node[0]]
                chain = names((packages[n[0]].name for n in above), draft.limits.chain)
                reach[node[0]] = (way, chain)
    direct = {index for starts in graph.starts.values() for index, _ in starts}
    for package in packages:
        if not package.member:
            draft.entry(_pin(draft, package, reach.get(package.index), package.index in direct))


def _pin(draft: Draft, package: _Package, reach: tuple[_Way, tuple[str, ...]] | None, direct: bool) -> Pin:
    files = [package.body.get("sdist"), *items(package.body.get("wheels"))]
    source, hosts = file_hosts(files, _source(package.source))
    way, chain = reach or (_Way.MAIN, ())
    return Pin(
        ecosystem="PyPI",
        name=package.name,
        version=package.version,
        path=draft.path,
        line=package.line,
        source=source,
        digests=file_digests(draft, files, package.line),
        direct=True if direct else None if reach is None else not chain,
        dev=way is _Way.DEV,
        optional=way is _Way.OPTIONAL,
        via=() if direct else chain,
        files_from=hosts if source.kind is SourceKind.REGISTRY else (),
    )


def _source(source: Mapping[str, object]) -> Source:
    for key, value in source.items():
        if not isinstance(value, str):
            continue
        if key == "registry":
            return url_source(value, SourceKind.REGISTRY) if "://" in value else local_source(value)
        if key == "git":
            return _git_source(value)
        if key == "url":
            return url_source(value, SourceKind.URL)
        if key in ("path", *_LOCAL):
            return local_source(value)
    return UNKNOWN


def _git_source(value: str) -> Source:
    """uv writes `https://host/repo?rev=main#<commit>`: the commit is the revision."""
    bare, _, commit = value.partition("#")
    try:
        asked = dict(parse_qsl(urlsplit(bare).query))
    except ValueError:
        asked = {}
    revision = commit or asked.get("rev") or asked.get("tag") or asked.get("branch") or ""
    return url_source(bare.partition("?")[0], SourceKind.GIT, revision)


def _locked_from(
    draft: Draft, packages: list[_Package], manifest: Mapping[str, object]
) -> Mapping[str, tuple[Requirement, ...]] | None:
    if draft.path.endswith(".py.lock"):  # a script's lock: its manifest is inside the script
        return None
    found: dict[str, tuple[Requirement, ...]] = {}
    for package in packages:
        place = next((v for k in _LOCAL if isinstance(v := package.source.get(k), str)), None)
        metadata = package.body.get("metadata")
        if place is not None and isinstance(metadata, dict):
            found[normpath(place or ".")] = tuple(_recorded(draft, metadata, package.line))
    groups = table(manifest.get("dependency-groups"))
    own = {"requires-dist": manifest.get("requirements"), "requires-dev": groups}
    if any(own.values()):
        found.setdefault(".", tuple(_recorded(draft, own, 1)))
    return MappingProxyType(found)


def _recorded(draft: Draft, metadata: Mapping[str, object], line: int) -> Iterator[Requirement]:
    for item in items(metadata.get("requires-dist")):
        marker = text(table(item).get("marker"))
        group = "optional" if "extra ==" in marker else "main"
        yield from _requirement(draft, table(item), group, line)
    for members in table(metadata.get("requires-dev")).values():
        for item in items(members):
            yield from _requirement(draft, table(item), "dev", line)


def _requirement(draft: Draft, item: Mapping[str, object], group: str, line: int) -> Iterator[Requirement]:
    name = draft.name(item.get("name"), line)
    if not name:
        return
    spec = clean(text(item.get("specifier")))
    place = {k: v for k, v in item.items() if k in ("git", "url", "path", *_LOCAL)}
    index = text(item.get("index"))
    source = _source(place) if place else url_source(index, SourceKind.REGISTRY) if index else _REGISTRY
    if source.kind is SourceKind.PATH and item.get("editable"):
        source = WORKSPACE
    exact = bool(only_version(spec))
    marker = clean(text(item.get("marker")))
    yield Requirement("PyPI", name, spec, draft.path, line, source, exact, (), group, marker)


_REGISTRY = Source(SourceKind.REGISTRY)


def _sniff(head: bytes) -> bool:
    return b"[[package]]" in head and b"source = {" in head and b"requires-python" in head


FORMAT = Format("uv-lock", DocumentKind.LOCKFILE, "PyPI", ("uv.lock", "*.py.lock"), read, _sniff)
