"""One package version, named by its purl, is looked at like a file that holds nothing else."""

from __future__ import annotations

from seawall.kernel.asset import package_key
from seawall.kernel.errors import UsageError
from seawall.kernel.intake import Key
from seawall.kernel.lockfile import Document, DocumentKind, Pin

FORMAT = "package"
"""The format of a document that no file holds."""


def key_of(purl: str) -> Key:
    """(ecosystem, name, version or empty) that a purl names. Raises UsageError when it is none."""
    try:
        return package_key(purl)
    except ValueError as error:
        raise UsageError(f"{purl!r} is no package URL: {error}", "write pkg:npm/axios@1.14.1") from None


def package_document(purl: str) -> Document:
    """What came in is this one version. Raises UsageError for no purl, or one without a version."""
    ecosystem, name, version = key_of(purl)
    if not version:
        raise UsageError(
            f"{purl} names no version, so there is nothing to judge",
            f"add one ({purl}@1.2.3), or see what is known about all of them: seawall explain {purl}",
        )
    pin = Pin(ecosystem, name, version, path="", direct=True)
    return Document("", FORMAT, DocumentKind.SBOM, ecosystem, pins=(pin,))
