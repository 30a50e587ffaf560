"""A checkpoint says in three lines how long a ledger is and what stands in it; the rest follows from it.

It is the text of a signed note. Source: C2SP tlog-checkpoint, and tlog-cosignature (Ed25519) for what a
witness signs.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from .note import NotANote

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_LONGEST = 2**63 - 1
_SIGNED = 8 + 64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`origin` names the ledger, `size` counts its entries, `root` (32 bytes) is the hash over all of them.

    `extensions` are lines that nobody but the log knows the meaning of.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text that is signed. Raises NotANote for an origin that cannot stand on one line."""
        root = base64.b64encode(self.root).decode()
        lines = (self.origin, str(self.size), root, *self.extensions)
        if not all(lines) or any("\n" in line for line in lines):
            raise NotANote("a line of a checkpoint is empty, or is two")
        return "".join(f"{line}\n" for line in lines)


def parse(text: str) -> Checkpoint:
    """The checkpoint in a note's text. Raises NotANote."""
    if not text.endswith("\n"):
        raise NotANote("its last line has no newline")
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise NotANote("a checkpoint has three lines or more, none of them empty")
    origin, size, root, *extensions = lines
    return Checkpoint(origin, parse_size(size), parse_hash(root), tuple(extensions))


def parse_size(text: str) -> int:
    """A number of entries in its one right spelling, below 2^63. Raises NotANote."""
    if not _SIZE.fullmatch(text) or int(text) > _LONGEST:
        raise NotANote("a size is not a plain decimal number")
    return int(text)


def parse_hash(text: str) -> bytes:
    """32 bytes as base64 in its one right spelling. Raises NotANote."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != 32 or base64.b64encode(data).decode() != text:
        raise NotANote("a hash is not 32 bytes in base64")
    return data


def cosigned(text: str, time: int) -> bytes:
    """What a witness signs to say that at `time` (Unix seconds) this was the newest it had seen."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosignature(time: int, signature: bytes) -> bytes:
    """The value of a witness's signature line."""
    return time.to_bytes(8, "big") + signature


def split_cosignature(value: bytes) -> tuple[int, bytes]:
    """(time, signature) of a witness's signature line. Raises NotANote."""
    time = int.from_bytes(value[:8], "big")
    if len(value) != _SIGNED or time > _LONGEST:
        raise NotANote("a witness's signature is not a time and an Ed25519 signature")
    return time, value[8:]
