"""Looking into a release beside the one before it, against unpacking and hashing the same bytes.

Two generated releases each of a wheel and an npm tarball: 200 files and 5 MB of code, a tenth of the files
changed. The peer reads both archives with Python's own library and hashes every file: what anybody pays who
looks at every byte once.
"""

import hashlib
import io
import json
import os
import random
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from .measure import Line, seconds

FILES = 200
BYTES = 25_000
BAR = 1.0

_PYTHON = (
    "def {name}(first, second=None):\n    '''Say what is done with it.'''\n    if second is None:\n"
    "        second = [item for item in first if item]\n    return sorted(second, key=str)[:{number}]\n\n\n"
)
_SCRIPT = (
    "function {name}(first, second) {{\n  if (second === undefined) {{ second = first.filter(x => x) }}\n"
    "  return second.sort().slice(0, {number});\n}}\nexports.{name} = {name};\n\n"
)


def _text(piece: str, head: str, seed: int) -> str:
    chosen = random.Random(seed)
    parts, length = [head], len(head)
    while length < BYTES:
        parts.append(piece.format(name=f"work_{chosen.randrange(10**6)}", number=chosen.randrange(99)))
        length += len(parts[-1])
    return "".join(parts)


def _release(second: bool, ending: str) -> dict[str, str]:
    """A file in ten does something that is looked for, so it is parsed."""
    python = ending == "py"
    acting = "import subprocess\n" if python else "const run = require('child_process');\n"
    piece = _PYTHON if python else _SCRIPT
    return {
        f"thing/part_{n}.{ending}": _text(
            piece, acting if n % 10 == 0 else "", n + (1000 if second and n % 10 == 1 else 0)
        )
        for n in range(FILES)
    }


def _wheel(path: Path, files: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("thing-1.0.dist-info/METADATA", "Name: thing\nVersion: 1.0\n")
        for name, text in files.items():
            archive.writestr(name, text)


def _tarball(path: Path, files: dict[str, str]) -> None:
    described = {"package.json": json.dumps({"name": "thing", "version": "1.0"}), **files}
    with tarfile.open(path, "w:gz") as archive:
        for name, text in described.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))


def _unzipped(paths: tuple[Path, Path]) -> None:
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                hashlib.sha256(archive.read(name)).hexdigest()


def _untarred(paths: tuple[Path, Path]) -> None:
    for path in paths:
        with tarfile.open(path) as archive:
            for entry in archive:
                file = archive.extractfile(entry)
                hashlib.sha256(file.read() if file else b"").hexdigest()


def lines(place: Path) -> Iterator[Line]:
    """CPU time of the look itself, then wall time with the worker in between."""
    from seawall.adapters.runners.examiner import Examiners
    from seawall.examine import Subject, examine

    kinds = (
        ("wheel", "PyPI", "py", _wheel, _unzipped, "thing-1.{}-py3-none-any.whl", "zipfile and SHA-256"),
        ("npm tarball", "npm", "js", _tarball, _untarred, "thing-1.{}.tgz", "tarfile and SHA-256"),
    )
    pool = Examiners(workers=1)
    try:
        for what, ecosystem, ending, write, peer, pattern, against in kinds:
            paths = (place / pattern.format(0), place / pattern.format(1))
            for number, path in enumerate(paths):
                write(path, _release(bool(number), ending))
            ours = seconds(_looking(paths, ecosystem))
            theirs = seconds(lambda paths=paths, peer=peer: peer(paths))  # type: ignore[misc]
            yield Line(
                f"{what} of {FILES} files and {FILES * BYTES / 1e6:.0f} MB, beside the one before: CPU",
                f"{ours * 1e3:.0f} ms",
                f"{against} of both: {theirs * 1e3:.0f} ms",
                f"{ours / theirs:.1f}",
                f"≤ {BAR:.0f} s",
                ours <= BAR,
            )
            old, new = (Subject(path, path.name, ecosystem, "thing", "1.0") for path in paths)
            examine(new, old, examiners=pool)  # the worker has started
            wall = min(_wall(lambda new=new, old=old: examine(new, old, examiners=pool)) for _ in range(3))  # type: ignore[misc]
            yield Line(
                "the same through a worker that has started: wall",
                f"{wall * 1e3:.0f} ms",
            )
    finally:
        pool.close()


def _looking(paths: tuple[Path, Path], ecosystem: str) -> Callable[[], object]:
    from seawall.adapters.runners.looking import look
    from seawall.readers.archives import shape_of

    shape = shape_of(ecosystem, paths[0].name)
    assert shape
    files = [
        {"role": role, "filename": path.name, "shape": shape.value, "sha256": ""}
        for role, path in (("new", paths[1]), ("old", paths[0]))
    ]
    question = {
        "declared": {"ecosystem": ecosystem, "name": "thing", "version": "1.0"},
        "previous": "1.0",
        "rows": False,
        "files": files,
    }

    def once() -> object:
        descriptors = [os.open(path, os.O_RDONLY) for path in (paths[1], paths[0])]
        try:
            return look(question, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    return once


def _wall(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
