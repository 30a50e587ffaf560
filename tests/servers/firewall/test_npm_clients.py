"""What npm, pnpm and yarn 1 do with our documents, and what they print: measured, so that a new one is noticed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.adapters.feeds.index import Filled, build, row_of
from seawall.kernel.intake import FeedState
from seawall.kernel.limits import DEFAULT_LIMITS
from simulators.npm_clients import HERE, TOOLS, NpmClients
from simulators.osv import record
from simulators.past import at, serving
from simulators.past_npm import PastNpm, axios_day
from simulators.small_npm_gate import NpmGate

pytestmark = pytest.mark.skipif(not HERE, reason="no package managers in .clients (make clients)")
BAD = {("axios", "1.14.1"), ("axios", "0.30.4"), ("plain-crypto-js", "4.2.0"), ("plain-crypto-js", "4.2.1")}
SAYS = "axios 1.14.1 is held back: it is younger than 7 days; allowed from 2026-04-07 00:21 UTC; allowed now: 1.14.0"
AXIOS = {
    "axios": "1.14.0",
    "follow-redirects": "1.15.11",
    "form-data": "4.0.5",
    "proxy-from-env": "2.1.0",
}


@pytest.fixture
def gate() -> Iterator[NpmGate]:
    """The axios day at 00:25, behind a gate that holds the bad releases back."""
    with serving(PastNpm(at("2026-03-31T00:25:00Z"))) as upstream:
        axios_day(upstream)
        with serving(NpmGate(upstream)) as server:
            server.denied = set(BAD)
            yield server
        assert not upstream.seen  # whatever a client got, it got from the gate


@pytest.fixture
def client(gate: NpmGate, tmp_path: Path) -> NpmClients:
    return NpmClients(tmp_path, f"{gate.base}/")


@pytest.mark.parametrize("tool", TOOLS)
def test_an_install_gets_the_release_before(client: NpmClients, gate: NpmGate, tool: str) -> None:
    done = client.add(tool, "axios")
    assert done.code == 0, done.text
    assert client.installed() == AXIOS
    assert "1.14.1" not in client.lock(tool)
    if tool == "npm":
        assert f"npm notice Seawall: {SAYS}; for an exemption ask whoever runs this firewall" in done.words


@pytest.mark.parametrize("tool", TOOLS)
def test_an_exact_version_that_is_held_back(client: NpmClients, tool: str) -> None:
    done = client.add(tool, "axios@1.14.1")
    assert done.code == 1
    assert {
        "npm": f"npm error 403 Could not download axios@1.14.1 due to policy violations: npm error 403 Seawall: {SAYS}",
        "pnpm": "[ERR_PNPM_NO_MATCHING_VERSION] No matching version found for axios@1.14.1",
        "yarn": 'error Couldn\'t find any versions for "axios" that matches "1.14.1"',
    }[tool] in done.words


@pytest.mark.parametrize("tool", TOOLS)
def test_a_name_of_which_nothing_is_let_in(client: NpmClients, tool: str) -> None:
    done = client.add(tool, "plain-crypto-js")
    assert done.code == 1
    reason = "Seawall: plain-crypto-js 4.2.1 is held back: it is younger than 7 days"
    assert {
        "npm": f"npm error 403 403 {reason}",
        "pnpm": f"[ERR_PNPM_FETCH_403] GET {client.registry}plain-crypto-js: {reason}",
        "yarn": f"{client.registry}plain-crypto-js: {reason}",
    }[tool] in done.words


@pytest.mark.parametrize("tool", TOOLS)
def test_a_locked_install_is_refused_at_the_file(client: NpmClients, gate: NpmGate, tool: str) -> None:
    gate.denied = set()
    assert client.add(tool, "axios@1.14.1", "--ignore-scripts").code == 0
    gate.denied = {("axios", "1.14.1")}
    other = checkout(client, client.registry)
    done = other.locked(tool)
    assert done.code == 1
    assert {
        "npm": f"npm error 403 403 Seawall: {SAYS} - GET {client.registry}axios/-/axios-1.14.1.tgz - Seawall: {SAYS}",
        "pnpm": "axios@1.14.1 could not be checked against minimumReleaseAge (version not present",
        "yarn": f'{client.registry}axios/-/axios-1.14.1.tgz: Request failed "403 Forbidden"',
    }[tool] in done.words
    assert "axios" not in other.installed()


@pytest.mark.parametrize("tool", TOOLS)
def test_where_nothing_is_denied_it_is_as_without_us(
    gate: NpmGate, client: NpmClients, tool: str, tmp_path: Path
) -> None:
    gate.denied = set()
    direct = NpmClients(tmp_path / "direct", gate.upstream.npm_url)
    assert direct.add(tool, "axios", "--ignore-scripts").code == 0
    gate.upstream.seen.clear()
    assert client.add(tool, "axios", "--ignore-scripts").code == 0
    assert client.installed() == direct.installed()
    ours = client.lock(tool).replace(client.registry, "REGISTRY/")
    assert ours == direct.lock(tool).replace(direct.registry, "REGISTRY/")


def test_what_else_npm_asks(client: NpmClients) -> None:
    for words, code, expected in (
        (("view", "axios", "version"), 0, "1.14.0"),
        (("view", "axios@legacy", "version"), 0, "0.30.3"),
        (("dist-tag", "ls", "axios"), 0, "latest: 1.14.0 legacy: 0.30.3"),
        (("ping",), 0, "PONG"),
        (("search", "axios"), 1, "Seawall: this firewall only hands out packages"),
        (("view", "nothing-is-called-so"), 1, "404"),
    ):
        done = client.run("npm", *words)
        assert done.code == code, done.text
        assert expected in done.words


@pytest.mark.parametrize("tool", TOOLS)
def test_scopes(client: NpmClients, gate: NpmGate, tool: str) -> None:
    gate.upstream.publish("@acme/kit", "1.0.0", at("2026-01-01T00:00:00Z"))
    done = client.add(tool, "@acme/kit")
    assert done.code == 0, done.text
    assert client.installed() == {"@acme/kit": "1.0.0"}
    assert any(re.fullmatch(r"/npm/@acme/kit/-/kit-1\.0\.0\.tgz", path) for path in gate.asked)


@pytest.fixture
def advisories(tmp_path: Path) -> Path:
    path = tmp_path / "advisories.db"
    flaw = record("GHSA-1", "npm", "form-data", ("4.0.5",), aliases=["CVE-1"])
    row = row_of(json.dumps(flaw).encode(), "osv:npm", "x.json", DEFAULT_LIMITS)
    state = FeedState("osv:npm", "2026-01-01T00:00:00Z", 1, ("npm",), "here")
    build([row], [Filled(state, "2026-01-01T00:00:00Z")], path)  # type: ignore[list-item]
    return path


@pytest.mark.parametrize("tool", ["npm", "pnpm"])
def test_an_audit_is_answered_here(client: NpmClients, gate: NpmGate, tool: str, advisories: Path) -> None:
    gate.denied, gate.index = set(), advisories
    assert client.add(tool, "axios@1.14.1", "--ignore-scripts").code == 0
    done = client.run(tool, "audit")
    assert done.code == 1
    assert "A flaw in form-data (GHSA-1)" in done.words
    assert "Malware: axios 1.14.1 / 0.30.4 maintainer takeover" in done.words
    assert "3 vulnerabilities" in done.words
    gate.index = advisories.with_name("none.db")
    done = client.run(tool, "audit")
    assert done.code == 1
    assert "there are no advisories for npm here, so nothing was audited" in done.words


def test_npm_install_goes_on_where_there_are_no_advisories(gate: NpmGate, tmp_path: Path) -> None:
    gate.index = tmp_path / "none.db"
    done = NpmClients(tmp_path / "audited", f"{gate.base}/", audit="true").add("npm", "axios")
    assert done.code == 0, done.text
    assert "vulnerabilities" not in done.text


def checkout(made: NpmClients, registry: str, **settings: str) -> NpmClients:
    """The same project in another place, with nothing installed and another registry set."""
    other = NpmClients(made.where / "checkout", registry, **settings)
    other.takes_over(made)
    return other


@pytest.mark.parametrize(
    ("tool", "settings", "goes_to"),
    [
        ("npm", {}, "first"),  # npm replaces the address of its default registry only
        ("npm", {"replace_registry_host": "always"}, "second"),
        ("npm", {"replace_registry_host": "127.0.0.1"}, "second"),
        ("yarn", {}, "first"),  # and nothing changes that
        ("pnpm", {}, "second"),  # its lockfile names no registry
    ],
)
def test_where_a_lockfile_leads_that_was_made_here(
    gate: NpmGate, client: NpmClients, tool: str, settings: dict[str, str], goes_to: str
) -> None:
    assert client.add(tool, "axios").code == 0
    assert (client.registry in client.lock(tool)) == (tool != "pnpm")
    gate.seen.clear()
    with serving(NpmGate(gate.upstream)) as second:
        second.denied = set(BAD)
        assert checkout(client, f"{second.base}/", **settings).locked(tool).code == 0
        asked = {"first": gate.asked, "second": second.asked}
    assert [name for name, paths in asked.items() if paths] == [goes_to]


def test_a_lockfile_without_addresses_goes_wherever_the_registry_is(
    gate: NpmGate, client: NpmClients
) -> None:
    client.settings["omit_lockfile_registry_resolved"] = "true"
    assert client.add("npm", "axios").code == 0
    assert "resolved" not in client.lock("npm")
    gate.seen.clear()
    assert checkout(client, gate.upstream.npm_url).locked("npm").code == 0
    assert not gate.seen
    gate.upstream.seen.clear()


@pytest.mark.parametrize(
    ("tool", "settings", "held"),
    [
        ("npm", {}, False),
        ("npm", {"replace_registry_host": "always"}, True),
        ("yarn", {}, False),
        ("pnpm", {}, True),
    ],
)
def test_a_lockfile_of_another_registry_goes_round_in_npm_and_yarn(
    gate: NpmGate, tmp_path: Path, tool: str, settings: dict[str, str], held: bool
) -> None:
    """What was locked at a mirror is fetched there, whatever registry is set: bad releases too."""
    direct = NpmClients(tmp_path / "direct", gate.upstream.npm_url)
    assert direct.add(tool, "axios@1.14.1", "--ignore-scripts").code == 0
    gate.upstream.seen.clear()
    done = checkout(direct, f"{gate.base}/", **settings).locked(tool)
    assert (done.code == 1) == held, done.text
    assert bool(gate.seen) == held
    assert bool(gate.upstream.seen) != held
    gate.upstream.seen.clear()
