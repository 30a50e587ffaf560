"""pdm.lock lists a package once for itself and once for every extra; a pin is made of all of them.

Groups other than `default` count as dev: the lock does not tell extras from development groups.
Source: the PDM documentation and files of `lock_version` 2 to 4.5.0 (before 4: `[metadata.files]` keyed
`"name version"`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from seawall.kernel.asset import pypi_name
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind
from seawall.kernel.source import REGISTRY, Source, SourceKind
from seawall.readers.format import Format
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._chains import from_parents
from ._draft import (
    Draft,
    facts,
    file_digests,
    file_hosts,
    hash_fact,
    items,
    local_source,
    registry_of_files,
    table,
    tables_of,
    text,
    texts,
    url_source,
)
from ._pep508 import Wanted, parse

_Body = Mapping[str, object]


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a pdm.lock says. A cut between two packages shows only where a dependency is then missing."""
    draft = Draft(path, limits)
    try:
        content = decode(data, limits)
        lock = toml.load(content, limits)
    except SyntaxFault as fault:
        draft.fault(fault)
        return draft.document("pdm-lock", DocumentKind.LOCKFILE)
    metadata = table(lock.get("metadata"))
    version = metadata.get("lock_version")
    content_hash = metadata.get("content_hash")
    if version is None or content_hash is None:
        draft.problem(ProblemKind.TRUNCATED, "`[metadata]` with its content_hash is missing")
    bodies = tables_of(draft, lock.get("package"), "package", toml.array_lines(content, "package"))
    grouped = _grouped(draft, bodies)
    reach = _reach(draft, bodies)
    old_files = table(metadata.get("files"))
    _complete(draft, bodies)
    for (name, release, _), variants in grouped.items():
        pin = _pin(draft, name, release, variants, old_files)
        direct, via = reach.get(name, (None, ()))
        draft.entry(replace(pin, direct=direct, via=via))
    return draft.document(
        "pdm-lock",
        DocumentKind.LOCKFILE,
        facts(version=version, content_hash=content_hash, hashes=hash_fact(draft.pins)),
    )


def _grouped(
    draft: Draft, bodies: list[tuple[_Body, int]]
) -> dict[tuple[str, str, Source], list[tuple[_Body, int]]]:
    found: dict[tuple[str, str, Source], list[tuple[_Body, int]]] = {}
    for body, line in bodies:
        name = draft.name(body.get("name"), line)
        if name:
            key = (name, draft.version(body.get("version"), line), _source(body))
            found.setdefault(key, []).append((body, line))
    return found


def _pin(
    draft: Draft,
    name: str,
    version: str,
    variants: list[tuple[_Body, int]],
    old_files: _Body,
) -> Pin:
    line = variants[0][1]
    files = [f for body, _ in variants for f in items(body.get("files"))]
    files = files or items(old_files.get(f"{text(variants[0][0].get('name'))} {version}"))
    source = _source(variants[0][0])
    if source == REGISTRY:
        source, hosts = registry_of_files(files)
    else:
        source, hosts = file_hosts(files, source)
    groups = {g for body, _ in variants for g in texts(body.get("groups", body.get("sections")))}
    return Pin(
        ecosystem="PyPI",
        name=name,
        version=version,
        path=draft.path,
        line=line,
        source=source,
        digests=file_digests(draft, files, line),
        dev=bool(groups) and "default" not in groups,
        files_from=hosts,
    )


def _complete(draft: Draft, bodies: list[tuple[_Body, int]]) -> None:
    """The last package of a cut file lacks the files that the others have."""
    if len(bodies) > 1 and any("files" in body for body, _ in bodies[:-1]):
        last, line = bodies[-1]
        if "files" not in last and _source(last) == REGISTRY:
            draft.problem(ProblemKind.TRUNCATED, "the last package names no file", line)


def _source(body: _Body) -> Source:
    if isinstance(git := body.get("git"), str):
        return url_source(git, SourceKind.GIT, text(body.get("revision")) or text(body.get("ref")))
    if isinstance(url := body.get("url"), str):
        return url_source(url, SourceKind.URL)
    if isinstance(path := body.get("path"), str):
        return local_source(path)
    return REGISTRY


def _reach(
    draft: Draft, bodies: list[tuple[_Body, int]]
) -> Mapping[str, tuple[bool | None, tuple[str, ...]]]:
    edges: dict[str, list[str]] = {}
    present = [pypi_name(text(body.get("name"))) for body, _ in bodies]
    inside = set(present)
    for (body, line), name in zip(bodies, present, strict=True):
        for wanted in _dependencies(body.get("dependencies")):
            if wanted.name != name:
                edges.setdefault(name, []).append(wanted.name)
                if wanted.name not in inside and not wanted.marker:
                    draft.problem(ProblemKind.TRUNCATED, "a dependency that is not in the lock", line)
    return from_parents(edges, present, draft.limits.chain, {})


def _dependencies(value: object) -> list[Wanted]:
    if isinstance(value, dict):  # lock_version 2: a table like Poetry's, which says nothing of markers
        return [Wanted(pypi_name(key), "", "unknown") for key in value]
    return [wanted for item in texts(value) if (wanted := parse(item)) is not None]


def _sniff(head: bytes) -> bool:
    return b"generated by PDM" in head or (b"content_hash = " in head and b"lock_version = " in head)


FORMAT = Format("pdm-lock", DocumentKind.LOCKFILE, "PyPI", ("pdm.lock", "pdm.*.lock"), read, _sniff)
