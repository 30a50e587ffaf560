"""Where packages come from: who else than the registry in use is trusted to hand over code."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename, dirname

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.lockfile import Document, DocumentKind, Pin, Requirement
from seawall.kernel.rule import rule
from seawall.kernel.source import Source, SourceKind

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_URL_FIRST = frozenset({"uv-lock", "yarn-lock-v1", "pylock", "bun-lock"})
"""Formats whose clients install from the address in the lockfile, whatever registry is configured."""

_FETCHED = frozenset({SourceKind.REGISTRY, SourceKind.URL})


@dataclass(frozen=True, slots=True)
class _Named:
    """One package with its source, whether pinned or asked for; `files`: a host of its files alone."""

    name: str
    source: Source
    line: int
    files: bool = False


def _named(document: Document) -> Iterator[_Named]:
    seen: set[tuple[str, Source]] = set()
    for item in document.entries:
        files = item.files_from if isinstance(item, Pin) else ()
        for source in (item.source, *files):
            if not _limits_only(item) and (item.name, source) not in seen:
                seen.add((item.name, source))
                yield _Named(item.name, source, item.line, source is not item.source)


def _limits_only(item: Pin | Requirement) -> bool:
    return isinstance(item, Requirement) and item.group == "constraint"


def _list(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


@rule("packages/exotic-source", Severity.MEDIUM)
def exotic_source(intake: Intake) -> Iterator[Evidence]:
    """A package that does not come from a registry in use is outside every control that sits on one.

    Speaks of git repositories, direct URLs, plain http, paths outside the tree, and hosts that are
    neither an upstream of your own clients nor listed under `[registries] known`, also where a lockfile
    names a registry in use and fetches a file of the release from somewhere else. One finding per file and
    kind of source.

    Why: cooldowns, advisories, provenance and a registry firewall all look at the registry. A git branch
    or a stranger's host can change under you without any of them noticing.

    Attack: in May 2026 the TanStack attackers added a git dependency as an optional dependency of
    poisoned releases, and its `prepare` script ran on install.

    Fix: use the registry's release, or pin the full commit; list a host that you do trust under
    `[registries] known` in your own settings, not in the tree.
    """
    locked = _locked_names(intake)
    for document in intake.documents:
        if document.kind is DocumentKind.SBOM:
            continue
        groups: dict[tuple[str, str], list[_Named]] = defaultdict(list)
        for item in _named(document):
            why = _exotic(item, document, intake)
            if why and not _said_by_lock(item.name, document, locked):
                groups[(why, item.source.host)].append(item)
        for (why, host), items in groups.items():
            severity, what, fix = _WORDS[why]
            names = list(dict.fromkeys(item.name or basename(item.source.location) for item in items))
            yield Evidence(
                message=f"{what.format(host=host or 'no host')}: {_list(names)}",
                advice=fix,
                path=document.path,
                line=items[0].line,
                severity=severity,
                subject=f"{why} {host}",
                detail={"kind": why, "host": host, "packages": names[:50]},
            )


def _locked_names(intake: Intake) -> set[tuple[str, str, str]]:
    """(directory, ecosystem, name) of everything that a lockfile fixes."""
    return {
        (dirname(document.path), document.ecosystem, pin.name)
        for document in intake.documents
        if document.kind is DocumentKind.LOCKFILE
        for pin in document.pins
    }


def _said_by_lock(name: str, document: Document, locked: set[tuple[str, str, str]]) -> bool:
    """A manifest's floating source is fixed by the lockfile beside it, which speaks for itself."""
    if document.kind is not DocumentKind.MANIFEST:
        return False
    return (dirname(document.path), document.ecosystem, name) in locked


_WORDS: dict[str, tuple[Severity, str, str]] = {
    "http": (
        Severity.HIGH,
        "fetched over plain http from {host}",
        "use https: anyone on the way can swap the file",
    ),
    "git-floating": (
        Severity.MEDIUM,
        "from a git branch or tag that can move, at {host}",
        "pin the full commit, or use a release",
    ),
    "git": (
        Severity.LOW,
        "from a git commit instead of a release, at {host}",
        "use the registry's release if there is one",
    ),
    "url": (
        Severity.MEDIUM,
        "by direct address from {host}",
        "use the registry's release, or lock its digest",
    ),
    "outside": (
        Severity.MEDIUM,
        "from a path outside the tree",
        "bring it into the tree or publish it",
    ),
    "host": (
        Severity.MEDIUM,
        "from {host}, which is no registry of your clients",
        "list it under [registries] known in your own seawall.toml if you trust it",
    ),
    "files": (
        Severity.MEDIUM,
        "their files are fetched from {host}, which is neither their registry nor one of your clients'",
        "lock again, or list it under [registries] known in your own seawall.toml if you trust it",
    ),
}


def _exotic(item: _Named, document: Document, intake: Intake) -> str:
    """The key of `_WORDS` that fits, or nothing."""
    source = item.source
    if source.host and source.host in intake.settings.known_registries:
        return ""
    kind = source.kind
    if kind is SourceKind.PATH:
        return "outside" if _leaves(document.path, source.location) else ""
    if source.scheme == "http" and not _loopback(source.host):
        return "http"
    if kind is SourceKind.GIT:
        return "git" if _COMMIT.match(source.revision) else "git-floating"
    if not source.host or _known(source.host, document.ecosystem, intake):
        return ""
    by_kind = {SourceKind.URL: "files" if item.files else "url", SourceKind.REGISTRY: "host"}
    return by_kind.get(kind, "")


def _known(host: str, ecosystem: str, intake: Intake) -> bool:
    hosts = intake.upstreams.hosts.get(ecosystem)
    return hosts is None or host in hosts


def _loopback(host: str) -> bool:
    return host.split(":", maxsplit=1)[0] in ("localhost", "127.0.0.1") or host.startswith("[::1]")


def _leaves(document: str, location: str) -> bool:
    path = location.removeprefix("file:").removeprefix("link:").removeprefix("portal:")
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:[\\/]", path):
        return True
    depth = document.count("/")
    for part in path.replace("\\", "/").split("/"):
        if part == "..":
            depth -= 1
            if depth < 0:
                return True
        elif part not in ("", "."):
            depth += 1
    return False


@rule("packages/credential-in-source", Severity.HIGH)
def credential_in_source(intake: Intake) -> Iterator[Evidence]:
    """A password or token inside a package address is known to everybody who can read the file.

    The value itself is dropped while reading and appears in no report. Variables such as `${TOKEN}` are
    not credentials.

    Why: lockfiles are copied into images, caches, logs and forks; whoever has the token can often publish.

    Attack: stolen registry tokens were the first step of most of the poisoned releases of 2025 and 2026.

    Fix: revoke it, then give it to the client through its own credential store or an environment variable.
    """
    for document in intake.documents:
        lines: dict[str, int] = {}
        for item in document.entries:
            if item.source.credential:
                lines.setdefault(item.source.host, item.line)
        for source in document.registries:
            if source.credential:
                lines.setdefault(source.host, 0)
        for host, line in lines.items():
            yield Evidence(
                message=f"a password or token stands in the address of {host or 'a package source'}",
                advice="revoke it, and keep the new one in the client's credential store or in a variable",
                path=document.path,
                line=line,
                subject=host,
                detail={"host": host},
            )


@rule("packages/lock-bypasses-gate", Severity.HIGH)
def lock_bypasses_gate(intake: Intake) -> Iterator[Evidence]:
    """A lockfile that holds absolute addresses goes round the registry firewall that the client is set to.

    Speaks only where the user's client is configured to use something else than its built-in registry,
    and only for clients that follow the lockfile's address (uv, yarn v1, pylock installers, bun).

    Why: the firewall never sees these downloads, so it neither stops nor records them.

    Attack: `uv sync --frozen` installs straight from the addresses in uv.lock whatever index is set; that
    is by design, and it is how a gated laptop still takes an ungated file.

    Fix: lock again with the firewall as the index, or run the install under `seawall run --sealed`.
    """
    for document in intake.documents:
        gates = intake.upstreams.gates.get(document.ecosystem, frozenset())
        if not gates or document.format not in _URL_FIRST:
            continue
        around = _around(document, gates)
        for host, (count, line) in around.items():
            yield Evidence(
                message=f"{count} packages are fetched from {host}, not through {', '.join(sorted(gates))}",
                advice="lock again with the registry firewall as the index",
                path=document.path,
                line=line,
                subject=host,
                detail={"host": host, "packages": count},
            )


def _around(document: Document, gates: frozenset[str]) -> Mapping[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for pin in document.pins:
        sources = (source for source in (pin.source, *pin.files_from) if source.kind in _FETCHED)
        for host in {source.host for source in sources} - gates - {""}:
            count, line = found.get(host, (0, pin.line))
            found[host] = (count + 1, line)
    return found
