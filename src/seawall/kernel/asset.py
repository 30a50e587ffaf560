"""An asset is named by its purl, and the name alone tells what kind of thing it is.

Source: package-url/purl-spec. Building a purl through the library costs about 20 µs; names and versions
of the plain alphabet are formatted directly to the same string (a property test holds the two equal).
"""

from __future__ import annotations

import re
from functools import lru_cache

from packageurl import PackageURL

PURL_TYPE_TO_ECOSYSTEM: dict[str, str] = {
    "npm": "npm",
    "pypi": "PyPI",
    "cargo": "crates.io",
    "golang": "Go",
    "conda": "conda",
    "maven": "Maven",
    "nuget": "NuGet",
    "gem": "RubyGems",
    "composer": "Packagist",
    "pub": "Pub",
    "hex": "Hex",
    "githubactions": "GitHub Actions",
    "cran": "CRAN",
    "swift": "SwiftURL",
    "deb": "Debian",
    "apk": "Alpine",
    "rpm": "RPM",
    "huggingface": "Hugging Face",
}
"""purl type → OSV ecosystem name (OSV schema, `affected[].package.ecosystem`)."""

ECOSYSTEM_TO_PURL_TYPE: dict[str, str] = {v: k for k, v in PURL_TYPE_TO_ECOSYSTEM.items()}

_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")
_PLAIN_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*\Z")
_PYPI_RUN = re.compile(r"[-_.]+")


def pypi_name(name: str) -> str:
    """Two PyPI names are the same project when this is equal (PEP 503)."""
    return _PYPI_RUN.sub("-", name).lower()


@lru_cache(maxsize=65_536)
def package_name(ecosystem: str, name: str) -> str:
    """The name under which advisories of `ecosystem` know a package; only PyPI folds spelling."""
    return pypi_name(name) if ecosystem == "PyPI" else name


def package_purl(ecosystem: str, name: str, version: str = "") -> str:
    """The canonical purl of a package version.

    `name` is as the ecosystem writes it: `@scope/name` for npm, `group:artifact` for Maven,
    a module path for Go. An ecosystem without a purl type gives type `generic`.
    """
    kind = ECOSYSTEM_TO_PURL_TYPE.get(ecosystem, "generic")
    if kind == "pypi":
        name = pypi_name(name)
    elif kind == "npm":
        name = name.lower()
    namespace, bare = "", name
    if kind == "maven" and ":" in name:
        namespace, bare = name.split(":", 1)
    elif "/" in name:
        namespace, bare = name.rsplit("/", 1)
    plain = _PLAIN_NAME.match(bare) and (not version or _PLAIN_VERSION.match(version))
    at = f"@{version}" if version else ""
    if plain and kind in ("npm", "pypi", "cargo"):
        if not namespace:
            return f"pkg:{kind}/{bare}{at}"
        if kind == "npm" and namespace[0] == "@" and _PLAIN_NAME.match(namespace[1:]):
            return f"pkg:npm/%40{namespace[1:]}/{bare}{at}"
    return _library_purl(kind, namespace, bare, version)


def package_key(purl: str) -> tuple[str, str, str]:
    """(OSV ecosystem, name as it writes it, version or empty) of a purl. Raises ValueError.

    Without one in OSV the purl's own type stands for the ecosystem.
    """
    parsed = PackageURL.from_string(purl)
    ecosystem = PURL_TYPE_TO_ECOSYSTEM.get(parsed.type, parsed.type)
    separator = ":" if parsed.type == "maven" else "/"
    name = f"{parsed.namespace}{separator}{parsed.name}" if parsed.namespace else parsed.name
    return ecosystem, package_name(ecosystem, name), parsed.version or ""


_NO_TEXT = re.compile("[\ud800-\udfff]")
"""Half characters: a JSON escape can make them, and nothing can encode them."""


def _library_purl(kind: str, namespace: str, name: str, version: str) -> str:
    namespace, name, version = (_NO_TEXT.sub("\ufffd", text) for text in (namespace, name, version))
    try:
        return str(PackageURL(kind, namespace or None, name, version or None).to_string())
    except (ValueError, TypeError):  # TypeError: a name of nothing but blanks
        return str(PackageURL("generic", None, name.strip() or "unnamed", version or None).to_string())
