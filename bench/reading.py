"""How fast lockfiles are read, against the parser that each format needs at least."""

import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from . import lockfiles
from .measure import Line, seconds

PACKAGES = 2_000


def _events(text: str) -> None:
    for _ in yaml.parse(text, Loader=yaml.CSafeLoader):
        pass


def _lines(text: str) -> None:
    for line in text.splitlines():
        line.split()


LIMITS: dict[str, tuple[Callable[[str], object], str]] = {
    "package-lock.json": (json.loads, "json.loads"),
    "pnpm-lock.yaml": (_events, "libyaml's events"),
    "yarn.lock": (_lines, "lines cut into words"),
    "uv.lock": (tomllib.loads, "tomllib.loads"),
    "poetry.lock": (tomllib.loads, "tomllib.loads"),
    "requirements.txt": (_lines, "lines cut into words"),
    "Cargo.lock": (tomllib.loads, "tomllib.loads"),
    "go.mod": (_lines, "lines cut into words"),
    "pylock.toml": (tomllib.loads, "tomllib.loads"),
}


def lines(place: Path) -> Iterator[Line]:
    """Megabytes per second of CPU time; reading finds versions, digests, sources, chains and lines too."""
    del place
    from seawall.adapters.disk.tree import claimer
    from seawall.kernel.limits import DEFAULT_LIMITS
    from seawall.readers.lockfiles import FORMATS

    find = claimer(FORMATS)
    for name, make, _ in lockfiles.KINDS:
        text = make(PACKAGES, 1)
        data = text.encode()
        item = find(name)
        assert item is not None
        limit, what = LIMITS[name]
        document = item.read(data, name, DEFAULT_LIMITS)
        # Some formats have an entry for the project itself.
        assert PACKAGES <= len(document.pins) <= PACKAGES + 1, (name, len(document.pins), document.problems)
        assert not document.problems, document.problems
        ours = seconds(lambda i=item, d=data, n=name: i.read(d, n, DEFAULT_LIMITS), 5)  # type: ignore[misc]
        theirs = seconds(lambda read=limit, t=text: read(t), 5)  # type: ignore[misc]
        size = len(data) / 1e6
        yield Line(
            f"reading {name}, {PACKAGES:,} packages, {size:.2f} MB, CPU",
            f"{size / ours:.1f} MB/s",
            f"{size / theirs:.1f} MB/s ({what})",
            f"{ours / theirs:.1f} of its time",
        )
