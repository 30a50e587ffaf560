"""A zip of a hundred thousand small records is read in slices, on every processor there is.

Python's own zip reader costs more per member than parsing the record in it, so members are located through
its directory and unpacked directly; anything but a stored or deflated member is refused. A deflated record is
kept as it is. Names are never paths.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from seawall.kernel.errors import FeedError
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.readers.advisories.osv import read_outline

from .index import Row, row_of

_SLICE = 2_000
_AHEAD = 4
"""Slices that may wait unread, so that memory stays bounded."""
_LOCAL_HEADER = 30


class Member(NamedTuple):
    """Where one file lies in the zip: its name, method, header offset, packed size and checksum."""

    name: str
    method: int
    offset: int
    size: int
    checksum: int


Part = tuple[list[Row], list[Problem], int, int]
"""Rows, records that were refused, how many members are done, how many there are."""


def read_zip(path: Path, feed: str, limits: Limits) -> Iterator[Part]:
    """The records of a zip in order, slice by slice. Raises FeedError when it is no sound zip."""
    members = _members(path, limits)
    slices = [members[start : start + _SLICE] for start in range(0, len(members), _SLICE)]
    done = 0
    if len(slices) < 3 or (os.cpu_count() or 1) < 2:
        for part in slices:
            rows, refused = read_slice(path, part, feed, limits)
            done += len(part)
            yield rows, refused, done, len(members)
        return
    # Spawned and not forked: a fork would copy whatever threads and locks the caller has.
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1), get_context("spawn")) as pool:
        waiting: deque[Future[tuple[list[Row], list[Problem]]]] = deque()
        for number, part in enumerate([*slices, *([] for _ in range(_AHEAD))]):
            if part:
                waiting.append(pool.submit(read_slice, path, part, feed, limits))
            if number >= _AHEAD and waiting:
                rows, refused = waiting.popleft().result()
                done += len(rows) + len(refused)
                yield rows, refused, done, len(members)


def read_slice(
    path: Path, members: Sequence[Member], feed: str, limits: Limits
) -> tuple[list[Row], list[Problem]]:
    """The rows of these members and the problems of those that cannot be read."""
    rows: list[Row] = []
    refused: list[Problem] = []
    with path.open("rb") as file:
        for member in members:
            row = _row(file.fileno(), member, feed, limits)
            if isinstance(row, Problem):
                refused.append(row)
            else:
                rows.append(row)
    return rows, refused


def _members(path: Path, limits: Limits) -> list[Member]:
    try:
        with zipfile.ZipFile(path) as archive:
            found = [
                Member(m.filename, m.compress_type, m.header_offset, m.compress_size, m.CRC)
                for m in archive.infolist()
                if m.filename.endswith(".json")
            ]
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise FeedError(f"{path} cannot be read as a zip: {error}", "fetch it again") from None
    if len(found) > limits.zip_members:
        raise FeedError(
            f"{path} holds {len(found)} records; at most {limits.zip_members}", "look at the file"
        )
    return found


def _row(descriptor: int, member: Member, feed: str, limits: Limits) -> Row | Problem:
    """One member as a row: bounded, and with its checksum compared."""
    if member.method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.size > limits.record_bytes:
        return Problem(member.name, ProblemKind.UNSUPPORTED, "packed in an unusual way, or too large")
    # The local header's name and extra field are short; what lies behind them is the data.
    start = os.pread(descriptor, _LOCAL_HEADER, member.offset)
    skip = _LOCAL_HEADER + int.from_bytes(start[26:28], "little") + int.from_bytes(start[28:30], "little")
    packed = os.pread(descriptor, member.size, member.offset + skip)
    if start[:4] != b"PK\3\4" or len(packed) != member.size:
        return Problem(member.name, ProblemKind.TRUNCATED, "the zip is cut short here")
    if member.method == zipfile.ZIP_STORED:
        return row_of(packed, feed, member.name, limits)
    try:
        data = zlib.decompressobj(-15).decompress(packed, limits.record_bytes + 1)
    except zlib.error as error:
        return Problem(member.name, ProblemKind.MALFORMED, f"cannot be unpacked: {error}")
    if len(data) <= limits.record_bytes and zlib.crc32(data) != member.checksum:
        return Problem(member.name, ProblemKind.MALFORMED, "its checksum is wrong")
    outline = read_outline(data, member.name, limits)
    return outline if isinstance(outline, Problem) else Row(outline, feed, packed)
