"""A file in outline is written from a report: some of its text, what the rest looks like, how large it is.

Reports say "4.2 MB of obfuscated code", and nobody needs the malware to try that. What is made here is inert:
names without a meaning, letters, first bytes of programs that no system would start.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

MOST_BYTES = 16 * 1024 * 1024
"""Of one file."""


def _repeated(piece: bytes, size: int) -> bytes:
    return (piece * (size // max(len(piece), 1) + 1))[:size] if size > 0 else b""


def _noise(size: int) -> bytes:
    """Bytes without a pattern, the same in every run."""
    made, count = bytearray(), 0
    while len(made) < size:
        made += hashlib.sha256(str(count).encode()).digest()
        count += 1
    return bytes(made[:size])


def _obfuscated(size: int) -> bytes:
    """As obfuscators of JavaScript write: names of hexadecimal digits, everything in one line."""
    names = b"".join(b"var _0x%04x=_0x%04x(0x%x);" % (n, n + 500, n) for n in range(60))
    return names + b"/*" + _repeated(b"x", size - len(names) - 4) + b"*/"


def _minified(size: int) -> bytes:
    return _repeated(b"function a(b){return b}", size)


def _blob(size: int) -> bytes:
    """A constant of base64, as both languages write it."""
    return b'data = "' + base64.b64encode(_noise(max(size - 12, 3) * 3 // 4)) + b'"\n'


def _text(size: int) -> bytes:
    return _repeated(b"Nothing of interest stands in this line.\n", size)


def _invisible(size: int) -> bytes:
    """Variation selectors, which editors show as nothing."""
    return "".join(chr(0xFE00 + n % 16) for n in range(max(size, 36) // 3)).encode()


def _starting_with(head: bytes) -> Callable[[int], bytes]:
    return lambda size: head + _noise(max(size - len(head), 64))


LIKE: dict[str, Callable[[int], bytes]] = {
    "obfuscated JavaScript": _obfuscated,
    "minified JavaScript": _minified,
    "a base64 constant": _blob,
    "invisible characters": _invisible,
    "text": _text,
    "noise": _noise,
    "an ELF program": _starting_with(b"\x7fELF\x02\x01\x01" + bytes(9)),
    "a Windows program": _starting_with(b"MZ" + bytes(62)),
    "a macOS program": _starting_with(b"\xcf\xfa\xed\xfe"),
    "WebAssembly": _starting_with(b"\0asm\x01\0\0\0"),
    "a pickle": _starting_with(b"\x80\x04\x95"),
    "an archive": _starting_with(b"PK\x03\x04"),
    "safetensors": lambda size: b"\x02\0\0\0\0\0\0\0{}" + _noise(max(size - 10, 0)),
    "a picture": _starting_with(b"\x89PNG\r\n\x1a\n"),
    "sound": _starting_with(b"RIFF\0\0\0\0WAVEfmt "),
}
"""What the rest of a file may look like; given how many bytes, it is made."""


def made(text: str, like: str, size: int) -> bytes:
    """The text, and after it enough of what it is like. `like` is a key of LIKE or empty."""
    begun = text.encode()
    rest = size - len(begun) if size else 4_096
    return begun + LIKE[like](max(rest, 0)) if like else begun + _padding(size - len(begun), begun)


def _padding(size: int, begun: bytes) -> bytes:
    """Blank lines: they make a file larger and say nothing."""
    return b"" if size <= 0 else (b"" if begun.endswith(b"\n") else b"\n").ljust(size, b"\n")
