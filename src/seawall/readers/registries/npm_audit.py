"""An audit request lists what somebody has: names and versions, and nothing else is taken from it.

Two shapes: npm's and pnpm's bulk request (`{"NAME": ["VERSION", …]}`), and the older one that yarn 1 sends, a
tree as in a package-lock.json of version 1. Both may be packed with gzip.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator

from seawall.kernel.errors import UsageError
from seawall.kernel.limits import Limits

Packages = tuple[tuple[str, tuple[str, ...]], ...]
"""(name, its versions), each name once."""

_MOST = 100_000
_LONGEST = 256


def read_bulk(data: bytes, coding: str, limits: Limits) -> Packages:
    """What a bulk request lists. `coding` is its Content-Encoding. Raises UsageError."""
    return _gathered(_listed(_document(data, coding, limits)))


def read_tree(data: bytes, coding: str, limits: Limits) -> Packages:
    """What an older request lists, at any depth. Raises UsageError."""
    return _gathered(_in_tree(_document(data, coding, limits)))


def _gathered(pairs: Iterator[tuple[str, str]]) -> Packages:
    found: dict[str, dict[str, None]] = {}
    for count, (name, version) in enumerate(pairs):
        if count >= _MOST:
            raise UsageError(f"the audit asks about more than {_MOST} packages")
        if len(name) > _LONGEST or len(version) > _LONGEST or not (name + version).isprintable():
            continue  # no package is called so
        found.setdefault(name, {})[version] = None
    return tuple((name, tuple(versions)) for name, versions in found.items())


def _document(data: bytes, coding: str, limits: Limits) -> dict[str, object]:
    try:
        document = json.loads(_unpacked(data, coding.strip().lower(), limits))
    except (ValueError, RecursionError, zlib.error):
        raise UsageError("the body of the audit is no JSON", "ask as npm, pnpm or yarn do") from None
    if not isinstance(document, dict):
        raise UsageError("the body of the audit is no object", "ask as npm, pnpm or yarn do")
    return document


def _unpacked(data: bytes, coding: str, limits: Limits) -> bytes:
    if coding not in ("gzip", "x-gzip"):
        return data
    engine = zlib.decompressobj(wbits=31)
    unpacked = engine.decompress(data, limits.record_bytes)
    if not engine.eof:
        raise UsageError(f"the body of the audit is cut short, or larger than {limits.record_bytes} bytes")
    return unpacked


def _listed(document: dict[str, object]) -> Iterator[tuple[str, str]]:
    for name, versions in document.items():
        for version in versions if isinstance(versions, list) else ():
            if isinstance(version, str):
                yield name, version


def _in_tree(document: dict[str, object]) -> Iterator[tuple[str, str]]:
    left = [document]
    while left:
        inner = left.pop().get("dependencies")
        for name, item in inner.items() if isinstance(inner, dict) else ():
            if isinstance(item, dict):
                left.append(item)
                version = item.get("version")
                if isinstance(version, str):
                    yield name, version
