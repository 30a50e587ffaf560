"""Bytes become text in one place: UTF-8, or UTF-16 where a byte-order mark says so; nothing is guessed."""

from __future__ import annotations

import codecs

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind

from .fault import SyntaxFault


def decode(data: bytes, limits: Limits) -> str:
    """The text of `data` without its byte-order mark.

    Raises SyntaxFault: too large, or not valid UTF-8 (UTF-16 only with a byte-order mark, as PowerShell's
    `>` writes requirements files), or holding a NUL character.
    """
    if len(data) > limits.file_bytes:
        raise SyntaxFault(ProblemKind.TOO_LARGE, f"{len(data)} bytes; at most {limits.file_bytes} are read")
    encoding = "utf-8"
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            data, encoding = data[len(mark) :], name
            break
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SyntaxFault(ProblemKind.ENCODING, f"not valid {encoding} at byte {error.start}", line) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SyntaxFault(ProblemKind.ENCODING, "holds a NUL character", line)
    return text
