"""A tree of the past is judged as `seawall scan --registry` judges one on a disk, at a moment of its own.

Its bytes come from a scenario, what registries said from the same, and nothing of this machine counts: no
settings, no clients, no git, no zizmor.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from seawall.adapters.disk.tools import read_tools
from seawall.adapters.disk.tree import Claiming, Walk, claimer, read_documents
from seawall.judging import Facts, Lookup, Past, Question, Trust, World, judge_tree
from seawall.kernel.attack import Catalog
from seawall.kernel.comparing import facts_of, pair
from seawall.kernel.history import Interval
from seawall.kernel.intake import Key, Upstreams
from seawall.kernel.launch import fetched, subject
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.lockfile import Document, Problem, ProblemKind
from seawall.kernel.matching import match
from seawall.kernel.policy.engine import Policy
from seawall.kernel.reach.reaching import reach_of
from seawall.kernel.release import ReleaseFacts, Wanted
from seawall.kernel.scenario import Scenario, Want
from seawall.kernel.settings import Settings
from seawall.kernel.verdict import Verdict
from seawall.kernel.versions import order
from seawall.past_gate import catalog_at, feed_at
from seawall.past_registries import HOST, PastRegistries, integrity
from seawall.past_taking import Taken
from seawall.reach import ground_from
from seawall.readers.lockfiles import FORMATS
from seawall.rules import RULES
from seawall.running import Running

Files = Mapping[str, bytes]
_T = TypeVar("_T")
_Kind = TypeVar("_Kind", bound=Claiming)
_UPSTREAMS = Upstreams(MappingProxyType({"npm": frozenset({HOST}), "PyPI": frozenset({HOST})}))


@dataclass(frozen=True, slots=True, eq=False)
class InMemory:
    """Files by path. A `Source` of a walk."""

    files: Files

    def read(self, path: str, limits: Limits) -> bytes | Problem:
        """The bytes of one file, bounded; a Problem where it cannot be read."""
        data = self.files.get(path)
        if data is None:
            return Problem(path, ProblemKind.UNREADABLE, "no such file")
        if len(data) > limits.file_bytes:
            message = f"{len(data)} bytes; at most {limits.file_bytes} are read"
            return Problem(path, ProblemKind.TOO_LARGE, message)
        return data

    def parsed(self, path: str, reader: Callable[[bytes, str, Limits], _T], limits: Limits) -> _T | Problem:
        """What a reader makes of one file; a Problem where it cannot be read."""
        data = self.read(path, limits)
        return data if isinstance(data, Problem) else reader(data, path, limits)

    def claims(self, formats: tuple[_Kind, ...]) -> Sequence[tuple[str, _Kind]]:
        """The files that these formats claim, in the order of paths."""
        claim = claimer(formats)
        return [(path, item) for path in sorted(self.files) if (item := claim(path)) is not None]


def walked(files: Files) -> Walk:
    """The files as a walk that saw them all."""
    claim = claimer(FORMATS)
    claimed = ((path, claim(path)) for path in sorted(files))
    return Walk(
        Path(),
        frozenset(files),
        tuple((path, item) for path, item in claimed if item is not None),
        formats=FORMATS,
        source=InMemory(files),
    )


@dataclass(slots=True)
class PastScan:
    """Scans of one scenario's trees under one policy."""

    scenario: Scenario
    registries: PastRegistries
    policy: Policy
    settings: Settings
    catalog: Catalog

    def scan(
        self, files: Files, now: datetime, before: Files | None = None, past: tuple[Interval, ...] = ()
    ) -> Verdict:
        """What is said of a tree, without what was said of the tree `before` already."""
        baseline: frozenset[str] = frozenset()
        if before:
            old = self.scan(before, now)
            baseline = frozenset(item.finding.fingerprint for item in old.findings)
        question = Question(
            target="",
            policy=self.policy,
            trust=Trust(self.settings),
            rules=RULES,
            baseline=baseline,
        )
        return judge_tree(walked(files), question, self._world(now, files, past))

    def _world(self, now: datetime, files: Files, past: tuple[Interval, ...]) -> World:
        known = self.scenario.known(now)
        feed = feed_at(self.scenario, now)
        return World(
            now=now,
            catalog=catalog_at(self.catalog, now),
            lookups=(lambda keys: Lookup(match(keys, known), (feed,)),),
            facts=lambda wanted: self._facts(wanted, now),
            past=(lambda _: Past(past)) if past else None,
            upstreams=_UPSTREAMS,
            running=lambda documents: _running(files, documents),
        )

    def _facts(self, wanted: Sequence[Wanted], now: datetime) -> Facts:
        found: dict[Key, ReleaseFacts] = {}
        for item in wanted:
            ecosystem, name, version = item.key
            offering = self.registries.offering(ecosystem, name, now)
            if offering is not None:
                rank = order(ecosystem)
                this, _ = pair(offering.listing, version, rank)
                needed = [need for need, _ in (this.dependencies or () if this else ())]
                packages = {need: self.scenario.package(ecosystem, need) for need in needed}
                first = {need: package.first(now) for need, package in packages.items() if package}
                found[item.key] = facts_of(offering.listing, version, rank, first, HOST)
        return Facts(found)


def _running(files: Files, documents: Sequence[Document]) -> Running:
    """What runs in the tree, and what strangers' code can reach there."""
    ground = ground_from(walked(files), DEFAULT_LIMITS, documents)
    if not (ground.workflows or ground.dockerfiles or ground.hooks or ground.composes):
        return Running(ground)
    return Running(ground, reach_of(ground, DEFAULT_LIMITS))


def launched(files: Files) -> tuple[Want, ...]:
    """What the tools that these files set up would fetch when they start, as far as registries hold it."""
    found: dict[Want, None] = {}
    for tool in read_tools(walked(files), DEFAULT_LIMITS):
        for launch in tool.launches:
            for code in fetched(launch, tool.path):
                if code.ecosystem in ("npm", "PyPI"):
                    found[Want(code.ecosystem, subject(code), code.ref)] = None
    return tuple(found)


def pinned(files: Files) -> dict[Want, None]:
    """What the lockfiles among these files hold, each by its exact version."""
    found: dict[Want, None] = {}
    for document in read_documents(walked(files), DEFAULT_LIMITS):
        for pin in document.pins:
            exact = f"=={pin.version}" if pin.ecosystem == "PyPI" else pin.version
            found[Want(pin.ecosystem, pin.name, exact)] = None
    return found


def locked(taken: Taken, wants: Sequence[Want], registries: PastRegistries) -> Files:
    """The manifests and lockfiles of a team that has taken this in; empty where it took nothing."""
    made: dict[str, bytes] = {}
    npm = [one for one in taken.releases if one[0].ecosystem == "npm"]
    if npm and not taken.missing:
        asked = {want.name: want.spec or "*" for want in wants if want.ecosystem == "npm"}
        made["package.json"] = _json(
            {"name": "team", "version": "1.0.0", "private": True, "dependencies": asked}
        )
        entries: dict[str, object] = {"": {"name": "team", "version": "1.0.0", "dependencies": asked}}
        for package, release in npm:
            (filename, data), *_ = registries.files(package, release).items()
            entry: dict[str, object] = {
                "version": release.version,
                "resolved": f"https://{HOST}/{package.name}/-/{filename}",
                "integrity": integrity(data),
            }
            if any(release.scripts.get(hook) for hook in ("preinstall", "install", "postinstall")):
                entry["hasInstallScript"] = True
            for key, group in (("dependencies", release.needs), ("optionalDependencies", release.optional)):
                if group:
                    entry[key] = dict(group)
            entries[f"node_modules/{package.name}"] = entry
        lock = {
            "name": "team",
            "version": "1.0.0",
            "lockfileVersion": 3,
            "requires": True,
            "packages": entries,
        }
        made["package-lock.json"] = _json(lock)
    python = [one for one in taken.releases if one[0].ecosystem == "PyPI"]
    if python and not taken.missing:
        lines = [
            f"{package.name}=={release.version} "
            + " ".join(
                f"--hash=sha256:{hashlib.sha256(data).hexdigest()}"
                for data in registries.files(package, release).values()
            )
            for package, release in python
        ]
        made["requirements.txt"] = ("\n".join(lines) + "\n").encode()
    return made


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1).encode()
