"""bun.lock is JSON with trailing commas, and a package in it is a list whose length tells its source.

Source: bun's documentation of the text lockfile and files written by bun 1.2 and 1.3. Keys of `packages` are
paths as in node_modules (`parent/child`), values `[name@version, registry, info, integrity]`.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from types import MappingProxyType

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind, Requirement
from seawall.kernel.source import REGISTRY, Source
from seawall.readers.format import Format
from seawall.readers.syntax import json
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.json import KeyLines
from seawall.readers.syntax.text import decode

from ._chains import Ways, ancestors, names, reached
from ._draft import Draft, facts, hash_fact, table, text
from ._npm import (
    ECOSYSTEM,
    digests,
    is_name,
    is_version,
    merged,
    requirements,
    resolved_source,
    split_at,
    tarball_version,
    url_source,
)

_LOCAL = ("workspace:", "link:", "root:")
_NEEDS = ("dependencies", "optionalDependencies", "peerDependencies")
_STEP = re.compile(r"(?:@[^/]+/)?[^/]+")
_DEPTH = 120
_NAME_CHARACTERS = 214


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a bun.lock (text, version 0 or 1) says. Never raises."""
    draft = Draft(path, limits, ECOSYSTEM)
    locked_from: dict[str, tuple[Requirement, ...]] | None = None
    version = ""
    try:
        content = decode(data, limits)
        lock = json.load(content, limits, trailing_commas=True)
        if not isinstance(lock, dict):
            raise SyntaxFault(ProblemKind.MALFORMED, "a lockfile is an object", 1)
        version = str(lock.get("lockfileVersion", ""))
        if version not in ("0", "1"):
            raise SyntaxFault(ProblemKind.UNSUPPORTED, f"lockfileVersion {version[:20]} is not known here", 1)
        if not isinstance(lock.get("packages", {}), dict):
            draft.problem(ProblemKind.MALFORMED, "`packages` is not an object")
        locked_from = _read_lock(lock, content, draft)
    except SyntaxFault as fault:
        draft.fault(fault)
    return draft.document(
        "bun-lock",
        DocumentKind.LOCKFILE,
        facts(version=version, hashes=hash_fact(draft.pins)),
        MappingProxyType(locked_from) if locked_from is not None else None,
    )


def _read_lock(lock: Mapping[str, object], content: str, draft: Draft) -> dict[str, tuple[Requirement, ...]]:
    spaces = {place: table(value) for place, value in table(lock.get("workspaces")).items()}
    lines = KeyLines(content)
    lines.line_of("packages")
    packages = table(lock.get("packages"))
    where = {key: lines.line_of(key, "[") for key in packages}
    entries: dict[str, list[object]] = {}
    for key, value in packages.items():
        if len(key) <= draft.limits.text_field and key.count("/") <= _DEPTH and isinstance(value, list):
            entries[key] = value
        else:
            draft.problem(ProblemKind.MALFORMED, "an entry of `packages` that is none", where[key])

    def below(key: str) -> Iterator[str]:
        info = next((table(part) for part in entries[key] if isinstance(part, dict)), {})
        yield from _found(key, info, entries)

    def starts(*more: str) -> Iterator[str]:
        for space in spaces.values():
            yield from _found(text(space.get("name"))[:_NAME_CHARACTERS], space, entries, more)

    parents = reached(starts("devDependencies"), below)
    shipped = reached(starts(), below)
    direct = set(starts("devDependencies"))
    for pin in merged(_pins(entries, where, direct, parents, shipped, draft)):
        draft.entry(pin)
    return {place or ".": tuple(requirements(space, draft.path)) for place, space in spaces.items()}


def _found(
    place: str, info: Mapping[str, object], entries: Mapping[str, object], more: tuple[str, ...] = ()
) -> Iterator[str]:
    """The keys of what `info` needs, looked for below `place` and then in each level above."""
    for group in (*_NEEDS, *more):
        for name in table(info.get(group)):
            steps = _STEP.findall(place)
            for depth in range(len(steps), -1, -1):
                key = "/".join([*steps[:depth], name])
                if key in entries:
                    yield key
                    break


def _pins(
    entries: Mapping[str, list[object]],
    where: Mapping[str, int],
    direct: set[str],
    parents: Ways[str],
    shipped: Container[str],
    draft: Draft,
) -> Iterator[Pin]:
    for key, entry in entries.items():
        name, version = split_at(text(entry[0]) if entry else "")
        if version.startswith(_LOCAL):
            continue
        source: Source = REGISTRY
        if ":" in version or "/" in version:
            source, version = url_source(version), tarball_version(version, name)
        elif len(entry) > 1 and isinstance(entry[1], str) and entry[1]:
            source = resolved_source(entry[1])
        if not is_name(name) or not (is_version(version) or source is not REGISTRY):
            draft.problem(ProblemKind.MALFORMED, "a package without a proper name or version", where[key])
            continue
        above = [_STEP.findall(step)[-1] for step in ancestors(parents, key)]
        integrity = entry[-1] if len(entry) > 2 else None
        yield Pin(
            ECOSYSTEM,
            name,
            version,
            draft.path,
            where[key],
            source,
            digests(integrity),
            direct=key in direct,
            dev=key in parents and key not in shipped,
            via=() if key in direct else names(above, draft.limits.chain),
        )


FORMAT = Format(
    "bun-lock",
    DocumentKind.LOCKFILE,
    ECOSYSTEM,
    ("bun.lock",),
    read,
    lambda head: b'"lockfileVersion"' in head[:120] and b'"workspaces"' in head[:120],
)
