"""package-lock.json says where in node_modules every package goes, and from that through whom it came.

Source: npm's "package-lock.json" and "npm-shrinkwrap.json" pages. Versions 2 and 3 hold `packages` by install
path; version 1 holds nested `dependencies` and does not say what the project itself asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind, Requirement
from seawall.kernel.source import SourceKind
from seawall.readers.format import Format
from seawall.readers.syntax import json
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.json import KeyLines
from seawall.readers.syntax.text import decode

from ._chains import Ways, ancestors, from_parents, names, reached
from ._draft import Draft, facts, hash_fact, table, text
from ._npm import (
    ECOSYSTEM,
    digests,
    is_name,
    is_version,
    merged,
    requirements,
    resolved_source,
    tarball_version,
    url_source,
)

_INSTALLED = "node_modules/"
_NEEDS = ("dependencies", "optionalDependencies", "peerDependencies")
_DEPTH = 60


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a package-lock.json or npm-shrinkwrap.json of version 1, 2 or 3 says. Never raises."""
    return _read(data, path, limits, "npm-package-lock")


def read_shrinkwrap(data: bytes, path: str, limits: Limits) -> Document:
    """The same under its other name, which is also published inside packages. Never raises."""
    return _read(data, path, limits, "npm-shrinkwrap")


def _read(data: bytes, path: str, limits: Limits, name: str) -> Document:
    draft = Draft(path, limits, ECOSYSTEM)
    locked_from: dict[str, tuple[Requirement, ...]] | None = None
    version = ""
    try:
        content = decode(data, limits)
        lock = json.load(content, limits)
        if not isinstance(lock, dict):
            raise SyntaxFault(ProblemKind.MALFORMED, "a lockfile is an object", 1)
        version = str(lock.get("lockfileVersion", ""))
        if isinstance(lock.get("packages"), dict):
            locked_from = _read_packages(lock["packages"], content, draft)
        elif version in ("", "1"):
            _read_nested(lock, content, draft)
        elif version in ("2", "3"):
            draft.problem(ProblemKind.MALFORMED, "`packages` is missing or not an object")
        else:
            draft.problem(ProblemKind.UNSUPPORTED, f"lockfileVersion {version[:20]} is not known here")
    except SyntaxFault as fault:
        draft.fault(fault)
    return draft.document(
        name,
        DocumentKind.LOCKFILE,
        facts(version=version, hashes=hash_fact(draft.pins)),
        MappingProxyType(locked_from) if locked_from is not None else None,
    )


def _read_packages(
    packages: dict[str, object], content: str, draft: Draft
) -> dict[str, tuple[Requirement, ...]]:
    """Pins into the draft; what the lockfile recorded of every manifest."""
    lines = KeyLines(content)
    entries: dict[str, Mapping[str, object]] = {}
    where: dict[str, int] = {}
    for place, entry in packages.items():
        where[place] = lines.line_of(place, "{") if place else 1
        if len(place) > draft.limits.text_field:
            draft.problem(ProblemKind.TOO_LARGE, "a path in `packages` that is too long", where[place])
        elif isinstance(entry, dict):
            entries[place] = entry
        else:
            draft.problem(ProblemKind.MALFORMED, "an entry of `packages` is not an object", where[place])
    roots = {place: entry for place, entry in entries.items() if _INSTALLED not in place}
    parents = reached(_starts(roots, entries), lambda place: _below(place, entries))
    direct = set(_starts(roots, entries))
    for pin in merged(_pins(entries, where, direct, parents, draft)):
        draft.entry(pin)
    return {
        place or ".": tuple(requirements(entry, draft.path, where[place])) for place, entry in roots.items()
    }


def _starts(roots: Mapping[str, Mapping[str, object]], entries: Mapping[str, object]) -> Iterator[str]:
    """Install paths of what the manifests ask for."""
    for place, entry in roots.items():
        for key in (*_NEEDS, "devDependencies"):
            for name in table(entry.get(key)):
                found = _installed(place, name, entries)
                if found:
                    yield found


def _below(place: str, entries: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    entry = entries[place]
    target = entry.get("resolved")
    if entry.get("link") and isinstance(target, str) and target in entries:
        entry = entries[target]
    for key in _NEEDS:
        for name in table(entry.get(key)):
            found = _installed(place, name, entries)
            if found:
                yield found


def _installed(place: str, name: str, entries: Mapping[str, object]) -> str:
    """Where Node would find `name` from `place`: in its own node_modules, then in each one above."""
    for _ in range(_DEPTH):
        candidate = f"{place}/{_INSTALLED}{name}" if place else f"{_INSTALLED}{name}"
        if candidate in entries:
            return candidate
        if not place:
            return ""
        place = _above(place)
    return ""


def _above(place: str) -> str:
    """The next directory up whose node_modules is looked into."""
    cut = place.rfind(f"/{_INSTALLED}")
    if cut >= 0:
        return place[:cut]
    return "" if place.startswith(_INSTALLED) else place.rpartition("/")[0]


def _pins(
    entries: Mapping[str, Mapping[str, object]],
    where: Mapping[str, int],
    direct: set[str],
    parents: Ways[str],
    draft: Draft,
) -> Iterator[Pin]:
    for place, entry in entries.items():
        if _INSTALLED not in place or entry.get("link"):
            continue
        bare = place.rpartition(_INSTALLED)[2]
        name, version = entry.get("name", bare), entry.get("version")
        source = resolved_source(entry.get("resolved"))
        if version is None and source.kind is SourceKind.PATH:
            continue
        if version is None and source.kind is not SourceKind.REGISTRY:
            version = ""  # a repository whose manifest names none
        elif not is_version(version):
            name = None
        if not is_name(name):
            draft.problem(ProblemKind.MALFORMED, "a package without a proper name or version", where[place])
            continue
        above = [step.rpartition(_INSTALLED)[2] for step in ancestors(parents, place)]
        yield Pin(
            ECOSYSTEM,
            str(name),
            str(version),
            draft.path,
            where[place],
            source,
            digests(entry.get("integrity")),
            direct=place in direct if direct else None,
            dev=bool(entry.get("dev") or entry.get("devOptional")),
            optional=bool(entry.get("optional") or entry.get("devOptional")),
            via=() if place in direct else names(above, draft.limits.chain),
            install_script=bool(entry.get("hasInstallScript")),
        )


def _read_nested(lock: Mapping[str, object], content: str, draft: Draft) -> None:
    """Version 1: what nobody requires can only have been asked for; of the rest it is not known."""
    if "dependencies" not in lock and "lockfileVersion" not in lock:
        draft.problem(ProblemKind.MALFORMED, "neither `packages` nor `dependencies`: no lockfile of npm", 1)
        return
    found = list(_nested(table(lock.get("dependencies")), KeyLines(content), 0, draft))
    edges: dict[str, list[str]] = {}
    for name, entry, _ in found:
        edges.setdefault(name, []).extend(table(entry.get("requires")))
    chains = from_parents(edges, [name for name, _, _ in found], draft.limits.chain, {})
    for pin in merged(_nested_pins(found, chains, draft)):
        draft.entry(pin)


def _nested(
    level: Mapping[str, object], lines: KeyLines, depth: int, draft: Draft
) -> Iterator[tuple[str, Mapping[str, object], int]]:
    for name, entry in level.items():
        line = lines.line_of(name, "{")
        if not isinstance(entry, dict):
            draft.problem(ProblemKind.MALFORMED, "an entry of `dependencies` is not an object", line)
            continue
        yield name, entry, line
        if depth < _DEPTH:
            yield from _nested(table(entry.get("dependencies")), lines, depth + 1, draft)


def _nested_pins(
    found: Iterable[tuple[str, Mapping[str, object], int]],
    chains: Mapping[str, tuple[bool | None, tuple[str, ...]]],
    draft: Draft,
) -> Iterator[Pin]:
    for key, entry, line in found:
        name, version = key, text(entry.get("version"))
        source = resolved_source(entry.get("resolved"))
        if version.startswith("npm:"):
            name, _, version = version[4:].rpartition("@")
        elif ":" in version or "/" in version:
            # Git, a path or an address stands in place of the version, which is then not known.
            source, version = url_source(version), tarball_version(version, name)
        if not is_name(name) or not (is_version(version) or source.kind is not SourceKind.REGISTRY):
            draft.problem(ProblemKind.MALFORMED, "a package without a proper name or version", line)
            continue
        direct, via = chains.get(key, (None, ()))
        yield Pin(
            ECOSYSTEM,
            name,
            version,
            draft.path,
            line,
            source,
            digests(entry.get("integrity")),
            direct=direct,
            dev=bool(entry.get("dev")),
            optional=bool(entry.get("optional")),
            via=via,
        )


def _sniff(head: bytes) -> bool:
    return b'"lockfileVersion"' in head and b'"workspaces"' not in head[:120]


FORMAT = Format("npm-package-lock", DocumentKind.LOCKFILE, ECOSYSTEM, ("package-lock.json",), read, _sniff)
SHRINKWRAP = Format(
    "npm-shrinkwrap", DocumentKind.LOCKFILE, ECOSYSTEM, ("npm-shrinkwrap.json",), read_shrinkwrap
)
