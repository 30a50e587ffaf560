"""npm, pnpm and yarn 1 through the firewall, beyond what test_matrix.py asks of every client.

The clients know the firewall's address only; the simulated registry remembers who asked it. The firewall's clock
is that of the simulated past.
"""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall, malware
from tests.simulators.npm_clients import HERE, LOCKFILES, TOOLS, NpmClients
from tests.simulators.past import Request, at, serving
from tests.simulators.past_npm import PastNpm, axios_day, calls

from seawall.kernel.gate_settings import GateSettings
from seawall.kernel.policy.facts import Mode

pytestmark = pytest.mark.skipif(not HERE, reason="no package managers in .clients (make clients)")
LIVE, LATER = at("2026-03-31T00:25:00Z"), at("2026-06-30T00:00:00Z")
AXIOS = {
    "axios": "1.14.0",
    "follow-redirects": "1.15.11",
    "form-data": "4.0.5",
    "proxy-from-env": "2.1.0",
}


@pytest.fixture
def past() -> Iterator[PastNpm]:
    with serving(PastNpm(LIVE)) as registry:
        axios_day(registry)
        yield registry


@pytest.fixture
def gate(past: PastNpm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealFirewall]:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    with firewall(tmp_path / "data", npm=past.npm_url, now=lambda: past.now) as server:
        yield server


@pytest.fixture
def client(gate: RealFirewall, tmp_path: Path) -> NpmClients:
    return NpmClients(tmp_path / "clients", f"{gate.url}/npm/")


def asked_by_clients(past: PastNpm) -> list[str]:
    """What was asked of the registry itself by anybody but the firewall."""
    return [seen.path for seen in past.seen if "seawall" not in seen.headers.get("user-agent", "").lower()]


def locked_with_the_attack(past: PastNpm, where: Path, tool: str) -> NpmClients:
    """Somebody's project, locked at 00:25 without a firewall and without running scripts."""
    there = NpmClients(where / "victim", past.npm_url)
    done = there.add(tool, "axios@1.14.1", "--ignore-scripts")
    assert done.code == 0, done.text
    past.seen.clear()
    return there


@pytest.mark.parametrize("tool", TOOLS)
def test_fresh_at_minute_25_gets_the_release_before(past: PastNpm, client: NpmClients, tool: str) -> None:
    done = client.add(tool, "axios")
    assert done.code == 0, done.text
    assert client.installed() == AXIOS
    assert "1.14.1" not in client.lock(tool)
    assert asked_by_clients(past) == []
    if tool == "npm":
        (line,) = [line for line in done.text.splitlines() if line.startswith("npm notice Seawall")]
        assert "axios 1.14.1 is held back" in line
        assert "allowed now: 1.14.0" in line
        assert "for an exemption ask whoever runs this firewall" in line


@pytest.mark.parametrize("tool", TOOLS)
def test_the_same_day_when_nobody_knows_of_it_yet(past: PastNpm, client: NpmClients, tool: str) -> None:
    """Under another name: no catalog and no advisory helps, only what is seen in the releases themselves."""
    axios_day(past, axios="ahoy", dropper="plain-ahoy-js")
    done = client.add(tool, "ahoy")
    assert done.code == 0, done.text
    assert client.installed() == {"ahoy": "1.14.0", **{k: v for k, v in AXIOS.items() if k != "axios"}}
    if tool == "npm":
        assert "npm notice Seawall: ahoy 1.14.1 is held back" in done.text
        assert "malware" not in done.text
    assert client.add(tool, "ahoy@1.14.1").code == 1
    assert client.add(tool, "plain-ahoy-js").code == 1


def test_npm_says_why_when_it_is_asked_for_just_that(client: NpmClients) -> None:
    done = client.add("npm", "axios@1.14.1")
    assert done.code == 1
    assert "npm error 403 Could not download axios@1.14.1 due to policy violations" in done.text
    assert "Seawall: axios 1.14.1 is held back" in done.text


@pytest.mark.parametrize("tool", TOOLS)
def test_locked_is_denied_at_the_file(past: PastNpm, client: NpmClients, tool: str, tmp_path: Path) -> None:
    """As locked where the firewall's address stands in the lockfile, or the one that npm replaces."""
    victim = locked_with_the_attack(past, tmp_path, tool)
    client.takes_over(victim)
    path = client.project / LOCKFILES[tool]
    path.write_text(path.read_text().replace(victim.registry, client.registry))
    done = client.locked(tool)
    assert done.code == 1
    expected = {
        "npm": "1.14.1 is held back|4.2.1 is held back",
        "pnpm": "axios@1.14.1|4.2.1 is held back",
        "yarn": 'Request failed "403 Forbidden"',
    }[tool]
    assert any(words in done.text for words in expected.split("|")), done.text
    assert not client.installed().keys() & {"axios", "plain-crypto-js"}
    assert asked_by_clients(past) == []


@pytest.mark.parametrize(
    ("tool", "settings", "goes_round"),
    [
        ("npm", {}, True),
        ("npm", {"replace_registry_host": "always"}, False),
        ("yarn", {}, True),
        ("pnpm", {}, False),
    ],
)
def test_a_foreign_address_in_a_lockfile(
    past: PastNpm, gate: RealFirewall, tmp_path: Path, tool: str, settings: dict[str, str], goes_round: bool
) -> None:
    """npm and yarn 1 fetch from the address in the lockfile, whatever registry is set.

    Only a network that does not let them closes this (`seawall run --sealed`); for npm a setting does too.
    """
    victim = locked_with_the_attack(past, tmp_path, tool)
    client = NpmClients(tmp_path / "clients", f"{gate.url}/npm/", **settings)
    client.takes_over(victim)
    done = client.locked(tool)
    assert (done.code == 0) == goes_round, done.text
    assert bool(asked_by_clients(past)) == goes_round
    assert ("axios" in client.installed()) == goes_round


@pytest.mark.parametrize("tool", TOOLS)
def test_where_nothing_is_denied_it_is_as_without_us(
    past: PastNpm, gate: RealFirewall, client: NpmClients, tool: str, tmp_path: Path
) -> None:
    past.now = LATER
    direct = NpmClients(tmp_path / "direct", past.npm_url)
    for one in (direct, client):
        done = one.add(tool, "axios")
        assert done.code == 0, done.text
        assert "Seawall" not in done.text
    assert client.installed() == direct.installed() == AXIOS
    ours = client.lock(tool).replace(client.registry, "REGISTRY/")
    assert ours == direct.lock(tool).replace(direct.registry, "REGISTRY/")


@pytest.mark.parametrize("tool", TOOLS)
def test_observe_lets_it_in_and_names_who_took_it(past: PastNpm, tmp_path: Path, tool: str) -> None:
    """The inert hook of the attack calls home where scripts run; the ledger knows that it was taken."""
    with socket.create_server(("127.0.0.1", 0)) as home:
        past.releases.clear()
        past.tags.clear()
        axios_day(past, calls(home.getsockname()[1]))
        settings = GateSettings(fresh_seconds=0.0, mode=Mode.OBSERVE)
        with firewall(tmp_path / "data", npm=past.npm_url, now=lambda: past.now, settings=settings) as gate:
            client = NpmClients(tmp_path / "clients", f"{gate.url}/npm/")
            done = client.add(tool, "axios")
            taken = {e["asset"]: e for e in gate.entries() if e["action"] == "fetch"}
        assert client.installed()["axios"] == "1.14.1", done.text
        home.settimeout(5)
        if tool == "pnpm":  # it asks first whether scripts may run
            home.settimeout(0.01)
        called = True
        try:
            home.accept()[0].close()
        except TimeoutError:
            called = False
    assert called == (tool != "pnpm")
    for asset in ("pkg:npm/axios@1.14.1", "pkg:npm/plain-crypto-js@4.2.1"):
        assert (taken[asset]["delivery"], taken[asset]["outcome"]) == ("served", "deny")
    assert taken["pkg:npm/axios@1.14.1"]["client"].startswith(tool)


@pytest.mark.parametrize("tool", ["npm", "pnpm"])
def test_an_audit_is_answered_without_asking_anybody(
    past: PastNpm, gate: RealFirewall, client: NpmClients, tool: str
) -> None:
    past.now = LATER
    assert client.add(tool, "axios").code == 0
    gate.advised(malware("npm", "form-data", "4.0.5", id="MAL-2026-7"))
    past.seen.clear()
    done = client.run(tool, "audit")
    assert done.code == 1, done.text
    assert "MAL-2026-7" in done.text
    assert not any("audit" in path or "security" in path for path in past.asked)
    assert [e["action"] for e in gate.entries()].count("audit") == 1


def test_attestations_pass_through(past: PastNpm, gate: RealFirewall) -> None:
    """pnpm asks them when something was published; what is held back has none here."""
    said = gate.get("/npm/-/npm/v1/attestations/axios@1.14.0")
    assert said.status == 200
    assert said.headers["content-type"] == "application/json"
    assert said.data == past.answer(Request("GET", "/-/npm/v1/attestations/axios@1.14.0", "", {})).body
    assert gate.get("/npm/-/npm/v1/attestations/axios@1.14.1").status == 403
    assert gate.get("/npm/-/npm/v1/attestations/axios@0.30.3").status == 404


@pytest.mark.parametrize("tool", TOOLS)
def test_a_scoped_name(past: PastNpm, client: NpmClients, tool: str) -> None:
    past.publish("@acme/kit", "1.0.0", LIVE - timedelta(days=400), needs={"form-data": "^4"})
    done = client.add(tool, "@acme/kit")
    assert done.code == 0, done.text
    assert client.installed() == {"@acme/kit": "1.0.0", "form-data": "4.0.5"}
    assert asked_by_clients(past) == []


@pytest.mark.parametrize(
    ("tool", "days", "version"), [("npm", 0, "1.1.0"), ("npm", 60, "1.0.0"), ("pnpm", 60, "1.0.0")]
)
def test_a_clients_own_cooldown_works_behind_us(
    past: PastNpm, gate: RealFirewall, tmp_path: Path, tool: str, days: int, version: str
) -> None:
    """It needs the times of releases, which the short document of the registry does not have."""
    past.now = datetime.now(UTC)  # that is the clock of clients
    past.publish("ebb", "1.0.0", past.now - timedelta(days=400))
    past.publish("ebb", "1.1.0", past.now - timedelta(days=30))
    client = NpmClients(tmp_path / "clients", f"{gate.url}/npm/", min_release_age=str(days))
    (client.project / "pnpm-workspace.yaml").write_text(f"minimumReleaseAge: {days * 24 * 60}\n")
    done = client.add(tool, "ebb@^1")
    assert done.code == 0, done.text
    assert client.installed() == {"ebb": version}
