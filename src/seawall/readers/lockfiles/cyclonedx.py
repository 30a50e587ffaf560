"""A CycloneDX BOM says what was shipped: components with purls, digests, and who depends on whom.

Source: CycloneDX 1.2 to 1.6, JSON (ECMA-424).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind
from seawall.readers.format import Format
from seawall.readers.syntax import json
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.json import KeyLines
from seawall.readers.syntax.text import decode

from ._chains import ancestors, names, reached
from ._draft import Draft, facts, items, table, text, texts
from ._sbom import from_purl, without_purls

_ALGORITHMS = {"SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512", "MD5": "md5"}


def read(data: bytes, path: str, limits: Limits) -> Document:
    """The components of a CycloneDX BOM that carry a purl. Never raises."""
    draft = Draft(path, limits, "")
    version = ""
    try:
        content = decode(data, limits)
        bom = json.load(content, limits)
        if not isinstance(bom, dict) or bom.get("bomFormat") != "CycloneDX":
            raise SyntaxFault(ProblemKind.UNSUPPORTED, "no CycloneDX BOM", 1)
        version = text(bom.get("specVersion"))
        if not isinstance(bom.get("components", []), list):
            draft.problem(ProblemKind.MALFORMED, "`components` is not an array")
        _read_components(bom, KeyLines(content), draft)
    except SyntaxFault as fault:
        draft.fault(fault)
    return draft.document("cyclonedx", DocumentKind.SBOM, facts(version=version))


def _read_components(bom: Mapping[str, object], lines: KeyLines, draft: Draft) -> None:
    product = table(table(bom.get("metadata")).get("component"))
    components = [
        *_every(product.get("components"), 0, draft.limits.nesting),
        *_every(bom.get("components"), 0, draft.limits.nesting),
    ]
    named = {text(c.get("bom-ref")): text(c.get("name")) for c in components}
    edges = {
        text(item.get("ref")): [ref for ref in texts(item.get("dependsOn")) if ref in named]
        for item in map(table, items(bom.get("dependencies")))
    }
    root = text(product.get("bom-ref"))
    direct = set(edges.get(root, ())) if root else set()
    parents = reached(direct, lambda ref: edges.get(ref, ()))
    for component in components:
        purl = component.get("purl")
        line = lines.line_of_pair("purl", purl) if isinstance(purl, str) else 0
        _take(
            component,
            line,
            direct,
            [named[r] for r in ancestors(parents, text(component.get("bom-ref")))],
            draft,
        )
    without_purls(draft, len(components))


def _every(value: object, depth: int, limit: int) -> Iterator[Mapping[str, object]]:
    for item in items(value):
        if isinstance(item, dict):
            yield item
            if depth < limit:
                yield from _every(item.get("components"), depth + 1, limit)


def _take(
    component: Mapping[str, object], line: int, direct: set[str], above: list[str], draft: Draft
) -> None:
    purl = component.get("purl")
    if purl is None:
        return  # an operating system, a file, an application: nothing that an advisory names
    found = from_purl(purl) if isinstance(purl, str) else None
    if found is None:
        draft.problem(ProblemKind.MALFORMED, "a component whose purl is none", line)
        return
    ecosystem, name, version = found
    version = version or text(component.get("version"))
    if not version:
        return
    hashes = [
        f"{_ALGORITHMS[text(h.get('alg'))]}:{text(h.get('content'))}"
        for h in map(table, items(component.get("hashes")))
        if text(h.get("alg")) in _ALGORITHMS
    ]
    ref = text(component.get("bom-ref"))
    draft.entry(
        Pin(
            ecosystem,
            name,
            version,
            draft.path,
            line,
            digests=draft.digests(hashes, line),
            direct=ref in direct if direct else None,
            dev=component.get("scope") == "excluded",
            optional=component.get("scope") == "optional",
            via=() if ref in direct else names(above, draft.limits.chain),
        )
    )


FORMAT = Format(
    "cyclonedx",
    DocumentKind.SBOM,
    "",
    ("*.cdx.json", "bom.json"),
    read,
    lambda head: b'"bomFormat"' in head and b"CycloneDX" in head,
)
