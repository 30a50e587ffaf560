"""A format is one frozen value: the file names it claims and the function that reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind

Read = Callable[[bytes, str, Limits], Document]
"""bytes, path relative to the target (`/`), limits → what the file says. Never raises on any bytes."""


@dataclass(frozen=True, slots=True)
class Format:
    """One file format.

    `globs` are matched against the file's base name, or against the end of its path when they hold a `/`
    (`requirements/*.txt`); they also serve as git pathspecs. `sniff` recognises the content of a file that
    was named on the command line under any name: it gets the first 4 KiB.
    """

    id: str
    kind: DocumentKind
    ecosystem: str
    globs: tuple[str, ...]
    read: Read
    sniff: Callable[[bytes], bool] = lambda _head: False
