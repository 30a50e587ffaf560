"""Cuts as a unified diff that `git apply` takes, and as JSON; what is left to a person as sentences.

Source: the unified format of GNU diff, and how git writes paths into it.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Sequence

from seawall.kernel.reach.edge import Cut

from .plain import neutral, shortened

_NO_END = b"\n\\ No newline at end of file\n"
Changed = tuple[str, bytes, bytes]
"""(path, before, after)."""


def diff(files: Iterable[Changed]) -> bytes:
    """The unified diff of all files: their bytes, as git reads them."""
    return b"".join(_of_file(*file) for file in files)


def shown(files: Iterable[Changed]) -> str:
    """The same for a terminal: nothing in it acts on the terminal or hides."""
    text = diff(files).decode("utf-8", "surrogateescape")
    return "\n".join(neutral(line) for line in text.split("\n"))


def as_json(files: Iterable[Changed], cuts: Iterable[Sequence[Cut]]) -> str:
    """A list of `{path, diff, cuts}`, ASCII only; a line break of another kind stands in `diff` as it is."""
    found = [
        {
            "path": file[0],
            "diff": _of_file(*file).decode("utf-8", "backslashreplace"),
            "cuts": [{"id": cut.id, "words": cut.words, "line": cut.line} for cut in some],
        }
        for file, some in zip(files, cuts, strict=True)
    ]
    return json.dumps(found, indent=1)


def said(cut: Cut, why: str, width: int = 300) -> str:
    """One line about a cut that is left to a person."""
    return shortened(f"left: {cut.path}:{cut.line}: {cut.words}: {why}", width)


def _of_file(path: str, before: bytes, after: bytes) -> bytes:
    old, new = (_lines(data) for data in (before, after))
    changes = difflib.unified_diff(old, new, _named("a", path), _named("b", path))
    return b"".join(_ended(line.encode("utf-8", "surrogateescape")) for line in changes)


def _lines(data: bytes) -> list[str]:
    """Lines end in a line feed and nowhere else."""
    parts = data.decode("utf-8", "surrogateescape").split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + _NO_END


def _named(side: str, path: str) -> str:
    """A path as git writes it: in quotes where something in it would be taken for something else."""
    text = f"{side}/{path}"
    if all(" " < character < "\x7f" and character not in '"\\' for character in text):
        return text
    return "".join(('"', *_quoted(text.encode("utf-8", "surrogateescape")), '"'))


def _quoted(data: bytes) -> Iterator[str]:
    for byte in data:
        character = chr(byte)
        if character in '"\\':
            yield f"\\{character}"
        else:
            yield character if " " <= character < "\x7f" else f"\\{byte:03o}"
