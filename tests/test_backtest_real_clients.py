"""Five of the scenarios with real clients: what the table says of the gate is what npm, npx and pip get.

The registries hold the scenario's own archives, its times moved so that the moment of the scenario is now; the
firewall is a process of its own. No script of a package is run.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seawall.adapters.disk.scenarios import shipped_scenarios
from seawall.backtest import backtest
from seawall.decide import chosen_policy
from seawall.kernel.replay import Answer, Entry
from seawall.kernel.scenario import PastPackage, Scenario
from seawall.packing import archives, manifest
from simulators.npm_clients import HERE, NpmClients
from simulators.past import serving
from simulators.past_npm import PastNpm, Release
from simulators.past_pypi import Item, PastPypi
from simulators.python_clients import MISSING, Desktop
from simulators.running_gate import running

npm_only = pytest.mark.skipif(not HERE, reason="no npm: make clients")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def scenario(name: str) -> Scenario:
    return next(item for item in shipped_scenarios() if item.id == name)


def entry(item: Scenario) -> Entry:
    return backtest([item], chosen_policy("default"))[0]


THEN = "-then"
"""Under another name each package is as unknown as it was then: today's catalog knows the real ones."""


def moved(item: Scenario, moment: int) -> tuple[Scenario, datetime]:
    """The scenario as if its moment were now, and its packages nobody's acquaintances."""
    told = {package.name for package in item.packages}

    def named(group: Mapping[str, str]) -> dict[str, str]:
        return {f"{name}{THEN}" if name in told else name: spec for name, spec in group.items()}

    now = datetime.now(UTC)
    by = now - item.takes[moment].at
    packages = tuple(
        replace(
            package,
            name=f"{package.name}{THEN}",
            born=package.born + by if package.born else None,
            releases=tuple(
                replace(r, at=r.at + by, gone=r.gone + by if r.gone else None, needs=named(r.needs))
                for r in package.releases
            ),
        )
        for package in item.packages
    )
    return replace(item, packages=packages), now


def npm_registry(item: Scenario, now: datetime) -> PastNpm:
    """All that it tells of npm, and an old empty package for everything else that is needed."""
    past = PastNpm(now=now + timedelta(minutes=1))
    told = {package.name for package in item.packages}
    for package in item.packages:
        for release in package.releases:
            (_, data), *_ = archives(package, release).items()
            made = Release(
                package.name, release.version, release.at, data, manifest(package, release),
                gone=release.gone, by=release.by or "pipeline", attested=release.attested,
                more={"bin": {package.name: "index.js"}} if "/" not in package.name else {},
            )  # fmt: skip
            past.releases.setdefault(package.name, []).append(made)
        needed = {pair for release in package.releases for pair in release.needs.items()}
        for name, spec in sorted(needed):
            if name not in told:
                past.publish(name, spec.lstrip("^~>="), LONG_AGO, by="somebody")
    return past


def there(package: PastPackage, now: datetime) -> set[str]:
    return {release.version for release in package.there(now) if release.bad}


@npm_only
@pytest.mark.parametrize(
    ("name", "asked", "package", "good", "bad"),
    [
        ("axios-npm-2026-03", "axios-then@^1.13.0", "axios-then", "1.13.6", "1.14.1"),
        ("tanstack-npm-2026-05", "@tanstack/react-router-then@^1.169.0", "@tanstack/react-router-then", "1.169.2", "1.169.8"),
    ],
)  # fmt: skip
def test_npm_gets_the_release_before(
    tmp_path: Path, name: str, asked: str, package: str, good: str, bad: str
) -> None:
    item = scenario(name)
    assert entry(item).gate is Answer.DENY
    then, now = moved(item, 0)
    with serving(npm_registry(then, now)) as past:
        bare = NpmClients(tmp_path / "bare", past.npm_url, ignore_scripts="true", omit="optional")
        assert bare.run("npm", "install", asked).code == 0
        assert bare.installed()[package] == bad, "without a firewall it comes in"
        with running(tmp_path, {"npm": past.npm_url}) as gate:
            held = NpmClients(tmp_path / "held", f"{gate.url}/npm/", ignore_scripts="true", omit="optional")
            done = held.run("npm", "install", asked)
    assert done.code == 0, done.text
    assert held.installed()[package] == good
    for told in then.packages:
        assert held.installed().get(told.name) not in there(told, now)


@npm_only
def test_npx_starts_the_release_before(tmp_path: Path) -> None:
    item = scenario("postmark-mcp-2025-09")
    assert entry(item).said[0].gate is Answer.DENY
    then, now = moved(item, 0)
    with serving(npm_registry(then, now)) as past, running(tmp_path, {"npm": past.npm_url}) as gate:
        for folder, registry, expected in (
            ("bare", past.npm_url, "1.0.16"),
            ("held", f"{gate.url}/npm/", "1.0.12"),  # 1.0.15 is two days old itself
        ):
            client = NpmClients(tmp_path / folder, registry, ignore_scripts="true")
            client.run("npx", "-y", "postmark-mcp-then")
            fetched = list(
                (tmp_path / folder).glob("npm-cache/_npx/*/node_modules/postmark-mcp-then/package.json")
            )
            assert [json.loads(path.read_text())["version"] for path in fetched] == [expected]


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.parametrize("moment", [0, 1])
def test_pip_gets_the_release_before(tmp_path: Path, moment: int) -> None:
    item = scenario("litellm-pypi-2026-03")
    assert entry(item).gate is Answer.DENY
    then, now = moved(item, moment)
    past = PastPypi(now=now + timedelta(minutes=1))
    package = then.packages[0]
    for release in package.there(now):
        for filename, data in archives(package, release).items():
            past.put(package.name, Item(release.version, filename, data, release.at))
    with serving(past):
        bare = Desktop(tmp_path / "bare", past.index_url)
        bare.place.mkdir()
        assert bare.run("pip", "install", "--target", "t", "litellm-then").code == 0
        assert bare.installed() == {"litellm_then-1.82.7" if moment == 0 else "litellm_then-1.82.8"}
        with running(tmp_path, {"PyPI": past.index_url}) as gate:
            held = Desktop(tmp_path / "held", f"{gate.url}/pypi/simple/")
            held.place.mkdir()
            done = held.run("pip", "install", "--target", "t", "litellm-then>=1.80")
    assert done.code == 0, done.text
    assert len(held.installed()) == 1
    assert not held.installed() & {"litellm_then-1.82.7", "litellm_then-1.82.8"}


def test_a_scan_of_the_tree_on_disk_says_what_the_table_says(tmp_path: Path) -> None:
    item = scenario("tj-actions-changed-files-2025-03")
    found = entry(item)
    assert found.merge is Answer.WARN
    for path, data in item.takes[0].files.items():
        (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "seawall", "scan", str(tmp_path / "tree"), "--offline", "--format", "json"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SEAWALL_DATA": str(tmp_path / "data")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (
        told["decision"]["outcome"] == "warn"
        if isinstance(told["decision"], dict)
        else told["decision"] == "warn"
    )
    rules = {finding["rule"] for finding in told["findings"]}
    assert {name for name in found.by if name.startswith("pipelines/")} <= rules
