"""What a project says that would lead a client past the firewall, found before anything is started."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seawall.kernel.client import ECOSYSTEM_OF, LOCAL, Configuration, Role
from seawall.kernel.leading import NOT_LED
from seawall.kernel.lockfile import Document, DocumentKind
from seawall.kernel.relocking import relocked
from seawall.kernel.source import Source, SourceKind

_REGISTRY_REPLACED = frozenset({"npm-package-lock", "npm-shrinkwrap", "pnpm-lock", "package-json"})
"""Formats whose clients put the registry that they are told in the place of the one that is written.

yarn 4 writes no registry; an archive that it names (`__archiveUrl`) it fetches from there (measured).
"""

_UPWARDS = 16
_BELOW = 5_000
_JAVASCRIPT = ("npm", "npx", "pnpm", "pnpx", "yarn", "bun", "bunx")
_PYTHON = ("pip", "pip3", "uv", "uvx", "poetry", "pdm", "pipenv", "hf")
_UV_ONLY = ("sync", "lock", "pip", "add", "remove", "tool", "export", "tree", "venv", "build")

_TAKEN_AWAY = {("npm", Role.SCOPE): ("npm", "npx", "pnpm", "pnpx", "yarn"), ("pip", Role.EXTRA): _PYTHON}
"""What in a user's own files the child's npmrc and environment replace, and for which programs (measured).

bun is not among them: it reads the user's npmrc too, and what it does then was not measured.
"""


@dataclass(frozen=True, slots=True)
class Round:
    """One place that leads past the firewall. `path` is relative to where the command runs.

    `host` is where it leads, `format` the reader's id of the file, empty for settings; `what` is a sentence.
    """

    path: str
    line: int
    host: str
    what: str
    format: str = ""

    @property
    def fixable(self) -> bool:
        """`--fix-locks` can lead the file to the firewall as it is."""
        return bool(self.format) and relocked(self.format, "", "http://firewall.example") is not None


def look(
    directory: Path, command: Sequence[str], hosts: frozenset[str], own: Sequence[Configuration] = ()
) -> tuple[Round, ...]:
    """What in `directory`, and above it up to the repository's own, leads to another host than `hosts`.

    Only what the command's client reads counts where it is known (`npm` reads no uv.lock). `own` is what the
    user's files say; of that only what the environment cannot take away counts. Nothing is run.
    """
    wanted = ecosystems(command)
    found: list[Round] = []
    for place in _up(directory):
        documents, configurations = _read(place, command if place == directory else ())
        prefix = "" if place == directory else f"{place}/"
        found += _of_documents(documents, wanted, hosts, prefix)
        found += _of_settings(configurations, wanted, hosts, prefix)
    program = Path(command[0]).name if command else ""
    kept = frozenset(key for key, programs in _TAKEN_AWAY.items() if program in programs)
    found += _of_settings(own, wanted, hosts, "", kept)
    found += _of_program(command, directory, hosts)
    return tuple(dict.fromkeys(found))


def ecosystems(command: Sequence[str]) -> frozenset[str]:
    """Whose packages the command installs; all of them where its program is not known."""
    name = Path(command[0]).name if command else ""
    if name in _JAVASCRIPT:
        return frozenset({"npm"})
    if name in _PYTHON and (name != "uv" or (len(command) > 1 and command[1] in _UV_ONLY)):
        return frozenset({"PyPI"})
    return frozenset(ECOSYSTEM_OF.values())


def _up(directory: Path) -> Iterator[Path]:
    for place in [directory, *directory.parents][:_UPWARDS]:
        yield place
        if (place / ".git").exists():
            return
        if place == directory and not any((above / ".git").exists() for above in place.parents):
            return


def _read(place: Path, command: Sequence[str]) -> tuple[tuple[Document, ...], tuple[Configuration, ...]]:
    """The lockfiles, manifests and settings that lie in `place`, and what they or the command include."""
    from seawall.adapters.disk.tree import Walk, claimer, read_documents
    from seawall.adapters.machine.project import look_at_project
    from seawall.kernel.limits import DEFAULT_LIMITS
    from seawall.readers.lockfiles import FORMATS

    names = _names(place)
    own = [name for name in names if "/" not in name]
    named = [word.partition("=")[2] or word for word in command[1:]]
    claims = claimer(tuple(FORMATS))
    claimed = [(name, item) for name in own if (item := claims(name)) is not None]
    by_id = {item.id: item for item in FORMATS}
    extra = [(word, by_id["requirements"]) for word in named if word in names and word.endswith(".txt")]
    both = dict([*extra, *claimed])
    walked = Walk(
        place, frozenset(names), tuple(sorted(both.items(), key=lambda x: x[0])), formats=tuple(FORMATS)
    )
    project = look_at_project(place, own)
    return read_documents(walked, DEFAULT_LIMITS), project.configurations


def _names(place: Path) -> list[str]:
    """Files in `place` and in the directories in it, as relative paths; at most 5,000."""
    found: list[str] = []
    try:
        for entry in sorted(place.iterdir()):
            if entry.is_file():
                found.append(entry.name)
            elif entry.is_dir() and not entry.name.startswith(".") and entry.name != "node_modules":
                found += [
                    f"{entry.name}/{inner.name}" for inner in sorted(entry.iterdir()) if inner.is_file()
                ]
            if len(found) > _BELOW:
                break
    except OSError:
        return found
    return found[:_BELOW]


def _of_documents(
    documents: Iterable[Document], wanted: frozenset[str], hosts: frozenset[str], prefix: str
) -> Iterator[Round]:
    for document in documents:
        if document.ecosystem not in wanted or document.kind is DocumentKind.SBOM:
            continue
        places: dict[str, int] = {}
        for entry in document.entries:
            for source in (entry.source, *getattr(entry, "files_from", ())):
                if _leads_away(source, document, hosts):
                    places.setdefault(source.host, entry.line)
        if document.format not in _REGISTRY_REPLACED:
            for source in document.registries:
                if source.host and source.host not in hosts:
                    places.setdefault(source.host, 0)
        for host, line in places.items():
            path = f"{prefix}{document.path}"
            format_ = document.format if not prefix else ""
            yield Round(path, line, host, f"{path} leads to {host}", format_)


def _leads_away(source: Source, document: Document, hosts: frozenset[str]) -> bool:
    if not source.host or source.host in hosts:
        return False
    if source.kind is SourceKind.REGISTRY:
        return document.format not in _REGISTRY_REPLACED
    return source.kind in (SourceKind.GIT, SourceKind.URL)


def _of_settings(
    configurations: Iterable[Configuration],
    wanted: frozenset[str],
    hosts: frozenset[str],
    prefix: str,
    taken_away: frozenset[tuple[str, Role]] = frozenset(),
) -> Iterator[Round]:
    for place in configurations:
        for item in place.upstreams:
            replaced = item.role is Role.DEFAULT and item.client != "poetry"
            replaced |= (item.client, item.role) in taken_away
            if item.ecosystem not in wanted or item.url == LOCAL or item.host in hosts or replaced:
                continue
            host = item.host or "an address that cannot be understood"
            what = f"{prefix}{place.path} sends {item.scope or item.client} to {host}"
            yield Round(f"{prefix}{place.path}", item.line, host, what)


def _of_program(command: Sequence[str], directory: Path, hosts: frozenset[str]) -> Iterator[Round]:
    """A client that no variable leads has to be led by its project."""
    name = Path(command[0]).name if command else ""
    why = NOT_LED.get(name)
    if why is None:
        return
    if name == "poetry":
        _, configurations = _read(directory, ())
        for place in configurations:
            for item in place.upstreams:
                if item.client == "poetry" and item.role is Role.DEFAULT and item.host in hosts:
                    return
    yield Round("", 0, "", why)


def fix(directory: Path, rounds: Iterable[Round], firewall: str) -> Mapping[str, bytes]:
    """New bytes of the lockfiles that can be led to `firewall`, by their names in `directory`."""
    found: dict[str, bytes] = {}
    for item in rounds:
        if not item.fixable or item.path in found or "/" in item.path:
            continue
        try:
            text = (directory / item.path).read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
        new = relocked(item.format, text, firewall)
        if new is not None and new != text:
            found[item.path] = new.encode()
    return found
