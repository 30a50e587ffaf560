"""A sieve tells from a look at the bytes which versions of a lockfile are worth parsing.

A history holds thousands of versions, nearly all of them without anything bad.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from seawall.kernel.advisory import Advisory
from seawall.kernel.versions import is_unbounded


class Sieve:
    """Lets a blob pass only when it names a bad package with one of its bad versions close behind.

    Versions of one file share nearly all their lines, so only lines that were not seen before at a path are
    searched; what they name stays a candidate for every other version of that file.
    """

    def __init__(self, known_bad: Iterable[Advisory]) -> None:
        self._versions: dict[bytes, set[bytes]] = defaultdict(set)
        self._every: set[bytes] = set()
        for advisory in known_bad:
            for affected in advisory.affected:
                name = affected.name.lower().encode()
                self._versions[name].update(version.lower().encode() for version in affected.versions)
                if not affected.versions or any(not is_unbounded(r) for r in affected.ranges):
                    self._every.add(name)
        self._bad_versions = {version for versions in self._versions.values() for version in versions}
        self._lines: dict[str, set[bytes]] = defaultdict(set)
        self._names: dict[str, set[bytes]] = defaultdict(set)
        self._seen: dict[str, set[bytes]] = defaultdict(set)

    def passes(self, path: str, data: bytes) -> bool:
        """This version of the file has to be parsed."""
        small = data.lower()
        if b"\\u" in small or b"\\x" in small:
            # Escapes can spell any name; no client writes them into a lockfile.
            return True
        lines = set(small.split(b"\n"))
        new = lines - self._lines[path]
        self._lines[path] |= new
        fresh = _DIGESTS.sub(b"", b"\n".join(new))
        self._seen[path].update(self._bad_versions.intersection(_VERSION.findall(fresh)))
        self._names[path].update(self._names_in(fresh))
        if self._names[path] & self._every:
            return True
        window = _FAR if path.endswith("Pipfile.lock") else _NEAR
        return any(
            _together(name, version).search(piece)
            for name in self._names[path]
            for version in self._versions[name] & self._seen[path]
            for piece in _before(small, version, window)
        )

    def _names_in(self, fresh: bytes) -> Iterable[bytes]:
        if len(self._versions) <= _FEW:
            # The catalog alone: looking for each name is quicker than cutting the text into words.
            spelled = fresh.replace(b"_", b"-")
            return [name for name in self._versions if name in spelled or name in fresh]
        words = set(_WORD.findall(fresh))
        return [name for word in words for name in _spellings(word) if name in self._versions]


_FEW = 500
_DIGESTS = re.compile(rb"sha\d+[-:][a-z0-9+/=]+")
_VERSION = re.compile(rb"(?<![\d.])\d+\.\d+[0-9a-z.+-]*")


_INSIDE = frozenset(bytes([digit]) for digit in b"0123456789.")
_NEAR, _FAR = 700, 40_000
"""How far before a version its name is looked for; a Pipfile.lock holds all digests between the two."""


def _before(data: bytes, version: bytes, window: int) -> Iterable[bytes]:
    """The text up to and just behind every place where the version stands: it is rarer than a name."""
    at = data.find(version)
    while at >= 0:
        end = at + len(version)
        if data[at - 1 : at] not in _INSIDE and data[end : end + 1] not in _INSIDE:
            yield data[max(0, at - window) : end + 1]
        at = data.find(version, end)


@lru_cache(maxsize=20_000)
def _together(name: bytes, version: bytes) -> re.Pattern[bytes]:
    """The name with the version behind it, as any of the lockfile formats write the two."""
    spelled = re.escape(name).replace(rb"\-", rb"[-_.]")
    return re.compile(rb"(?<![a-z0-9._-])" + spelled + _BETWEEN + re.escape(version) + rb"(?![0-9])")


_BETWEEN = (
    rb"(?:@(?:npm:)?|/|\s+v?|"  # pnpm and bun, go.mod
    rb"\s*(?:\[[^\]\n]*\])?\s*===?\s*|"  # requirements files
    rb'"\s*[:,]\s*\{?[^{}]*?"version"\s*:\s*"(?:==)?|'  # JSON: npm, Pipfile.lock
    rb"@[^\n]*:\s*\n(?:\s+[^\n]*\n)??\s+version:?\s+\"?|"  # yarn
    rb'"?\s*\n(?:[^\[\n]*\n){0,8}?\s*version\s*[=:]\s*["\x27]?)'  # TOML and YAML tables
)


def _spellings(word: bytes) -> Iterable[bytes]:
    """Everything in a word that could be a package name, cut in every way that formats write it."""
    yield word
    trimmed = word.strip(b"@/.-_")
    yield trimmed
    at = word.find(b"@", 1)
    if at > 0:
        yield word[:at].lstrip(b"/")
    pieces = trimmed.partition(b"@")[0].split(b"/") if b"/" in trimmed else ()
    yield from pieces
    for pair in pairwise(pieces):
        yield b"/".join(pair)
        yield b"@" + b"/".join(pair).lstrip(b"@")
    if b"_" in trimmed or b"." in trimmed:
        yield trimmed.replace(b"_", b"-").replace(b".", b"-")


_WORD = re.compile(rb"[a-z0-9@/._-]{2,300}")
