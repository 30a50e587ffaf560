"""What one command under `seawall run` took in, what it was denied, and where it tried to go besides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

_PYPI_FILE = re.compile(r"/pypi/files/(?P<name>[^/]+)/(?P<file>[^/]+?)(?P<aside>\.metadata)?\Z")
_NPM_FILE = re.compile(r"/npm/(?P<name>(?:@[^/]+/)?[^/@][^/]*)/-/(?P<file>(?:@[^/]+/)?[^/]+\.tgz)\Z")
_HF_FILE = re.compile(
    r"/hf/(?P<name>(?:(?:datasets|spaces)/)?[^/]+(?:/[^/]+)?)/resolve/(?P<version>[^/]+)/(?P<file>.+)\Z"
)
_PAGE = re.compile(r"/(?:(pypi)/simple/([^/]+)/?|npm/((?:@[^/]+/)?[^/@-][^/]*))\Z")
_WHEEL = re.compile(r"[^-]+-(?P<version>[^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl\Z")
_SDIST_ENDS = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")
_LONGEST = 300


@dataclass(frozen=True, slots=True, order=True)
class Wanted:
    """One file that was asked for. `version` is empty where the file name does not tell it."""

    ecosystem: str
    name: str
    version: str
    filename: str


@dataclass(frozen=True, slots=True)
class Passage:
    """One request that went through the relay. `reason` is why it was denied, empty when it was not."""

    wanted: Wanted
    status: int
    size: int = 0
    reason: str = ""
    allowed_version: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Attempt:
    """A connection that the seal refused. `host` is an address, or the name that was asked for."""

    host: str
    port: int
    protocol: str


@dataclass(frozen=True, slots=True)
class Summary:
    """All of one run. `fixed` are lockfiles (relative) in which the relay's address was replaced.

    `code` is what the child ended with. `problems` are sentences about what could not be done afterwards.
    """

    command: tuple[str, ...]
    code: int
    passages: tuple[Passage, ...] = ()
    notices: tuple[str, ...] = ()
    attempts: tuple[tuple[Attempt, int], ...] = ()
    fixed: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    sealed: bool = False
    firewall: str = ""
    run: str = ""

    @property
    def taken(self) -> tuple[Wanted, ...]:
        """What was handed out, each once, sorted."""
        return tuple(sorted({p.wanted for p in self.passages if p.status in (200, 206) and not p.reason}))

    @property
    def denied(self) -> tuple[Passage, ...]:
        """What was denied, each file once, in order."""
        found = {p.wanted: p for p in self.passages if p.reason}
        return tuple(found.values())


def wanted(path: str) -> Wanted | None:
    """The file that a request path below the firewall's address asks for; None for anything else.

    `path` is as it was sent, without query. What stands beside a wheel (`.metadata`) is no file of its own.
    """
    if len(path) > 2_000:
        return None
    if found := _PYPI_FILE.match(path):
        if found["aside"]:
            return None
        name, file = unquote(found["name"]), unquote(found["file"])
        return Wanted("PyPI", name, _pypi_version(name, file), file)
    if found := _NPM_FILE.match(path.replace("%2f", "/").replace("%2F", "/")):
        name, file = unquote(found["name"]), unquote(found["file"]).rpartition("/")[2]
        bare = name.rpartition("/")[2]
        version = file.removesuffix(".tgz").removeprefix(f"{bare}-")
        return Wanted("npm", name, version if version != file.removesuffix(".tgz") else "", file)
    if found := _HF_FILE.match(path):
        return Wanted(
            "Hugging Face", unquote(found["name"]), unquote(found["version"]), unquote(found["file"])
        )
    return None


def denied_at(path: str) -> Wanted | None:
    """What a denial at that path is about: a file, what describes one, or everything under a name."""
    found = wanted(path.removesuffix(".metadata"))
    if found is not None or len(path) > 2_000:
        return found
    page = _PAGE.match(path.replace("%2f", "/").replace("%2F", "/"))
    if page is None:
        return None
    return Wanted("PyPI" if page[1] else "npm", unquote(page[2] or page[3]), "", "")


def _pypi_version(name: str, file: str) -> str:
    if wheel := _WHEEL.match(file):
        return wheel["version"]
    stem = next((file.removesuffix(end) for end in _SDIST_ENDS if file.endswith(end)), "")
    # A name may hold hyphens, a version may not (PEP 625; older sdists are split at the name's length).
    folded = re.sub(r"[-_.]+", "-", name).lower()
    for cut in range(len(stem), 0, -1):
        if stem[cut - 1 : cut] == "-" and re.sub(r"[-_.]+", "-", stem[: cut - 1]).lower() == folded:
            return stem[cut:]
    return ""


def one_line(text: str, longest: int = _LONGEST) -> str:
    """Foreign text on one line and bounded: control characters become blanks."""
    return "".join(c if c.isprintable() else " " for c in text[:longest]).strip()


def by_frequency(attempts: Mapping[Attempt, int]) -> tuple[tuple[Attempt, int], ...]:
    """Each attempt with how often it was made, the most frequent first."""
    return tuple(sorted(attempts.items(), key=lambda pair: (-pair[1], pair[0])))
