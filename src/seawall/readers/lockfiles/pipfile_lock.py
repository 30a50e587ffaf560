"""Pipfile.lock keeps two flat lists, so who asked for a package is not in it.

Source: the Pipenv documentation, `pipfile-spec` 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind
from seawall.kernel.source import REGISTRY, Source, SourceKind
from seawall.readers.format import Format
from seawall.readers.syntax import json
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.json import KeyLines
from seawall.readers.syntax.text import decode

from ._draft import Draft, facts, hash_fact, items, local_source, table, text, url_source
from ._pep508 import archive_version, only_version

_VCS = ("git", "hg", "svn", "bzr")


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a Pipfile.lock says: `default` is main, every other list is dev; `direct` is unknown.

    A package without an `index` comes from the first source, as Pipenv installs it.
    """
    draft = Draft(path, limits)
    try:
        content = decode(data, limits)
        lock = json.load(content, limits)
    except SyntaxFault as fault:
        draft.fault(fault)
        return draft.document("pipfile-lock", DocumentKind.LOCKFILE)
    if not isinstance(lock, dict) or not isinstance(lock.get("_meta"), dict):
        draft.problem(ProblemKind.MALFORMED, "not a Pipfile.lock: `_meta` is missing", 1)
        return draft.document("pipfile-lock", DocumentKind.LOCKFILE)
    meta = table(lock["_meta"])
    indexes = _indexes(draft, meta)
    lines = KeyLines(content)
    for group, packages in lock.items():
        if group == "_meta":
            continue
        lines.line_of(group)
        if not isinstance(packages, dict):
            draft.problem(ProblemKind.MALFORMED, "a list of packages that is not an object")
            continue
        for name, body in packages.items():
            pin = _pin(draft, name, body, lines.line_of(name), indexes)
            if pin is not None:
                draft.entry(replace(pin, dev=group != "default"))
    return draft.document(
        "pipfile-lock",
        DocumentKind.LOCKFILE,
        facts(
            version=meta.get("pipfile-spec"),
            content_hash=table(meta.get("hash")).get("sha256"),
            hashes=hash_fact(draft.pins),
        ),
    )


def _indexes(draft: Draft, meta: Mapping[str, object]) -> Mapping[str, Source]:
    """The sources by name; the empty name is the one that unnamed packages come from."""
    found: dict[str, Source] = {}
    for item in items(meta.get("sources")):
        url = text(table(item).get("url"))
        if url:
            source = url_source(url, SourceKind.REGISTRY)
            draft.registries[source] = None
            found[text(table(item).get("name"))] = source
            found.setdefault("", source)
    return found


def _pin(draft: Draft, key: str, body: object, line: int, indexes: Mapping[str, Source]) -> Pin | None:
    name = draft.name(key, line)
    if not name:
        return None
    if isinstance(body, str):  # `"name": "==1.0"`, as the first versions wrote it
        body = {"version": body}
    if not isinstance(body, dict):
        draft.problem(ProblemKind.MALFORMED, "a package that is not an object", line)
        return None
    source = _source(body, indexes)
    spec = body.get("version")
    version = only_version(spec) if isinstance(spec, str) else ""
    if not version and source.kind is not SourceKind.REGISTRY:
        version = archive_version(text(body.get("file")) or text(body.get("path")), name)
    return Pin(
        ecosystem="PyPI",
        name=name,
        version=draft.version(version, line) if version else "",
        path=draft.path,
        line=line,
        source=source,
        digests=draft.digests(items(body.get("hashes")), line),
    )


def _source(body: Mapping[str, object], indexes: Mapping[str, Source]) -> Source:
    for vcs in _VCS:
        if isinstance(url := body.get(vcs), str):
            return url_source(url, SourceKind.GIT, text(body.get("ref")))
    if isinstance(file := body.get("file"), str):
        return url_source(file, SourceKind.URL) if not file.startswith("file:") else local_source(file)
    if isinstance(path := body.get("path"), str):
        return local_source(path)
    named = indexes.get(text(body.get("index")), indexes.get("", REGISTRY))
    return Source(named.kind, named.location, named.host, named.scheme)


def _sniff(head: bytes) -> bool:
    return b'"pipfile-spec"' in head


FORMAT = Format("pipfile-lock", DocumentKind.LOCKFILE, "PyPI", ("Pipfile.lock",), read, _sniff)
