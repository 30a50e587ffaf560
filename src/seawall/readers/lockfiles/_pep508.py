"""A requirement is taken apart as pip would, and plain ones without paying for the whole grammar.

Source: PEP 508 and the version specifiers specification, through `packaging`; the plain forms are read by
one expression that accepts only what `packaging` accepts (a test holds the two equal).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from seawall.kernel.asset import pypi_name
from seawall.kernel.source import REGISTRY, Source, SourceKind

from ._draft import clean, local_source, url_source

_RELEASE = r"\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?(?:\.dev\d+)?"
_CLAUSE = rf"(?:(?:==|!=|>=|<=|<|>)[ \t]*{_RELEASE}|~=[ \t]*\d+\.{_RELEASE}|[=!]=[ \t]*\d+(?:\.\d+)*\.\*)"
_PLAIN = re.compile(
    r"[ \t]*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
    r"[ \t]*(?:\[[ \t]*[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?[ \t]*\])?"
    rf"[ \t]*({_CLAUSE}(?:[ \t]*,[ \t]*{_CLAUSE})*)?[ \t]*(?:;(.*))?\Z",
    re.ASCII,
)
_HEAD = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(.*)\Z", re.DOTALL)
# What stands behind a name in any requirement; a path or an address is told apart without the whole grammar.
_MAY_BE = re.compile(r"\s*[A-Za-z0-9][A-Za-z0-9._-]*+\s*+(?:[\[(<>=!~;@]|\Z)")
_MOST_CHARACTERS = 4096
_FILE_NAME_CHARACTERS = 300
_FRAGMENT_DIGEST = re.compile(r"&(sha256|sha384|sha512|sha224|sha1|md5)=([0-9A-Fa-f]+)")
_VCS = ("git+", "hg+", "svn+", "bzr+")
_ARCHIVE = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+?)-(?P<version>[0-9][A-Za-z0-9.+!_]*)"
    r"(?:-[A-Za-z0-9_]+)?(?:-[^-/]+-[^-/]+-[^-/]+\.whl|\.tar\.gz|\.zip|\.tar\.bz2|\.tgz)\Z"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One requirement: folded name, range as written, marker, and the place when it names one.

    `version` is the only version that can satisfy it, empty for a range. The name may be empty where a
    path or URL does not tell it. `digests` are those behind the `#` of a URL.
    """

    name: str
    spec: str
    marker: str
    source: Source = REGISTRY
    version: str = ""
    digests: tuple[str, ...] = ()


def parse(line: str) -> Wanted | None:
    """The requirement in `line`, None when it is none. Never raises."""
    if len(line) > _MOST_CHARACTERS:
        return None
    plain = _PLAIN.match(line)
    if not plain and not _MAY_BE.match(line):
        return None
    if plain:
        marker = (plain[3] or "").strip()
        if plain[3] is not None and not _is_marker(marker):
            return None
        spec = plain[2] or ""
        return Wanted(pypi_name(plain[1]), spec, marker, REGISTRY, only_version(spec) if "==" in spec else "")
    return _parse_fully(line)


def _parse_fully(line: str) -> Wanted | None:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        found = Requirement(line)
    except (InvalidRequirement, RecursionError, ValueError):
        return None
    name = pypi_name(found.name)
    marker = clean(str(found.marker)) if found.marker else ""
    if found.url:
        place = source_of(found.url)
        return Wanted(name, "", marker, place, archive_version(found.url, name), digests_of(found.url))
    head = _HEAD.match(line)
    spec = head[2].split(";", 1)[0].strip() if head and head[1] == found.name else str(found.specifier)
    if spec.startswith("("):
        spec = spec.strip("() \t")
    return Wanted(name, clean(spec), marker, REGISTRY, only_version(spec))


@lru_cache(maxsize=4096)
def _is_marker(text: str) -> bool:
    from packaging.markers import InvalidMarker, Marker

    try:
        Marker(text)
    except (InvalidMarker, RecursionError, ValueError):
        return False
    return True


def only_version(spec: str) -> str:
    """The version that an `==` or `===` clause without a wildcard fixes, as written, else nothing."""
    for clause in spec.split(","):
        part = clause.strip()
        if part.startswith("=="):
            version = part.lstrip("=").strip()
            if version and not version.endswith("*"):
                return version
    return ""


def source_of(url: str) -> Source:
    """The source of a direct reference: version control, an archive's URL, or a path.

    Of `git+https://host/repo@rev#subdirectory=…` the revision is `rev`.
    """
    bare = url.strip().split("#", 1)[0]
    if bare.startswith(_VCS) or bare.startswith(("git://", "ssh://")):
        head, slash, tail = bare.partition("://")[2].partition("/")
        path, at, revision = tail.rpartition("@")
        if slash and at:
            bare = f"{bare.partition('://')[0]}://{head}/{path}"
        return url_source(bare, SourceKind.GIT, revision if slash and at else "")
    if bare.startswith("file:") or "://" not in bare:
        return local_source(bare)
    return url_source(bare, SourceKind.URL)


def digests_of(url: str) -> tuple[str, ...]:
    """The digests that pip takes from behind the `#` of an archive's URL."""
    fragment = url.partition("#")[2]
    return tuple(
        f"{algorithm}:{value.lower()}" for algorithm, value in _FRAGMENT_DIGEST.findall(f"&{fragment}")
    )


def archive_version(url: str, name: str = "") -> str:
    """The version in the file name of a wheel or source archive, if that file is of `name`."""
    match = _archive(url)
    if match is None or (name and pypi_name(match["name"]) != name):
        return ""
    return match["version"]


def archive_name(url: str) -> str:
    """The folded package name in the file name of a wheel or source archive."""
    match = _archive(url)
    return pypi_name(match["name"]) if match else ""


def _archive(url: str) -> re.Match[str] | None:
    path = url.split("#", 1)[0].split("?", 1)[0].split(" ", 1)[0]
    name = path.replace("\\", "/").rpartition("/")[2]
    return _ARCHIVE.match(unquote(name)) if len(name) <= _FILE_NAME_CHARACTERS else None
