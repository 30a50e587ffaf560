"""pylock.toml is what any installer may follow, and it follows the addresses written there.

Source: PEP 751 and the pylock.toml specification, `lock-version` 1.x.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from seawall.kernel.asset import pypi_name
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind
from seawall.kernel.source import Source, SourceKind
from seawall.readers.format import Format
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._chains import from_parents
from ._draft import (
    Draft,
    facts,
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
from ._pep508 import archive_version

_NAMED = re.compile(r"""["']([^"']+)["']\s+in\s+(extras|dependency_groups)""")
_LOCK_VERSION = re.compile(rb"^lock-version\s*=", re.MULTILINE)
_Body = Mapping[str, object]


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a pylock file says. `direct` is known only where the tool records dependencies.

    A cut between two packages parses and cannot be seen, unless a dependency is then missing.
    """
    draft = Draft(path, limits)
    try:
        content = decode(data, limits)
        lock = toml.load(content, limits)
    except SyntaxFault as fault:
        draft.fault(fault)
        return draft.document("pylock", DocumentKind.LOCKFILE)
    version = text(lock.get("lock-version"))
    if not version:
        draft.problem(ProblemKind.MALFORMED, "`lock-version` is missing", 1)
    elif version.split(".")[0] != "1":
        draft.problem(ProblemKind.UNSUPPORTED, "a pylock of another major version than 1; read as 1", 1)
    if "packages" not in lock:
        draft.problem(ProblemKind.TRUNCATED, "`packages`, which may be empty but not absent, is missing")
    bodies = tables_of(draft, lock.get("packages"), "packages", toml.array_lines(content, "packages"))
    reach = _reach(draft, bodies)
    default = set(texts(lock.get("default-groups")))
    for body, line in bodies:
        _take(draft, body, line, reach, default)
    _complete(draft, bodies)
    return draft.document(
        "pylock",
        DocumentKind.LOCKFILE,
        facts(
            version=version,
            created_by=lock.get("created-by"),
            requires_python=lock.get("requires-python"),
            hashes=hash_fact(draft.pins),
        ),
    )


def _complete(draft: Draft, bodies: list[tuple[_Body, int]]) -> None:
    """Every package says what is fetched, and every file has hashes: the specification requires both."""
    for index, (body, line) in enumerate(bodies):
        kind = ProblemKind.TRUNCATED if index == len(bodies) - 1 else ProblemKind.MALFORMED
        if not any(body.get(key) for key in ("vcs", "directory", "archive", "sdist", "wheels")):
            draft.problem(kind, "a package that names no file", line)
        elif any(not table(file.get("hashes")) for file in _files(body) if file):
            draft.problem(kind, "a file without hashes", line)


def _files(body: _Body) -> list[Mapping[str, object]]:
    """The archive and the sdist (empty where there is none), then the wheels."""
    wheels = [table(wheel) for wheel in items(body.get("wheels"))]
    return [table(body.get("archive")), table(body.get("sdist")), *wheels]


def _take(
    draft: Draft,
    body: _Body,
    line: int,
    reach: Mapping[str, tuple[bool | None, tuple[str, ...]]],
    default: set[str],
) -> None:
    name = draft.name(body.get("name"), line)
    directory = table(body.get("directory"))
    if not name or text(directory.get("path")) in (".", "./"):
        return
    files = _files(body)
    source, hosts = _source(body, files)
    version = draft.version(body.get("version"), line)
    if not version:
        version = archive_version(text(files[0].get("url")) or text(files[0].get("path")), name)
    dev, optional = _group(text(body.get("marker")), default)
    direct, via = reach.get(name, (None, ()))
    hashes = [f"{k}:{text(v)}" for f in files for k, v in table(f.get("hashes")).items()]
    draft.entry(
        Pin(
            ecosystem="PyPI",
            name=name,
            version=version,
            path=draft.path,
            line=line,
            source=source,
            digests=draft.digests(hashes, line),
            direct=direct,
            dev=dev,
            optional=optional,
            via=via,
            files_from=hosts,
        )
    )


def _source(body: _Body, files: list[Mapping[str, object]]) -> tuple[Source, tuple[Source, ...]]:
    vcs, archive, directory = (table(body.get(key)) for key in ("vcs", "archive", "directory"))
    if vcs:
        revision = text(vcs.get("commit-id")) or text(vcs.get("requested-revision"))
        return url_source(text(vcs.get("url")) or text(vcs.get("path")), SourceKind.GIT, revision), ()
    if directory:
        return local_source(text(directory.get("path"))), ()
    if archive:
        url = text(archive.get("url"))
        return (url_source(url, SourceKind.URL) if url else local_source(text(archive.get("path")))), ()
    index = text(body.get("index"))
    if index:
        return file_hosts(files, url_source(index, SourceKind.REGISTRY))
    return registry_of_files(files)


def _group(marker: str, default: set[str]) -> tuple[bool, bool]:
    """(dev, optional) of a package whose marker asks for an extra or a dependency group."""
    named = {(kind, name) for name, kind in _NAMED.findall(marker)}
    kinds = {kind for kind, _ in named}
    if not named or any(kind == "dependency_groups" and name in default for kind, name in named):
        return False, False
    return "extras" not in kinds, "extras" in kinds


def _reach(
    draft: Draft, bodies: list[tuple[_Body, int]]
) -> Mapping[str, tuple[bool | None, tuple[str, ...]]]:
    present = [pypi_name(text(body.get("name"))) for body, _ in bodies]
    inside = set(present)
    edges: dict[str, list[str]] = {}
    for (body, line), name in zip(bodies, present, strict=True):
        for item in items(body.get("dependencies")):
            target = pypi_name(text(table(item).get("name")))
            edges.setdefault(name, []).append(target)
            if target not in inside:
                draft.problem(ProblemKind.TRUNCATED, "a dependency that is not in the lock", line)
    own = [pypi_name(text(b.get("name"))) for b, _ in bodies if _is_project(b)]
    if not edges:
        return {}
    found = dict(from_parents(edges, present, draft.limits.chain, {}))
    for root in own:
        for child in edges.get(root, ()):
            found[child] = (True, ())
    return found


def _is_project(body: _Body) -> bool:
    return text(table(body.get("directory")).get("path")) in (".", "./")


def _sniff(head: bytes) -> bool:
    return bool(_LOCK_VERSION.search(head)) and (b"created-by" in head or b"[[packages]]" in head)


FORMAT = Format("pylock", DocumentKind.LOCKFILE, "PyPI", ("pylock.toml", "pylock.*.toml"), read, _sniff)
