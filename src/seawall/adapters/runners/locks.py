"""While a command runs its lockfiles name the relay, before and after it the firewall.

Clients write down whom they asked (`resolved` of npm and yarn, `registry` and `url` of uv), and follow it the
next time. The relay lives as long as one run; so its address stands there only until the command has ended,
and what a run that was cut off left behind is put right by the next one.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from tempfile import mkstemp

from seawall.kernel.leading import RELAYED, Door

NAMES = (
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "pylock.toml",
    "pylock.*.toml",
    "requirements*.txt",
    "*requirements.txt",
)
"""Files in which clients write down addresses, as patterns of their names."""

_KEYED = ("requirements*.txt", "*requirements.txt")
_KEPT = ("uv.lock", "pnpm-lock.yaml", ".modules.yaml", "pylock.toml", "pylock.*.toml")
"""Those get the key with the address, these have it; all others get the address of this run alone."""

IN_MODULES = (".package-lock.json", ".yarn-integrity", ".modules.yaml")
"""The same, of what is installed, directly in `node_modules`."""

_NOT_ENTERED = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", ".tox", ".nox", "__pycache__", ".cache"}
)
_DEEPEST = 6
_DIRECTORIES = 5_000
_FILES = 500
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one tree in which addresses stand, and whether some may have been left out."""

    files: tuple[Path, ...]
    cut: bool = False


def places(root: Path) -> Places:
    """Lockfiles at and below `root`: at most 6 deep, 5,000 directories, 500 files; links are not followed."""
    found: list[Path] = []
    pending: list[tuple[Path, int]] = [(root, 0)]
    seen = 0
    while pending and seen < _DIRECTORIES and len(found) < _FILES:
        directory, depth = pending.pop(0)
        seen += 1
        for entry in _entries(directory):
            if entry.is_file(follow_symlinks=False):
                if any(fnmatch(entry.name, pattern) for pattern in NAMES):
                    found.append(Path(entry.path))
            elif entry.is_dir(follow_symlinks=False):
                if entry.name == "node_modules":
                    inner = (Path(entry.path) / name for name in IN_MODULES)
                    found += [path for path in inner if path.is_file() and not path.is_symlink()]
                elif entry.name not in _NOT_ENTERED and depth < _DEEPEST:
                    pending.append((Path(entry.path), depth + 1))
    return Places(tuple(found[:_FILES]), bool(pending) or len(found) > _FILES)


def _entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            yield from sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return


@dataclass(slots=True)
class Swap:
    """What was put into lockfiles for one run, so that it can be taken out again.

    `private`: a file that holds what opens the relay is its owner's alone meanwhile.
    """

    root: Path
    firewall: str
    door: Door
    private: bool = False
    _before: dict[Path, tuple[bytes, bytes, int]] = field(default_factory=dict)

    def put_in(self) -> None:
        """Wherever a lockfile names the firewall, name this relay."""
        for path in places(self.root).files:
            data = _read(path)
            if data is None:
                continue
            mode = stat.S_IMODE(path.lstat().st_mode)
            relay = self._relay_in(path.name)
            new = _named(self.firewall).sub(relay.encode() + rb"\g<1>", data)
            if (
                new != data
                and rewrite(path, new, private=self.private and relay != self.door.lasting) is None
            ):
                self._before[path] = (new, data, mode)

    def _relay_in(self, name: str) -> str:
        if any(fnmatch(name, pattern) for pattern in _KEYED):
            return self.door.keyed
        kept = any(fnmatch(name, pattern) for pattern in _KEPT)
        return self.door.lasting if kept else self.door.base

    def take_out(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Put the firewall's address in the relay's place; files that the command changed, and problems."""
        found = places(self.root)
        named = _relay(self.door)
        changed: list[str] = []
        problems: list[str] = []
        for path in dict.fromkeys((*self._before, *found.files)):
            data = _read(path)
            if data is None or (path not in self._before and not named.search(data)):
                continue
            before = self._before.get(path)
            same = before is not None and data == before[0]
            new = before[1] if before and same else named.sub(self.firewall.encode(), data)
            name = os.path.relpath(path, self.root)
            why = rewrite(path, new, mode=before[2] if before else None) if new != data else None
            if why is not None:
                problems.append(f"{name} still names this run's relay: {why}")
            elif not same and new != data:
                changed.append(name)
        if found.cut:
            problems.append("the tree is large: some lockfiles may still name this run's relay")
        return tuple(changed), tuple(problems)


_RELAYED = re.compile(RELAYED.pattern.encode())


def heal(root: Path, firewall: str) -> tuple[str, ...]:
    """Put the firewall's address in the place of the relays of runs that were cut off; the files changed."""
    healed: list[str] = []
    for path in places(root).files:
        data = _read(path)
        if data is None or not _RELAYED.search(data):
            continue
        if rewrite(path, _RELAYED.sub(firewall.encode(), data)) is None:
            healed.append(os.path.relpath(path, root))
    return tuple(healed)


def _named(firewall: str) -> re.Pattern[bytes]:
    return re.compile(re.escape(firewall.encode()) + rb"(/(?:pypi|npm|hf)/)")


def _relay(door: Door) -> re.Pattern[bytes]:
    """Either address of that door, with or without a key, also where a client put stars in its place."""
    found = []
    for address in (door.base, door.lasting):
        scheme, _, rest = address.partition("://")
        found.append(f"{re.escape(scheme)}://(?:[^\\s/@\"']{{1,100}}@)?{re.escape(rest)}")
    return re.compile("|".join(dict.fromkeys(found)).encode())


def _read(path: Path) -> bytes | None:
    """A regular file's bytes; None for everything else, what is too large, and what cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > _LARGEST:
            return None
        data = file.read(_LARGEST + 1)
    return data if len(data) <= _LARGEST else None


def rewrite(path: Path, data: bytes, *, private: bool = False, mode: int | None = None) -> str | None:
    """Put `data` in the file's place in one step, keeping mode and owner; None, or why it could not be.

    `private`: nobody but the owner can read it from then on. `mode` is set instead of the one it has.
    """
    temporary = ""
    try:
        about = path.lstat()
        descriptor, temporary = mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            own = stat.S_IMODE(about.st_mode) if mode is None else mode
            os.fchmod(descriptor, own & 0o700 if private else own)
            if (about.st_uid, about.st_gid) != (os.geteuid(), os.getegid()):
                with suppress(OSError):
                    os.fchown(descriptor, about.st_uid, about.st_gid)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        return error.strerror or str(error)
    return None
