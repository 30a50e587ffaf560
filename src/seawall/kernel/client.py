"""A client is a package manager on a machine, and a gap is what comes in through it unasked.

What a client is told stands in several places: files of the machine, of the user, of the project, and the
environment. A `Configuration` is one such place. None of these values ever holds a credential: they hold
only where one is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .lockfile import Problem

if TYPE_CHECKING:
    from .intake import Upstreams

ECOSYSTEM_OF: Mapping[str, str] = MappingProxyType(
    {
        "npm": "npm",
        "pnpm": "npm",
        "yarn": "npm",
        "bun": "npm",
        "pip": "PyPI",
        "uv": "PyPI",
        "poetry": "PyPI",
    }
)
"""Every client that is known, and the OSV ecosystem that it installs from."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One way in that nothing guards. `what` is a sentence, `fix` the command or setting that closes it.

    `where` is the configuration file that was looked at, or a path of the tree, empty when there is none.
    `kind` is `cooldown` (releases come in before anyone could look at them), `scripts` (packages run code
    when they are installed), `around` (a file leads past the registry that is configured) or `pipeline`
    (CI does not have what this machine has).
    """

    client: str
    what: str
    fix: str
    where: str = ""
    kind: str = "cooldown"


class Layer(StrEnum):
    """Whose place it is. A project's place lies in the tree: it is shown, and believed in nothing else."""

    MACHINE = "machine"
    USER = "user"
    PROJECT = "project"
    ENVIRONMENT = "environment"


class Role(StrEnum):
    """What a client does with an upstream.

    `default` is asked for everything, `scope` only for the names of one npm scope, `extra` besides the
    default, `files` is a page of links or a directory, `explicit` only for packages that name it.
    """

    DEFAULT = "default"
    SCOPE = "scope"
    EXTRA = "extra"
    FILES = "files"
    EXPLICIT = "explicit"


@dataclass(frozen=True, slots=True)
class CredentialPlace:
    """Where a credential is kept: never the credential.

    `where` is a file's path, empty for the environment, or `KEYRING`. `key` is the name of the variable, the
    key in the file, or the user in the keyring. `prefix` is what it is for: host and path
    (`registry.example/npm/`), in a keyring the service, or empty for the upstream that stands beside it.
    """

    where: str
    key: str
    prefix: str = ""

    @property
    def with_address(self) -> bool:
        """It is part of the line that names a default registry: another one there takes its place."""
        in_file = self.where not in ("", KEYRING)
        return in_file and (self.key in _WITH_ADDRESS or self.key.startswith("registry/"))


_WITH_ADDRESS = frozenset(
    {"registry", "global.index-url", "install.index-url", "index-url", "npmRegistryServer"}
)

KEYRING = "keyring:"
"""Stands for the operator's keyring, where a file's path would be: that begins with a slash or `~`."""

LOCAL = "file:"
"""Stands for the address of any directory of the machine: where it is, is nobody's business."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """One place that a client installs from. `url` has no credential; `repr` shows its host only.

    `url` is empty, and so is `host`, where the address is not understood well enough to be sure of that.
    `scope` is an npm scope with its `@`, `name` the name that an index has in the configuration, `where`
    the file or variable that says so (empty: built into the client).
    """

    ecosystem: str
    client: str
    url: str = field(repr=False)
    role: Role = Role.DEFAULT
    scope: str = ""
    name: str = ""
    where: str = ""
    line: int = 0
    credentials: tuple[CredentialPlace, ...] = ()
    host: str = ""

    @property
    def built_in(self) -> bool:
        """Nobody configured it: the client comes with it."""
        return not self.where


@dataclass(frozen=True, slots=True)
class Option:
    """A setting as it is written, lists joined with commas. `line` counts from 1, 0 = unknown."""

    value: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Configuration:
    """What one place tells one or more clients.

    `path` is a file's path (relative for a project's) or the word `environment`. `options` are keyed by the
    setting's name in lower case with hyphens (`min-release-age`, `npm-minimal-age-gate`). Settings that
    have nothing to do with what comes in are left out.
    """

    path: str
    format: str
    layer: Layer
    options: Mapping[str, Option] = field(default_factory=lambda: MappingProxyType({}))
    upstreams: tuple[Upstream, ...] = ()
    credentials: tuple[CredentialPlace, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class InstalledClient:
    """A client that is here, or that a project declares. `version` is empty when it could not be known.

    `note` says why, or who decides (`corepack`). `path` is the program, or the file that declares it.
    """

    name: str
    version: str = ""
    path: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """The user's own clients: which are there, what they are told, and what they come with.

    `configurations` stand in the order in which later ones win. `built_in` are the upstreams that clients
    use when nothing is configured; `notes` say what of them could not be derived. `unread` are formats of
    a project's files that the environment keeps clients from reading.
    """

    clients: tuple[InstalledClient, ...] = ()
    configurations: tuple[Configuration, ...] = ()
    built_in: tuple[Upstream, ...] = ()
    notes: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Project:
    """What a tree tells the clients that are used in it. Shown and judged, never obeyed.

    `declared` are clients whose version a project fixes (`packageManager`, `yarnPath`); their `path` is the
    declaring file. `files` are all paths of the tree, `notes` what of it was not looked at.
    """

    configurations: tuple[Configuration, ...] = ()
    declared: tuple[InstalledClient, ...] = ()
    files: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def upstreams(machine: Machine) -> Upstreams:
    """The hosts that the user's own clients install from: everything configured plus what is built in.

    A gate is a host that is configured as the default in place of the built-in one.
    """
    hosts: dict[str, set[str]] = {ecosystem: set() for ecosystem in ECOSYSTEM_OF.values()}
    gates: dict[str, set[str]] = {ecosystem: set() for ecosystem in ECOSYSTEM_OF.values()}
    own = {(item.ecosystem, item.host) for item in machine.built_in}
    for item in (*machine.built_in, *configured(machine)):
        if not item.host:
            continue
        hosts[item.ecosystem].add(item.host)
        if item.role is Role.DEFAULT and (item.ecosystem, item.host) not in own:
            gates[item.ecosystem].add(item.host)
    from .intake import Upstreams  # only here: with it comes everything that rules are asked about

    return Upstreams(_frozen(hosts), _frozen(gates))


def _frozen(sets: Mapping[str, set[str]]) -> Mapping[str, frozenset[str]]:
    return MappingProxyType({name: frozenset(values) for name, values in sets.items()})


def configured(machine: Machine) -> tuple[Upstream, ...]:
    """Every upstream that the machine's and the user's own places name, in reading order."""
    return tuple(item for place in machine.configurations for item in place.upstreams)


def registry_urls(machine: Machine) -> Mapping[str, tuple[Upstream, ...]]:
    """Whom to ask about packages, per ecosystem and in order; only http(s), without duplicates.

    npm: one default (`scope` empty) and then the scopes. PyPI: the default index and then the extra ones.
    The built-in default is in it only where no client of the ecosystem is given another. Of several places
    that name a default the one that wins is taken: the ecosystem's first client before the others, a later
    place before an earlier one. Each has the places of its credentials.
    """
    found: dict[str, tuple[Upstream, ...]] = {}
    for ecosystem in dict.fromkeys(ECOSYSTEM_OF.values()):
        mine = [item for item in configured(machine) if item.ecosystem == ecosystem and _asked(item)]
        order = list(ECOSYSTEM_OF)
        # Later places win, so they come first; sorting is stable and keeps that within one client.
        mine.reverse()
        ranked = sorted(mine, key=lambda item: order.index(item.client))
        defaults = [item for item in ranked if item.role is Role.DEFAULT]
        chosen = (
            defaults[:1]
            or [
                item for item in machine.built_in if item.ecosystem == ecosystem and item.role is Role.DEFAULT
            ][:1]
        )
        others = [item for item in ranked if item.role in (Role.SCOPE, Role.EXTRA)]
        found[ecosystem] = tuple(_with_credentials(item, machine) for item in _distinct([*chosen, *others]))
    return MappingProxyType(found)


def _asked(item: Upstream) -> bool:
    return item.url.startswith(("https://", "http://")) and bool(item.host)


def _distinct(items: Iterable[Upstream]) -> list[Upstream]:
    """The first of each scope, and of each address among those without one."""
    seen: dict[str, Upstream] = {}
    for item in items:
        seen.setdefault(item.scope or item.url.rstrip("/"), item)
    return list(seen.values())


def _with_credentials(item: Upstream, machine: Machine) -> Upstream:
    """`item` with every place that keeps a credential for its host and path, the closest first."""
    parts = urlsplit(item.url)
    address = f"{item.host}{parts.path.rstrip('/')}/"
    places = [
        place
        for configuration in reversed(machine.configurations)
        for place in configuration.credentials
        if place.prefix and address.startswith(f"{place.prefix.rstrip('/')}/")
    ]
    places.sort(key=lambda place: -len(place.prefix))
    return replace(item, credentials=(*item.credentials, *places))
