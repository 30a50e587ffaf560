import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from packaging.version import Version
from semantic_version import Version as SemVer

from seawall.kernel.attack import as_advisories, ways_back
from seawall.kernel.errors import FeedError
from seawall.readers.advisories.attacks import read_catalog

SHIPPED = (files("seawall") / "data" / "attacks.json").read_bytes()
CATALOG = read_catalog(SHIPPED)


def releases(attack_id: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for attack in CATALOG.attacks:
        if attack.id == attack_id:
            for release in attack.releases:
                found.setdefault(release.name, set()).update(release.versions)
    return found


def test_the_shipped_catalog() -> None:
    assert len(CATALOG.attacks) == 59
    assert len({a.id for a in CATALOG.attacks}) == 59
    assert releases("axios-npm-2026-03") == {"axios": {"1.14.1", "0.30.4"}, "plain-crypto-js": {"4.2.1"}}
    assert releases("litellm-pypi-2026-03") == {"litellm": {"1.82.7", "1.82.8"}}


def test_versions_are_versions_and_not_prose() -> None:
    for attack in CATALOG.attacks:
        for release in attack.releases:
            for version in (*release.versions, release.last_good, release.fixed):
                if version and release.ecosystem == "PyPI":
                    Version(version)
                elif version and release.ecosystem == "npm":
                    SemVer(version)
                assert not re.search(r"[\s,<>~]", version), (attack.id, version)


def test_only_attacks_name_bad_releases_and_each_is_sourced() -> None:
    for attack in CATALOG.attacks:
        assert attack.kind in {"attack", "victim-response", "vendor-breach", "research", "vulnerability"}
        assert attack.confidence in {"high", "medium", "low"}
        if attack.releases:
            assert attack.kind == "attack"
            assert attack.sources, attack.id


def test_a_good_version_is_never_called_bad() -> None:
    bad = {(r.ecosystem, r.name, v) for a in CATALOG.attacks for r in a.releases for v in r.versions}
    for attack in CATALOG.attacks:
        for release in attack.releases:
            for good in filter(None, (release.last_good, release.fixed)):
                assert (release.ecosystem, release.name, good) not in bad
    assert ("npm", "plain-crypto-js", "4.2.0") not in bad


def test_moved_tags_are_not_bad_for_ever() -> None:
    """A tag that was moved and moved back is good today; only the commit it was moved to stays bad."""
    actions = [r for a in CATALOG.attacks for r in a.releases if r.ecosystem == "GitHub Actions"]
    assert all(re.fullmatch("[0-9a-f]{40}", version) for r in actions for version in r.versions)


def test_as_a_feed() -> None:
    advisories = list(as_advisories(CATALOG.attacks))
    axios = [a for a in advisories if a.affected[0].name == "axios"]
    assert {a.id for a in axios} == {"MAL-2026-2307"}
    assert all(a.malicious and a.feed == "catalog" for a in advisories)
    whole = next(a for a in advisories if a.affected[0].name == "peacenotwar")
    assert whole.affected[0].versions == ()
    assert whole.affected[0].ranges[0].events == (("introduced", "0"),)


def test_ways_back() -> None:
    back = ways_back(CATALOG.attacks)
    assert back["npm", "axios", "1.14.1"] == "1.14.0"
    assert back["npm", "axios", "0.30.4"] == "0.30.3"
    assert back["npm", "chalk", "5.6.1"] == "5.6.2"
    assert ("npm", "plain-crypto-js", "4.2.1") not in back


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(schema="other"),
        lambda d: d.pop("attacks"),
        lambda d: d["attacks"][4].pop("releases"),
        lambda d: d["attacks"][3]["releases"][0].update(versions=[]),
        lambda d: d["attacks"][3]["releases"][0].update(versions=[3]),
        lambda d: d["attacks"][3].update(title=None),
    ],
)
def test_a_damaged_catalog_is_an_error_and_not_an_empty_one(change) -> None:  # type: ignore[no-untyped-def]
    document = json.loads(SHIPPED)
    change(document)
    with pytest.raises(FeedError):
        read_catalog(json.dumps(document).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", SHIPPED[:5000]])
def test_a_cut_catalog_is_an_error(data: bytes) -> None:
    with pytest.raises(FeedError):
        read_catalog(data)


def test_the_page_about_it_counts_right() -> None:
    page = (Path(__file__).parents[3] / "docs" / "catalog.md").read_text()
    named = [attack for attack in CATALOG.attacks if attack.releases]
    packages = {(r.ecosystem, r.name) for attack in named for r in attack.releases}
    versions = {(r.ecosystem, r.name, v) for attack in named for r in attack.releases for v in r.versions}
    assert f"{len(CATALOG.attacks)} entries" in page
    assert (
        f"{len(named)} of them name bad releases: {len(versions)} exact versions of {len(packages)}" in page
    )
    assert sum(r.whole for attack in named for r in attack.releases) == 6
