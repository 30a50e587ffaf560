"""Archives that package managers install are read into what they hold; nothing of them is run or written."""

from __future__ import annotations

from seawall.kernel.contents import Contents, Shape
from seawall.kernel.limits import Limits
from seawall.readers.containers.member import Source

from . import npm_tarball, sdist, wheel
from ._draft import Memory

__all__ = ["READERS", "Memory", "read", "shape_of"]

READERS = {Shape.WHEEL: wheel.read, Shape.SDIST: sdist.read, Shape.NPM: npm_tarball.read}


def shape_of(ecosystem: str, filename: str) -> Shape | None:
    """What the file's name says it is, None where nothing that is read here has such a name."""
    name = filename.lower()
    if ecosystem == "npm":
        return Shape.NPM if name.endswith((".tgz", ".tar.gz")) else None
    if name.endswith(".whl"):
        return Shape.WHEEL
    return Shape.SDIST if name.endswith((".tar.gz", ".tgz", ".zip", ".tar.bz2")) else None


def read(source: Source, shape: Shape, filename: str, limits: Limits, memory: Memory) -> Contents:
    """What the archive holds. What cannot be read is a fault in it, never an error.

    `memory` is shared between the archives of one comparison; a new one where there is none.
    """
    return READERS[shape](source, filename, limits, memory)
