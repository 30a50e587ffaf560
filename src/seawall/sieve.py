"""A sieve tells from a look at the bytes which versions of a lockfile are worth parsing.

A history holds thousands of versions, nearly all of them without anything bad.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from seawall.kernel.advisory import Advisory
from seawall.kernel.versions import is_unbounded


class Sieve:
    """Lets a blob pass only when it names a bad package with one of its bad versions close behind.

    Versions of one file share nearly all their pieces (an entry, a line), so only pieces that were not seen
    before at a path are searched; what they name stays a candidate for every other version of that file.
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
        self._paths: dict[str, _Seen] = defaultdict(_Seen)

    def passes(self, path: str, data: bytes) -> bool:
        """This version of the file has to be parsed."""
        seen = self._paths[path]
        pieces, entries = _pieces(data)
        here = set(pieces)
        new = here - seen.pieces
        if new:
            seen.pieces |= new
            self._look_at(new, seen)
        if not seen.escaped.isdisjoint(here) or seen.names & self._every:
            return True
        wanted = tuple(
            (name, version) for name in seen.names for version in self._versions[name] & seen.versions.keys()
        )
        if not wanted:
            return False
        if entries and not path.endswith("Pipfile.lock"):
            return any(_close(around, wanted, seen) for around in _around(pieces, wanted, seen))
        window = _FAR if path.endswith("Pipfile.lock") else _NEAR
        return _found(data.lower(), wanted, window)

    def _look_at(self, new: Iterable[bytes], seen: _Seen) -> None:
        """Remember which bad names there are, and which of the new pieces hold a bad version or an escape."""
        text = b"\n".join(new).lower()
        # Escapes can spell any name; no client writes them into a lockfile.
        escapes = b"\\u" in text or b"\\x" in text
        fresh = _DIGESTS.sub(b"", text)
        seen.names.update(self._names_in(fresh))
        versions = self._bad_versions.intersection(_VERSION.findall(fresh))
        if not (versions or escapes):
            return
        for piece in new:
            small = piece.lower()
            for version in versions:
                if version in small:
                    seen.versions[version].add(piece)
            if escapes and (b"\\u" in small or b"\\x" in small):
                seen.escaped.add(piece)

    def _names_in(self, fresh: bytes) -> Iterable[bytes]:
        if len(self._versions) <= _FEW:
            # The catalog alone: looking for each name is quicker than cutting the text into words.
            spelled = fresh.replace(b"_", b"-")
            return [name for name in self._versions if name in spelled or name in fresh]
        words = set(_WORD.findall(fresh))
        return [name for word in words for name in _spellings(word) if name in self._versions]


_Pairs = tuple[tuple[bytes, bytes], ...]


@dataclass(slots=True)
class _Seen:
    """What was seen at one path: all pieces, bad names, and which pieces hold a bad version or an escape."""

    pieces: set[bytes] = field(default_factory=set)
    names: set[bytes] = field(default_factory=set)
    versions: dict[bytes, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    escaped: set[bytes] = field(default_factory=set)
    harmless: set[tuple[_Pairs, tuple[bytes, ...]]] = field(default_factory=set)


def _pieces(data: bytes) -> tuple[list[bytes], bool]:
    """The file cut into its entries, at empty lines or where objects end, or else into lines; and which."""
    for end in (b"\n\n", b"},\n"):
        pieces = data.split(end)
        if len(pieces) * _ENTRY > len(data):
            return [piece for piece in pieces if piece], True
    return data.split(b"\n"), False


def _around(pieces: Sequence[bytes], wanted: _Pairs, seen: _Seen) -> Iterator[tuple[bytes, ...]]:
    """Each piece that holds a wanted version, behind the few before it: the name may stand there."""
    hot = set().union(*(seen.versions[version] for version in {version for _, version in wanted}))
    for at, piece in enumerate(pieces):
        if piece in hot:
            yield tuple(pieces[max(0, at - _BEFORE) : at + 1])


def _close(around: tuple[bytes, ...], wanted: _Pairs, seen: _Seen) -> bool:
    """A wanted name with its version close behind. What was found harmless is not looked at again."""
    if (wanted, around) in seen.harmless:
        return False
    if _found(b"\n\n".join(around).lower(), wanted, _NEAR):
        return True
    seen.harmless.add((wanted, around))
    return False


def _found(text: bytes, wanted: _Pairs, window: int) -> bool:
    return any(
        _together(name, version).search(part)
        for name, version in wanted
        for part in _before(text, version, window)
    )


_BEFORE = 3
_ENTRY = 2_000
"""A way of cutting whose pieces are longer than this on average is not the file's own."""
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
    rb'["\x27]?\s*\n(?:[^\[\n]*\n){0,8}?\s*version\s*[=:]\s*["\x27]?)'  # TOML and YAML tables
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
