"""What all lockfiles of JavaScript share: names, ranges, digests and addresses as npm writes them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from seawall.kernel.lockfile import Pin, Requirement
from seawall.kernel.source import REGISTRY, WORKSPACE, Source, SourceKind, source_from_url

from ._draft import clean, table

ECOSYSTEM = "npm"

_NAME = re.compile(r"(?:@(?!\.)[^\s/@:%\\]{1,300}/)?(?!\.)[^\s/@:%\\]{1,300}\Z")
_VERSION = re.compile(r"[^\s/:@()]{1,250}\Z")
_EXACT = re.compile(r"[=v\s]*\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?\s*\Z")
_SHORTHAND = re.compile(r"(?:(github|gitlab|bitbucket|gist):)?([\w.-]+/)?([\w.-]+)(?:#(.*))?\Z")
_PLAIN_ADDRESS = re.compile(r"(https?)://([a-z0-9.-]+(?::\d+)?)/[^?@#]*\Z")
_TARBALL = re.compile(r"/-/[^/?#]+\.tgz(?:[?#]|\Z)|/download/")
_TARBALL_VERSION = re.compile(r"-(\d+\.\d+\.\d+[^/?#]*)\.tgz(?:[?#]|\Z)")
_SRI = re.compile(r"(sha512|sha384|sha256|sha1)-([A-Za-z0-9+/]+={0,2})")
_BYTES = {"sha512": 64, "sha384": 48, "sha256": 32, "sha1": 20}
_FORGES = {
    "github": "github.com",
    "gitlab": "gitlab.com",
    "bitbucket": "bitbucket.org",
    "gist": "gist.github.com",
}
GROUPS = {
    "dependencies": "main",
    "devDependencies": "dev",
    "optionalDependencies": "optional",
    "peerDependencies": "peer",
}
"""The tables of a manifest, and the group of what stands in them."""


def is_name(value: object) -> bool:
    """A package name that npm could install, old spellings included."""
    return isinstance(value, str) and bool(_NAME.match(value)) and value.isprintable()


def is_version(value: object) -> bool:
    """A text that can be a version, not an address."""
    return isinstance(value, str) and bool(_VERSION.match(value)) and value.isprintable()


def digests(integrity: object) -> tuple[str, ...]:
    """`sha512:<hex>` for every digest in a subresource-integrity text (W3C SRI)."""
    if not isinstance(integrity, str):
        return ()
    found: dict[str, None] = {}
    for algorithm, value in _SRI.findall(integrity):
        try:
            digest = base64.b64decode(value, validate=True)
        except binascii.Error:
            continue
        if len(digest) == _BYTES[algorithm]:
            found[f"{algorithm}:{digest.hex()}"] = None
    return tuple(found)


def resolved_source(address: object) -> Source:
    """Where a `resolved` address leads. A tarball at `NAME/-/NAME-VERSION.tgz` is a registry's."""
    if not isinstance(address, str) or not address:
        return REGISTRY
    plain = _PLAIN_ADDRESS.match(address)
    if plain and not address.endswith(".git"):
        return _host_source(plain[1], plain[2]) if _TARBALL.search(address) else url_source(address)
    return url_source(address)


def tarball_version(address: str, name: str) -> str:
    """The version in the address of a registry's tarball of `name`, where no other field tells it."""
    file = address.rpartition("/-/")[2]
    bare = name.rpartition("/")[2]
    found = _TARBALL_VERSION.match(file, len(bare)) if file.startswith(bare) else None
    return found[1] if found and is_version(found[1]) else ""


@lru_cache(maxsize=1024)
def _host_source(scheme: str, host: str) -> Source:
    return Source(SourceKind.REGISTRY, f"{scheme}://{host}", host, scheme)


def url_source(address: str) -> Source:
    """Git, a path, or a file by its address; a registry tarball stays a registry's."""
    text, _, revision = address.partition("#")
    revision = clean(revision.removeprefix("commit=").partition("&")[0])
    if text.startswith(("file:", "link:", "portal:")):
        return source_from_url(text.partition(":")[2], SourceKind.PATH)
    if text.startswith(("git+", "git:", "ssh:", "git@")) or text.endswith(".git"):
        return source_from_url(text.removeprefix("git+"), SourceKind.GIT, revision)
    if text.startswith(("http://", "https://")):
        kind = SourceKind.REGISTRY if _TARBALL.search(text) else SourceKind.URL
        source = source_from_url(address, kind)
        # Forges hand out commits as archives: that is git by another name, and the commit stands in it.
        commit = re.search(r"/tar\.gz/([0-9a-f]{40})\Z", text)
        if commit and kind is SourceKind.URL:
            return Source(
                SourceKind.GIT, source.location, source.host, source.scheme, commit[1], source.credential
            )
        return source
    return shorthand_source(address) or source_from_url(text, SourceKind.PATH)


def shorthand_source(spec: str) -> Source | None:
    """`owner/repo#ref`, `github:owner/repo`, `gist:id`; None when it is something else."""
    found = _SHORTHAND.match(spec)
    if not found or not (found[1] or found[2]) or spec.startswith((".", "~")):
        return None
    host = _FORGES[found[1] or "github"]
    return Source(
        SourceKind.GIT, f"https://{host}/{found[2] or ''}{found[3]}", host, "https", clean(found[4] or "")
    )


def requirement(name: str, spec: object, path: str, line: int, group: str) -> Requirement | None:
    """What a manifest asks for under `name`; an alias `npm:real@range` asks for the real one."""
    if not is_name(name) or not isinstance(spec, str) or len(spec) > 4096:
        return None
    text = spec.strip()
    if text.startswith("npm:"):
        real, at, wanted = text[4:].rpartition("@")
        name, text = (real, wanted) if at and real else (text[4:], "")
        if not is_name(name):
            return None
    source = _spec_source(text)
    if source.kind is not SourceKind.REGISTRY:
        return Requirement(ECOSYSTEM, name, "", path, line, source, group=group)
    return Requirement(
        ECOSYSTEM, name, clean(text), path, line, source, bool(_EXACT.match(text)), group=group
    )


def _spec_source(text: str) -> Source:
    if text.startswith("workspace:"):
        return WORKSPACE
    if text.startswith(("file:", "link:", "portal:", "./", "../", "/", "~/")):
        return url_source(text if ":" in text[:7] else f"file:{text}")
    if text.startswith(("git+", "git:", "git@", "ssh:", "http:", "https:")):
        return url_source(text)
    if "/" in text and not text.startswith(("catalog:", "patch:")):
        return shorthand_source(text) or REGISTRY
    return REGISTRY


def requirements(manifest: Mapping[str, object], path: str, line: int = 0) -> Iterator[Requirement]:
    """Everything that the dependency tables of a manifest ask for."""
    for key, group in GROUPS.items():
        for name, spec in table(manifest.get(key)).items():
            found = requirement(name, spec, path, line, group)
            if found:
                yield found


def split_at(text: str) -> tuple[str, str]:
    """`@scope/name@rest` → (`@scope/name`, `rest`); the first `@` that is not the scope's."""
    at = text.find("@", 1)
    return (text, "") if at < 0 else (text[:at], text[at + 1 :])


def merged(pins: Iterator[Pin]) -> Iterator[Pin]:
    """One pin for each version, source and digest: the same package at several places is one.

    The most direct one stays; it is for development only when every one is.
    """
    best: dict[tuple[object, ...], Pin] = {}
    for pin in pins:
        key = (pin.name, pin.version, pin.source, pin.digests)
        old = best.get(key)
        if old is None:
            best[key] = pin
        elif old.dev != pin.dev or bool(pin.direct) > bool(old.direct):
            kept = pin if bool(pin.direct) > bool(old.direct) else old
            best[key] = replace(kept, dev=old.dev and pin.dev)
    yield from best.values()
