"""A package's name goes only where the user's own clients would send it, and what matters is asked first.

What a tree says is believed where it means asking less: a package that its files take from a host that no
client here is set up to use is not asked about, nor is an npm scope that the tree sends to such a host.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from .client import Machine, Project, Role, Upstream, registry_urls
from .finding import Skipped
from .intake import Key, Upstreams
from .lockfile import Document, Pin, Requirement
from .release import Wanted
from .source import SourceKind

ASKED = frozenset({"npm", "PyPI"})
"""The ecosystems whose registries can be asked about a release."""


@dataclass(frozen=True, slots=True)
class Registries:
    """Whom the user's own clients ask, per ecosystem and in order (kernel/client.py: `registry_urls`).

    `public` are the hosts that clients come with. `scopes_elsewhere` are npm scopes that the tree sends to
    a registry that is not the user's own.
    """

    upstreams: Mapping[str, tuple[Upstream, ...]] = field(default_factory=lambda: MappingProxyType({}))
    public: frozenset[str] = frozenset()
    scopes_elsewhere: frozenset[str] = frozenset()


def registries(machine: Machine, project: Project) -> Registries:
    """The user's own registries, and what the tree keeps away from them."""
    own = registry_urls(machine)
    known = {item.scope for item in own.get("npm", ()) if item.scope}
    sent = {
        item.scope
        for place in project.configurations
        for item in place.upstreams
        if item.role is Role.SCOPE and item.scope
    }
    public = frozenset(item.host for item in machine.built_in if item.host)
    return Registries(_without_indexes(machine, own), public, frozenset(sent - known))


def _without_indexes(
    machine: Machine, own: Mapping[str, tuple[Upstream, ...]]
) -> Mapping[str, tuple[Upstream, ...]]:
    """A pip that is told `no-index` asks nobody, so nobody is asked in its name."""
    said = [p.options["no-index"].value for p in machine.configurations if "no-index" in p.options]
    if not said or said[-1].lower() not in ("1", "true", "yes", "on", "y", "t"):
        return own
    others = tuple(item for item in own.get("PyPI", ()) if item.client != "pip")
    return MappingProxyType({**own, "PyPI": others})


def to_ask(
    documents: Iterable[Document], upstreams: Upstreams, matched: Collection[Key] = ()
) -> tuple[tuple[Wanted, ...], tuple[Skipped, ...]]:
    """What registries are asked about, most important first, and what they are not asked about.

    First come packages with an advisory or an install script, then direct ones, then the others. Only what
    comes from a registry is asked about: no workspace, path, git or address. A manifest does not say where
    from, so a name that only a stranger's host is known to have is not asked about for its sake.
    """
    hosts: dict[Key, set[str]] = defaultdict(set)
    ranks: dict[Key, int] = {}
    elsewhere: dict[Key, None] = {}
    asked_for: list[tuple[Requirement, Key]] = []
    silent: dict[str, None] = {}
    for item, key in _entries(documents):
        if key[0] not in ASKED:
            silent[key[0]] = None
        elif item.source.host and item.source.host not in upstreams.hosts.get(key[0], ()):
            elsewhere[key] = None
        elif isinstance(item, Requirement) and not item.source.host:
            asked_for.append((item, key))
        else:
            ranks[key] = min(_rank(item, matched), ranks.get(key, 2))
            hosts[key] |= {item.source.host} if item.source.host else set()
    private = {key[:2] for key in elsewhere} - {key[:2] for key in ranks}
    for item, key in asked_for:
        if key[:2] not in private:
            ranks[key] = min(_rank(item, matched), ranks.get(key, 2))
    ordered = sorted(ranks, key=lambda key: ranks[key])
    kept_out = [key for key in elsewhere if key not in ranks]
    return tuple(Wanted(key, frozenset(hosts[key])) for key in ordered), tuple(_said(kept_out, silent))


def _entries(documents: Iterable[Document]) -> Iterator[tuple[Pin | Requirement, Key]]:
    for document in documents:
        for item in document.entries:
            constraint = isinstance(item, Requirement) and item.group == "constraint"
            if item.source.kind is SourceKind.REGISTRY and item.key and not constraint:
                yield item, item.key


def _rank(item: Pin | Requirement, matched: Collection[Key]) -> int:
    if item.key in matched or (isinstance(item, Pin) and item.install_script):
        return 0
    return 1 if isinstance(item, Requirement) or item.direct else 2


def _said(elsewhere: Sequence[Key], silent: Iterable[str]) -> Iterator[Skipped]:
    by_ecosystem: dict[str, list[Key]] = defaultdict(list)
    for key in elsewhere:
        by_ecosystem[key[0]].append(key)
    for ecosystem, keys in by_ecosystem.items():
        yield not_asked(
            ecosystem,
            [name for _, name, _ in keys],
            "they come from a host that no client here is set up to use, so their names are told to nobody",
            "set up a client for that host, if it is yours",
        )
    if silent:
        yield Skipped(
            f"registry facts ({', '.join(sorted(silent))})",
            "only registries of npm and PyPI packages are asked",
        )


def not_asked(ecosystem: str, names: Sequence[str], reason: str, advice: str = "") -> Skipped:
    """Nothing is known about these packages, and why; never required."""
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - 3} more" if len(unique) > 3 else ""
    packages = "1 package" if len(unique) == 1 else f"{len(unique)} packages"
    listed = f"{', '.join(name[:80] for name in unique[:3])}{more}"
    return Skipped(f"registry facts ({ecosystem})", f"{packages} ({listed}): {reason}", advice)


def route(want: Wanted, known: Registries) -> tuple[Upstream, ...]:
    """Whom to ask about one package, in order; empty when nobody may be.

    npm: the registry of its scope, else the one that its files name, else the default. PyPI: the index that
    its files name, else every index, those that clients come with last, so that what an internal index
    knows is never asked of the public one.
    """
    ecosystem, name, _ = want.key
    upstreams = known.upstreams.get(ecosystem, ())
    if ecosystem == "npm":
        return _of_npm(name, want.hosts, upstreams, known)
    named = tuple(item for item in upstreams if item.host in want.hosts)
    if named:
        return named
    if want.hosts and not want.hosts & known.public:
        return ()
    return tuple(sorted(upstreams, key=lambda item: item.host in known.public))


def _of_npm(
    name: str, hosts: frozenset[str], upstreams: Sequence[Upstream], known: Registries
) -> tuple[Upstream, ...]:
    scope = name.partition("/")[0] if name.startswith("@") else ""
    own = [item for item in upstreams if scope and item.scope == scope]
    if own:
        return (own[0],)
    if scope in known.scopes_elsewhere:
        return ()
    default = [item for item in upstreams if not item.scope][:1]
    if not hosts or hosts & known.public or any(item.host in hosts for item in default):
        return tuple(default)
    return tuple(item for item in upstreams if item.host in hosts)[:1]
