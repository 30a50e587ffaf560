"""A refusal says why in its status line: of a 403 pip and poetry print that line only, and uv prints it too.

Source: RFC 9112, section 4: the phrase is the server's own words, and clients must not act on it. uvicorn
takes its phrases from a table by status; a status that brings its own is looked up in one that knows both.
"""

from __future__ import annotations

from typing import Any

_LONGEST = 400
_PLAIN = str.maketrans("‘’“”–—·…", "''\"\"---.")


class ToldStatus(int):
    """A status code with a phrase of its own: one line of printable ASCII, at most 400 characters."""

    line: bytes

    def __new__(cls, status: int, phrase: str) -> ToldStatus:
        """`status` as in HTTP; `phrase` may be any text."""
        made = super().__new__(cls, status)
        plain = phrase[:_LONGEST].translate(_PLAIN)
        clean = "".join(letter if " " <= letter <= "~" else "?" for letter in plain)
        made.line = f"HTTP/1.1 {status} {clean}\r\n".encode("ascii")
        return made


class _Lines(dict[int, bytes]):
    def __getitem__(self, status: int) -> bytes:
        return status.line if isinstance(status, ToldStatus) else super().__getitem__(status)


def speak_phrases() -> None:
    """From now on uvicorn sends the phrase of a `ToldStatus`."""
    from uvicorn.protocols.http import httptools_impl

    lines: Any = httptools_impl.STATUS_LINE
    if not isinstance(lines, _Lines):
        httptools_impl.STATUS_LINE = _Lines(lines)
