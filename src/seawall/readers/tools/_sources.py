"""Where a plugin or marketplace comes from, and how firmly it is fixed.

Source: Claude Code's references of plugins and marketplaces: `github` (`repo`, `ref`, `sha`), `url` and `git`
(`url`, `ref`, `sha`), `git-subdir`, `npm` (`package`, `version`), `file`, `directory`, `settings`.
"""

from __future__ import annotations

import re

from seawall.kernel.code import Firmness
from seawall.kernel.source import UNKNOWN, WORKSPACE, Source, SourceKind, source_from_url
from seawall.kernel.tool import Reference, ReferenceKind
from seawall.readers.syntax import jsonc

from ._draft import text

_COMMIT = re.compile(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?\Z")
_EXACT = re.compile(r"v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?\Z")


def marketplace(name: str, source: object, line: int) -> Reference:
    """A marketplace that the tool is told of."""
    return _reference(ReferenceKind.MARKETPLACE, name, source, line, "installs")


def offered(name: str, source: object, line: int) -> Reference:
    """A plugin that a marketplace lists."""
    return _reference(ReferenceKind.PLUGIN, name, source, line, "offers")


def _reference(kind: ReferenceKind, name: str, source: object, line: int, relation: str) -> Reference:
    if isinstance(source, str):
        where = _local(source) or source_from_url(source, SourceKind.GIT)
        pin = Firmness.SHA if where is WORKSPACE else Firmness.BRANCH
        return Reference(kind, name[:200], line, pin, "", relation, source=where)
    if not isinstance(source, jsonc.Object):
        return Reference(kind, name[:200], line, Firmness.FLOATING, "", relation)
    where = _where(source)
    ref = text(source.get("sha")) or text(source.get("ref")) or text(source.get("version"))
    return Reference(kind, name[:200], line, firmness(where, ref), ref[:100], relation, source=where)


def firmness(where: Source, ref: str) -> Firmness:
    """How firmly `ref` fixes what comes from there."""
    if where.kind is SourceKind.WORKSPACE or _COMMIT.match(ref):
        return Firmness.SHA
    if where.kind is SourceKind.REGISTRY:
        return Firmness.VERSION if _EXACT.match(ref) else Firmness.RANGE if ref else Firmness.FLOATING
    if where.kind is SourceKind.URL:
        return Firmness.NONE
    return Firmness.TAG if re.match(r"v?\d", ref) else Firmness.BRANCH


def _local(path: str) -> Source | None:
    return WORKSPACE if path.startswith((".", "/", "~")) else None


def _where(source: jsonc.Object) -> Source:
    kind = text(source.get("source"))
    if kind == "github":
        return Source(SourceKind.GIT, text(source.get("repo"))[:300], "", "git")
    if kind in ("git", "git-subdir", "url") and text(source.get("url")):
        found = source_from_url(text(source.get("url")), SourceKind.GIT)
        plain = kind == "url" and found.location.endswith(".json")
        return Source(SourceKind.URL if plain else SourceKind.GIT, found.location, found.host, found.scheme)
    if kind in ("npm", "pip"):
        return Source(SourceKind.REGISTRY, text(source.get("package"))[:300])
    if kind in ("file", "directory", "settings", "relative"):
        return WORKSPACE
    return UNKNOWN
