"""A worker is given open files, looks into them, answers with findings, and can do nothing else.

Run as `python -I -m seawall.adapters.runners.looking FD`. It opens no file after it has started, starts no
process, writes nothing, and dies when it takes too much memory or time; whoever asked then knows nothing and
says so. Messages are a length (4 bytes, big-endian) and JSON; descriptors travel beside the first byte
(SCM_RIGHTS).
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import resource
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, NamedTuple

from seawall.kernel.contents import Contents, Shape
from seawall.kernel.finding import Finding
from seawall.kernel.intake import Intake
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.release_diff import Declared, ReleaseDiff, rows
from seawall.kernel.rule import judge
from seawall.readers.archives import Memory, read
from seawall.readers.containers.member import Source
from seawall.rules.releases import RELEASES

LENGTH = struct.Struct(">I")
MOST_FILES = 3
_MOST_QUESTION = 256 * 1024
_MEMORY = 3 * 1024 * 1024 * 1024
_PIECE = 1024 * 1024
_MOST_FINDINGS = 200
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""Rules about archives look at no clock."""


def main(words: Sequence[str]) -> int:
    """Answer until nobody asks any more."""
    with socket.socket(fileno=int(words[0])) as door:
        _renounce()
        gc.freeze()
        return _serve(door)


def _serve(door: socket.socket) -> int:
    while True:
        asked = _received(door)
        if asked is None:
            return 0
        question, files = asked
        try:
            # The time of one look, over what the looks before took.
            used = resource.getrusage(resource.RUSAGE_SELF)
            most = int(used.ru_utime + used.ru_stime) + int(question["seconds"]) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
            answer = json.dumps(look(question, files)).encode()
        except ImportError as error:
            answer = _wrong(f"{error.name or error} is missing; install seawall[firewall]")
        except Exception as error:  # whatever it is: nothing is known about the file, and that is said
            answer = _wrong(f"looking into it failed: {type(error).__name__}")
        finally:
            for descriptor in files:
                os.close(descriptor)
        door.sendall(LENGTH.pack(len(answer)) + answer)


def _wrong(why: str) -> bytes:
    return json.dumps({"wrong": why}).encode()


def _renounce() -> None:
    """Give up what looking does not need. It cannot be had back."""
    _lower(resource.RLIMIT_AS, _MEMORY)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NPROC, 0)
    _lower(resource.RLIMIT_NOFILE, 64)


def _lower(which: int, most: int) -> None:
    try:
        resource.setrlimit(which, (most, most))
    except (ValueError, OSError):
        # A system that knows no such limit has the others.
        return


def _received(door: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    head, files, _, _ = socket.recv_fds(door, LENGTH.size, MOST_FILES)
    if not head:
        return None
    while len(head) < LENGTH.size:
        head += door.recv(LENGTH.size - len(head))
    (length,) = LENGTH.unpack(head)
    if length > _MOST_QUESTION:
        return None
    text = b""
    while len(text) < length:
        part = door.recv(length - len(text))
        if not part:
            return None
        text += part
    return json.loads(text), files


def look(question: dict[str, Any], files: Sequence[int], limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """The findings about the first file, beside the others; `wrong` says why there are none."""
    declared = Declared(**question["declared"])
    given: dict[str, _File] = {}
    for descriptor, item in zip(files, question["files"], strict=True):
        source = _source(descriptor)
        if item["sha256"] and _digest(source) != item["sha256"]:
            return {"wrong": f"{item['filename']} is not the file that was verified"}
        given[item["role"]] = _File(source, Shape(item["shape"]), item["filename"])
    diff, findings = _compared(declared, given, question, limits)
    both = (diff.old, diff.source)
    unread = [f"{c.filename}: {c.faults[0].message}" for c in both if c and c.faults]
    return {
        "findings": [_plain(item) for item in findings[:_MOST_FINDINGS]],
        "rows": [asdict(row) for row in rows(diff)] if question["rows"] else [],
        "unread": unread,
    }


class _File(NamedTuple):
    source: Source
    shape: Shape
    filename: str

    def contents(self, limits: Limits, memory: Memory) -> Contents:
        return read(self.source, self.shape, self.filename, limits, memory)


def _compared(
    declared: Declared, given: dict[str, _File], question: dict[str, Any], limits: Limits
) -> tuple[ReleaseDiff, Sequence[Finding]]:
    """First only what differs is looked at: most releases are mostly the same, and nothing in that is new.

    Whatever that finds may still be something that an unchanged file did before, so then everything is
    looked at. Nothing can be missed so: fewer files before can only make more of what is new.
    """
    memory = Memory()
    source = given["source"].contents(limits, memory.of_names_only()) if "source" in given else None
    if "old" in given and not question["rows"]:
        known = given["old"].contents(limits, memory.of_names_only())
        new = given["new"].contents(limits, memory.beside(known.files))
        old = given["old"].contents(limits, memory.beside(new.files))
        diff, findings = _judged(declared, new, old, source, question["previous"])
        if not findings:
            return diff, findings
    new = given["new"].contents(limits, memory)
    before = given["old"].contents(limits, memory) if "old" in given else None
    return _judged(declared, new, before, source, question["previous"])


def _judged(
    declared: Declared, new: Contents, old: Contents | None, source: Contents | None, previous: str
) -> tuple[ReleaseDiff, Sequence[Finding]]:
    if not declared.name:  # a file that nobody lists is what it says itself
        declared = Declared(declared.ecosystem, new.name, new.version)
    diff = ReleaseDiff(declared, new, old, source, previous or (old.version if old else ""))
    return diff, judge(RELEASES, Intake(documents=(), now=_NEVER, diffs=(diff,)))


def _plain(item: Finding) -> dict[str, Any]:
    plain = {name: getattr(item, name) for name in Finding.__slots__ if name != "detail"}
    return {**plain, "severity": int(item.severity), "detail": dict(item.detail)}


def _source(descriptor: int) -> Source:
    return Source(os.fstat(descriptor).st_size, lambda at, length: os.pread(descriptor, length, at))


def _digest(source: Source) -> str:
    mark = hashlib.sha256()
    for at in range(0, source.size, _PIECE):
        mark.update(source.read(at, _PIECE))
    return mark.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
