"""A document is what one file says about packages: what is pinned, what is asked for, what is wrong with it.

Readers make these values; nothing here was fetched, resolved or judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from posixpath import dirname
from types import MappingProxyType

from .asset import package_purl
from .source import REGISTRY, Source


class DocumentKind(StrEnum):
    """What a file is for; only manifests ask, only the others pin."""

    LOCKFILE = "lockfile"
    MANIFEST = "manifest"
    INSTALLED = "installed"
    SBOM = "sbom"


@dataclass(frozen=True, slots=True)
class Pin:
    """One package version that a file fixes.

    `ecosystem` is the OSV name (`npm`, `PyPI`, `crates.io`, `Go`, `conda` …); `name` as the ecosystem
    writes it (`@scope/name`), PyPI names as PEP 503 folds them; `digests` are `algorithm:<lower-case hex>`
    (`h1:<base64>` for Go). `direct` is None where the format cannot say. `via` is one chain of names from
    the direct dependency down to the parent, empty for direct ones. `line` counts from 1, 0 = unknown.
    `install_script` is what the file itself says, None where it says nothing. `files_from` are the other
    hosts (scheme and host, no path) from which a client would fetch the release's files by the addresses
    in this file: an index often names files elsewhere, and so does an edited lockfile.
    """

    ecosystem: str
    name: str
    version: str
    path: str
    line: int = 0
    source: Source = REGISTRY
    digests: tuple[str, ...] = ()
    direct: bool | None = None
    dev: bool = False
    optional: bool = False
    via: tuple[str, ...] = ()
    install_script: bool | None = None
    files_from: tuple[Source, ...] = ()

    @property
    def purl(self) -> str:
        """The canonical purl, `pkg:type/namespace/name@version`."""
        return package_purl(self.ecosystem, self.name, self.version)

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies the package version across files: (ecosystem, name, version)."""
        return (self.ecosystem, self.name, self.version)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package that a manifest asks for, or that a lockfile says it was asked for.

    `spec` is the range as written, without the name and without any credential (`^1.2.0`, `""` = any).
    `exact` means only one version can satisfy it. `group` is `main`, `dev`, `optional`, `peer`, `build`
    or `constraint` (a pip `-c` file: it limits, it does not install).
    """

    ecosystem: str
    name: str
    spec: str
    path: str
    line: int = 0
    source: Source = REGISTRY
    exact: bool = False
    digests: tuple[str, ...] = ()
    group: str = "main"
    marker: str = ""

    @property
    def key(self) -> tuple[str, str, str] | None:
        """(ecosystem, name, version) when only one version can satisfy it, else None."""
        if not self.exact:
            return None
        return (self.ecosystem, self.name, self.spec.strip().lstrip("=v").strip())


class ProblemKind(StrEnum):
    """Why a file, or a part of it, could not be read."""

    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"
    TOO_MANY = "too-many"
    ENCODING = "encoding"
    UNSUPPORTED = "unsupported"
    UNREADABLE = "unreadable"
    OUTSIDE = "outside"
    NOT_INSTALLED = "not-installed"


OURS = frozenset({ProblemKind.UNSUPPORTED, ProblemKind.NOT_INSTALLED})
"""Kinds that say what is not read here, and nothing against the file."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of the input that was not understood, so nothing is known about it."""

    path: str
    kind: ProblemKind
    message: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class StartupHook:
    """A file that Python runs at every start: a `.pth` line that imports, `sitecustomize`, `usercustomize`.

    `owner` is the distribution whose RECORD lists the file, empty when none does; `code` is the first
    such line, cut to 120 characters.
    """

    path: str
    line: int
    kind: str
    owner: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Include:
    """Another file that this one pulls in; `relation` is `requirement`, `constraint` or `workspace`."""

    target: str
    relation: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """All that one file says.

    `format` is the reader's id (`npm-package-lock`, `uv-lock` …). `locked_from` are the requirements that a
    lockfile records of its manifest, keyed by the manifest's directory (`.` for its own), so that
    out-of-step can be seen without resolving; None where the format records none. `facts` are small
    format-specific strings, e.g. `{"version": "3", "private": "true", "hashes": "some"}`. `vouched` holds
    digests by (name, version) for the pins of another file beside it, as go.sum does for go.mod.
    """

    path: str
    format: str
    kind: DocumentKind
    ecosystem: str
    pins: tuple[Pin, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    locked_from: Mapping[str, tuple[Requirement, ...]] | None = None
    includes: tuple[Include, ...] = ()
    hooks: tuple[StartupHook, ...] = ()
    problems: tuple[Problem, ...] = ()
    registries: tuple[Source, ...] = ()
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    vouched: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def entries(self) -> tuple[Pin | Requirement, ...]:
        """Everything the file names as something to install: pins, then requirements."""
        return (*self.pins, *self.requirements)


def with_digests(documents: Iterable[Document]) -> tuple[Document, ...]:
    """The documents, pins without a digest given the one that a file in the same directory vouches for."""
    found = tuple(documents)
    beside = {(dirname(d.path), d.ecosystem): d.vouched for d in found if d.vouched}
    return tuple(
        _vouched_for(d, beside[dirname(d.path), d.ecosystem]) if _asks(d, beside) else d for d in found
    )


def _asks(document: Document, beside: Mapping[tuple[str, str], object]) -> bool:
    return bool(document.pins) and (dirname(document.path), document.ecosystem) in beside


def _vouched_for(document: Document, vouched: Mapping[tuple[str, str], tuple[str, ...]]) -> Document:
    pins = (
        pin if pin.digests else replace(pin, digests=vouched.get((pin.name, pin.version), ()))
        for pin in document.pins
    )
    return replace(document, pins=tuple(pins))
