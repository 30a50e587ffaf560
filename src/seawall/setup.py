"""Which package managers here take a release before anyone could look at it, and what goes round a gate.

Everything is looked at and nothing is run in the tree. What a tree says is shown and judged; whom the
user's own clients trust is decided by the machine's and the user's places alone.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from posixpath import dirname

from seawall.gap_words import (
    around_gap,
    cooldown_gap,
    pipeline_gap,
    scripts_gap,
)
from seawall.kernel.client import (
    ECOSYSTEM_OF,
    LOCAL,
    Configuration,
    Gap,
    Machine,
    Project,
    Role,
    Upstream,
    configured,
    upstreams,
)
from seawall.kernel.cooldown import Cooldown, cooldown, release, scripts
from seawall.kernel.lockfile import Document, DocumentKind
from seawall.kernel.overview import ClientView, Overview, Use
from seawall.kernel.settings import Settings

CLIENT_OF: Mapping[str, str] = {
    "npm-package-lock": "npm",
    "npm-shrinkwrap": "npm",
    "pnpm-lock": "pnpm",
    "yarn-lock-v1": "yarn",
    "yarn-lock-berry": "yarn",
    "yarn-lock": "yarn",  # one that could not be read
    "bun-lock": "bun",
    "uv-lock": "uv",
    "poetry-lock": "poetry",
    "requirements": "pip",
    "pylock": "pip",
}
"""The client that installs from a format."""

_PIPELINE_FILES = (
    ".gitlab-ci.yml",
    ".circleci/config.yml",
    ".travis.yml",
    ".drone.yml",
    ".woodpecker.yml",
    ".cirrus.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "buildspec.yml",
    "cloudbuild.yaml",
    "appveyor.yml",
    "Jenkinsfile",
)
_PIPELINE_DIRECTORIES = (".github/workflows/", ".gitea/workflows/", ".forgejo/workflows/", ".buildkite/")
_URL_FIRST = frozenset({"uv-lock", "yarn-lock-v1", "pylock", "bun-lock"})
_NO_GAP_LIMIT = 10_000.0


def look(
    target: Path, now: datetime, environment: Mapping[str, str] | None = None
) -> tuple[Machine, Overview]:
    """Look at this machine and at the tree `target`. Raises TargetError when it is no directory."""
    from seawall.adapters.disk.places import settings_files
    from seawall.adapters.disk.tree import read_documents, walk
    from seawall.adapters.machine.clients import look as look_at_machine
    from seawall.adapters.machine.project import look_at_project
    from seawall.kernel.errors import TargetError
    from seawall.kernel.limits import DEFAULT_LIMITS
    from seawall.readers.lockfiles import ENVIRONMENTS, FORMATS
    from seawall.trust import own_settings

    around = os.environ if environment is None else environment
    if not target.is_dir():
        raise TargetError(f"{target} is not a directory", "name a directory: seawall setup PATH")
    settings = own_settings(settings_files(around), DEFAULT_LIMITS)
    # What is installed below has lockfiles and settings of its own makers; no client reads them.
    installed = [root for environment_ in ENVIRONMENTS for root in environment_.roots]
    walked = walk(target, FORMATS, (), DEFAULT_LIMITS, (*settings.exclude, *installed))
    documents = read_documents(walked, DEFAULT_LIMITS)
    machine = look_at_machine(around, target)
    project = look_at_project(target, walked.files)
    return machine, overview(machine, documents, settings, now, project, str(target))


def overview(
    machine: Machine,
    documents: Sequence[Document],
    settings: Settings,
    now: datetime,
    project: Project,
    target: str = ".",
) -> Overview:
    """What there is to tell about a machine and the tree that was read into `documents` and `project`."""
    days = settings.cooldown_days
    uses = [_told_by(use, Machine(), project, days, now) for use in _uses(machine, documents, project)]
    here = [Use(client.name, client.version) for client in machine.clients]
    views = tuple(_views(machine, uses, project, days, now))
    pipelines = tuple(sorted(path for path in project.files if _is_pipeline(path)))
    gaps = (
        *_cooldown_gaps(views, days),
        *_around_gaps(machine, documents, project),
        *_scripts_gaps(views),
        *_pipeline_gaps(uses, pipelines, days),
    )
    return Overview(
        target,
        days,
        views,
        tuple(_lockfiles(documents)),
        pipelines,
        tuple(_registries(machine, documents, project)),
        gaps,
        tuple(_notes(machine, documents, project)),
        tuple(uses),
        tuple(_told_by(use, machine, Project(), days, now) for use in here),
    )


def _told_by(use: Use, machine: Machine, project: Project, days: int, now: datetime) -> Use:
    """`use` with what it does when only these places tell it something."""
    places = places_in(use.directory, machine, project)
    waits = _waits(cooldown(use.client, use.version, places, now), days)
    return replace(use, waits=waits, scripts=scripts(use.client, use.version, places).run)


def client_gaps(
    machine: Machine,
    documents: Sequence[Document],
    settings: Settings,
    now: datetime,
    project: Project | None = None,
) -> tuple[Gap, ...]:
    """What leads past a gate, clients in use that do not wait, and those that run scripts.

    Clients of the tree come first. Lockfiles whose addresses their clients follow are left to the rule that
    speaks of them (`packages/lock-bypasses-gate`). Without `project` only the machine's own places are known.
    """
    known = project or Project()
    uses = _uses(machine, documents, known)
    views = tuple(_views(machine, uses, known, settings.cooldown_days, now))
    others = [document for document in documents if document.format not in _URL_FIRST]
    return (
        *_around_gaps(machine, others, known),
        *_cooldown_gaps(views, settings.cooldown_days),
        *_scripts_gaps(views),
    )


def _uses(machine: Machine, documents: Iterable[Document], project: Project) -> list[Use]:
    """Which client is used in which directory, and in which version as far as that can be known."""
    found: dict[tuple[str, str], Use] = {}
    locked: set[tuple[str, str]] = set()
    waiting: list[Document] = []
    for document in documents:
        client = CLIENT_OF.get(document.format)
        if client is None:
            waiting.append(document)
            continue
        directory = dirname(document.path)
        locked.add((ECOSYSTEM_OF[client], directory))
        version = _version_in(client, directory, document.format, machine, project)
        found.setdefault((client, directory), Use(client, version, directory, document.path))
    for document in waiting:
        client = {"package-json": "npm", "pyproject": "pip"}.get(document.format, "")
        directory = dirname(document.path)
        if client and document.requirements and not _under(locked, ECOSYSTEM_OF[client], directory):
            declared = _declared_in(directory, project)
            client = declared[0] if declared and document.format == "package-json" else client
            version = _version_in(client, directory, document.format, machine, project)
            found.setdefault((client, directory), Use(client, version, directory, document.path))
    return list(found.values())


def _under(locked: Iterable[tuple[str, str]], ecosystem: str, directory: str) -> bool:
    return any(name == ecosystem and _holds(place, directory) for name, place in locked)


def _holds(parent: str, directory: str) -> bool:
    return parent in ("", directory) or directory.startswith(f"{parent}/")


def _declared_in(directory: str, project: Project) -> tuple[str, str] | None:
    near = [c for c in project.declared if _holds(dirname(c.path), directory)]
    best = max(near, key=lambda c: (len(dirname(c.path)), c.note == "yarnPath"), default=None)
    return (best.name, best.version) if best else None


def _version_in(client: str, directory: str, format_: str, machine: Machine, project: Project) -> str:
    """What the project declares, else what is installed; a yarn.lock tells yarn 1 from the later ones."""
    declared = _declared_in(directory, project)
    if declared and declared[0] == client:
        return declared[1]
    installed = next((c.version for c in machine.clients if c.name == client), "")
    if format_ == "yarn-lock-v1":
        return installed if release(installed)[:1] == (1,) else "1"
    if format_ == "yarn-lock-berry" and release(installed)[:1] == (1,):
        return ""
    return installed


def places_in(directory: str, machine: Machine, project: Project) -> tuple[Configuration, ...]:
    """Every place that is read in a directory of the tree, as it was measured of each client.

    Most read the files of the directory itself and none above; yarn adds up those above, the nearest
    winning; uv takes the nearest that says anything to it.
    """
    here: list[Configuration] = []
    above: list[Configuration] = []
    for place in project.configurations:
        where = dirname(place.path)
        if place.format in machine.unread or not _holds(where, directory):
            continue
        if place.format in ("yarnrc", "uv"):
            above.append(place)
        elif where == directory:
            here.append(place)
    above.sort(key=lambda place: len(dirname(place.path)))
    uv = [place for place in above if place.format == "uv"]
    yarn = [place for place in above if place.format == "yarnrc"]
    return (*machine.configurations, *here, *yarn, *uv[-1:])


def _views(
    machine: Machine, uses: Sequence[Use], project: Project, days: int, now: datetime
) -> Iterator[ClientView]:
    here = {client.name: client for client in machine.clients}
    by_client: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        by_client[use.client].append(use)
    for name in sorted(ECOSYSTEM_OF, key=lambda n: (n not in by_client, list(ECOSYSTEM_OF).index(n))):
        installed = here.get(name)
        if installed is None and name not in by_client:
            continue
        version = installed.version if installed else ""
        mine = by_client.get(name) or [Use(name, version, "", "")]
        judged = [
            (cooldown(name, use.version, places, now), scripts(name, use.version, places))
            for use in mine
            for places in (places_in(use.directory, machine, project if use.path else Project()),)
        ]
        weakest = min((c for c, _ in judged), key=_strength)
        yield ClientView(
            name,
            weakest.version or version,
            installed.path if installed else "",
            installed.note if installed else "not on this machine",
            tuple(sorted(use.path for use in mine if use.path)),
            weakest,
            max((s for _, s in judged), key=lambda s: bool(s.run)),
            _waits(weakest, days),
        )


def _strength(item: Cooldown) -> float:
    if item.exempts_all:
        return -1.0
    return min(item.days or 0.0, _NO_GAP_LIMIT)


def _waits(item: Cooldown, days: int) -> bool:
    # A fixed date is measured to the second, so it may miss the wanted days by the time since midnight.
    return not item.exempts_all and (item.days or 0.0) >= days


def _cooldown_gaps(views: Iterable[ClientView], days: int) -> Iterator[Gap]:
    for view in views:
        if not view.protected and days:
            yield cooldown_gap(view.cooldown, days, here=bool(view.path))


def _scripts_gaps(views: Iterable[ClientView]) -> Iterator[Gap]:
    for view in views:
        if view.scripts.run:
            yield scripts_gap(view.name, view.version, view.scripts)


def _around_gaps(machine: Machine, documents: Iterable[Document], project: Project) -> Iterator[Gap]:
    """What leads past a gate; nothing does where there is no gate."""
    gates = upstreams(machine).gates
    own = {item.host for item in machine.built_in}
    for document in documents:
        gate = gates.get(document.ecosystem, frozenset())
        if not gate:
            continue
        hosts = {source.host for pin in document.pins for source in (pin.source, *pin.files_from)}
        if document.format not in _URL_FIRST:
            # npm and its like put the configured registry in the place of their default one.
            hosts -= own
        named = {source.host for source in document.registries}
        for host in sorted((hosts | named) - gate - {""}):
            yield around_gap(CLIENT_OF.get(document.format, ""), document.path, host, sorted(gate)[0])
    for place in project.configurations:
        for item in place.upstreams:
            gate = gates.get(item.ecosystem, frozenset())
            if gate and item.url != LOCAL and item.host not in gate:
                host = item.host or "an address that cannot be understood"
                yield around_gap(item.client, place.path, host, sorted(gate)[0], item.scope, item.line)


def _pipeline_gaps(uses: Sequence[Use], pipelines: Sequence[str], days: int) -> Iterator[Gap]:
    open_ = list(dict.fromkeys(use.client for use in uses if not use.waits))
    if pipelines and days and open_:
        yield pipeline_gap(open_, pipelines[0], days)


def _is_pipeline(path: str) -> bool:
    if path in _PIPELINE_FILES:
        return True
    return path.startswith(_PIPELINE_DIRECTORIES) and path.endswith((".yml", ".yaml"))


def _lockfiles(documents: Sequence[Document]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every manifest and the lockfiles beside it or above it; lockfiles that no manifest claims."""
    locks = [d for d in documents if d.kind is DocumentKind.LOCKFILE and d.ecosystem and d.format != "tree"]
    claimed: set[str] = set()
    for document in documents:
        if document.kind is not DocumentKind.MANIFEST or document.format in ("requirements", "constraints"):
            continue
        where = dirname(document.path)
        mine = tuple(
            lock.path
            for lock in locks
            if lock.ecosystem == document.ecosystem and _holds(dirname(lock.path), where)
        )
        claimed.update(mine)
        yield document.path, mine
    for lock in locks:
        if lock.path not in claimed:
            yield "", (lock.path,)


def _registries(
    machine: Machine, documents: Iterable[Document], project: Project
) -> Iterator[tuple[str, str, str, str]]:
    found: dict[tuple[str, str, str, str], None] = {}
    places = [*configured(machine), *(item for place in project.configurations for item in place.upstreams)]
    for item in places:
        role = f"{item.scope} " if item.scope else f"{item.role} "
        found[(item.ecosystem, _host(item), role.strip(), item.where)] = None
    replaced = {item.ecosystem for item in places if item.role is Role.DEFAULT}
    for item in machine.built_in:
        if item.role is Role.DEFAULT and item.ecosystem not in replaced:
            found[(item.ecosystem, item.host, "default", "")] = None
    for document in documents:
        for source in document.registries:
            if source.host:
                found[(document.ecosystem, source.host, "named", document.path)] = None
    yield from sorted(found, key=lambda row: (row[0], row[2] != "default", row[1], row[3]))


def _host(item: Upstream) -> str:
    if item.host:
        return item.host
    return "(a local directory)" if item.url == LOCAL else "(an address that cannot be understood)"


_OTHERS: Mapping[str, str] = {
    "pdm-lock": "pdm",
    "pipfile-lock": "pipenv",
    "conda-lock": "conda",
    "cargo-lock": "cargo",
    "go-mod": "go",
}


def _notes(machine: Machine, documents: Iterable[Document], project: Project) -> Iterator[str]:
    yield from (*machine.notes, *project.notes)
    for client in machine.clients:
        if client.note:
            yield f"{client.name}: {client.note}"
    for place in (*machine.configurations, *project.configurations):
        for problem in place.problems:
            line = f":{problem.line}" if problem.line else ""
            yield f"{problem.path}{line}: {problem.message}; what it says is not known"
    for name in sorted({_OTHERS[d.format] for d in documents if d.format in _OTHERS}):
        yield f"{name} is used here; its settings are not looked at"
