"""poetry.lock fixes everything, but of the project's own wishes it keeps only a hash.

So what nothing else in the lock depends on is direct, and for the rest `direct` is unknown.
Source: the Poetry documentation and files written by Poetry 1.0 to 2.5 (`lock-version` 1.0, 1.1, 2.0, 2.1;
before 1.5 with `category`, before 1.3 with `[metadata.files]`).
"""

from __future__ import annotations

from collections.abc import Mapping

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
    table,
    tables_of,
    text,
    texts,
    url_source,
)

_Reach = Mapping[str, tuple[bool | None, tuple[str, ...]]]


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a poetry.lock says; `[metadata]` stands at its end, so a cut file always shows."""
    draft = Draft(path, limits)
    try:
        content = decode(data, limits)
        lock = toml.load(content, limits)
    except SyntaxFault as fault:
        draft.fault(fault)
        return draft.document("poetry-lock", DocumentKind.LOCKFILE)
    metadata = table(lock.get("metadata"))
    bodies = tables_of(draft, lock.get("package"), "package", toml.array_lines(content, "package"))
    if not isinstance(metadata.get("content-hash"), str):
        draft.problem(
            ProblemKind.TRUNCATED, "`[metadata]` with its content-hash is missing", content.count("\n")
        )
    extras = {_required_name(n) for names in table(lock.get("extras")).values() for n in texts(names)}
    reach = _reach(draft, [body for body, _ in bodies], extras)
    old_files = {pypi_name(k): v for k, v in table(metadata.get("files")).items()}
    for body, line in bodies:
        _take(draft, body, line, reach, old_files)
    return draft.document(
        "poetry-lock",
        DocumentKind.LOCKFILE,
        facts(
            version=metadata.get("lock-version"),
            content_hash=metadata.get("content-hash"),
            requires_python=metadata.get("python-versions"),
            hashes=hash_fact(draft.pins),
        ),
    )


def _take(
    draft: Draft, body: Mapping[str, object], line: int, reach: _Reach, old_files: Mapping[str, object]
) -> None:
    name = draft.name(body.get("name"), line)
    if not name:
        return
    files = items(body.get("files"))
    if not files and "files" not in body and old_files:
        if name not in old_files:
            draft.problem(ProblemKind.TRUNCATED, "a package that `[metadata.files]` does not list", line)
        files = items(old_files.get(name))
    direct, via = reach.get(name, (None, ()))
    dev = _dev(body)
    source, hosts = file_hosts(files, _source(table(body.get("source"))))
    draft.entry(
        Pin(
            ecosystem="PyPI",
            name=name,
            version=draft.version(body.get("version"), line),
            path=draft.path,
            line=line,
            source=source,
            digests=file_digests(draft, files, line),
            direct=direct,
            dev=dev,
            optional=body.get("optional") is True and not dev,
            via=via,
            files_from=hosts,
        )
    )


def _dev(body: Mapping[str, object]) -> bool:
    groups = texts(body.get("groups"))
    if groups:
        return "main" not in groups
    return body.get("category", "main") != "main"


def _source(source: Mapping[str, object]) -> Source:
    kind, url = source.get("type"), text(source.get("url"))
    if kind == "git":
        revision = text(source.get("resolved_reference")) or text(source.get("reference"))
        return url_source(url, SourceKind.GIT, revision)
    if kind == "url":
        return url_source(url, SourceKind.URL)
    if kind in ("file", "directory"):
        return local_source(url)
    return url_source(url, SourceKind.REGISTRY) if url else REGISTRY


def _required_name(value: str) -> str:
    """`click` of `click (>=8) ; python_version > "3"`, as old files write their extras."""
    return pypi_name(value.split("(", 1)[0].split(";", 1)[0].split("[", 1)[0].strip())


def _reach(draft: Draft, bodies: list[Mapping[str, object]], extras: set[str]) -> _Reach:
    strong: dict[str, list[str]] = {}
    weak: dict[str, list[str]] = {}
    present = [pypi_name(text(body.get("name"))) for body in bodies]
    inside = set(present)
    for body, name in zip(bodies, present, strict=True):
        for key, value in table(body.get("dependencies")).items():
            target = pypi_name(key)
            edges = weak if _only_with_an_extra(value) else strong
            edges.setdefault(name, []).append(target)
            if target not in inside and target != "python" and _unconditional(value):
                draft.problem(ProblemKind.TRUNCATED, "a dependency that is not in the lock")
    found = from_parents(strong, present, draft.limits.chain, weak)
    return {n: (True, ()) if n in extras else reach for n, reach in found.items()}


def _only_with_an_extra(value: object) -> bool:
    options = value if isinstance(value, list) else [value]
    return all(isinstance(v, dict) and v.get("optional") is True for v in options)


def _unconditional(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, dict) and not value.get("optional") and not value.get("markers")
    )


def _sniff(head: bytes) -> bool:
    return b"generated by Poetry" in head or (b"[[package]]" in head and b"python-versions = " in head)


FORMAT = Format("poetry-lock", DocumentKind.LOCKFILE, "PyPI", ("poetry.lock",), read, _sniff)
