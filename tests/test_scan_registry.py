"""`seawall scan --registry` from the client's own settings to the verdict, against simulated registries."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seawall import scan as scanning
from seawall.cli.main import main
from seawall.judging import Lookup
from seawall.kernel.intake import FeedState
from simulators.loopback import say
from simulators.registry import Registry, packument, sha256, sri

CANARY = "canary-of-the-scan"
NOW = datetime.now(UTC)


def ago(**age: float) -> str:
    return (NOW - timedelta(**age)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def registry() -> Iterator[Registry]:
    made = Registry()
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[Registry]:
    made = Registry()
    yield made
    made.close()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree; a home, data directory and environment that know nothing; advisories that list nothing."""
    for name in list(os.environ):
        if name.lower().startswith(("npm_config", "pip_", "uv_", "yarn_", "bun_", "xdg_", "seawall")) or (
            name.lower().endswith("_proxy")
        ):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("SEAWALL_STORE", f"sqlite:///{tmp_path}/store.db")
    nothing = Lookup({}, (FeedState("osv.dev", NOW.isoformat(), 0, ("npm", "PyPI")),))
    monkeypatch.setattr(scanning, "_ask_osv", lambda *_: nothing)
    made = tmp_path / "tree"
    made.mkdir()
    return made


@pytest.fixture
def scan(tree: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict]:
    def run(*words: str) -> dict:
        code = main(["scan", str(tree), "--registry", "--all", "--no-history", "--format", "json", *words])
        document = json.loads(capsys.readouterr().out)
        document["code"] = code
        return document

    return run


def lock(tree: Path, packages: dict[str, dict], **dependencies: str) -> None:
    """A package-lock.json: path in node_modules → what stands there."""
    root = {"": {"name": "app", "version": "1.0.0", "dependencies": dependencies}}
    document = {"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {**root, **packages}}
    (tree / "package-lock.json").write_text(json.dumps(document, indent=1))
    (tree / "package.json").write_text(json.dumps({"name": "app", "dependencies": dependencies}))


def entry(name: str, version: str, **more: object) -> dict[str, dict]:
    return {f"node_modules/{name}": {"version": version, "integrity": sri(f"{name} {version}"), **more}}


def rules(document: dict, purl: str) -> set[str]:
    return {f["rule"] for f in document["findings"] if f["asset"] == purl}


def the_day(registry: Registry, tree: Path) -> None:
    """What happened to axios on 31 March 2026, to a package that does not exist."""
    needs = {"follow": "^1.0.0"}
    registry.npm["fetching"] = packument(
        "fetching",
        {
            "1.14.0": {"at": ago(days=40), "by": "pipeline", "attested": True, "dependencies": needs},
            "1.14.1": {
                "at": ago(hours=2),
                "by": "somebody",
                "dependencies": {**needs, "plain-crypt-js": "^4.2.1"},
            },
        },
        created=ago(days=4000),
    )
    registry.npm["follow"] = packument("follow", {"1.0.0": {"at": ago(days=900)}})
    young = {"4.2.1": {"at": ago(hours=19), "scripts": {"postinstall": "node setup.js"}}}
    registry.npm["plain-crypt-js"] = packument("plain-crypt-js", young)
    packages = {
        **entry("fetching", "1.14.1", dependencies={**needs, "plain-crypt-js": "^4.2.1"}),
        **entry("follow", "1.0.0"),
        **entry("plain-crypt-js", "4.2.1", hasInstallScript=True),
    }
    lock(tree, packages, fetching="^1.14.0")


@pytest.mark.parametrize("place", ["variable", "npmrc"])
def test_the_axios_day_is_denied_without_any_advisory(
    registry: Registry, tree: Path, scan: Callable[..., dict], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "variable":
        monkeypatch.setenv("npm_config_registry", registry.npm_url)
    else:
        (Path(os.environ["HOME"]) / ".npmrc").write_text(f"registry={registry.npm_url}\n")
    the_day(registry, tree)
    got = scan()
    assert (got["decision"], got["code"]) == ("deny", 1)
    assert [by["policy"] for by in got["decided_by"]] == ["default/looks-like-a-takeover"]
    assert rules(got, "pkg:npm/fetching@1.14.1") == {
        "packages/young-release",
        "packages/new-dependency",
        "packages/provenance-lost",
        "packages/publisher-changed",
    }
    assert rules(got, "pkg:npm/plain-crypt-js@4.2.1") >= {
        "packages/young-release",
        "packages/young-name",
        "packages/install-script",
    }
    assert rules(got, "pkg:npm/follow@1.0.0") == set()
    assert sorted(registry.asked) == ["/npm/fetching", "/npm/follow", "/npm/plain-crypt-js"]
    new = next(f for f in got["findings"] if f["rule"] == "packages/new-dependency")
    assert new["evidence"] == {"names": ["plain-crypt-js"], "youngest_days": 0}


def test_a_week_earlier_the_same_tree_is_allowed(
    registry: Registry, tree: Path, scan: Callable[..., dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", registry.npm_url)
    the_day(registry, tree)
    packages = {**entry("fetching", "1.14.0", dependencies={"follow": "^1.0.0"}), **entry("follow", "1.0.0")}
    lock(tree, packages, fetching="^1.14.0")
    got = scan()
    assert (got["decision"], got["code"], got["skipped"]) == ("allow", 0, [])


def test_a_time_that_has_not_come_is_young_and_no_pass(
    registry: Registry, tree: Path, scan: Callable[..., dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", registry.npm_url)
    the_day(registry, tree)
    registry.npm["fetching"]["time"]["1.14.1"] = "2999-01-01T00:00:00Z"
    got = scan()
    assert "packages/young-release" in rules(got, "pkg:npm/fetching@1.14.1")
    assert got["decision"] == "deny"


def test_another_digest_than_the_registrys_is_denied(
    registry: Registry, tree: Path, scan: Callable[..., dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", registry.npm_url)
    the_day(registry, tree)
    packages = {"node_modules/follow": {"version": "1.0.0", "integrity": sri("something else")}}
    lock(tree, packages, follow="^1.0.0")
    got = scan()
    assert [by["policy"] for by in got["decided_by"]] == ["default/digest-drift"]
    assert "packages/digest-drift" in rules(got, "pkg:npm/follow@1.0.0")


@pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"])
def test_an_index_says_young_new_yanked_and_unattested(
    registry: Registry, tree: Path, scan: Callable[..., dict], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, registry.index_url)
    old, new, gone = "thing-1.0.0-py3-none-any.whl", "thing-1.0.1-py3-none-any.whl", "other-2.0.tar.gz"
    registry.project(
        "thing",
        {old: {"at": ago(days=90), "attested": True}, new: {"at": ago(hours=3)}},
        needs={old: ["follow"], new: ["follow", "fresh-name"]},
    )
    registry.project("fresh-name", {"fresh_name-1.tar.gz": {"at": ago(days=1)}})
    registry.project("other", {gone: {"at": ago(days=90), "yanked": "leaked a key"}})
    (tree / "requirements.txt").write_text(
        f"thing==1.0.1 --hash=sha256:{sha256(new)}\nother==2.0 --hash=sha256:{sha256('swapped')}\n"
    )
    got = scan()
    assert rules(got, "pkg:pypi/thing@1.0.1") == {
        "packages/young-release",
        "packages/new-dependency",
        "packages/provenance-lost",
    }
    assert rules(got, "pkg:pypi/other@2.0") == {"packages/yanked", "packages/digest-drift"}
    assert {by["policy"] for by in got["decided_by"]} == {
        "default/looks-like-a-takeover",
        "default/digest-drift",
    }
    yanked = next(f for f in got["findings"] if f["rule"] == "packages/yanked")
    assert "leaked a key" in yanked["message"]


def test_a_registry_that_cannot_be_asked_changes_no_verdict_and_is_said(
    registry: Registry, tree: Path, scan: Callable[..., dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", registry.npm_url)
    the_day(registry, tree)
    registry.fallback = say(403)
    got = scan()
    assert got["decision"] == "allow"
    assert [(s["check"], s["required"]) for s in got["skipped"]] == [("registry facts (npm)", False)]
    assert "refuses to answer about it (403)" in got["skipped"][0]["reason"]


def test_a_strangers_registry_is_asked_nothing(
    registry: Registry,
    other: Registry,
    tree: Path,
    scan: Callable[..., dict],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a tree says about registries leads no question there, and no name of theirs to ours."""
    monkeypatch.setenv("npm_config_registry", registry.npm_url)
    address = f"{other.npm_url}inner/-/inner-1.0.0.tgz"
    lock(tree, {**entry("inner", "1.0.0", resolved=address), **entry("@corp/deep", "1.0.0")}, inner="1.0.0")
    (tree / ".npmrc").write_text(f"@corp:registry={other.npm_url}\nregistry={other.npm_url}\n")
    got = scan()
    assert other.seen == []
    assert registry.seen == []
    assert {s["reason"].partition(":")[0] for s in got["skipped"]} == {
        "1 package (inner)",
        "1 package (@corp/deep)",
    }


def test_an_internal_scope_stays_inside(
    registry: Registry,
    other: Registry,
    tree: Path,
    scan: Callable[..., dict],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("npm_config_registry", registry.npm_url)
    (Path(os.environ["HOME"]) / ".npmrc").write_text(f"@corp:registry={other.npm_url}\n")
    other.npm["@corp/deep"] = packument("@corp/deep", {"1.0.0": {"at": ago(days=1)}})
    lock(tree, entry("@corp/deep", "1.0.0"), **{"@corp/deep": "^1.0.0"})
    assert "packages/young-release" in rules(scan(), "pkg:npm/%40corp/deep@1.0.0")
    assert registry.seen == []


def test_the_second_scan_asks_nothing(
    registry: Registry, tree: Path, scan: Callable[..., dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", registry.npm_url)
    the_day(registry, tree)
    first = scan()
    registry.seen.clear()
    again = scan()
    assert registry.seen == []
    assert again["findings"] == first["findings"]


def test_without_registry_nobody_is_asked(
    registry: Registry, tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", registry.npm_url)
    the_day(registry, tree)
    assert main(["scan", str(tree), "--no-history"]) == 0
    assert main(["scan", str(tree), "--no-history", "--offline", "--registry"]) == 2
    assert "--registry" in capsys.readouterr().err
    assert registry.seen == []


FORMATS = ("text", "json", "sarif", "cyclonedx", "markdown")


def test_no_credential_is_seen_anywhere(
    registry: Registry,
    other: Registry,
    tree: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sent to its own registry; in no report, error, store, and with no redirect to another host."""
    home = Path(os.environ["HOME"])
    (home / ".npmrc").write_text(
        f"registry={registry.npm_url}\n//{registry.host}/npm/:_authToken={CANARY}-token\n"
    )
    index = registry.index_url.replace("http://", f"http://me:{CANARY}-word@")
    monkeypatch.setenv("PIP_INDEX_URL", index)
    the_day(registry, tree)
    elsewhere = f"http://localhost:{other.http.server_port}/npm/follow"
    registry.answers["/npm/follow"] = say(302, Location=elsewhere)
    registry.answers["/npm/plain-crypt-js"] = say(401, f'{{"error":"{CANARY}-token"}}'.encode())
    registry.answers["/simple/broken/"] = say(200, b"{")
    registry.project("thing", {"thing-1.tar.gz": {"at": ago(days=3)}})
    (tree / "requirements.txt").write_text("thing==1\nbroken==1\nmissing==1\n")
    for kind in FORMATS:
        words = ["--format", kind, "--report", f"{kind}={tmp_path / kind}"]
        main(["scan", str(tree), "--registry", "--all", "--no-history", *words])
    sent = {headers.get("authorization", "") for _, headers in registry.seen}
    assert f"Bearer {CANARY}-token" in sent
    assert any(value.startswith("Basic ") for value in sent)
    assert other.seen
    assert not any("authorization" in headers for _, headers in other.seen)
    written = capsys.readouterr()
    said = [written.out, written.err, *((tmp_path / kind).read_text() for kind in FORMATS)]
    store = sqlite3.connect(tmp_path / "store.db")
    said += [f"{key} {value!r}" for key, value in store.execute("SELECT key, value FROM cached")]
    store.close()
    said += [file.read_bytes().decode("latin-1") for file in tmp_path.glob("store.db*")]
    assert not [text for text in said if CANARY in text or "Bearer" in text or "bWU6Y2FuYXJ5" in text]


def test_a_package_by_its_name(
    registry: Registry, tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", registry.npm_url)
    the_day(registry, tree)
    assert main(["scan", "pkg:npm/fetching@1.14.1", "--registry", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["decided_by"][0]["policy"] == "default/looks-like-a-takeover"
    assert main(["explain", "pkg:npm/fetching@1.14.1", "--registry"]) == 0
    text = capsys.readouterr().out
    assert f"{registry.host} says:" in text
    assert "newly needs plain-crypt-js" in text
    assert main(["explain", "pkg:npm/nobody@1.0.0", "--registry", "--format", "json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert said["registry"] == []
    assert "does not know it" in said["skipped"][0]["reason"]
    assert main(["explain", "pkg:npm/fetching", "--registry"]) == 0
    assert "name a version" in capsys.readouterr().out
    registry.seen.clear()
    assert main(["explain", "pkg:npm/fetching@1.14.1"]) == 0
    assert registry.seen == []
