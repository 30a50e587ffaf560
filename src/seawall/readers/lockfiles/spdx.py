"""An SPDX document says what was shipped: packages with purls among their external references.

Source: SPDX 2.2 and 2.3, JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind
from seawall.readers.format import Format
from seawall.readers.syntax import json
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.json import KeyLines
from seawall.readers.syntax.text import decode

from ._chains import Ways, ancestors, names, reached
from ._draft import Draft, facts, items, table, text, texts
from ._sbom import from_purl, without_purls

_DEPENDENCY_OF = (
    "DEPENDENCY_OF",
    "RUNTIME_DEPENDENCY_OF",
    "OPTIONAL_DEPENDENCY_OF",
    "PROVIDED_DEPENDENCY_OF",
    "DEV_DEPENDENCY_OF",
)
_ALGORITHMS = {"SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512", "MD5": "md5"}


@dataclass(frozen=True, slots=True)
class _Graph:
    """Names by id, the way to each, what the product itself depends on, and what only its makers use."""

    called: Mapping[str, str]
    ways: Ways[str]
    direct: Set[str]
    dev: Set[str]


def read(data: bytes, path: str, limits: Limits) -> Document:
    """The packages of an SPDX 2 document that carry a purl. Never raises.

    The document may stand in a `sbom` object, as a forge's export wraps it. SPDX 3 is another format and
    is said to be unsupported.
    """
    draft = Draft(path, limits, "")
    version = ""
    try:
        content = decode(data, limits)
        whole = table(json.load(content, limits))
        document = table(whole.get("sbom")) or whole
        version = text(document.get("spdxVersion"))
        if not version.startswith("SPDX-2"):
            raise SyntaxFault(ProblemKind.UNSUPPORTED, "no SPDX document of version 2", 1)
        packages = document.get("packages", [])
        if not isinstance(packages, list):
            draft.problem(ProblemKind.MALFORMED, "`packages` is not an array")
        graph = _graph(document)
        lines = KeyLines(content)
        for package in items(packages):
            _take(table(package), graph, lines, draft)
        without_purls(draft, len(items(packages)))
    except SyntaxFault as fault:
        draft.fault(fault)
    return draft.document("spdx", DocumentKind.SBOM, facts(version=version))


def _graph(document: Mapping[str, object]) -> _Graph:
    called = {text(p.get("SPDXID")): text(p.get("name")) for p in map(table, items(document.get("packages")))}
    below: dict[str, list[str]] = {}
    described = texts(document.get("documentDescribes"))
    dev: set[str] = set()
    for item in map(table, items(document.get("relationships"))):
        kind = text(item.get("relationshipType"))
        one, other = text(item.get("spdxElementId")), text(item.get("relatedSpdxElement"))
        if kind == "DESCRIBES":
            described.append(other)
        elif kind == "DEPENDS_ON":
            below.setdefault(one, []).append(other)
        elif kind in _DEPENDENCY_OF:
            below.setdefault(other, []).append(one)
            if kind == "DEV_DEPENDENCY_OF":
                dev.add(one)
    direct = {child for root in described for child in below.get(root, ())}
    ways = reached(sorted(direct), lambda ref: [r for r in below.get(ref, ()) if r in called])
    return _Graph(called, ways, direct, dev)


def _take(package: Mapping[str, object], graph: _Graph, lines: KeyLines, draft: Draft) -> None:
    hashes = [
        f"{_ALGORITHMS[text(c.get('algorithm'))]}:{text(c.get('checksumValue'))}"
        for c in map(table, items(package.get("checksums")))
        if text(c.get("algorithm")) in _ALGORITHMS
    ]
    ref = text(package.get("SPDXID"))
    above = [graph.called.get(step, "") for step in ancestors(graph.ways, ref)]
    for reference in map(table, items(package.get("externalRefs"))):
        if reference.get("referenceType") != "purl":
            continue
        locator = text(reference.get("referenceLocator"))
        line = lines.line_of_pair("referenceLocator", locator)
        found = from_purl(locator)
        if found is None:
            draft.problem(ProblemKind.MALFORMED, "a package whose purl is none", line)
            continue
        ecosystem, name, version = found
        version = version or text(package.get("versionInfo"))
        if not version:
            continue
        draft.entry(
            Pin(
                ecosystem,
                name,
                version,
                draft.path,
                line,
                digests=draft.digests(hashes, line),
                direct=ref in graph.direct if graph.direct else None,
                dev=ref in graph.dev,
                via=() if ref in graph.direct else names(above, draft.limits.chain),
            )
        )


FORMAT = Format(
    "spdx",
    DocumentKind.SBOM,
    "",
    ("*.spdx.json",),
    read,
    lambda head: b'"spdxVersion"' in head or b'"SPDXID"' in head,
)
