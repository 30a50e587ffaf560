"""Look at a tree: read all we know, judge all we read.

This file puts the world together that `judging.judge_tree` asks: settings and whom to trust, the advisory
index, the OSV service, registries, git, and the package managers of this machine.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from seawall import __version__
from seawall.adapters.disk.places import data_directory, settings_files
from seawall.adapters.disk.shipped import data_bytes
from seawall.adapters.disk.tree import Walk, read, walk
from seawall.adapters.feeds.index import Index, open_index
from seawall.adapters.vcs.git import read_at
from seawall.ask_registries import Advance, no_progress, registry_facts
from seawall.caching import cache_at
from seawall.decide import chosen_policy, policy_from
from seawall.judging import Lookup, Past, Question, Trust, World, chosen, judge_tree
from seawall.kernel.advisory import Advisory
from seawall.kernel.cache import Cache
from seawall.kernel.client import Gap, Machine, Project, upstreams
from seawall.kernel.errors import UsageError
from seawall.kernel.intake import Key
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.lockfile import Document
from seawall.kernel.matching import match
from seawall.kernel.policy.engine import Policy
from seawall.kernel.settings import POLICY_STRICTNESS, Settings
from seawall.kernel.tool import may_be_tool
from seawall.kernel.verdict import Verdict
from seawall.named_files import Ground, named_bytes, top_of
from seawall.one_package import package_document
from seawall.readers.advisories.attacks import read_catalog
from seawall.readers.lockfiles import ENVIRONMENTS, FORMATS
from seawall.readers.settings.seawall_toml import FILE_NAME
from seawall.rules import RULES
from seawall.running import running
from seawall.setup import client_gaps
from seawall.trust import approvals_here, own_settings, trust


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asked for. Empty means the default; `policy` given here wins over every settings file.

    `package` is a purl that is judged in place of a tree; `target` is then only where one stands. `ci`: what
    is scanned may have been written by somebody whom nobody has looked at yet.

    `advance` is told how many of how many names the registries have answered for.
    """

    target: Path
    offline: bool = False
    registry: bool = False
    history: bool = True
    policy: str = ""
    rules: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    baseline: Path | None = None
    trust_base: str = ""
    ci: bool = False
    package: str = ""
    index: Path | None = None
    store: Path | None = None
    limits: Limits = DEFAULT_LIMITS
    advance: Advance = no_progress


def scan(order: Order, now: datetime) -> Verdict:
    """The verdict on `order.target`. Raises SeawallError when it cannot be begun."""
    begun = time.monotonic()
    _refuse_unknown_rules(order.rules)
    if order.offline and order.registry:
        raise UsageError("--offline opens no socket, and --registry asks registries", "leave one of them out")
    own = own_settings(_own_files(order), order.limits)
    own = replace(own, policy=order.policy) if order.policy else own
    with ExitStack() as opened:
        store = cache_at(order.store, opened)
        index = open_index(order.index or data_directory() / "advisories.db")
        if index:
            opened.callback(index.close)
        elif order.index:
            raise UsageError(f"there is no index at {order.index}", "make one: seawall sync --index FILE")
        trusted = _trust(order, own)
        walked = _walked(order, own)
        question = Question(
            target=order.package or str(order.target),
            policy=_policy(order, trusted.settings.policy),
            trust=trusted,
            documents=(package_document(order.package),) if order.package else (),
            rules=chosen(RULES, order.rules, trusted.settings),
            baseline=_baseline(order),
            limits=order.limits,
            version=__version__,
        )
        return judge_tree(walked, question, _world(order, walked, trusted, store, index, now, begun))


def _refuse_unknown_rules(names: Iterable[str]) -> None:
    known = {rule.id for rule in RULES} | {rule.id.partition("/")[0] for rule in RULES}
    for name in names:
        if name not in known:
            raise UsageError(
                f"{name!r} is neither a rule nor a family of rules", "docs/rules.md lists them all"
            )


def _ground(order: Order) -> Ground:
    return Ground(
        _root(order.target), "" if order.package else order.trust_base, order.ci and not order.package
    )


def _own_files(order: Order) -> Iterator[tuple[str, bytes]]:
    """The person's and the machine's settings; one that was named and lies in the tree is not theirs."""
    for path, data in settings_files():
        named = os.environ.get("SEAWALL_CONFIG", "")
        mine = not named or Path(path) != Path(named).expanduser()
        yield path, data if mine else named_bytes(Path(path), _ground(order), "settings file")


def _policy(order: Order, name: str) -> Policy:
    """A shipped policy, or the one in a file that the person or their own settings name."""
    if name in POLICY_STRICTNESS:
        return chosen_policy(name)
    return policy_from(name, named_bytes(Path(name), _ground(order), "policy file"))


def _walked(order: Order, own: Settings) -> Walk:
    if order.package:
        return Walk(order.target, frozenset(), ())
    workflow = _workflow(order.target)
    if workflow is not None:
        return Walk(workflow[0], frozenset({workflow[1]}), (), formats=FORMATS)
    exclude = (*own.exclude, *order.exclude)
    return walk(order.target, FORMATS, ENVIRONMENTS, order.limits, exclude, _is_tool)


def _workflow(target: Path) -> tuple[Path, str] | None:
    """A single workflow, as a tree of nothing else: it is one by where it lies."""
    place = target.absolute()
    parts = place.parts[-3:]
    if (
        parts[:2] != (".github", "workflows")
        or target.suffix not in (".yml", ".yaml")
        or not target.is_file()
    ):
        return None
    return place.parents[2], "/".join(parts)


def _is_tool(path: str) -> bool:
    if not may_be_tool(path):
        return False
    from seawall.adapters.disk.tools import is_tool

    return is_tool(path)


def _root(target: Path) -> Path:
    return target if target.is_dir() else target.parent


def _trust(order: Order, own: Settings) -> Trust:
    if order.package:
        return Trust(own)
    root = _root(order.target)
    here = read(root, FILE_NAME, order.limits) if os.path.lexists(root / FILE_NAME) else None
    base = read_at(root, order.trust_base, FILE_NAME) if order.trust_base else None
    return trust(approvals_here(own, root), here, base, bool(order.trust_base), order.limits)


def _baseline(order: Order) -> frozenset[str]:
    """Fingerprints of an earlier JSON report."""
    if order.baseline is None:
        return frozenset()
    data = named_bytes(order.baseline, _ground(order), "baseline")
    try:
        document = json.loads(data)
        return frozenset(str(finding["fingerprint"]) for finding in document["findings"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(f"{order.baseline} is no report of --format json", "make one and name it") from None


def _machine(order: Order, files: Iterable[str]) -> tuple[Machine, Project]:
    """This machine's package managers and what they are told, here and by the tree."""
    from seawall.adapters.machine.clients import look
    from seawall.adapters.machine.project import look_at_project

    root = _root(order.target)
    # Nothing is started that lies anywhere in the repository, also where only a part of it is scanned.
    return look(os.environ, top_of(root)), look_at_project(root, files, order.limits)


def _world(
    order: Order,
    walked: Walk,
    trusted: Trust,
    store: Cache,
    index: Index | None,
    now: datetime,
    begun: float,
) -> World:
    lookups: list[Callable[[Sequence[Key]], Lookup]] = []
    if index:
        lookups.append(lambda keys: _ask_index(keys, index))
    if not order.offline:
        lookups.append(lambda keys: _ask_osv(keys, store, now))
    catalog = read_catalog(data_bytes("attacks.json"))

    def past(known: Sequence[Advisory]) -> Past:
        return _past(order, known, store, now, begun)

    machine, project = _machine(order, walked.files)
    settings = trusted.settings

    def gaps(documents: Sequence[Document]) -> tuple[Gap, ...]:
        return client_gaps(machine, documents, settings, now, project)

    return World(
        now=now,
        catalog=catalog,
        lookups=tuple(lookups),
        malicious=index.malicious if index else None,
        facts=registry_facts(machine, project, store, now, begun, order.advance) if order.registry else None,
        past=past if order.history and order.target.is_dir() and not order.package else None,
        gaps=None if order.package else gaps,
        running=None if order.package else lambda documents: running(walked, documents, order.limits),
        upstreams=upstreams(machine),
    )


def _ask_index(keys: Sequence[Key], index: Index) -> Lookup:
    compared = index.compare(keys)
    return Lookup(compared.matches, index.states(), compared.skipped())


def _ask_osv(keys: Sequence[Key], store: Cache, now: datetime) -> Lookup:
    from seawall.adapters.feeds.osv_api import ask

    answer = ask(keys, store, now)
    return Lookup(match(keys, answer.advisories), answer.feeds, answer.skipped)


_PATIENCE, _LEAST = 9.0, 2.0
"""So many seconds after it was asked a verdict should be there; the history gets this many at least."""


def _past(order: Order, known: Sequence[Advisory], store: Cache, now: datetime, begun: float) -> Past:
    from seawall.history import intervals

    left = max(_LEAST, _PATIENCE - (time.monotonic() - begun))
    limits = replace(order.limits, history_seconds=min(order.limits.history_seconds, left))
    report = intervals(order.target, FORMATS, known, match, limits, store, now)
    return Past(report.intervals, report.skipped)
