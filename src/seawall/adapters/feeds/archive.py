"""A zip of a hundred thousand small records is read member by member, and nothing in it is believed.

Python's own reader keeps an object of every member and costs more per member than parsing the record in it,
so the directory is walked here: bounded in members, size and compression, deflated or stored members only,
every checksum compared. Names only name a problem; they are never paths. Source: PKWARE APPNOTE 6.3.10.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from seawall.kernel.errors import FeedError
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind

_STORED, _DEFLATED = 0, 8
_END, _END_64, _LOCATOR_64 = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_ENTRY, _LOCAL = b"PK\1\2", b"PK\3\4"
_HEADER = struct.Struct("<4s4xHH4xIIIHHH8xI")
"""Of a directory entry: mark, flags, method, checksum, packed and plain size, three lengths, offset."""
_HEADER_BYTES, _LOCAL_BYTES, _END_BYTES = 46, 30, 22
_FULL = 0xFFFFFFFF
_ENCRYPTED = 1
_ENTRY_BYTES = 128
"""What an entry of the directory takes at most, on average over the whole directory."""
_SMALL = 1024 * 1024


class Member(NamedTuple):
    """One file of a zip: its name and its bytes.

    `packed` are the same bytes as a raw deflate stream, empty where they were only stored.
    """

    name: str
    data: bytes
    packed: bytes


class Entry(NamedTuple):
    """One line of a zip's directory."""

    name: bytes
    flags: int
    method: int
    checksum: int
    packed: int
    plain: int
    offset: int


def entries(path: Path, limits: Limits) -> list[Entry]:
    """The `.json` files in the directory of a zip.

    Raises FeedError when it is no sound zip, holds too many files, or would unpack to too much in total.
    """
    try:
        with path.open("rb") as file:
            directory, count = _directory(file.fileno(), path, limits)
    except OSError as error:
        raise _unsound(path, str(error.strerror)) from None
    found = [entry for entry in _entries(directory, count, path) if entry.name.endswith(b".json")]
    if sum(entry.plain for entry in found) > limits.zip_bytes:
        raise _unsound(path, f"unpacks to more than {limits.zip_bytes} bytes")
    return found


def members(path: Path, listed: Iterable[Entry], limits: Limits) -> Iterator[Member | Problem]:
    """The files of these entries, in order. Raises FeedError when the zip is gone."""
    try:
        with path.open("rb") as file:
            for entry in listed:
                yield _member(file.fileno(), entry, limits)
    except OSError as error:
        raise _unsound(path, str(error.strerror)) from None


def _directory(descriptor: int, path: Path, limits: Limits) -> tuple[bytes, int]:
    """The directory's bytes and its number of entries. Raises FeedError."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, 66_000, max(0, size - 66_000))
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise _unsound(path, "is no zip, or is cut short")
    count, length, offset = struct.unpack_from("<HII", tail, at + 10)
    if count == 0xFFFF or _FULL in (length, offset):
        count, length, offset = _large_end(descriptor, tail, at, path)
    if count > limits.zip_members or length > limits.zip_members * _ENTRY_BYTES:
        raise _unsound(path, f"holds more than {limits.zip_members} files")
    directory = os.pread(descriptor, length, offset) if offset + length <= size else b""
    if len(directory) != length:
        raise _unsound(path, "is cut short")
    return directory, count


def _large_end(descriptor: int, tail: bytes, at: int, path: Path) -> tuple[int, int, int]:
    locator = tail[at - 20 : at] if at >= 20 else b""
    if not locator.startswith(_LOCATOR_64):
        return struct.unpack_from("<HII", tail, at + 10)
    (where,) = struct.unpack_from("<Q", locator, 8)
    end = os.pread(descriptor, 56, where) if where < 1 << 62 else b""
    if len(end) != 56 or not end.startswith(_END_64):
        raise _unsound(path, "is cut short")
    return struct.unpack_from("<QQQ", end, 32)


def _entries(directory: bytes, count: int, path: Path) -> Iterator[Entry]:
    at = 0
    for _ in range(count):
        if at + _HEADER_BYTES > len(directory):
            raise _unsound(path, "has a directory that is cut short")
        mark, flags, method, checksum, packed, plain, name, extra, comment, offset = _HEADER.unpack_from(
            directory, at
        )
        if mark != _ENTRY:
            raise _unsound(path, "has a directory that cannot be read")
        at += _HEADER_BYTES
        called = directory[at : at + name]
        if offset == _FULL:
            offset = _large_offset(directory[at + name : at + name + extra], (packed, plain).count(_FULL))
        at += name + extra + comment
        yield Entry(called, flags, method, checksum, packed, plain, offset)


def _large_offset(extra: bytes, before: int) -> int:
    """The offset in a Zip64 field (id 1), behind those sizes that stand there too."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        place = at + 4 + 8 * before
        if kind == 1 and 8 * before + 8 <= length and place + 8 <= len(extra):
            offset: int = struct.unpack_from("<Q", extra, place)[0]
            return min(offset, 1 << 62)
        at += 4 + length
    return _FULL


def _member(descriptor: int, entry: Entry, limits: Limits) -> Member | Problem:
    name = entry.name.decode("utf-8", "replace")
    refused = _refused(entry, limits)
    if refused:
        return Problem(name, *refused)
    packed = _packed(descriptor, entry)
    if packed is None:
        return Problem(name, ProblemKind.TRUNCATED, "the zip is cut short here")
    data = packed
    if entry.method == _DEFLATED:
        try:
            data = zlib.decompressobj(-15).decompress(packed, entry.plain + 1)
        except zlib.error as error:
            return Problem(name, ProblemKind.MALFORMED, f"it cannot be unpacked: {error}")
    if len(data) != entry.plain or zlib.crc32(data) != entry.checksum:
        return Problem(name, ProblemKind.MALFORMED, "its size or checksum is not what the zip says")
    return Member(name, data, packed if entry.method == _DEFLATED else b"")


def _refused(entry: Entry, limits: Limits) -> tuple[ProblemKind, str] | None:
    """Why a member is not even unpacked."""
    if entry.method not in (_STORED, _DEFLATED) or entry.flags & _ENCRYPTED:
        return ProblemKind.UNSUPPORTED, "it is encrypted, or packed in an unusual way"
    if entry.plain > limits.record_bytes or entry.packed > limits.record_bytes:
        return ProblemKind.TOO_LARGE, f"it is larger than {limits.record_bytes} bytes"
    if entry.plain > _SMALL and entry.plain > entry.packed * limits.zip_ratio:
        return ProblemKind.TOO_LARGE, f"it is packed more than {limits.zip_ratio} to 1"
    return None


def _packed(descriptor: int, entry: Entry) -> bytes | None:
    """The member's bytes as they lie in the file: one read where its local header is an ordinary one."""
    guess = _LOCAL_BYTES + len(entry.name) + 32
    block = os.pread(descriptor, guess + entry.packed, entry.offset)
    if len(block) < _LOCAL_BYTES or not block.startswith(_LOCAL):
        return None
    start = _LOCAL_BYTES + (block[26] | block[27] << 8) + (block[28] | block[29] << 8)
    packed = block[start : start + entry.packed]
    if len(packed) < entry.packed and start > guess:
        packed = os.pread(descriptor, entry.packed, entry.offset + start)
    return packed if len(packed) == entry.packed else None


def _unsound(path: Path, why: str) -> FeedError:
    return FeedError(f"{path} cannot be used: it {why}", "fetch it again")
