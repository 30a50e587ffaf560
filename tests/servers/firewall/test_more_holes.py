"""More holes that other gates have, each tried over HTTP. docs/gate.md lists them all.

The stolen account beside an open advisory, what feeds say and do not say, attestations, every kind of hook,
loops, redirects, and what leaves in an audit.
"""

import hashlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.firewall import RealFirewall, firewall, malware
from tests.simulators.gate import advisory
from tests.simulators.past import Past, Reply, Request, at, redirect, serving
from tests.simulators.past_npm import PastNpm
from tests.simulators.past_pypi import PastPypi

from seawall.kernel.gate_settings import Exemption
from seawall.kernel.origin import Origin

NOW = at("2026-06-01T00:00:00Z")
OLD, YOUNG = NOW - timedelta(days=400), NOW - timedelta(hours=8)
REVIEWED = {"database_specific": {"github_reviewed": True}}
FLAW = ({"introduced": "1.0.0"}, {"fixed": "1.2.1"})


@pytest.fixture
def pypi() -> Iterator[PastPypi]:
    with serving(PastPypi(NOW)) as server:
        yield server


@pytest.fixture
def npm() -> Iterator[PastNpm]:
    with serving(PastNpm(NOW)) as server:
        yield server


def opened(place: Path, npm: Past, *records: Mapping[str, Any], **more: Any) -> Any:
    return firewall(place, npm=f"{npm.url}/", now=lambda: npm.now, advisories=records, **more)


def answer(gate: RealFirewall, path: str) -> tuple[int, dict[str, Any]]:
    said = gate.get(path)
    return said.status, json.loads(said.data) if said.status == 403 else {}


def npm_file(gate: RealFirewall, version: str) -> tuple[int, dict[str, Any]]:
    return answer(gate, f"/npm/pkg/-/pkg-{version}.tgz")


# A hotfix, and whoever would look like one.


def line(npm: PastNpm, published: datetime = YOUNG, **more: Any) -> None:
    """1.2.0 has stood for long and has a flaw; 1.2.1 came just now."""
    npm.publish("pkg", "1.1.0", OLD, by="ann")
    npm.publish("pkg", "1.2.0", OLD + timedelta(days=10), by="ann")
    npm.publish("pkg", "1.2.1", published, **{"by": "ann", **more})


def test_a_genuine_hotfix_is_offered_and_handed_out(npm: PastNpm, tmp_path: Path) -> None:
    line(npm)
    with opened(tmp_path, npm, advisory("GHSA-1", "pkg", *FLAW, **REVIEWED)) as gate:
        assert json.loads(gate.get("/npm/pkg").data)["dist-tags"]["latest"] == "1.2.1"
        assert npm_file(gate, "1.2.1")[0] == 200


def test_a_hotfix_waits_six_hours_unless_a_named_person_approves_it(npm: PastNpm, tmp_path: Path) -> None:
    line(npm, NOW - timedelta(hours=2))
    record = advisory("GHSA-1", "pkg", *FLAW, **REVIEWED)
    with opened(tmp_path / "a", npm, record) as gate:
        status, body = npm_file(gate, "1.2.1")
        assert (status, body["allowed_version"]) == (403, "1.2.0")
        assert body["allowed_from"] == "2026-06-01 04:00 UTC"
    approval = Exemption("pkg:npm/pkg@1.2.1", "we are hit", "the person on call", NOW.date(), "hotfix")
    with opened(tmp_path / "b", npm, record, exemptions=lambda: [approval]) as gate:
        assert npm_file(gate, "1.2.1")[0] == 200
        (taken,) = [entry for entry in gate.entries() if entry["action"] == "fetch"]
        assert taken["policies"] == ["default/hotfix"]


STOLEN: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # what the attacker's release does, and how the advisory stands
    "he wrote the advisory himself": ({}, {"database_specific": {"github_reviewed": False}}),
    "nobody says that it was reviewed": ({}, {}),
    "he publishes under another account": ({"by": "mallory"}, REVIEWED),
    "it runs something when installed": ({"scripts": {"postinstall": "node x.js"}}, REVIEWED),
    "it needs a package that nobody needed": ({"needs": {"droplet": "^1.0.0"}}, REVIEWED),
    "it is built on the machine": ({"files": {"binding.gyp": b"{'targets': []}"}}, REVIEWED),
    "an agent would act on it": ({"files": {".claude/settings.json": b"{}"}}, REVIEWED),
    "it calls out when it is loaded": (
        {"files": {"index.js": b"require('child_process').execSync('true');\n"}},
        REVIEWED,
    ),
}


@pytest.mark.parametrize("how", STOLEN)
def test_a_stolen_account_beside_an_open_advisory_is_held_back(
    npm: PastNpm, tmp_path: Path, how: str
) -> None:
    release, reviewed = STOLEN[how]
    npm.publish("droplet", "1.0.0", YOUNG, by="mallory")
    line(npm, **release)
    with opened(tmp_path, npm, advisory("GHSA-1", "pkg", *FLAW, **reviewed)) as gate:
        status, body = npm_file(gate, "1.2.1")
        assert status == 403, how
        assert body["policy"][0] in ("default/cooldown", "default/looks-like-a-takeover")
        # Once its file was looked into, the metadata does not offer it either.
        assert json.loads(gate.get("/npm/pkg").data)["dist-tags"]["latest"] == "1.2.0"
        assert npm_file(gate, "1.2.0")[0] == 200


def test_a_time_that_moved_is_a_finding(npm: PastNpm, tmp_path: Path) -> None:
    release = npm.publish("pkg", "1.0.0", YOUNG)
    with opened(tmp_path, npm) as gate:
        npm_file(gate, "1.0.0")
        release.time = OLD.isoformat()
        status, body = npm_file(gate, "1.0.0")
    assert status == 403
    assert "packages/time-moved" in {item["rule"] for item in body["evidence"]}


# What feeds say.


def affected(**said: Any) -> dict[str, Any]:
    return {
        "id": "MAL-2026-9",
        "modified": "2026-01-01T00:00:00Z",
        "affected": [{"package": {"ecosystem": "npm", "name": "pkg"}, **said}],
    }


SINCE_EVER = [{"type": "SEMVER", "events": [{"introduced": "0"}]}]
FEEDS = {
    "exact versions": (affected(versions=["1.0.1"]), {"1.0.0", "1.0.2"}),
    "introduced 0 beside exact versions": (affected(versions=["1.0.1"], ranges=SINCE_EVER), {"1.0.0", "1.0.2"}),
    "introduced 0": (affected(ranges=SINCE_EVER), set()),
    "a range": (
        affected(ranges=[{"type": "SEMVER", "events": [{"introduced": "1.0.1"}, {"fixed": "1.0.2"}]}]),
        {"1.0.0", "1.0.2"},
    ),
    "withdrawn": (
        {**affected(versions=["1.0.1"]), "withdrawn": "2026-05-01T00:00:00Z"},
        {"1.0.0", "1.0.1", "1.0.2"},
    ),
    "another name": (malware("npm", "pkg-other", "1.0.1"), {"1.0.0", "1.0.1", "1.0.2"}),
    "another ecosystem": (malware("PyPI", "pkg", "1.0.1"), {"1.0.0", "1.0.1", "1.0.2"}),
}  # fmt: skip


@pytest.mark.parametrize("says", FEEDS)
def test_what_a_record_of_malware_is_about(npm: PastNpm, tmp_path: Path, says: str) -> None:
    record, let_in = FEEDS[says]
    for version in ("1.0.0", "1.0.1", "1.0.2"):
        npm.publish("pkg", version, OLD)
    with opened(tmp_path, npm, record) as gate:
        assert {v for v in ("1.0.0", "1.0.1", "1.0.2") if npm_file(gate, v)[0] == 200} == let_in
        offered = gate.get("/npm/pkg")
        assert set(json.loads(offered.data)["versions"] if offered.status == 200 else ()) == let_in


def test_what_the_registry_removed_is_still_known_by_its_mirrors(npm: PastNpm, tmp_path: Path) -> None:
    """The record says `versions` only, and the registry lists them no more: a mirror that does is no way in."""
    npm.publish("pkg", "1.0.0", OLD)
    npm.publish("pkg", "1.0.1", OLD, gone=NOW)
    with opened(tmp_path / "a", npm, malware("npm", "pkg", "1.0.1")) as gate:
        assert npm_file(gate, "1.0.1")[0] in (403, 404)
        npm.releases["pkg"][1].gone = None
        status, body = npm_file(gate, "1.0.1")
    assert status == 403
    assert body["policy"][0] == "default/malware"
    assert body["evidence"][0]["advisories"] == ["MAL-2026-1"]


def test_a_text_that_names_a_bad_version_is_nobody_who_took_it(npm: PastNpm, tmp_path: Path) -> None:
    """Somebody's manifest overrides `@acme/ast@1.14.1`: who asks for that manifest's package did not take it."""
    named = {"overrides": {"@acme/ast": "1.14.1"}, "resolutions": {"@acme/ast": "1.14.1"}}
    npm.publish("pkg", "1.0.0", OLD, manifest=named)
    with opened(tmp_path, npm, malware("npm", "@acme/ast", "1.14.1")) as gate:
        assert npm_file(gate, "1.0.0")[0] == 200
        told = gate.entries()
    assert not [entry for entry in told if "@acme" in json.dumps(entry) or "%40acme" in json.dumps(entry)]
    assert not [entry for entry in told if entry.get("against")]


# Attestations. The exemption takes the cooldown away, so that nothing else speaks.

WAIVED = Exemption("pkg:npm/pkg@1.0.1", "a test", "nobody", NOW.date())


@pytest.mark.parametrize(
    ("before", "now", "published", "status"),
    [
        (True, True, YOUNG, 200),
        (True, False, YOUNG, 403),  # lost, in a release of today: that is how takeovers look
        (False, False, YOUNG, 200),  # what it never had, it did not lose
        (True, False, OLD + timedelta(days=20), 200),  # alone it is a signal and no verdict
    ],
)
def test_an_attestation_that_was_lost_counts_together_with_youth(
    npm: PastNpm, tmp_path: Path, before: bool, now: bool, published: datetime, status: int
) -> None:
    npm.publish("pkg", "1.0.0", OLD, attested=before, by="ann")
    npm.publish("pkg", "1.0.1", published, attested=now, by="ann")
    with opened(tmp_path, npm, exemptions=lambda: [WAIVED]) as gate:
        got, body = npm_file(gate, "1.0.1")
    assert got == status
    if status == 403:
        assert body["policy"][0] == "default/looks-like-a-takeover"
        assert "packages/provenance-lost" in {item["rule"] for item in body["evidence"]}


@pytest.mark.parametrize("hook", [{}, {"scripts": {"postinstall": "node x.js"}}])
def test_a_valid_attestation_opens_nothing(npm: PastNpm, tmp_path: Path, hook: dict[str, Any]) -> None:
    """The worms of 2026 shipped attestations: neither youth nor a new hook is excused by one."""
    npm.publish("pkg", "1.0.0", OLD, attested=True, by="ann")
    npm.publish("pkg", "1.0.1", YOUNG, attested=True, by="ann", **hook)
    record = advisory("GHSA-1", "pkg", {"introduced": "1.0.0"}, {"fixed": "1.0.1"})
    with opened(tmp_path, npm, record) as gate:
        assert npm_file(gate, "1.0.1")[0] == 403


# Hooks.


QUIET = {"scripts": {}, "hasInstallScript": False, "optionalDependencies": {}}
HOOKS: Mapping[str, tuple[dict[str, Any], str]] = {
    "postinstall": ({"scripts": {"postinstall": "node x.js"}}, "packages/install-script"),
    "postinstall that the registry's document hides": (
        {"scripts": {"postinstall": "node x.js"}, "more": QUIET},
        "releases/install-hook",
    ),
    "preinstall that the registry's document hides": (
        {"scripts": {"preinstall": "node x.js"}, "more": QUIET},
        "releases/install-hook",
    ),
    "binding.gyp": ({"files": {"binding.gyp": b"{'targets': []}"}}, "releases/install-hook"),
    "a git dependency with its prepare": (
        {"manifest": {"optionalDependencies": {"setup": "github:acme/fork#79ac49ee"}}},
        "packages/new-dependency",
    ),
    "a git dependency that the registry's document hides": (
        {"manifest": {"optionalDependencies": {"setup": "github:acme/fork#79ac49ee"}}, "more": QUIET},
        "releases/direct-dependency",
    ),
    "an agent's start-up file": ({"files": {".claude/settings.json": b"{}"}}, "releases/startup-file"),
    "an editor's task": ({"files": {".vscode/tasks.json": b"{}"}}, "releases/startup-file"),
}


@pytest.mark.parametrize("kind", HOOKS)
def test_a_new_hook_of_an_npm_package(npm: PastNpm, tmp_path: Path, kind: str) -> None:
    release, rule = HOOKS[kind]
    npm.publish("pkg", "1.0.0", OLD, by="ann")
    npm.publish("pkg", "1.0.1", YOUNG, by="ann", **release)
    with opened(tmp_path, npm, exemptions=lambda: [WAIVED]) as gate:
        status, body = npm_file(gate, "1.0.1")
        assert status == 403
        assert body["policy"] == ["default/looks-like-a-takeover"]
        assert rule in {item["rule"] for item in body["evidence"]}
        assert npm_file(gate, "1.0.0")[0] == 200


PTH = b"import os; os.getpid()\n"
PYTHON_HOOKS: Mapping[str, tuple[str, dict[str, Any], str]] = {
    ".pth": ("wheel", {"files": {"pkg_init.pth": PTH}}, "releases/startup-hook"),
    ".pth in its data": (
        "wheel",
        {"files": {"pkg-1.0.1.data/purelib/pkg_init.pth": PTH}},
        "releases/startup-hook",
    ),
    "sitecustomize": ("wheel", {"files": {"sitecustomize.py": b"import os\n"}}, "releases/startup-hook"),
    "an agent's start-up file": ("wheel", {"files": {"CLAUDE.md": b"be kind\n"}}, "releases/startup-file"),
    "a dependency from git": (
        "wheel",
        {"needs": ["tide @ git+https://git.example/tide@main"]},
        "releases/direct-dependency",
    ),
    "setup.py": (
        "sdist",
        {"files": {"setup.py": b"import setuptools; setuptools.setup()\n"}},
        "releases/install-hook",
    ),
    "a build backend that does more": (
        "sdist",
        {"files": {"backend.py": b"import os; os.system('true')\n"}},
        "releases/install-hook",
    ),
    "an attestation that is missing": ("wheel", {}, "packages/provenance-lost"),
}


@pytest.mark.parametrize("kind", PYTHON_HOOKS)
def test_a_new_hook_of_a_python_package(pypi: PastPypi, tmp_path: Path, kind: str) -> None:
    make, release, rule = PYTHON_HOOKS[kind]
    build = getattr(pypi, make)
    build("pkg", "1.0.0", OLD, provenance=rule == "packages/provenance-lost")
    item = build("pkg", "1.0.1", YOUNG, **release)
    waived = replace(WAIVED, asset="pkg:pypi/pkg@1.0.1")
    with firewall(tmp_path, pypi=pypi.index_url, now=lambda: NOW, exemptions=lambda: [waived]) as gate:
        status, body = answer(gate, f"/pypi/files/pkg/{item.filename}")
    assert status == 403
    assert body["policy"] == ["default/looks-like-a-takeover"]
    assert rule in {entry["rule"] for entry in body["evidence"]}


def test_without_a_hook_the_exemption_lets_in(npm: PastNpm, pypi: PastPypi, tmp_path: Path) -> None:
    """Else the tests of hooks would prove nothing."""
    npm.publish("pkg", "1.0.0", OLD, by="ann", scripts={"postinstall": "node x.js"})
    npm.publish("pkg", "1.0.1", YOUNG, by="ann", scripts={"postinstall": "node x.js"})  # it had it before
    exempt = [WAIVED, replace(WAIVED, asset="pkg:pypi/pkg@1.0.1")]
    items = []
    for build in (pypi.wheel, pypi.sdist):
        build("pkg", "1.0.0", OLD)
        items.append(build("pkg", "1.0.1", YOUNG))
    with opened(tmp_path, npm, pypi=pypi.index_url, exemptions=lambda: exempt) as gate:
        assert npm_file(gate, "1.0.1")[0] == 200
        for item in items:
            assert gate.get(f"/pypi/files/pkg/{item.filename}").status == 200


# Who asks whom.


class Mirror(Past):
    """A registry that asks another one, as a mirror does."""

    def __init__(self) -> None:
        super().__init__(NOW)
        self.asks = ""

    def answer(self, request: Request) -> Reply:
        said = {k: v for k, v in request.headers.items() if k.startswith("seawall") or k == "accept"}
        asked = urllib.request.Request(f"{self.asks}{request.path}", headers=said)
        try:
            with urllib.request.urlopen(asked, timeout=20) as found:
                return Reply(found.status, found.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.read())


def test_a_loop_through_a_mirror_ends_at_once_and_is_told(tmp_path: Path) -> None:
    with serving(Mirror()) as mirror, opened(tmp_path, mirror) as gate:
        mirror.asks = f"{gate.url}/npm"
        said = gate.get("/npm/pkg")
        assert said.status == 502
        assert len(mirror.seen) <= 5
        assert "508" in json.loads(said.data)["error"]


def test_a_redirect_to_the_hosts_of_files_is_followed_by_us(npm: PastNpm, tmp_path: Path) -> None:
    """The client is never sent anywhere: it gets the bytes, and no address but ours in any document."""
    release = npm.publish("pkg", "1.0.0", OLD)
    with serving(PastNpm(NOW)) as elsewhere:
        elsewhere.releases["pkg"] = [release]
        npm.faults["*.tgz"] = redirect(f"{elsewhere.url}/pkg/-/pkg-1.0.0.tgz")
        origin = Origin("npm", "registry", npm.npm_url, files=(npm.host, elsewhere.host))
        with firewall(tmp_path, origins=(origin,), now=lambda: NOW) as gate:
            document = gate.get("/npm/pkg")
            said = gate.get("/npm/pkg/-/pkg-1.0.0.tgz", redirect="no")
        assert said.status == 200
        assert said.data == release.data
        assert "location" not in said.headers
        assert [seen.path for seen in elsewhere.seen] == ["/pkg/-/pkg-1.0.0.tgz"]
    for host in (npm.host, elsewhere.host):
        assert host not in document.data.decode()


def test_no_address_but_ours_is_in_a_page(pypi: PastPypi, tmp_path: Path) -> None:
    """`files_url` leads to another host, as the public index's does."""
    pypi.files_url = f"{pypi.url}/files"
    item = pypi.wheel("ebb", "1.0", OLD, provenance=True)
    with firewall(tmp_path, pypi=pypi.index_url, now=lambda: NOW) as gate:
        for accept in ("application/vnd.pypi.simple.v1+json", "text/html"):
            page = gate.get("/pypi/simple/ebb/", accept=accept).data.decode()
            assert item.filename in page
            assert pypi.host not in page


# What is written down, and what leaves.


def test_what_was_first_seen_outlives_a_restart_and_the_commands_beside_it(
    pypi: PastPypi, tmp_path: Path
) -> None:
    """A command that uses the same database must not take the log of it away from a firewall that runs."""
    item = pypi.wheel("ebb", "1.0", OLD)
    path = f"/pypi/files/ebb/{item.filename}"

    def token(*words: str) -> str:
        command = [sys.executable, "-m", "seawall", "firewall", "token", *words]
        told = {**os.environ, "SEAWALL_DATA": str(tmp_path)}
        return subprocess.run(
            command, env=told, check=True, capture_output=True, text=True, timeout=60
        ).stdout.strip()

    with firewall(tmp_path, pypi=pypi.index_url, now=lambda: NOW) as gate:
        for name in ("one", "two", "three"):
            secret = token("add", name)
            assert gate.get(path, authorization=f"Bearer {secret}").status == 200
    assert [line.split()[0] for line in token("list").splitlines()[1:]] == ["one", "three", "two"]
    item.data += b" "
    item.digest = hashlib.sha256(item.data).hexdigest()
    with firewall(tmp_path, pypi=pypi.index_url, now=lambda: NOW) as gate:
        status, body = answer(gate, path)
    assert status == 403
    assert body["policy"] == ["default/digest-drift"]


def test_one_event_for_a_request_with_the_digest_of_what_was_offered(npm: PastNpm, tmp_path: Path) -> None:
    npm.publish("pkg", "1.0.0", OLD)
    npm.publish("pkg", "1.0.1", OLD)
    with opened(tmp_path, npm) as gate:
        for _ in range(3):
            gate.get("/npm/pkg")
        gate.advised(malware("npm", "pkg", "1.0.1"))
        gate.reloaded()
        gate.get("/npm/pkg")
        told = [entry for entry in gate.entries() if entry["action"] == "list"]
    assert len(told) == 4
    digests = [entry["digest"] for entry in told]
    assert all(digest.startswith("sha256:") for digest in digests)
    assert len(set(digests[:3])) == 1, "the same set"
    assert digests[3] != digests[0], "another set"


def test_an_internal_name_never_leaves_in_an_audit(
    npm: PastNpm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path))
    with serving(PastNpm(NOW)) as internal:
        own = Origin("npm", "internal", internal.npm_url, owns=("@acme/*",))
        with firewall(tmp_path, origins=(own,), npm=npm.npm_url, now=lambda: NOW) as gate:
            asked = json.dumps({"@acme/secret-project": ["1.0.0"], "public": ["1.0.0"]}).encode()
            said = gate.post("/npm/-/npm/v1/security/advisories/bulk", asked, content_type="application/json")
            assert said.status == 200
            told = gate.entries()
        assert not npm.seen
        assert not internal.seen
    assert "secret-project" not in json.dumps(told)


def test_advisories_that_fell_silent_are_an_alarm(npm: PastNpm, tmp_path: Path) -> None:
    npm.publish("pkg", "1.0.0", OLD)
    with opened(tmp_path, npm) as gate:
        assert gate.get("/readyz").status == 200
        npm.now = NOW + timedelta(days=30)
        said = gate.get("/readyz")
        assert said.status == 503
        assert "seawall sync" in said.data.decode()
        npm_file(gate, "1.0.0")
        (taken,) = [entry for entry in gate.entries() if entry["action"] == "fetch"]
        assert taken["outcome"] == "warn"
