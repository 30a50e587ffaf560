"""pnpm-lock.yaml names a package by a key whose spelling changed with every version, and means the same.

Source: pnpm's lockfile specification (versions 5, 6 and 9). `packages` holds what is installed; version 9
keeps the dependencies apart in `snapshots`. `overrides` only say what is not wanted, and are no exposure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind, Requirement
from seawall.kernel.source import REGISTRY, UNKNOWN, Source, SourceKind
from seawall.readers.format import Format
from seawall.readers.syntax import yaml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._chains import Ways, ancestors, names, reached
from ._draft import Draft, facts, hash_fact, table, text
from ._npm import ECOSYSTEM, GROUPS, digests, is_name, is_version, merged, requirement, split_at, url_source

_KNOWN = re.compile(r"(5|6|7|9)(\.\d+)?\Z")
_PEERS = re.compile(r"\(.*\Z", re.DOTALL)
_OLD_PEERS = re.compile(r"_.*\Z", re.DOTALL)
_LOCAL = ("link:", "file:", "workspace:")


@dataclass(slots=True)
class _Lock:
    """All documents of the file as one."""

    draft: Draft
    major: int
    importers: dict[str, Mapping[str, object]]
    packages: dict[str, Mapping[str, object]]
    snapshots: dict[str, Mapping[str, object]]
    lines: dict[str, int]
    overridden: set[str]


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a pnpm-lock.yaml of version 5, 6, 7 or 9 says. Never raises."""
    draft = Draft(path, limits, ECOSYSTEM)
    locked_from: dict[str, tuple[Requirement, ...]] | None = None
    version = ""
    try:
        documents = [d for d in yaml.load_all(decode(data, limits), limits) if d is not None]
        if not documents:
            raise SyntaxFault(ProblemKind.TRUNCATED, "the file is empty", 1)
        version = text(table(documents[-1]).get("lockfileVersion"))
        found = _KNOWN.match(version)
        if not found:
            raise SyntaxFault(
                ProblemKind.UNSUPPORTED, f"lockfileVersion {version[:20]!r} is not known here", 1
            )
        lock = _gathered(documents, int(found[1]), draft)
        locked_from = _read_importers(lock)
        _read_packages(lock)
    except SyntaxFault as fault:
        draft.fault(fault)
    return draft.document(
        "pnpm-lock",
        DocumentKind.LOCKFILE,
        facts(version=version, hashes=hash_fact(draft.pins)),
        MappingProxyType(locked_from) if locked_from is not None else None,
    )


def _gathered(documents: list[object], major: int, draft: Draft) -> _Lock:
    lock = _Lock(draft, major, {}, {}, {}, {}, set())
    for document in documents:
        whole = table(document)
        single = {key: whole[key] for key in (*GROUPS, "specifiers") if key in whole}
        importers = table(whole.get("importers")) or ({".": single} if single else {})
        for selector in table(whole.get("overrides")):
            lock.overridden.add(split_at(selector.rpartition(">")[2].strip())[0])
        for name, importer in importers.items():
            # pnpm keeps its own version and plugins in a document of their own, under the same places.
            lock.importers[name] = {**lock.importers.get(name, {}), **table(importer)}
            if not isinstance(importer, dict) or any(importer.get(key, {}) is None for key in GROUPS):
                draft.problem(ProblemKind.TRUNCATED, "an entry of `importers` holds nothing")
        for key, target in (("packages", lock.packages), ("snapshots", lock.snapshots)):
            value = whole.get(key)
            if value is not None and not isinstance(value, dict):
                draft.problem(ProblemKind.MALFORMED, f"`{key}` is not a mapping")
            if isinstance(value, yaml.Mapping):
                target.update({name: table(entry) for name, entry in value.items()})
                if not all(isinstance(entry, dict) for entry in value.values()):
                    draft.problem(ProblemKind.TRUNCATED, f"an entry of `{key}` holds nothing")
                if key == "packages":
                    lock.lines.update(value.lines)
    return lock


def _read_importers(lock: _Lock) -> dict[str, tuple[Requirement, ...]]:
    return {place: tuple(_asked(lock, importer)) for place, importer in lock.importers.items()}


def _asked(lock: _Lock, importer: Mapping[str, object]) -> Iterator[Requirement]:
    old = table(importer.get("specifiers"))
    for key, group in GROUPS.items():
        wanted = importer.get(key)
        for name, entry in table(wanted).items():
            spec = table(entry).get("specifier") if isinstance(entry, dict) else old.get(name)
            line = wanted.lines.get(name, 0) if isinstance(wanted, yaml.Mapping) else 0
            if entry is None:
                lock.draft.problem(ProblemKind.TRUNCATED, "an entry of `importers` holds nothing", line)
            found = requirement(name, spec, lock.draft.path, line, group)
            if found:
                # An override replaces what the manifest asks for, and a runtime stands elsewhere in it.
                elsewhere = name in lock.overridden or found.spec.startswith("runtime:")
                yield replace(found, source=UNKNOWN) if elsewhere else found


def _starts(lock: _Lock, groups: tuple[str, ...]) -> Iterator[str]:
    for importer in lock.importers.values():
        for key in groups:
            for name, entry in table(importer.get(key)).items():
                reference = table(entry).get("version") if isinstance(entry, dict) else entry
                found = _key(lock, name, reference)
                if found:
                    yield found


def _below(lock: _Lock, key: str) -> Iterator[str]:
    entry = lock.snapshots.get(key) or lock.packages.get(key) or lock.packages.get(_PEERS.sub("", key)) or {}
    for group in ("dependencies", "optionalDependencies"):
        for name, reference in table(entry.get(group)).items():
            found = _key(lock, name, reference)
            if found:
                yield found


def _key(lock: _Lock, name: str, reference: object) -> str:
    """The key of a dependency; empty for what is linked, or what stands nowhere."""
    if not isinstance(reference, str) or reference.startswith(_LOCAL[:1]):
        return ""
    if lock.major >= 9:
        candidates = (f"{name}@{reference}", reference)
        known: Mapping[str, object] = lock.snapshots
    elif lock.major >= 6:
        candidates = (f"/{name}@{reference}", reference)
        known = lock.packages
    else:
        candidates = (f"/{name}/{reference}", reference)
        known = lock.packages
    for candidate in candidates:
        if candidate in known or _PEERS.sub("", candidate) in lock.packages:
            return candidate
    if not reference.startswith(_LOCAL):
        lock.draft.problem(ProblemKind.TRUNCATED, "packages are asked for that are not in the file")
    return ""


def _read_packages(lock: _Lock) -> None:
    main = ("dependencies", "optionalDependencies", "peerDependencies")
    direct = set(_starts(lock, (*main, "devDependencies")))
    parents = reached(_starts(lock, (*main, "devDependencies")), lambda key: _below(lock, key))
    shipped = reached(_starts(lock, main), lambda key: _below(lock, key)) if lock.major >= 9 else {}
    for pin in merged(_pins(lock, direct, parents, {_PEERS.sub("", key) for key in shipped})):
        lock.draft.entry(pin)
    if lock.major >= 9 and not lock.importers:
        lock.draft.problem(ProblemKind.TRUNCATED, "`importers`, the projects themselves, is missing")
    if lock.major >= 9 and not lock.packages.keys() <= {_PEERS.sub("", key) for key in lock.snapshots}:
        lock.draft.problem(ProblemKind.TRUNCATED, "a package that `snapshots` does not list")


def _pins(lock: _Lock, direct: set[str], parents: Ways[str], shipped: set[str]) -> Iterator[Pin]:
    by_base: dict[str, str] = {}
    called: dict[str, str] = {}
    for key in parents:
        by_base.setdefault(_PEERS.sub("", key), key)
        called[key] = _identity(lock, key, lock.packages.get(key, {}))[0]
    asked = {_PEERS.sub("", key) for key in direct}
    for key, entry in lock.packages.items():
        line = lock.lines.get(key, 0)
        name, version, source = _identity(lock, key, entry)
        if source.kind is SourceKind.PATH and not version:
            continue
        if not is_name(name) or not (is_version(version) or source.kind is not SourceKind.REGISTRY):
            lock.draft.problem(ProblemKind.MALFORMED, "a package without a proper name or version", line)
            continue
        base = _PEERS.sub("", key)
        above = [called[k] for k in ancestors(parents, by_base.get(base, key))]
        yield Pin(
            ECOSYSTEM,
            name,
            version,
            lock.draft.path,
            line,
            source,
            _digests(table(entry.get("resolution"))),
            direct=base in asked if lock.importers else None,
            dev=base in by_base and base not in shipped if lock.major >= 9 else entry.get("dev") is True,
            optional=entry.get("optional") is True,
            via=() if base in asked else names(above, lock.draft.limits.chain),
            install_script=True if entry.get("requiresBuild") is True else None,
        )


def _digests(resolution: Mapping[str, object]) -> tuple[str, ...]:
    """The digest of the release, or those of its files for each platform (a Node that pnpm installs)."""
    variants = resolution.get("variants")
    if not isinstance(variants, list):
        return digests(resolution.get("integrity"))
    files = [table(table(variant).get("resolution")) for variant in variants[:100]]
    return tuple(dict.fromkeys(digest for file in files for digest in digests(file.get("integrity"))))


def _identity(lock: _Lock, key: str, entry: Mapping[str, object]) -> tuple[str, str, Source]:
    """(name, version, source) from a key and, where it is given, from the entry itself."""
    name, version = _from_key(lock.major, key)
    name, version = text(entry.get("name")) or name, text(entry.get("version")) or version
    source = _source(table(entry.get("resolution")))
    if source is None:
        source = url_source(version) if ":" in version else REGISTRY
    return name, "" if ":" in version or "/" in version else version, source


def _from_key(major: int, key: str) -> tuple[str, str]:
    bare = key.removeprefix("/")
    if major >= 6:
        return split_at(_PEERS.sub("", bare))
    parts = bare.split("/")
    if not key.startswith("/") and "." in parts[0]:
        parts = parts[1:]  # the host of another registry, or of a forge
    if parts[:1] and parts[0].startswith("@") and len(parts) >= 3:
        return f"{parts[0]}/{parts[1]}", _OLD_PEERS.sub("", parts[2])
    return (parts[0], _OLD_PEERS.sub("", parts[1])) if len(parts) >= 2 else (bare, "")


def _source(resolution: Mapping[str, object]) -> Source | None:
    tarball, kind = text(resolution.get("tarball")), text(resolution.get("type"))
    if kind == "git" or "commit" in resolution:
        return url_source(f"git+{text(resolution.get('repo'))}#{text(resolution.get('commit'))}")
    if kind == "directory" or "directory" in resolution:
        return url_source(f"file:{text(resolution.get('directory'))}")
    return url_source(tarball) if tarball else None


FORMAT = Format(
    "pnpm-lock",
    DocumentKind.LOCKFILE,
    ECOSYSTEM,
    ("pnpm-lock.yaml",),
    read,
    lambda head: head.lstrip().startswith(b"lockfileVersion:"),
)
