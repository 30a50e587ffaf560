"""A tar is read in one pass, and refused wherever unpackers are known to read different things in it.

Sparse files, two sizes for one member, two members of one name and different content, and a second
compressed stream behind the first are such places. Headers are checked by their sum. Nothing is
unpacked beyond the bound on the whole stream.
Source: POSIX.1-2017 pax (ustar), GNU tar's long names; RFC 1952.
"""

from __future__ import annotations

import bz2
import hashlib
import zlib
from collections.abc import Iterator

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.syntax.fault import SyntaxFault

from .member import HEAD, Kind, Member, Names, Source, Wanted, name_of

_BLOCK = 512
_PIECE = 256 * 1024
_EMPTY = b"\0" * _BLOCK
_MOST_META = 1024 * 1024
_KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"1": Kind.LINK,
    b"2": Kind.LINK,
    b"3": Kind.SPECIAL,
    b"4": Kind.SPECIAL,
    b"5": Kind.DIRECTORY,
    b"6": Kind.SPECIAL,
}


def _broken(why: str) -> SyntaxFault:
    return SyntaxFault(ProblemKind.MALFORMED, why)


class _Gzip:
    def __init__(self) -> None:
        self._unpack = zlib.decompressobj(31)

    @property
    def ended(self) -> bool:
        return self._unpack.eof

    @property
    def unused(self) -> bytes:
        return self._unpack.unused_data

    def take(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        part = self._unpack.decompress(data, most)
        return part, self._unpack.unconsumed_tail


class _Bzip2:
    def __init__(self) -> None:
        self._unpack = bz2.BZ2Decompressor()

    @property
    def ended(self) -> bool:
        return self._unpack.eof

    @property
    def unused(self) -> bytes:
        return self._unpack.unused_data

    def take(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        return self._unpack.decompress(data, most), b""


class _Stream:
    """The plain bytes of a compressed source, from front to back, and never more than the bound."""

    def __init__(self, source: Source, limits: Limits) -> None:
        head = source.read(0, 3)
        if head[:2] == b"\x1f\x8b":
            self._unpack: _Gzip | _Bzip2 = _Gzip()
        elif head == b"BZh":
            self._unpack = _Bzip2()
        else:
            raise _broken("not a compressed tar")
        self._source = source
        self._at = 0
        self._rest = b""
        self._ready = bytearray()
        self._room = limits.archive_stream_bytes

    def take(self, length: int) -> bytes:
        """The next `length` bytes, fewer only at the end."""
        while len(self._ready) < length and self._more():
            pass
        found = bytes(self._ready[:length])
        del self._ready[:length]
        return found

    def skip(self, length: int) -> None:
        """Leave out bytes. Raises SyntaxFault when there are fewer."""
        while length > 0:
            part = self.take(min(length, _PIECE))
            if not part:
                raise SyntaxFault(ProblemKind.TRUNCATED, "the tar is cut short")
            length -= len(part)

    def _more(self) -> bool:
        if self._unpack.ended:
            return False
        if not self._rest and self._at < self._source.size:
            self._rest = self._source.read(self._at, _PIECE)
            self._at += len(self._rest)
        given = bool(self._rest)
        try:
            part, self._rest = self._unpack.take(self._rest, _PIECE)
        except (zlib.error, OSError, EOFError, ValueError) as error:
            raise _broken(f"it cannot be unpacked: {error}") from None
        self._room -= len(part)
        if self._room < 0:
            raise SyntaxFault(ProblemKind.TOO_LARGE, "it unpacks to more than is looked at")
        self._ready += part
        if not part and not given and not self._unpack.ended:
            raise SyntaxFault(ProblemKind.TRUNCATED, "it is cut short")
        return True

    def finish(self) -> None:
        """Only zeros may follow. Raises SyntaxFault for anything else, and for a second stream."""
        while part := self.take(_PIECE):
            if part.count(0) != len(part):
                raise _broken("something lies behind its end")
        behind = self._unpack.unused + self._source.read(self._at, 4096)
        if behind.count(0) != len(behind):
            raise _broken("a second compressed stream, or something else, lies behind the first")


def members(source: Source, wanted: Wanted, limits: Limits) -> Iterator[Member]:
    """Every file, link and special member in order. Raises SyntaxFault where there is no single reading."""
    stream = _Stream(source, limits)
    names = Names(limits.archive_members)
    seen: dict[str, bytes] = {}
    room = limits.archive_code_bytes
    for member, size in _headers(stream, limits):
        whole = member.kind is Kind.FILE and size <= limits.archive_member_bytes
        whole = whole and wanted(member.name, size)
        room -= size if whole else 0
        if room < 0:
            raise SyntaxFault(
                ProblemKind.TOO_LARGE, f"more than {limits.archive_code_bytes} bytes to look at"
            )
        data = stream.take(size if whole else min(size, HEAD))
        if len(data) < (size if whole else min(size, HEAD)):
            raise SyntaxFault(ProblemKind.TRUNCATED, f"{member.name}: cut short")
        stream.skip(-size % _BLOCK + size - len(data))
        if member.kind is Kind.DIRECTORY:
            continue
        mark = hashlib.sha256(data).digest() if whole else b"?" + str(size).encode()
        if names.again(member.name):
            if not whole or seen.get(member.name) != mark:
                raise _broken(f"two files are called {member.name}")
            continue
        seen[member.name] = mark
        yield Member(member.name, member.kind, size, data, whole, member.executable, member.target)
    stream.finish()


def _headers(stream: _Stream, limits: Limits) -> Iterator[tuple[Member, int]]:
    said: dict[str, str] = {}
    for count in range(3 * limits.archive_members):
        block = stream.take(_BLOCK)
        if not block or block == _EMPTY:
            if count == 0 and not block:
                raise _broken("an empty tar")
            return
        if len(block) < _BLOCK:
            raise SyntaxFault(ProblemKind.TRUNCATED, "the tar is cut short")
        _check_sum(block)
        kind, size = block[156:157], _number(block[124:136])
        if kind in (b"x", b"g", b"L", b"K"):
            said |= _meta(stream, kind, size)
            continue
        if kind not in _KINDS:
            raise SyntaxFault(ProblemKind.UNSUPPORTED, f"a member of kind {kind!r}")
        yield _member(block, kind, size, said)
        said = {}
    raise SyntaxFault(ProblemKind.TOO_MANY, f"more than {limits.archive_members} files")


def _check_sum(block: bytes) -> None:
    if sum(block[:148]) + sum(block[156:]) + 8 * 32 != _number(block[148:156]):
        raise _broken("a header whose sum is wrong")


def _number(field: bytes) -> int:
    if field[:1] == b"\x80":
        value = int.from_bytes(field[1:], "big")
    else:
        text = field.split(b"\0", 1)[0].strip(b" ")
        if text.strip(b"01234567"):
            raise _broken(f"a number that is none: {field!r}")
        value = int(text or b"0", 8)
    if value >= 1 << 50:
        raise SyntaxFault(ProblemKind.TOO_LARGE, f"a member of {value} bytes")
    return value


def _meta(stream: _Stream, kind: bytes, size: int) -> dict[str, str]:
    """What a pax or GNU header says about the member that follows; global ones only name a commit."""
    if size > _MOST_META:
        raise SyntaxFault(ProblemKind.TOO_LARGE, f"a header of {size} bytes")
    data = stream.take(size)
    if len(data) < size:
        raise SyntaxFault(ProblemKind.TRUNCATED, "the tar is cut short")
    stream.skip(-size % _BLOCK)
    if kind in (b"L", b"K"):
        return {"path" if kind == b"L" else "linkpath": name_of(data.rstrip(b"\0"))}
    said = _records(data)
    if any(key.startswith(("GNU.sparse", "SCHILY.realsize")) for key in said):
        raise SyntaxFault(ProblemKind.UNSUPPORTED, "a sparse file")
    if kind == b"g":
        if said.keys() & {"path", "linkpath", "size"}:
            raise SyntaxFault(ProblemKind.UNSUPPORTED, "one name for all files")
        return {}
    return said


def _records(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(data) and data[at:].strip(b"\0"):
        blank = data.find(b" ", at, at + 12)
        digits = data[at:blank] if blank > 0 else b""
        length = int(digits) if digits.isdigit() else 0
        record = data[at : at + length]
        key, equals, value = record[len(digits) + 1 : -1].partition(b"=")
        if not equals or not record.endswith(b"\n") or len(record) != length:
            raise _broken("a header that cannot be read")
        word = key.decode("utf-8", "replace")
        if word in ("path", "linkpath"):
            found[word] = name_of(value)
        else:
            found[word] = value.decode("utf-8", "replace")
        at += length
    return found


def _member(block: bytes, kind: bytes, size: int, said: dict[str, str]) -> tuple[Member, int]:
    shape = _KINDS[kind]
    name = said.get("path") or name_of(_long_name(block))
    if "size" in said:
        if not said["size"].isdecimal() or (size and int(said["size"]) != size):
            raise _broken(f"{name}: of two sizes")
        size = int(said["size"])
    if name.endswith("/") and shape is Kind.FILE:
        shape = Kind.DIRECTORY  # as old tars write them
    if shape is not Kind.FILE and size:
        if kind in (b"1", b"2", b"5"):
            raise _broken(f"{name}: a link or directory with content")
        raise SyntaxFault(ProblemKind.UNSUPPORTED, f"{name}: a special file with content")
    target = said.get("linkpath") or block[157:257].split(b"\0", 1)[0].decode("utf-8", "replace")
    link = shape is Kind.LINK
    # A hard link names its target from the root of the archive, a symbolic one from where it lies.
    if kind == b"1" and not target.startswith("/"):
        target = "../" * name.count("/") + target
    mode = _number(block[100:108])
    return Member(name, shape, size, executable=bool(mode & 0o111), target=target if link else ""), size


def _long_name(block: bytes) -> bytes:
    name = block[:100].split(b"\0", 1)[0]
    if block[257:263] == b"ustar\0":
        prefix = block[345:500].split(b"\0", 1)[0]
        return prefix + b"/" + name if prefix else name
    return name
