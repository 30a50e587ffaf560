"""What people read of reach: one code item, one place, one target, one edge, each in a few plain words."""

from __future__ import annotations

import re

from seawall.kernel.code import Code, CodeKind

from .edge import Confidence, Edge, Target

_DIGEST = re.compile(r"(?:sha256:)?[0-9a-f]{40,}\Z")
_SHORT = 9
_KINDS = frozenset((CodeKind.CACHE, CodeKind.ARTIFACT))
"""Code that only its kind's word makes clear: `cache setup-node npm`, `artifact dist`."""
_REFERRED = frozenset((CodeKind.ACTION, CodeKind.WORKFLOW, CodeKind.IMAGE))


def sentence(edge: Edge) -> str:
    """`APPLE_KEY (certain) by npm install (floating) in release.yml › sign`."""
    verb = "can be changed" if edge.confidence is Confidence.INTEGRITY else str(edge.confidence)
    where = place_words(edge.place)
    return f"{target_words(edge.target)} ({verb}) by {code_words(edge.code)} in {where}"


def code_words(code: Code) -> str:
    """A code item with how firmly it is pinned: `npm install (floating)`, `actions/cache@v4 (tag)`."""
    sign = ":" if code.kind is CodeKind.IMAGE and not _DIGEST.match(code.ref) else "@"
    ref = f"{sign}{code.ref}" if code.ref and code.kind in _REFERRED and "@" not in code.name else ""
    ref = f"@{code.ref[:_SHORT]}" if len(code.ref) >= 40 and ref and sign == "@" else ref
    kind = f"{code.kind} " if code.kind in _KINDS and not code.name.startswith("outputs of ") else ""
    via = f", through {' → '.join(map(_way, code.via))}" if code.via else ""
    return f"{kind}{code.name}{ref} ({code.pin}{via})"


def _way(through: str) -> str:
    """One of the places that lead to code: a job as people call it, an action with a short commit."""
    if through.startswith(".github/workflows/") and "#" in through:
        return place_words(through)
    name, mark, ref = through.partition("@")
    return f"{name}@{ref[:_SHORT]}" if mark and _DIGEST.match(ref) else through


def code_label(code: Code) -> str:
    """The same with its line, where it stands on one."""
    return f"{code_words(code)} :{code.line}" if code.line else code_words(code)


def target_words(target: Target) -> str:
    """A target as people call it."""
    if target.name == "*":
        return "every secret" if target.kind == "secret" else f"whatever {target.scope or 'it'} holds"
    if target.kind == "token" and target.scope:
        # What only reads is said where nothing writes; the identity is a target of its own.
        scopes = [part for part in target.scope.split(" ") if not part.startswith("id-token:")]
        writes = [part for part in scopes if part.endswith(":write")]
        shown = target.scope if "unknown" in target.scope else " ".join(writes or scopes)
        return f"{target.name} [{shown}]" if shown else target.name
    return target.name


def place_words(place: str) -> str:
    """`.github/workflows/release.yml#sign` → `release.yml › sign`."""
    path, mark, job = place.partition("#")
    return f"{path.rpartition('/')[2]} › {job}" if mark else path
