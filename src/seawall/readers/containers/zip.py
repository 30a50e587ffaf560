"""A zip says everything twice, in its directory and before each member; where they differ none is believed.

Unpackers differ in which of the two they follow, in what they make of two members of one name, and of bytes
before, between and behind. So a zip is accepted only when there is one reading of it: the directory fills the
space to the end record, each local header repeats its entry, members lie apart and nothing unlisted lies
between. Stored and deflated members only. Source: PKWARE APPNOTE 6.3.10; the wheel format.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.syntax.fault import SyntaxFault

from .member import HEAD, Kind, Member, Names, Source, Wanted, name_of

_STORED, _DEFLATED = 0, 8
_END, _END_64, _LOCATOR_64, _ENTRY, _LOCAL = b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\1\2", b"PK\3\4"
_DIRECTORY_ENTRY = struct.Struct("<4sHHHHHHIIIHHHHHII")
_LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")
_FULL, _FULL_16 = 0xFFFFFFFF, 0xFFFF
_ENCRYPTED, _LATER, _STRANGE = 1, 8, 0x20 | 0x40 | 0x2000
_TAIL = 22 + 65_535
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    raw: bytes
    name: str
    flags: int
    method: int
    checksum: int
    packed: int
    plain: int
    offset: int
    mode: int


def members(source: Source, wanted: Wanted, limits: Limits) -> Iterator[Member]:
    """Every member in the order of the directory. Raises SyntaxFault where the zip has no single reading."""
    found = _entries(source, limits)
    starts = _starts(source, found)
    room = limits.archive_code_bytes
    for entry in found:
        kind = _kind(entry)
        if kind is Kind.DIRECTORY:
            continue
        whole = kind is Kind.LINK or wanted(entry.name, entry.plain)
        whole = whole and entry.plain <= limits.archive_member_bytes
        room -= entry.plain if whole else 0
        if room < 0:
            raise SyntaxFault(
                ProblemKind.TOO_LARGE, f"more than {limits.archive_code_bytes} bytes to look at"
            )
        data = _content(source, entry, starts[entry.offset], entry.plain if whole else HEAD)
        if whole and (len(data) != entry.plain or zlib.crc32(data) != entry.checksum):
            raise _broken(f"{entry.name}: its size or checksum is not what the zip says")
        target = data.decode("utf-8", "replace") if kind is Kind.LINK else ""
        yield Member(entry.name, kind, entry.plain, data, whole, bool(entry.mode & 0o111), target)


def _broken(why: str) -> SyntaxFault:
    return SyntaxFault(ProblemKind.MALFORMED, why)


def _cut(why: str = "the zip is cut short") -> SyntaxFault:
    return SyntaxFault(ProblemKind.TRUNCATED, why)


def _entries(source: Source, limits: Limits) -> list[_Entry]:
    count, length, offset = _end(source, limits)
    directory = source.read(offset, length)
    if len(directory) != length:
        raise _cut()
    names = Names(limits.archive_members)
    found: list[_Entry] = []
    at = total = 0
    for _ in range(count):
        entry, at = _entry(directory, at)
        if names.again(entry.name):
            raise _broken(f"two files are called {entry.name}")
        total += entry.plain
        found.append(entry)
    if at != length:
        raise _broken("its directory holds something behind the last entry")
    if total > limits.archive_bytes:
        raise SyntaxFault(ProblemKind.TOO_LARGE, f"unpacks to {total} bytes")
    return found


def _end(source: Source, limits: Limits) -> tuple[int, int, int]:
    """(number of entries, length and offset of the directory), which must reach to the end record."""
    start = max(0, source.size - _TAIL)
    tail = source.read(start, source.size - start)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise _cut("no zip, or cut short") if source.read(0, 2) == b"PK" else _broken("no zip")
    disk, first, here, count, length, offset, comment = struct.unpack_from("<4HIIH", tail, at + 4)
    if at + 22 + comment != len(tail):
        raise _broken("something lies behind its end")
    end = start + at
    if count == _FULL_16 or _FULL in (length, offset):
        end, here, count, length, offset = _large_end(source, end)
    if disk or first or here != count:
        raise SyntaxFault(ProblemKind.UNSUPPORTED, "a part of a zip in several parts")
    if count > limits.archive_members or length > limits.archive_members * 256:
        raise SyntaxFault(ProblemKind.TOO_MANY, f"more than {limits.archive_members} files")
    if offset + length != end:
        raise _broken("its directory does not lie where its end says")
    return count, length, offset


def _large_end(source: Source, end: int) -> tuple[int, int, int, int, int]:
    locator = source.read(end - 20, 20) if end >= 20 else b""
    if len(locator) != 20 or not locator.startswith(_LOCATOR_64):
        raise _broken("its end says Zip64 and there is none")
    disk, where, disks = struct.unpack_from("<IQI", locator, 4)
    record = source.read(where, 56) if where < end else b""
    if len(record) != 56 or not record.startswith(_END_64) or disk or disks > 1:
        raise _broken("its Zip64 end cannot be read")
    size, one, two, here, count, length, offset = struct.unpack_from("<Q4xIIQQQQ", record, 4)
    if one or two or where + 12 + size != end - 20:
        raise _broken("its Zip64 end does not lie where it says")
    return where, here, count, length, offset


def _entry(directory: bytes, at: int) -> tuple[_Entry, int]:
    if at + _DIRECTORY_ENTRY.size > len(directory):
        raise _cut("its directory is cut short")
    (mark, _, _, flags, method, _, _, checksum, packed, plain, n, m, k, disk, _, attributes, offset) = (
        _DIRECTORY_ENTRY.unpack_from(directory, at)
    )
    at += _DIRECTORY_ENTRY.size
    if mark != _ENTRY or at + n + m + k > len(directory):
        raise _broken("its directory cannot be read")
    raw = directory[at : at + n]
    name = name_of(raw)
    if flags & (_ENCRYPTED | _STRANGE) or disk or method not in (_STORED, _DEFLATED):
        raise SyntaxFault(ProblemKind.UNSUPPORTED, f"{name}: encrypted, or packed in an unusual way")
    extra = directory[at + n : at + n + m]
    if _FULL in (packed, plain, offset):
        plain, packed, offset = _large(extra, plain, packed, offset, name)
    if method == _STORED and packed != plain:
        raise _broken(f"{name}: stored, and of two sizes")
    return _Entry(raw, name, flags, method, checksum, packed, plain, offset, attributes >> 16), at + n + m + k


def _large(extra: bytes, plain: int, packed: int, offset: int, name: str) -> tuple[int, int, int]:
    """The numbers that stand in the Zip64 field because they are too large, in its order."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            numbers = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
            values = [next(numbers, None) if value == _FULL else value for value in (plain, packed, offset)]
            if any(value is None or value >= 1 << 62 for value in values):
                break
            return values[0] or 0, values[1] or 0, values[2] or 0
        at += 4 + length
    raise _broken(f"{name}: its Zip64 sizes cannot be read")


def _kind(entry: _Entry) -> Kind:
    if entry.name.endswith("/"):
        if entry.plain:
            raise _broken(f"{entry.name}: a directory with content")
        return Kind.DIRECTORY
    shape = entry.mode & 0o170000
    if shape == 0o120000:
        return Kind.LINK
    return Kind.FILE if shape in (0, 0o100000) else Kind.SPECIAL


def _starts(source: Source, found: list[_Entry]) -> dict[int, int]:
    """Where the content of each entry begins, by its offset. Raises SyntaxFault for what does not fit."""
    starts: dict[int, int] = {}
    reached = 0
    for entry in sorted(found, key=lambda item: item.offset):
        if entry.offset < reached:
            raise _broken(f"{entry.name}: lies over another file")
        _nothing_between(source, reached, entry.offset)
        start = _local(source, entry)
        starts[entry.offset] = start
        reached = start + entry.packed
        if reached > source.size:
            raise _cut(f"{entry.name}: cut short")
    return starts


def _nothing_between(source: Source, start: int, end: int) -> None:
    """Between members lies at most what says the size of the one before."""
    if end - start > 24 or _LOCAL in source.read(start, end - start):
        raise _broken("something lies between its files")


def _local(source: Source, entry: _Entry) -> int:
    block = source.read(entry.offset, _LOCAL_HEADER.size + len(entry.raw))
    if len(block) < _LOCAL_HEADER.size + len(entry.raw):
        raise _cut(f"{entry.name}: cut short")
    mark, _, flags, method, _, _, checksum, packed, plain, n, m = _LOCAL_HEADER.unpack_from(block)
    if mark != _LOCAL or block[_LOCAL_HEADER.size :] != entry.raw or n != len(entry.raw):
        raise _broken(f"{entry.name}: the directory calls it otherwise than the file itself")
    later = bool(flags & _LATER) and not (packed or plain or checksum)
    same = (checksum, method) == (entry.checksum, entry.method)
    sizes = all(mine in (said, _FULL) for mine, said in ((packed, entry.packed), (plain, entry.plain)))
    if (flags ^ entry.flags) & (_ENCRYPTED | _STRANGE) or not (later or (same and sizes)):
        raise _broken(f"{entry.name}: the directory says something else than the file itself")
    if later and method != entry.method:
        raise _broken(f"{entry.name}: packed in two ways")
    return entry.offset + _LOCAL_HEADER.size + int(n) + int(m)


def _content(source: Source, entry: _Entry, start: int, most: int) -> bytes:
    """At most `most` bytes, and one more where there are more than the entry says."""
    if entry.method == _STORED:
        return source.read(start, min(most, entry.packed))
    unpack = zlib.decompressobj(-15)
    found: list[bytes] = []
    missing = min(most, entry.plain) + (1 if most >= entry.plain else 0)
    at, end = start, start + entry.packed
    rest = b""
    try:
        while missing > 0 and not unpack.eof:
            if not rest and at < end:
                rest = source.read(at, min(_PIECE, end - at) if most > HEAD else min(4096, end - at))
                at += len(rest)
            before = len(rest)
            part = unpack.decompress(rest, missing)
            rest = unpack.unconsumed_tail
            found.append(part)
            missing -= len(part)
            if not part and (at >= end or before == 0):
                break
    except zlib.error as error:
        raise _broken(f"{entry.name}: it cannot be unpacked: {error}") from None
    return b"".join(found)
