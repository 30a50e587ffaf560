"""Cargo.lock lists every crate with its source; what has none lies in the workspace itself.

Source: The Cargo Book, "Cargo.toml vs Cargo.lock", versions 1 to 4. Dependencies are written `name`,
`name version` or `name version (source)`, as short as is unambiguous.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind
from seawall.kernel.source import REGISTRY, Source, SourceKind, source_from_url
from seawall.readers.format import Format
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._chains import ancestors, names, reached
from ._draft import Draft, clean, facts, hash_fact, table, tables_of, text, texts

ECOSYSTEM = "crates.io"


@dataclass(frozen=True, slots=True)
class _Crate:
    name: str
    version: str
    source: str
    line: int
    body: Mapping[str, object]


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a Cargo.lock says. Never raises."""
    draft = Draft(path, limits, ECOSYSTEM)
    version = ""
    try:
        content = decode(data, limits)
        lock = toml.load(content, limits)
        if lock.get("version", 1) not in (1, 2, 3, 4):
            raise SyntaxFault(ProblemKind.UNSUPPORTED, "a Cargo.lock of another version than 1 to 4", 1)
        version = str(lock.get("version", 1))
        lines = toml.array_lines(content, "package")
        bodies = tables_of(draft, lock.get("package"), "package", lines)
        if isinstance(root := lock.get("root"), dict):  # the project itself, as Cargo wrote it until 2017
            bodies.append((root, 0))
        crates = list(_crates(draft, bodies))
        if not crates:
            draft.problem(ProblemKind.TRUNCATED, "the file holds no package", 1)
        _pin(crates, table(lock.get("metadata")), draft)
    except SyntaxFault as fault:
        draft.fault(fault)
    return draft.document(
        "cargo-lock", DocumentKind.LOCKFILE, facts(version=version, hashes=hash_fact(draft.pins))
    )


def _crates(draft: Draft, found: list[tuple[Mapping[str, object], int]]) -> Iterator[_Crate]:
    for body, line in found:
        name, version = (
            draft.name(body.get("name"), line, ECOSYSTEM),
            draft.version(body.get("version"), line),
        )
        if name and version:
            yield _Crate(name, version, text(body.get("source")), line, body)
        elif name:
            draft.problem(ProblemKind.TRUNCATED, "a package without a version", line)


def _pin(crates: list[_Crate], metadata: Mapping[str, object], draft: Draft) -> None:
    named: dict[str, _Crate] = {}
    for crate in crates:
        place = crate.source.partition("#")[0]
        release = f"{crate.name} {crate.version}"
        for written in (crate.name, release, f"{release} ({place})"):
            named.setdefault(written, crate)
    index = {(c.name, c.version, c.source): c for c in crates}

    def below(key: tuple[str, str, str]) -> Iterator[tuple[str, str, str]]:
        for needed in texts(index[key].body.get("dependencies")):
            found = named.get(needed.partition("#")[0] + ")" if "#" in needed else needed)
            if found:
                yield (found.name, found.version, found.source)
            else:
                draft.problem(ProblemKind.TRUNCATED, "packages are asked for that are not in the file")

    roots = [key for key in index if not key[2]]
    direct = {child for key in roots for child in below(key)}
    parents = reached(roots, below)
    for key, crate in index.items():
        if not crate.source:
            continue
        above = [step[0] for step in ancestors(parents, key) if step[2]]
        checksum = crate.body.get("checksum") or metadata.get(
            f"checksum {crate.name} {crate.version} ({crate.source})"
        )
        draft.entry(
            Pin(
                ECOSYSTEM,
                crate.name,
                crate.version,
                draft.path,
                crate.line,
                _source(crate.source),
                _digests(draft, checksum, crate.line),
                direct=key in direct if roots else None,
                via=() if key in direct else names(above, draft.limits.chain),
            )
        )


def _digests(draft: Draft, checksum: object, line: int) -> tuple[str, ...]:
    """Version 1 writes `<none>` where a repository has none."""
    if not isinstance(checksum, str) or checksum == "<none>":
        return ()
    return draft.digests([f"sha256:{checksum}"], line)


def _source(value: str) -> Source:
    kind, _, address = value.partition("+")
    if kind == "git":
        return source_from_url(
            address.partition("?")[0].partition("#")[0], SourceKind.GIT, clean(address.rpartition("#")[2])
        )
    if kind in ("registry", "sparse") and address:
        # The default registry is named by its index, which is no host that serves files.
        return source_from_url(address, SourceKind.REGISTRY)
    return REGISTRY


FORMAT = Format("cargo-lock", DocumentKind.LOCKFILE, ECOSYSTEM, ("Cargo.lock",), read)
