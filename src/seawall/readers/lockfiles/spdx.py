"""An SPDX document says what was shipped: packages with purls among their external references.

Source: SPDX 2.2 and 2.3, JSON.
"""

from __future__ import annotations

from collections.abc import Mapping

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind
from seawall.readers.format import Format
from seawall.readers.syntax import json
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.json import KeyLines
from seawall.readers.syntax.text import decode

from ._draft import Draft, facts, items, table, text
from ._sbom import from_purl

_ALGORITHMS = {"SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512", "MD5": "md5"}


def read(data: bytes, path: str, limits: Limits) -> Document:
    """The packages of an SPDX 2 document that carry a purl. Never raises."""
    draft = Draft(path, limits, "")
    version = ""
    try:
        content = decode(data, limits)
        document = json.load(content, limits)
        version = text(table(document).get("spdxVersion"))
        if not version.startswith("SPDX-2"):
            raise SyntaxFault(ProblemKind.UNSUPPORTED, "no SPDX document of version 2", 1)
        packages = table(document).get("packages", [])
        if not isinstance(packages, list):
            draft.problem(ProblemKind.MALFORMED, "`packages` is not an array")
        lines = KeyLines(content)
        for package in items(packages):
            _take(table(package), lines, draft)
    except SyntaxFault as fault:
        draft.fault(fault)
    return draft.document("spdx", DocumentKind.SBOM, facts(version=version))


def _take(package: Mapping[str, object], lines: KeyLines, draft: Draft) -> None:
    for reference in map(table, items(package.get("externalRefs"))):
        if reference.get("referenceType") != "purl":
            continue
        line = lines.line_of("referenceLocator")
        found = from_purl(text(reference.get("referenceLocator")))
        if found is None:
            draft.problem(ProblemKind.MALFORMED, "a package whose purl is none", line)
            continue
        ecosystem, name, version = found
        version = version or text(package.get("versionInfo"))
        hashes = [
            f"{_ALGORITHMS[text(c.get('algorithm'))]}:{text(c.get('checksumValue'))}"
            for c in map(table, items(package.get("checksums")))
            if text(c.get("algorithm")) in _ALGORITHMS
        ]
        if version:
            draft.entry(Pin(ecosystem, name, version, draft.path, line, digests=draft.digests(hashes, line)))


FORMAT = Format(
    "spdx",
    DocumentKind.SBOM,
    "",
    ("*.spdx.json",),
    read,
    lambda head: b'"spdxVersion"' in head or b'"SPDXID"' in head,
)
