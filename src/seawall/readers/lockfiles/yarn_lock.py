"""yarn.lock of version 1 is a format of its own; from version 2 on it is YAML with the workspaces inside.

Source: files written by yarn 1 to 4 and the documentation of both. Version 1 records neither what the project
asked for nor what is for development; what no other package needs can only have been asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import unquote

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind, Requirement
from seawall.kernel.source import REGISTRY, Source, SourceKind
from seawall.readers.format import Format
from seawall.readers.syntax import yaml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._chains import Ways, ancestors, from_parents, names, reached
from ._draft import Draft, facts, hash_fact, table, text
from ._npm import (
    ECOSYSTEM,
    digests,
    is_name,
    is_version,
    merged,
    requirement,
    resolved_source,
    split_at,
    url_source,
)

_HEADER = re.compile(r"^(?=\S)(?!#)(.+):$")
_DESCRIPTOR = re.compile(r'"[^"]*+"?+|[^",]++')
_FIELD = re.compile(r'^  ("?)([\w@/.-]+)\1 +(\S.*)')
_TABLE = re.compile(r"^  ([\w]+):\s*$")
_NEEDS = re.compile(r'^    ("?)(\S+?)\1 +(\S.*)')
_BERRY = re.compile(r"^__metadata:", re.MULTILINE)


@dataclass(slots=True)
class _Entry:
    """One block of a version 1 file."""

    descriptors: tuple[str, ...]
    line: int
    fields: dict[str, str] = field(default_factory=dict)
    needs: dict[str, str] = field(default_factory=dict)


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a yarn.lock of any version says. Never raises."""
    draft = Draft(path, limits, ECOSYSTEM)
    locked_from: dict[str, tuple[Requirement, ...]] | None = None
    name, version = "yarn-lock-v1", "1"
    try:
        content = decode(data, limits)
        if _BERRY.search(content):
            name = "yarn-lock-berry"
            whole = table(yaml.load(content, limits))
            version = text(table(whole.get("__metadata")).get("version"))
            locked_from = _read_berry(whole, draft)
        else:
            _read_classic(content, draft)
    except SyntaxFault as fault:
        draft.fault(fault)
    return draft.document(
        name,
        DocumentKind.LOCKFILE,
        facts(version=version, hashes=hash_fact(draft.pins)),
        MappingProxyType(locked_from) if locked_from is not None else None,
    )


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] == '"' else value


def _descriptors(header: str) -> Iterator[str]:
    """`a@^1` and `b@>=1, <3` of `a@^1, "b@>=1, <3"`."""
    for part in _DESCRIPTOR.findall(header):
        if found := _unquoted(part.strip()):
            yield found


def _blocks(content: str, draft: Draft) -> Iterator[_Entry]:
    """The entries of a version 1 file, line by line."""
    entry: _Entry | None = None
    inside = ""
    for number, raw in enumerate(content.splitlines(), 1):
        line = raw.rstrip()
        if not line or line.startswith("#"):
            continue
        header = _HEADER.match(line)
        if header:
            if entry:
                yield entry
            entry = _Entry(tuple(_descriptors(header[1])) or ("",), number)
            inside = ""
        elif entry is None:
            raise SyntaxFault(ProblemKind.MALFORMED, "this is no yarn.lock", number)
        elif not _take(entry, line, inside):
            table_name = _TABLE.match(line)
            if table_name:
                inside = table_name[1]
            else:
                draft.problem(ProblemKind.MALFORMED, "a line that is not understood", number)
        elif not line.startswith("    "):
            inside = ""
    if entry:
        yield entry


def _take(entry: _Entry, line: str, inside: str) -> bool:
    if line.startswith("    "):
        found = _NEEDS.match(line)
        if found and inside in ("dependencies", "optionalDependencies"):
            entry.needs[found[2]] = _unquoted(found[3].rstrip())
        return bool(found and inside)
    found = _FIELD.match(line)
    if found:
        entry.fields[found[2]] = _unquoted(found[3].rstrip())
    return bool(found)


def _read_classic(content: str, draft: Draft) -> None:
    entries = list(_blocks(content, draft))
    if not entries and "yarn lockfile v1" not in content:
        raise SyntaxFault(ProblemKind.TRUNCATED, "the file holds no package", 1)
    owners = {descriptor: entry for entry in entries for descriptor in entry.descriptors}
    known = {split_at(descriptor)[0] for descriptor in owners}
    edges: dict[str, list[str]] = {}
    for entry in entries:
        edges.setdefault(_called(entry), []).extend(entry.needs)
        missing = [name for name in entry.needs if name not in known]
        if missing:
            draft.problem(
                ProblemKind.TRUNCATED, "packages are asked for that are not in the file", entry.line
            )
    _complete(entries, draft)
    chains = from_parents(edges, [_called(entry) for entry in entries], draft.limits.chain, {})
    for pin in merged(_classic_pins(entries, chains, draft)):
        draft.entry(pin)


def _complete(entries: list[_Entry], draft: Draft) -> None:
    """The last entry of a cut file lacks what the others have, or ends inside a quote or a digest."""
    if not entries:
        return
    last = entries[-1]
    fetched = [e for e in entries[:-1] if "resolved" in e.fields]
    if fetched and not last.fields.get("resolved") and not _local(last):
        draft.problem(ProblemKind.TRUNCATED, "the last package names no address", last.line)
    elif any(value.startswith('"') for value in (*last.fields.values(), *last.needs.values())):
        draft.problem(ProblemKind.TRUNCATED, "a quote that is not closed", last.line)
    elif last.fields.get("integrity") and not digests(last.fields["integrity"]):
        draft.problem(ProblemKind.TRUNCATED, "a digest that is none", last.line)
    elif fetched and all("integrity" in e.fields for e in fetched) and _lacks_digest(last):
        draft.problem(ProblemKind.TRUNCATED, "the last package has no digest, though others have", last.line)


def _lacks_digest(entry: _Entry) -> bool:
    source = resolved_source(entry.fields.get("resolved"))
    return source.kind is SourceKind.REGISTRY and not _local(entry) and "integrity" not in entry.fields


def _local(entry: _Entry) -> bool:
    return split_at(entry.descriptors[0])[1].startswith(("file:", "link:"))


def _called(entry: _Entry) -> str:
    return split_at(entry.descriptors[0])[0]


def _classic_pins(
    entries: list[_Entry], chains: Mapping[str, tuple[bool | None, tuple[str, ...]]], draft: Draft
) -> Iterator[Pin]:
    for entry in entries:
        called, wanted = split_at(entry.descriptors[0])
        name = split_at(wanted[4:])[0] if wanted.startswith("npm:") else called
        version = entry.fields.get("version", "")
        if not version:
            draft.problem(ProblemKind.TRUNCATED, "a package without a version", entry.line)
            continue
        if not is_name(name) or not is_version(version):
            draft.problem(ProblemKind.MALFORMED, "a package without a proper name or version", entry.line)
            continue
        direct, via = chains.get(called, (None, ()))
        address = entry.fields.get("resolved", "")
        yield Pin(
            ECOSYSTEM,
            name,
            version,
            draft.path,
            entry.line,
            resolved_source(address) if address else _unresolved(wanted),
            digests(entry.fields.get("integrity")) or _fragment(address),
            direct=direct,
            via=via,
        )


def _unresolved(wanted: str) -> Source:
    return url_source(wanted) if wanted.startswith(("file:", "link:")) else REGISTRY


def _fragment(address: str) -> tuple[str, ...]:
    """Old files carry the SHA-1 of the tarball behind its address."""
    digest = address.rpartition("#")[2]
    return (f"sha1:{digest}",) if ".tgz#" in address and re.fullmatch("[0-9a-f]{40}", digest) else ()


def _read_berry(whole: Mapping[str, object], draft: Draft) -> dict[str, tuple[Requirement, ...]]:
    """Pins into the draft; what the lockfile recorded of every workspace."""
    lines = whole.lines if isinstance(whole, yaml.Mapping) else {}
    entries = {key: table(value) for key, value in whole.items() if key != "__metadata"}
    owners = {d.strip(): key for key in entries for d in key.split(",")}
    known = {split_at(descriptor)[0] for descriptor in owners}
    spaces = {key for key, entry in entries.items() if "@workspace:" in text(entry.get("resolution"))}

    def below(key: str) -> Iterator[str]:
        for group in ("dependencies", "optionalDependencies"):
            for name, wanted in table(entries[key].get(group)).items():
                found = owners.get(f"{name}@{wanted}") or owners.get(f"{name}@npm:{wanted}")
                if found:
                    yield found
                elif name not in known:
                    draft.problem(
                        ProblemKind.TRUNCATED,
                        "packages are asked for that are not in the file",
                        lines.get(key, 0),
                    )

    direct = {key for space in spaces for key in below(space)} - spaces
    parents = reached(sorted(direct), below)
    for pin in merged(_berry_pins(entries, spaces, direct, parents, lines, draft)):
        draft.entry(pin)
    if "__metadata" not in whole or not spaces:
        draft.problem(ProblemKind.TRUNCATED, "the project itself is not in the lock")
    return {
        text(entries[key].get("resolution")).partition("@workspace:")[2] or ".": tuple(
            _berry_asked(entries[key], draft.path, lines.get(key, 0))
        )
        for key in sorted(spaces)
    }


def _berry_asked(entry: Mapping[str, object], path: str, line: int) -> Iterator[Requirement]:
    for name, wanted in table(entry.get("dependencies")).items():
        spec = text(wanted)
        # `npm:^1.0.0` is how berry writes a plain range; only `npm:other@^1.0.0` is an alias.
        plain = spec.startswith("npm:") and "@" not in spec[5:]
        found = requirement(name, spec[4:] if plain else spec, path, line, "main")
        if found:
            yield found


def _berry_pins(
    entries: Mapping[str, Mapping[str, object]],
    spaces: set[str],
    direct: set[str],
    parents: Ways[str],
    lines: Mapping[str, int],
    draft: Draft,
) -> Iterator[Pin]:
    for key, entry in entries.items():
        resolution = text(entry.get("resolution"))
        if key in spaces or resolution.partition("@")[2].startswith("link:"):
            continue
        name, rest = split_at(resolution)
        if rest.startswith("patch:"):
            name, rest = split_at(unquote(rest[6:].partition("#")[0]))
        version, source = text(entry.get("version")), REGISTRY
        if rest.startswith("npm:"):
            version = rest[4:].partition("::")[0]
            archive = re.search(r"__archiveUrl=([^&]+)", rest)
            source = resolved_source(unquote(archive[1])) if archive else REGISTRY
        elif rest:
            source = url_source(rest.partition("::")[0])
        if not is_name(name) or not is_version(version):
            draft.problem(
                ProblemKind.MALFORMED, "a package without a proper name or version", lines.get(key, 0)
            )
            continue
        if source.kind is SourceKind.PATH and version == "0.0.0-use.local":
            continue
        yield Pin(
            ECOSYSTEM,
            name,
            version,
            draft.path,
            lines.get(key, 0),
            source,
            # The checksum is of yarn's own repacked archive, not of the registry's file: no digest here.
            (),
            direct=key in direct if spaces else None,
            via=()
            if key in direct
            else names([_berry_name(k) for k in ancestors(parents, key)], draft.limits.chain),
        )


def _berry_name(key: str) -> str:
    return split_at(key.partition(",")[0])[0]


FORMAT = Format(
    "yarn-lock",
    DocumentKind.LOCKFILE,
    ECOSYSTEM,
    ("yarn.lock",),
    read,
    lambda head: b"yarn lockfile v1" in head or b"__metadata:" in head,
)
