"""`seawall explain` tells what the firewall would answer about a release that it saw, and by which signals."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.firewall import firewall, malware
from tests.simulators.past import serving
from tests.simulators.past_npm import PastNpm
from tests.simulators.past_pypi import PastPypi

from seawall.kernel.origin import Origin
from seawall.readers.settings.firewall_toml import written
from simulators.command_line import Done, run

NOW = datetime.now(UTC).replace(microsecond=0)
OLD = NOW - timedelta(days=300)
Ask = Callable[..., Done]
QUIET = {"index.js": b"module.exports = 1\n"}
LOUD = {"index.js": b"require('child_process').execSync('id')\n"}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A firewall was asked for a few releases, and has stopped; its registries are gone."""
    place = tmp_path / "data"
    place.mkdir()
    monkeypatch.setenv("SEAWALL_DATA", str(place))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with serving(PastNpm(NOW)) as npm, serving(PastPypi(NOW)) as pypi:
        npm.publish("taken", "1.0.0", OLD, by="ann", attested=True)
        npm.publish("fresh-thing", "0.1.0", NOW - timedelta(hours=19), by="mallory")
        npm.publish(
            "taken", "1.0.1", NOW - timedelta(hours=2), by="mallory",
            needs={"fresh-thing": "^0.1.0"}, scripts={"postinstall": "node x.js"},
        )  # fmt: skip
        npm.publish("lib", "2.0.0", OLD, by="ann", files=QUIET)
        npm.publish("lib", "2.1.0", NOW - timedelta(days=8), by="ann", files=LOUD)
        pypi.wheel("ebb", "1.0", OLD)
        origins = (Origin("npm", "registry", npm.npm_url), Origin("PyPI", "index", pypi.index_url))
        (place / "firewall-upstreams.toml").write_text(written(origins, NOW))
        with firewall(place, npm=npm.npm_url, pypi=pypi.index_url, now=lambda: NOW) as gate:
            assert gate.get("/npm/taken/-/taken-1.0.1.tgz").status == 403
            assert gate.get("/npm/lib/-/lib-2.1.0.tgz").status == 200
            assert gate.get("/pypi/files/ebb/ebb-1.0-py3-none-any.whl").status == 200
            gate.advised(malware("PyPI", "ebb", "1.0"))
    return place


@pytest.fixture
def explain(data: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    return lambda *words: run("explain", *words, code=0, capsys=capsys)


def files(place: Path) -> dict[Path, Any]:
    there = {path: path.stat() for path in place.rglob("*") if path.is_file() and "db" not in path.suffix}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in there.items()}


def test_what_was_held_back_is_told_with_everything_that_spoke_against_it(explain: Ask, data: Path) -> None:
    before = files(data)
    text = explain("pkg:npm/taken@1.0.1").out
    for part in (
        "  asked for it now, this firewall would say (policy default):",
        "    taken-1.0.1.tgz: held back",
        "      default/looks-like-a-takeover: Just published, and made in another way",
        "until then take 1.0.0",
        "        packages/provenance-lost       taken 1.0.1 has no attestation, 1.0.0 had one",
        "        packages/publisher-changed     taken 1.0.1 was published by mallory, who never did before",
        "    published by mallory, as no settled release before it was",
        "      newly needs fresh-thing, which first appeared ",
        "(19 hours ago)",
        "    taken-1.0.1.tgz: first offered here ",
    ):
        assert part in text, text
    assert files(data) == before, "whoever only looks changes nothing"


def test_the_same_for_programs(explain: Ask) -> None:
    answer = explain("pkg:npm/taken@1.0.1", "--format", "json").answer["firewall"]["answer"]
    (file,) = answer["files"]
    assert (answer["policy"], answer["allowed_version"], file["outcome"]) == ("default", "1.0.0", "deny")
    assert file["policies"] == ["default/looks-like-a-takeover", "default/cooldown"]
    assert {item["rule"] for item in file["findings"]} == {
        "packages/young-release", "packages/install-script", "packages/new-dependency",
        "packages/provenance-lost", "packages/publisher-changed",
    }  # fmt: skip
    assert answer["registry"]["publisher"] == "mallory"


def test_what_was_looked_into_stands_beside_the_release_before(explain: Ask) -> None:
    done = explain("pkg:npm/lib@2.1.0")
    assert "    lib-2.1.0.tgz: let in" in done.out
    assert "        releases/import-behaviour      newly starts a process as soon as it is loaded" in done.out
    table = done.out.partition("inside lib-2.1.0.tgz")[2].splitlines()
    assert table[1].split() == ["lib-2.0.0.tgz", "lib-2.1.0.tgz"]
    assert ["version", "2.0.0", "2.1.0"] in [line.split() for line in table]
    assert any(line.split()[:3] == ["at", "load", "-"] for line in table)
    (inside,) = explain("pkg:npm/lib@2.1.0", "--format", "json").answer["firewall"]["examined"]
    assert inside["beside"] == "lib-2.0.0.tgz"
    assert any(row["about"] == "at load" and not row["before"] for row in inside["compared"])


def test_advisories_and_settings_count_as_they_are_now(
    explain: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "ebb-1.0-py3-none-any.whl: held back\n      default/malware: " in explain("pkg:pypi/ebb@1.0").out
    own = tmp_path / "seawall.toml"
    own.write_text("[policy]\nuse = 'strict'\n[names]\nallow = ['pkg:npm/other']\n")
    monkeypatch.setenv("SEAWALL_CONFIG", str(own))
    text = explain("pkg:npm/lib@2.1.0").out
    assert "(policy strict)" in text
    assert "strict/name-not-listed" in text
    assert "lib is not on the list of allowed names" in text


def test_a_file_that_was_altered_is_not_shown(explain: Ask, data: Path) -> None:
    for path in (data / "files" / "sha256").glob("??/*"):
        path.chmod(0o600)
        path.write_bytes(b"something else")
    text = explain("pkg:npm/lib@2.1.0").out
    assert "lib-2.0.0.tgz" not in text
    assert "releases/import-behaviour: newly starts a process" in text


def test_what_is_not_remembered_any_more_is_not_guessed(explain: Ask, data: Path) -> None:
    for path in (data / "heard").glob("??/*"):
        path.write_bytes(b"{}")
    text = explain("pkg:npm/taken@1.0.1").out
    assert "would say" not in text
    assert "taken-1.0.1.tgz: first offered here " in text


def test_settings_that_cannot_be_read_are_told(explain: Ask, data: Path) -> None:
    (data / "firewall-upstreams.toml").write_text("[")
    assert "what it would answer now cannot be told: " in explain("pkg:npm/taken@1.0.1").out
