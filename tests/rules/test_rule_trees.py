"""Every rule speaks about its bad tree and is silent about its good one.

A folder `tests/rules/FAMILY/RULE/` holds two trees, `bad` and `good`, and may hold `case.toml` with what
cannot be read from a tree: the time, advisories, registry facts, upstreams, history. An item with `side`
counts for that tree only. A file `release.toml` in a tree describes two releases that are compared
(`tests/simulators/archives.py`), a file `hub.toml` a repository of a hub (`hub_case.py`), a file `zizmor.json`
what zizmor says of the tree. Nothing has to be registered: the rule's id is the folder's name.
"""

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from tests.simulators.archives import diff_of
from tests.simulators.hub_case import repository_of

from seawall.adapters.disk.tools import read_tools
from seawall.adapters.disk.tree import read_documents, walk
from seawall.kernel.advisory import Advisory, Affected, VersionRange
from seawall.kernel.finding import Finding
from seawall.kernel.gate_settings import Exemption
from seawall.kernel.history import Interval
from seawall.kernel.hygiene import HygieneNote
from seawall.kernel.intake import FeedState, Intake, SettingsChange, Upstreams
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.matching import match
from seawall.kernel.offer import Offer
from seawall.kernel.reach.reaching import reach_of
from seawall.kernel.release import NewDependency, ReleaseFacts
from seawall.kernel.rule import judge
from seawall.kernel.sighting import Departure, Sighting
from seawall.reach import ground_from
from seawall.readers.lockfiles import ENVIRONMENTS, FORMATS
from seawall.readers.pipelines.zizmor_report import read_report
from seawall.readers.settings.seawall_toml import read
from seawall.rules import RULES

HERE = Path(__file__).parent


def items(case: dict[str, Any], name: str, side: str) -> Iterator[dict[str, Any]]:
    for item in case.get(name, []):
        if item.get("side", side) == side:
            yield {key: value for key, value in item.items() if key != "side"}


def advisory(item: dict[str, Any]) -> Advisory:
    ranges = tuple(VersionRange("SEMVER", tuple((a, b) for a, b in r)) for r in item.get("ranges", []))
    return Advisory(
        id=item["id"],
        affected=(Affected(item["ecosystem"], item["name"], tuple(item.get("versions", [])), ranges),),
        aliases=tuple(item.get("aliases", [])),
        malicious=item.get("malicious", False),
        vectors=tuple((a, b) for a, b in item.get("vectors", [])),
    )


def release(item: dict[str, Any]) -> ReleaseFacts:
    key = (item.pop("ecosystem"), item.pop("name"), item.pop("version"))
    if "new_dependencies" in item:
        item["new_dependencies"] = tuple(NewDependency(**d) for d in item["new_dependencies"])
    if "publishers_before" in item:
        item["publishers_before"] = tuple(item["publishers_before"])
    return ReleaseFacts(key, **item)


def interval(item: dict[str, Any]) -> Interval:
    key = (item.pop("ecosystem"), item.pop("name"), item.pop("version"))
    return Interval(key, **{**item, "advisories": tuple(item["advisories"])})


def departure(item: dict[str, Any]) -> Departure:
    """`first`, `then` and `now` are times, `digest` and `digest_now` what was told of one file."""
    seen = Sighting("a-1.tgz", "1", (item["digest"],), item["then"], item["first"])
    return Departure("pkg:npm/a@1", seen, Offer("1", "a-1.tgz", "", (item["digest_now"],), item["now"]))


def hygiene_of(path: Path) -> tuple[HygieneNote, ...]:
    return read_report(path.read_bytes(), DEFAULT_LIMITS) if path.exists() else ()


def intake(folder: Path, side: str) -> Intake:
    file = folder / "case.toml"
    case = tomllib.loads(file.read_text()) if file.exists() else {}
    tree = folder / side
    walked = walk(tree, FORMATS, ENVIRONMENTS, DEFAULT_LIMITS)
    documents = tuple(read_documents(walked, DEFAULT_LIMITS))
    ground = ground_from(walked, DEFAULT_LIMITS, documents)
    repository = repository_of(tree / "hub.toml") if (tree / "hub.toml").exists() else None
    keys = {pin.key for d in documents for pin in d.pins} | ({repository.key} if repository else set())
    settings = tree / "seawall.toml"
    upstreams = case.get("upstreams", {})
    return Intake(
        documents=documents,
        now=case.get("now", datetime(2026, 11, 20, tzinfo=UTC)),
        matches=match(keys, [advisory(i) for i in items(case, "advisories", side)]),
        releases={r.key: r for r in map(release, items(case, "releases", side))},
        history=tuple(map(interval, items(case, "history", side))),
        feeds=tuple(
            FeedState(i["name"], i["as_of"], 1, tuple(i["covers"])) for i in items(case, "feeds", side)
        ),
        upstreams=Upstreams(
            MappingProxyType({k: frozenset(v) for k, v in upstreams.get("hosts", {}).items()}),
            MappingProxyType({k: frozenset(v) for k, v in upstreams.get("gates", {}).items()}),
        ),
        settings=read(settings.read_bytes(), "seawall.toml", DEFAULT_LIMITS).settings
        if settings.exists()
        else Intake(documents=(), now=datetime.now(UTC)).settings,
        settings_changes=tuple(SettingsChange(**i) for i in items(case, "settings_changes", side)),
        departures=tuple(map(departure, items(case, "departures", side))),
        exemptions=tuple(Exemption(**i) for i in items(case, "exemptions", side)),
        files=walked.files,
        diffs=(diff_of(tree / "release.toml"),) if (tree / "release.toml").exists() else (),
        repository=repository,
        ground=ground,
        reach=reach_of(ground, DEFAULT_LIMITS),
        hygiene=hygiene_of(tree / "zizmor.json"),
        tools=read_tools(walked, DEFAULT_LIMITS),
    )


def findings(rule_id: str, side: str) -> list[Finding]:
    mine = [rule for rule in RULES if rule.id == rule_id]
    return list(judge(mine, intake(HERE / rule_id, side)))


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_speaks_about_the_bad_tree(rule: str) -> None:
    found = findings(rule, "bad")
    assert found
    for finding in found:
        assert finding.message
        assert finding.advice


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_is_silent_about_the_good_tree(rule: str) -> None:
    from seawall.kernel.advisory import Severity

    loud = [f for f in findings(rule, "good") if f.severity > Severity.INFO]
    assert not loud
