"""A purl in an SBOM is turned back into what the ecosystem calls the package."""

from __future__ import annotations

from packageurl import PackageURL

from seawall.kernel.asset import PURL_TYPE_TO_ECOSYSTEM, pypi_name
from seawall.kernel.lockfile import ProblemKind

from ._draft import Draft


def without_purls(draft: Draft, described: int, line: int = 1) -> None:
    """Says so when a document describes packages and none of them can be judged."""
    if described and not draft.pins and not draft.problems():
        draft.problem(ProblemKind.UNSUPPORTED, "no package in it carries a purl with a version", line)


def from_purl(text: str) -> tuple[str, str, str] | None:
    """(ecosystem, name, version) of a purl; None when it is none, or when it hides something.

    An unknown type stays its own name. A name with a step upwards or with characters that do not print is
    no package's.
    """
    if len(text) > 2048:
        return None
    try:
        purl = PackageURL.from_string(text)
    except ValueError:
        return None
    ecosystem = PURL_TYPE_TO_ECOSYSTEM.get(purl.type, purl.type)
    separator = ":" if purl.type == "maven" else "/"
    name = f"{purl.namespace}{separator}{purl.name}" if purl.namespace else purl.name
    version = purl.version or ""
    if not (name + version).isprintable() or {".", ".."} & set(name.split("/")):
        return None
    return ecosystem, pypi_name(name) if ecosystem == "PyPI" else name, version
